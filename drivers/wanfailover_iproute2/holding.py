"""What the router says about our marks, and whether that is the whole. Talks to nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from wanfailover.errors import UnreadableReply
from wanfailover.transports.shell import Completed
from wanfailover_iproute2.marks import (
    PROTOCOL,
    TABLE,
    Chain,
    Mark,
    Remains,
    is_our_table,
    is_ours,
    rules,
)
from wanfailover_iproute2.reading import LinuxView
from wanfailover_iproute2.survey import parts_of

SOMEWHERE = "192.0.2.1"
"""To ask the kernel which way a marked packet goes; nothing is sent there."""


def question(marks: Sequence[Mark], peer: IPv4Address | None) -> str:
    """Shell text that asks for all there is of *marks*; needs root for nft, and changes nothing.

    The kernel itself is asked where a packet of each would go: rules before ours may catch it.
    """
    nft = f"nft -j list table ip {TABLE}"
    asks = [
        "exec 2>/dev/null",
        "echo '== rules'; ip -json rule show",
        f"echo '== routes'; ip -json route show table all proto {PROTOCOL}",
        f"echo '== nft'; ! command -v nft >/dev/null || {{ {nft} || echo '{{}}'; }}",
    ]
    comes = ""
    if peer is not None and marks:
        dev = f"$(ip route get {peer} | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')"
        asks.append(f'port="{dev}"')
        comes = f'from {peer} iif "$port" '
    for mark in marks:
        asks.append(f"echo '== table-{mark.table}'; ip -json route show table {mark.table}; echo")
        lead = f"ip -json route get {SOMEWHERE} {comes}mark {mark.fwmark}"
        asks.append(f"echo '== leads-{mark.table}'; {lead}")
    return "\n".join((*asks, ":"))


@dataclass(frozen=True, slots=True)
class _RoutingRule:
    priority: int
    fwmark: int
    table: str

    @property
    def ours(self) -> bool:
        return is_ours(self.fwmark, self.priority)

    @property
    def words(self) -> str:
        """As ``ip rule del`` knows it."""
        return f"fwmark {self.fwmark:#x} {f'table {self.table}' if self.table else 'prohibit'}"


@dataclass(frozen=True, slots=True)
class Holding:
    """What the router holds of our marks.

    Args:
        rules: All routing rules.

        tables: Routing tables with routes of ours.

        foreign: Tables of ours in which somebody else's routes are.

        leads: By table: the gateway and the interface by which a marked packet would leave.

        nft: There is nft; where the log-in has no right to list, it lists nothing.

        chains: Base chains of our nft table; none where the table is switched off.

        comments: Of its rules, by chain; empty for those that have none.

        caught: Packets that each rule with a counter has met, by comment.
    """

    rules: tuple[_RoutingRule, ...]
    tables: tuple[str, ...]
    foreign: frozenset[str]
    leads: Mapping[str, tuple[str | None, str | None]]
    nft: bool
    firewall: bool
    chains: frozenset[Chain]
    comments: tuple[tuple[str, str], ...]
    caught: Mapping[str, int]

    def remains(self) -> Remains:
        """All there is of us."""
        ours = tuple((rule.priority, rule.words) for rule in self.rules if rule.ours)
        return Remains(ours, self.tables, self.firewall)

    def taken(self, mark: Mark) -> str:
        """Whose the numbers of a mark are already, in a sentence; empty where they are free."""
        what = f"for the mark of {mark.circuit.name}"
        for rule in self.rules:
            if rule.priority in {mark.lookup, mark.forbid} and not rule.ours:
                return (
                    f"the router has a rule of somebody else's at priority {rule.priority}, which "
                    f"is needed {what}: give that rule another priority, or the circuit another "
                    "mark"
                )
        if mark.table in self.foreign and not self.marks(mark):
            return (
                f"the router has routes of somebody else's in table {mark.table}, which is needed "
                f"{what}: move them, or give the circuit another mark"
            )
        return ""

    def lacks(self, mark: Mark, peer: IPv4Address | None, view: LinuxView) -> str:
        """What is missing of a mark, in words; empty where it is whole."""
        address = mark.circuit.address.ip
        if not any(port == mark.interface and a.ip == address for port, a in view.addresses):
            return f"the address {address} on {mark.interface}"
        there = {rule.priority for rule in self.rules if rule.ours}
        if not {mark.lookup, mark.forbid} <= there:
            return "a routing rule"
        if self.leads.get(mark.table) != (str(mark.circuit.gateway), mark.interface):
            return f"the way by {mark.circuit.gateway}"
        wanted = rules(mark, peer)
        if not {rule.chain for rule in wanted} <= self.chains:
            return f"the nft table {TABLE}"
        if not {(rule.chain.name, rule.comment) for rule in wanted} <= set(self.comments):
            return f"a rule of the nft table {TABLE}"
        return ""

    def marks(self, mark: Mark) -> bool:
        """Tell whether there is anything of a mark."""
        there = {rule.priority for rule in self.rules if rule.ours}
        return bool({mark.lookup, mark.forbid} & there)

    def only(self, marks: Sequence[Mark], peer: IPv4Address | None) -> bool:
        """Tell whether the nft table has the rules of *marks* and no others."""
        wanted = [(rule.chain.name, rule.comment) for mark in marks for rule in rules(mark, peer)]
        return sorted(wanted) == sorted(self.comments)

    def packets(self, mark: Mark, peer: IPv4Address | None) -> int:
        """How many packets with the code point have come from the agent since it was set up."""
        counted = (self.caught.get(rule.comment, 0) for rule in rules(mark, peer))
        return max(counted)


def read_holding(reply: Completed) -> Holding:
    """Read the answer to `question`.

    Raises:
        UnreadableReply: It is not what these tools write.
    """
    try:
        parts = parts_of(reply.out)
        listed = json.loads(parts["nft"])["nftables"] if '"nftables"' in parts["nft"] else []
        names = [name.partition("-")[2] for name in parts if name.startswith("table-")]
        return Holding(
            rules=tuple(_rules(json.loads(parts["rules"]))),
            tables=tuple(_tables(_list(parts["routes"]))),
            foreign=frozenset(n for n in names if any(_foreign(_list(parts[f"table-{n}"])))),
            leads={n: _lead(_list(parts[f"leads-{n}"])) for n in names},
            nft=bool(parts["nft"].strip()),
            firewall=bool(listed),
            chains=frozenset(_chains(listed)),
            comments=tuple(_comments(listed)),
            caught=dict(_caught(listed)),
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UnreadableReply("account of its marks", reply.out or reply.words) from error


def _list(text: str) -> list[dict[str, Any]]:
    """What `ip` lists; nothing where it broke off, as for a table that is not there."""
    try:
        found: list[dict[str, Any]] = json.loads(text)
    except ValueError:
        return []
    return found


def _rules(listed: list[dict[str, Any]]) -> Iterator[_RoutingRule]:
    for rule in listed:
        whole = "fwmask" not in rule  # with one, it is a rule for many marks, and none of ours
        yield _RoutingRule(
            priority=int(rule["priority"]),
            fwmark=int(rule.get("fwmark", "0"), 16) if whole else 0,
            table=str(rule.get("table", "")),
        )


def _tables(routes: list[dict[str, Any]]) -> Iterator[str]:
    named = dict.fromkeys(str(route.get("table", "")) for route in routes)
    return (name for name in named if is_our_table(name))


def _foreign(routes: list[dict[str, Any]]) -> Iterator[bool]:
    for route in routes:
        yield str(route.get("protocol")) != PROTOCOL


def _lead(routes: list[dict[str, Any]]) -> tuple[str | None, str | None]:
    return (routes[0].get("gateway"), routes[0].get("dev")) if routes else (None, None)


def _chains(listed: list[dict[str, Any]]) -> Iterator[Chain]:
    """The chains that are at work: a table that is dormant has none.

    That is a flag, of which we set none; nft 1.0.6 writes the table's name in its place.
    """
    if any(item["table"].get("flags") for item in listed if "table" in item):
        return
    for chain in (item["chain"] for item in listed if "chain" in item):
        if "hook" in chain:
            yield Chain(chain["name"], chain["type"], chain["hook"], int(chain["prio"]))


def _comments(listed: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for rule in (item["rule"] for item in listed if "rule" in item):
        yield rule["chain"], rule.get("comment", "")


def _caught(listed: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    for rule in (item["rule"] for item in listed if "rule" in item):
        for expression in rule["expr"]:
            if isinstance(expression.get("counter"), dict):
                yield rule.get("comment", ""), int(expression["counter"]["packets"])
