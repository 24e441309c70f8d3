"""What the router says about itself, and what it means. Nothing here talks to a router."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

from wanfailover.core.facts import Instant, RouterView
from wanfailover.errors import UnreadableReply
from wanfailover.transports.shell import Completed

READ = """\
ip -json -4 address show && ip -json -4 route show default || exit
for tool in conntrack arping; do command -v $tool; done
arping -h 2>&1 | grep -o -m 1 Habets
echo "peer ${SSH_CONNECTION%% *}"
:"""
"""One round trip: two documents of JSON, then paths of tools, a line each, and where we come from.

Only the shell itself knows that: sudo forgets SSH_CONNECTION.
"""

PEER = "peer "
"""Before the address; no tool's path has it."""

WITHOUT_JSON = "answer to 'ip -json' (needs iproute2 4.16 or later; on OpenWrt the package ip-full)"

_KEYWORDS = {
    "gateway": "via",
    "dev": "dev",
    "protocol": "proto",
    "scope": "scope",
    "prefsrc": "src",
    "metric": "metric",
    "weight": "weight",
}
"""Names in JSON, and what the same thing is called on the command line."""

HABETS = "Habets"
"""Marks the arping of Debian's package of that name; other flags than that of iputils."""


@dataclass(frozen=True, slots=True)
class DefaultRoute:
    """A default route of the main table.

    Args:
        metric: The kernel prefers the lowest.

        words: The whole route as ``ip route replace`` wants it, so that it can be put back.
    """

    gateway: IPv4Address | None
    interface: str | None
    source: IPv4Address | None
    metric: int
    words: str


@dataclass(frozen=True, slots=True)
class LinuxView(RouterView):
    """A view with what only Linux has.

    Args:
        route: The default route that traffic takes.

        tools: Names of the tools that are there, and `HABETS`.

        leased: Addresses with an end to their life, which are somebody else's to manage.

        kept: Addresses of idle circuits that are there for marked packets alone, with the interface
            of each: see `marks`.

        peer: From where the router sees the agent, as its SSH server tells; empty where none does.
    """

    route: DefaultRoute | None = None
    tools: frozenset[str] = frozenset()
    leased: frozenset[IPv4Interface] = frozenset()
    kept: frozenset[tuple[str, IPv4Interface]] = frozenset()
    peer: str = ""


def read_view(
    reply: Completed, at: Instant, circuits: frozenset[IPv4Address] = frozenset()
) -> LinuxView:
    """Read the answer to `READ`.

    Args:
        reply: What the router said.

        at: When it was asked.

        circuits: The circuits' addresses: no others are kept by us.

    Raises:
        UnreadableReply: It is not what iproute2 writes.
    """
    try:
        links, routes, rest = _documents(reply)
        addresses = tuple(_addresses(links))
        defaults = sorted(map(_default_route, filter(_is_plain, routes)), key=lambda r: r.metric)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        what = "addresses and routes" if reply.out.startswith("[") else WITHOUT_JSON
        raise UnreadableReply(what, reply.words) from error
    route = defaults[0] if defaults else None
    paths, _, peer = rest.partition(PEER)
    tools = frozenset(path.rpartition("/")[2] for path in paths.split())
    return LinuxView(
        at=at,
        gateway=route.gateway if route else None,
        source=_source(route, addresses) if route else None,
        interface=route.interface if route else None,
        addresses=tuple((a.interface, a.address) for a in addresses),
        remarks=tuple(_remarks(defaults, tools)),
        route=route,
        tools=tools,
        leased=frozenset(a.address for a in addresses if a.leased),
        kept=frozenset(
            (a.interface, a.address) for a in addresses if a.kept and a.address.ip in circuits
        ),
        peer=peer.strip(),
    )


@dataclass(frozen=True, slots=True)
class _Address:
    interface: str
    address: IPv4Interface
    primary: bool
    leased: bool
    kept: bool


def _documents(reply: Completed) -> tuple[list[Any], list[Any], str]:
    if reply.status:
        raise ValueError("ip failed")
    decoder = json.JSONDecoder()
    links, end = decoder.raw_decode(reply.out.lstrip())
    rest = reply.out.lstrip()[end:].lstrip()
    routes, end = decoder.raw_decode(rest)
    return links, routes, rest[end:]


def _addresses(links: list[Any]) -> Iterator[_Address]:
    for link in links:
        for info in link.get("addr_info", ()):
            yield _Address(
                interface=link["ifname"],
                address=IPv4Interface(f"{info['local']}/{info['prefixlen']}"),
                primary=not info.get("secondary") and info.get("scope") == "global",
                leased=bool(info.get("dynamic")),
                kept=bool(info.get("deprecated") and info.get("noprefixroute")),
            )


def _is_plain(route: dict[str, Any]) -> bool:
    """Tell whether ordinary traffic may take it: no special class of service, no dead next hop."""
    return "tos" not in route and "dead" not in route.get("flags", ())


def _default_route(route: dict[str, Any]) -> DefaultRoute:
    gateway, source = route.get("gateway"), route.get("prefsrc")
    words = [route.get("type", ""), "default", *_pairs(route)]
    for group in route.get("metrics", ()):
        words += [str(word) for pair in group.items() for word in pair]
    words += ["onlink"] if "onlink" in route.get("flags", ()) else []
    for hop in route.get("nexthops", ()):  # `ip` takes nothing behind them
        words += ["nexthop", *_pairs(hop)]
    return DefaultRoute(
        gateway=IPv4Address(gateway) if gateway else None,
        interface=route.get("dev"),
        source=IPv4Address(source) if source else None,
        metric=int(route.get("metric", 0)),
        words=" ".join(filter(None, words)),
    )


def _pairs(route: dict[str, Any]) -> list[str]:
    """Keywords of ``ip route`` with the values a route has for them."""
    return [
        text
        for name, keyword in _KEYWORDS.items()
        if name in route
        for text in (keyword, str(route[name]))
    ]


def _source(route: DefaultRoute, addresses: tuple[_Address, ...]) -> IPv4Address | None:
    """The source of traffic by *route*: its own, or what the kernel takes (inet_select_addr).

    That is the interface's first primary address in the gateway's network, else its first.
    """
    if route.source is not None:
        return route.source
    ours = [a.address for a in addresses if a.interface == route.interface and a.primary]
    near = [a for a in ours if route.gateway is not None and route.gateway in a.network]
    return next((address.ip for address in near + ours), None)


def _remarks(defaults: list[DefaultRoute], tools: frozenset[str]) -> Iterator[str]:
    for route in defaults[:1]:
        if route.gateway is None:
            yield f"the default route has no single gateway: '{route.words}'"
    for route in defaults[1:]:
        yield f"another default route waits behind the first: '{route.words}'"
    if "conntrack" not in tools:
        yield (
            "conntrack is not installed: connections through the router's NAT stay on the old "
            "circuit until they time out"
        )
    if "arping" not in tools:
        yield "arping is not installed: neighbours learn of a moved address when they next ask"
