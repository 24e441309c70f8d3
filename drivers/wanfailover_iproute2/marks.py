"""The dialect of marks: how a router is told to send marked packets out by an idle circuit.

Packets from the agent's host with a circuit's code point (DSCP) get a firewall mark, the mark leads
to a routing table of the circuit's own, and what leaves by it has the circuit's address for its
source and no code point any more. Each number follows from the code point, so that a new process
knows what an earlier one left.

A marked packet must never leave by the active circuit, or a dead line would read as healthy:

- behind the rule that leads to the table stands one that forbids, for a table that has lost its
  route;
- what is marked and yet about to leave by another next hop is dropped, for rules that are gone;
- connections are tracked in a zone of the circuit's own, so that a ping's flow that was begun
  before the mark was there, and had the active circuit's address, is not gone on with;
- the rules that mark come last, all at once, and go first.

The circuit's address is kept on its interface where it is not there: the provider asks for it by
ARP. It is kept *deprecated* and without a route to its network, so that nothing else on the router
takes it for its source, and ordinary traffic to that network goes where it would go otherwise. This
pair of flags is also how we know an address that we have put there ourselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from wanfailover.core.site import Circuit
from wanfailover_iproute2.commands import Lines, let_go, name
from wanfailover_iproute2.reading import LinuxView

TABLE = "wanfailover"
"""The nft table, family ip."""

PROTOCOL = "87"
"""Of our routes (rtnetlink: "user space chooses"); no daemon in iproute2's rt_protos has it."""

_FWMARK = 0x57460000  # "WF"; nobody's masks that we know of: mwan3, Tailscale, Kubernetes
_ZONE = 0x5700
_TABLE = 7700
_LOOKUP = 400  # before the rules of mwan3 (1001), Tailscale (5210), pbr (29000), main (32766)
_FORBID = 464
_CODE_POINTS = range(1, 64)


@dataclass(frozen=True, slots=True)
class Mark:
    """A circuit as the router knows it by its mark; *interface* is the one it is on."""

    circuit: Circuit
    interface: str

    @classmethod
    def of(cls, circuit: Circuit, view: LinuxView) -> Mark:
        """The mark of a circuit that has one.

        Raises:
            DriverError: Nobody tells which interface the circuit is on.
        """
        return cls(circuit, name(circuit.interface or view.interface))

    @property
    def dscp(self) -> int:
        """The code point of the agent's probes, 1 to 63."""
        return self.circuit.vantage.dscp if self.circuit.vantage is not None else 0

    @property
    def fwmark(self) -> str:
        return f"{_FWMARK + self.dscp:#x}"

    @property
    def table(self) -> str:
        return str(_TABLE + self.dscp)

    @property
    def lookup(self) -> int:
        """Priority of the rule that leads to the table."""
        return _LOOKUP + self.dscp

    @property
    def forbid(self) -> int:
        """Priority of the rule behind it."""
        return _FORBID + self.dscp

    @property
    def zone(self) -> int:
        """Of connection tracking, for the direction in which probes go."""
        return _ZONE + self.dscp


def is_ours(fwmark: int, priority: int) -> bool:
    """Tell whether a routing rule is one that we make."""
    dscp = fwmark - _FWMARK
    return dscp in _CODE_POINTS and priority in {_LOOKUP + dscp, _FORBID + dscp}


def is_our_table(name: str) -> bool:
    """Tell whether a routing table is one that we fill."""
    return name.isdecimal() and int(name) - _TABLE in _CODE_POINTS


# The firewall


@dataclass(frozen=True, slots=True)
class Chain:
    """A base chain of ours: where in a packet's way it stands."""

    name: str
    type: str
    hook: str
    priority: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of ours. Its comment tells it from any other, whatever nft makes of its words."""

    chain: Chain
    words: str

    @property
    def comment(self) -> str:
        return f"{TABLE} {hashlib.sha256(self.words.encode()).hexdigest()[:16]}"


def rules(mark: Mark, peer: IPv4Address | None) -> tuple[Rule, ...]:
    """The rules of one mark, for packets from *peer*; None: from the router, where the agent is.

    Marking comes after everybody else's mangling, so that ours is the mark that is routed by; the
    source is chosen before the site's own NAT, and whoever chooses first has chosen.
    """
    apart, marking = _entrance(peer)
    leaving = Chain("leaving", "filter", "postrouting", -140)
    source = Chain("source", "nat", "postrouting", 99)
    these = f"{f'ip saddr {peer} ' if peer is not None else ''}ip dscp {mark.dscp}"
    marked = f"meta mark {mark.fwmark}"
    return (
        Rule(apart, f"{these} ct original zone set {mark.zone}"),
        Rule(marking, f"{these} counter meta mark set {mark.fwmark}"),
        Rule(leaving, f"{marked} rt ip nexthop != {mark.circuit.gateway} drop"),
        Rule(leaving, f'{marked} oifname != "{mark.interface}" drop'),
        Rule(leaving, f"{marked} ip dscp set 0"),
        Rule(source, f"{marked} snat to {mark.circuit.address.ip}"),
    )


def _entrance(peer: IPv4Address | None) -> tuple[Chain, Chain]:
    """Where packets are met: before they are tracked, and before they are routed.

    Packets of the router's own are routed by the time they are seen; chains of the type ``route``
    have that done again.
    """
    if peer is None:
        return Chain("apart", "filter", "output", -300), Chain("marking", "route", "output", -140)
    return (
        Chain("apart", "filter", "prerouting", -300),
        Chain("marking", "filter", "prerouting", -140),
    )


def _ruleset(marks: Sequence[Mark], peer: IPv4Address | None) -> Iterator[str]:
    """The whole table, in place of what there is of it: one transaction, so nothing slips by."""
    yield f"table ip {TABLE}"
    yield f"delete table ip {TABLE}"
    yield f"table ip {TABLE} {{"
    every = [rule for mark in marks for rule in rules(mark, peer)]
    for chain in dict.fromkeys(rule.chain for rule in every):
        yield f"chain {chain.name} {{"
        yield f"type {chain.type} hook {chain.hook} priority {chain.priority}; policy accept;"
        yield from (
            f'{rule.words} comment "{rule.comment}"' for rule in every if rule.chain == chain
        )
        yield "}"
    yield "}"


# What is typed


@dataclass(frozen=True, slots=True)
class Remains:
    """What is on the router of us.

    Args:
        rules: Each with its priority and the words that ``ip rule del`` knows it by.

        tables: Routing tables that hold routes of ours.

        firewall: Our nft table is there, whole or not.
    """

    rules: tuple[tuple[int, str], ...] = ()
    tables: tuple[str, ...] = ()
    firewall: bool = False


def set_up(
    marks: Sequence[Mark], peer: IPv4Address | None, view: LinuxView, remains: Remains
) -> Lines:
    """Make exactly *marks* so, from whatever there is; ends at the first line that fails.

    An address that comes back finds what connections still hold on to it from when its circuit was
    the active one: they are stuck, and are forgotten.
    """
    there = {priority for priority, _ in remains.rules}
    batch: list[str] = []
    forgetting: list[str] = []
    for mark in marks:
        if mark.forbid not in there:
            batch.append(f"rule add priority {mark.forbid} fwmark {mark.fwmark} prohibit")
        address = mark.circuit.address
        if address.ip not in [a.ip for port, a in view.addresses if port == mark.interface]:
            flags = "noprefixroute valid_lft forever preferred_lft 0"
            batch.append(f"address add {address} dev {mark.interface} {flags}")
            forgetting.append(f"conntrack -D -q {address.ip} >/dev/null 2>&1 || :")
        batch.append(
            f"route replace default via {mark.circuit.gateway} dev {mark.interface} onlink "
            f"proto {PROTOCOL} table {mark.table}"
        )
        if mark.lookup not in there:
            batch.append(f"rule add priority {mark.lookup} fwmark {mark.fwmark} table {mark.table}")
        forgetting.append(_forget_zone(mark.zone))
    return (
        *_batch(batch),
        *("nft -f - <<'END'", *_ruleset(marks, peer), "END"),
        *forgetting,
        *clear_away(marks, view, remains, firewall=False),
    )


def clear_away(
    marks: Sequence[Mark], view: LinuxView, remains: Remains, *, firewall: bool = True
) -> Lines:
    """Take away what is on the router of us, save for *marks*: first what marks, then the rest."""
    priorities = {priority for mark in marks for priority in (mark.lookup, mark.forbid)}
    tables = {mark.table for mark in marks}
    held = {(mark.interface, mark.circuit.address.ip) for mark in marks}
    gone = [(priority, words) for priority, words in remains.rules if priority not in priorities]
    batch = [f"rule del priority {priority} {words}" for priority, words in gone]
    batch += [
        f"route flush table {table} proto {PROTOCOL}"
        for table in remains.tables
        if table not in tables
    ]
    before: list[str] = []
    for port, address in sorted(view.kept):
        if (port, address.ip) not in held:
            prelude, line = let_go(address, port, view)
            before += prelude
            batch.append(line)
    zones = dict.fromkeys(priority - _LOOKUP for priority, _ in gone if priority < _FORBID)
    return (
        *([f"nft delete table ip {TABLE}"] if firewall and remains.firewall else ()),
        *before,
        *_batch(batch),
        *(_forget_zone(_ZONE + dscp) for dscp in zones),
    )


def _forget_zone(zone: int) -> str:
    return f"conntrack -D --orig-zone {zone} >/dev/null 2>&1 || :"


def _batch(lines: Iterable[str]) -> Lines:
    batch = tuple(lines)
    return ("ip -batch - <<'END'", *batch, "END") if batch else ()
