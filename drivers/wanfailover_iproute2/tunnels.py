"""strongSwan on the router: its connections renewed after a switch, and judged before one.

Left alone, a connection may hold the old address until a DPD request has been sent again often
enough, for minutes. Its end and its new beginning take a tenth of a second.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from wanfailover.core.site import Tunnel
from wanfailover.ports import Finding, Severity
from wanfailover.transports.shell import Completed

RENEW = "renew"
"""The action that renews them."""

_CONNECTION = re.compile(r"^list-conn event \{(\S+) \{(.*)$", re.MULTILINE)
_LOCAL = re.compile(r"\blocal_addrs=\[([^]]*)\]")
_DPD = re.compile(r"\bdpd_delay=([1-9]\d*)")
_ID = re.compile(r"\blocal-\S+ \{(?:id=(\S+) )?class=")
_CHILD = re.compile(r"[{ ](\S+) \{mode=")
_STANDING = re.compile(r"^list-sa event \{(\S+) \{.*?\blocal-host=([\d.]+)", re.MULTILINE)
_FAR = re.compile(r"\bremote-ts=\[([^]]*)\]")


_FORGET = (
    "sas=$({listed}); at=${{sas#*local-host=}}; at=${{at%% *}}; "
    'echo "$sas" | grep -o "remote-ts=[[][^]]*" | cut -d "[" -f 2 | tr " " "\\n" | '
    'while read -r far; do conntrack -D -d "$far" -q "$at"; done'
)
"""The connections to the far networks that were given our outside address for a source."""


def renewal(tunnels: Sequence[Tunnel], uri: str | None) -> tuple[str, ...]:
    """The lines that end each connection, wherever it stands, and begin it from the new address.

    A line for each, in the background: a peer that does not answer holds up nobody else. It must be
    ended by force, for its farewell would go to the old address; to begin alone does nothing while
    the old one is thought to live. That there is nothing to end, as where the peer has refused us,
    keeps nothing from beginning. What left in the clear meanwhile has an entry in the router's
    NAT, and would go on past the tunnel with a fixed source address: it is forgotten.
    """
    children: dict[str, list[str]] = {}
    for tunnel in tunnels:
        children.setdefault(tunnel.ike or "", []).append(tunnel.child or "")
    at = f" --uri {shlex.quote(uri)}" if uri is not None else ""
    return tuple(
        "{ "
        + "; ".join(
            (
                "set +e",
                f"swanctl --terminate --force --ike {ike}{at}",
                *(f"swanctl --initiate --ike {ike} --child {child}{at}" for child in names),
                _FORGET.format(listed=f"swanctl --list-sas --raw --ike {ike}{at}"),
            )
        )
        + "; } >/dev/null 2>&1 &"
        for ike, names in children.items()
    )


def question(uri: str | None, about: str = "conns") -> str:
    """The command that lists the connections; about ``sas`` those that stand."""
    at = f" --uri {shlex.quote(uri)}" if uri is not None else ""
    return f"swanctl --list-{about} --raw{at}"


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection of swanctl.conf, as far as matters here.

    Args:
        bound: Addresses of ours that it is tied to.

        identity: By what the peer knows us; None: by the address that we come from.

        watched: DPD is on.

        far: The networks behind the peer.
    """

    bound: tuple[str, ...]
    identity: str | None
    watched: bool
    children: frozenset[str]
    far: tuple[str, ...] = ()


def connections(listed: str) -> dict[str, Connection]:
    """Read the answer to `question`: connections by their names."""
    return {found[1]: _connection(found[2]) for found in _CONNECTION.finditer(listed)}


def _connection(words: str) -> Connection:
    head, _, children = words.partition(" children {")
    local, identity = _LOCAL.search(head), _ID.search(head)
    addresses = local[1].split() if local else []
    return Connection(
        bound=tuple(address for address in addresses if _is_address(address)),
        identity=identity[1] if identity else None,
        watched=_DPD.search(head) is not None,
        children=frozenset(_CHILD.findall(f"{{{children}")),
        far=tuple(network for found in _FAR.findall(children) for network in found.split()),
    )


def _is_address(word: str) -> bool:
    try:
        IPv4Address(word)
    except ValueError:
        return False
    return True


def judge(
    tunnels: Sequence[Tunnel],
    reply: Completed,
    rules: str | None = None,
    astray: Iterable[str] = (),
) -> Iterator[Finding]:
    """Judge what is to be renewed: a row at the least for each tunnel.

    Args:
        tunnels: Those with a connection.

        reply: The answer to `question`.

        rules: The router's packet filter as `nft` lists it; None where it could not be read.

        astray: Names of connections that stand on another address than the router sends from.
    """
    if reply.status:
        why = _complaint(reply.err)
        remedy = "start strongSwan, or correct the option swanctl_uri"
        if "not found" in why:
            remedy = "install strongswan-swanctl, or leave `ike` and `child` out"
        sentence = f"no tunnel can be renewed after a switch: {why}"
        yield Finding("tunnels", Severity.RED, sentence, remedy)
        return
    known = connections(reply.out)
    for tunnel in tunnels:
        subject = f"tunnel {tunnel.name}"
        found = known.get(tunnel.ike or "")
        if found is None:
            has = f"it has {', '.join(known)}" if known else "it has none"
            sentence = f"strongSwan has no connection {tunnel.ike}"
            yield Finding(subject, Severity.RED, sentence, f"correct `ike`: {has}")
            continue
        faults = list(_faults(tunnel, found))
        yield from (Finding(subject, *fault) for fault in faults)
        if not faults:
            sentence = (
                f"{tunnel.ike} is watched by DPD and tied to no address of ours; "
                "what the peer allows cannot be seen from here"
            )
            yield Finding(subject, Severity.GREEN, sentence)
        if (tunnel.ike or "") in astray:
            yield _astray(subject, tunnel)
        yield from (_unfenced(subject, far) for far in found.far if _passes(far, rules))


def _complaint(words: str) -> str:
    """What swanctl or the shell says is wrong; swanctl goes on with its usage."""
    lines = words.strip().splitlines() or ["no reason given"]
    return next((line for line in lines if line.startswith("connecting to ")), lines[-1])


def astray(listed: str, source: IPv4Address | None) -> frozenset[str]:
    """Connections among those *listed* that do not stand on *source*: their replies get lost."""
    return frozenset(name for name, at in _STANDING.findall(listed) if at != str(source))


def _astray(subject: str, tunnel: Tunnel) -> Finding:
    return Finding(
        subject,
        Severity.RED,
        f"{tunnel.ike} still stands on an address that the router does not send from any more",
        f"swanctl --terminate --force --ike {tunnel.ike}; swanctl --initiate --ike {tunnel.ike} "
        f"--child {tunnel.child}",
    )


def _passes(far: str, rules: str | None) -> bool:
    """Whether no rule is seen that keeps packets for *far* from leaving in the clear."""
    return rules is not None and not re.search(
        rf"^.*\bdaddr {re.escape(far)}(?!\S).*\b(?:drop|reject)\b", rules, re.MULTILINE
    )


def _unfenced(subject: str, far: str) -> Finding:
    return Finding(
        subject,
        Severity.YELLOW,
        f"no rule keeps packets for {far} in: while the tunnel is down they leave in the clear",
        "put up the fence of deploy/strongswan/fence.nft",
    )


def _faults(tunnel: Tunnel, found: Connection) -> Iterator[tuple[Severity, str, str]]:
    ike = tunnel.ike
    if tunnel.child not in found.children:
        has = ", ".join(sorted(found.children)) or "none"
        sentence = f"{ike} has no child {tunnel.child}"
        yield Severity.RED, sentence, f"correct `child`: it has {has}"
    if found.bound:
        sentence = f"{ike} is tied to our address {', '.join(found.bound)}: it cannot leave it"
        yield Severity.YELLOW, sentence, "local_addrs = %any"
    if found.identity is None or _is_address(found.identity):
        by = found.identity or "the address it comes from"
        sentence = f"{ike} is known to its peer by {by}, and will be a stranger after a switch"
        yield Severity.YELLOW, sentence, "give it a name at both ends: local { id = office }"
    if not found.watched:
        sentence = f"DPD is off for {ike}: while no agent runs, nobody notices that its path died"
        yield Severity.YELLOW, sentence, "dpd_delay = 10s, and dpd_action = restart for its child"
