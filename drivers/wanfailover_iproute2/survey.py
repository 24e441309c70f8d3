"""What `check` asks a router about: one script whose answer falls into named parts.

Nothing in the script changes anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from wanfailover.errors import UnreadableReply
from wanfailover.transports.shell import Completed
from wanfailover_iproute2.marks import TABLE

TRIAL = "ip route del 240.0.0.1"
"""Needs the right to change routes, and finds none to change: nobody routes there (RFC 1112)."""

SURVEY = f"""\
exec 2>/dev/null
echo '== rights'; {TRIAL} 2>&1
echo '== links'; ip -json link show
echo '== ipv6'; ip -6 route show default
echo '== dhcp'; pgrep -a 'dhclient|dhcpcd|udhcpc'
echo '== rp_filter'; grep . /proc/sys/net/ipv4/conf/*/rp_filter
echo '== nft'; nft -j list ruleset
echo '== iptables'  # only where it has rules: asking the old one for a table creates it
if grep -q nat /proc/net/ip_tables_names || iptables -V | grep -q nf_tables; then
    iptables -t nat -S
fi
echo '== clock'; date +%s
echo '== keeps'; for parent in /run /tmp; do [ ! -w $parent ] || echo $parent; done
# What manages interfaces does so in its own network namespace, which may not be ours. Who may not
# see that one is an ordinary user of the host, and in it.
theirs=$(readlink /proc/1/ns/net)
[ -z "$theirs" ] || [ "$theirs" = "$(readlink /proc/self/ns/net)" ] || exit 0
echo '== NetworkManager'; nmcli -t -f DEVICE,STATE device
echo '== networkd'; cd /run/systemd/netif/links && grep ADMIN_STATE *
echo '== netifd'; pgrep -x netifd
echo '== ifupdown'; grep -hE '^ *iface ' /etc/network/interfaces /etc/network/interfaces.d/*
:"""

_PART = re.compile(r"^== (\S+)\n", re.MULTILINE)
_TO_SOURCE = re.compile(r"^-A .*-j SNAT .*--to-source ([\d.]+)", re.MULTILINE)
_OUT = re.compile(r" -o (\S+)")


@dataclass(frozen=True, slots=True)
class Link:
    """An interface: whether it is set up, and whether there is anything at the other end."""

    index: int
    up: bool
    carrier: bool


@dataclass(frozen=True, slots=True)
class FixedSource:
    """A NAT rule that gives traffic one address, out of *interface* or of any (None)."""

    address: IPv4Address
    interface: str | None


@dataclass(frozen=True, slots=True)
class Survey:
    """What the router said about itself and about who else configures it.

    Args:
        rights: What became of a change of routes that changes nothing.

        dhcp: Command lines of DHCP clients.

        managers: (program, interface) for each interface that a program configures by itself.

        ifupdown: Interfaces that get their configuration at boot.

        nat: Rules with a fixed source; None where the rules could not be read.

        keeps: Where something of ours could be kept for a while; None where that was not asked.

        clock: The router's, in seconds since 1970; None where it does not tell.
    """

    rights: str
    links: dict[str, Link]
    ipv6: bool
    dhcp: tuple[str, ...]
    managers: tuple[tuple[str, str], ...]
    ifupdown: frozenset[str]
    rp_filter: dict[str, int]
    nat: tuple[FixedSource, ...] | None
    keeps: tuple[str, ...] | None = None
    clock: int | None = None


def read_survey(reply: Completed) -> Survey:
    """Read the answer to `SURVEY`.

    Raises:
        UnreadableReply: It is not what these tools write.
    """
    parts = parts_of(reply.out)
    try:
        links = {
            link["ifname"]: Link(
                link["ifindex"], "UP" in link["flags"], "NO-CARRIER" not in link["flags"]
            )
            for link in json.loads(parts["links"])
        }
        return Survey(
            rights=parts["rights"].strip(),
            links=links,
            ipv6=bool(parts["ipv6"].strip()),
            dhcp=tuple(parts["dhcp"].splitlines()),
            managers=tuple(_managers(parts, links)),
            ifupdown=frozenset(line.split()[1] for line in _lines(parts, "ifupdown")),
            rp_filter={
                path.split("/")[-2]: int(value)
                for path, _, value in (row.rpartition(":") for row in _lines(parts, "rp_filter"))
            },
            nat=_fixed_sources(parts["nft"], parts["iptables"]),
            keeps=tuple(parts["keeps"].split()) if "keeps" in parts else None,
            clock=int(told) if (told := parts.get("clock", "").strip()).isdecimal() else None,
        )
    except (ValueError, LookupError, TypeError) as error:
        raise UnreadableReply("account of itself", reply.out or reply.words) from error


def parts_of(text: str) -> dict[str, str]:
    """Cut an answer into its parts, each under the name that stands in the line before it."""
    _, *cut = _PART.split(text)
    return dict(zip(cut[::2], cut[1::2], strict=True))


def _lines(parts: dict[str, str], name: str) -> list[str]:
    return parts.get(name, "").splitlines()


def _managers(parts: dict[str, str], links: dict[str, Link]) -> Iterator[tuple[str, str]]:
    """Who says that it has configured which interface."""
    for line in _lines(parts, "NetworkManager"):
        interface, _, state = line.partition(":")
        # "connected" and "connecting (...)"; but "connected (externally)" is somebody else's doing
        if state.startswith("connect") and "externally" not in state:
            yield "NetworkManager", interface
    names = {str(link.index): name for name, link in links.items()}
    for line in _lines(parts, "networkd"):
        index, _, state = line.partition(":ADMIN_STATE=")
        if index in names and state in {"configured", "configuring"}:
            yield "systemd-networkd", names[index]
    if _lines(parts, "netifd"):
        yield from (("netifd", name) for name in links)


def _fixed_sources(nft: str, iptables: str) -> tuple[FixedSource, ...] | None:
    if not nft.strip() and not iptables.strip():
        return None
    found = [] if not nft.strip() else list(_nft_sources(json.loads(nft)["nftables"]))
    for match in _TO_SOURCE.finditer(iptables):
        out = _OUT.search(match[0])
        found.append(FixedSource(IPv4Address(match[1]), out[1] if out else None))
    return tuple(dict.fromkeys(found))


def _nft_sources(items: list[dict[str, Any]]) -> Iterator[FixedSource]:
    rules = (item["rule"] for item in items if "rule" in item)
    for expressions in (rule["expr"] for rule in rules if rule["table"] != TABLE):
        out = None
        for expression in expressions:
            match expression:
                case {"match": {"left": {"meta": {"key": "oifname" | "oif"}}, "right": str(name)}}:
                    out = name
                case {"snat": {"addr": str(address)}} if ":" not in address:
                    yield FixedSource(IPv4Address(address), out)
                case _:
                    pass
