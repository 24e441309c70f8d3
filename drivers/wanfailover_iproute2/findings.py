"""What a router's state means for a failover: one row of `check` each, with the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from wanfailover.core.site import Circuit, Site
from wanfailover.ports import Finding, Severity
from wanfailover.wording import span
from wanfailover_iproute2.holding import Holding
from wanfailover_iproute2.marks import Mark
from wanfailover_iproute2.reading import LinuxView
from wanfailover_iproute2.survey import Survey

GREEN, YELLOW, RED = Severity.GREEN, Severity.YELLOW, Severity.RED

TOGETHER = 10.0
"""Seconds that two clocks may be apart: the slowest log-in lies between the two readings."""

STRICT = 1
"""rp_filter that drops what comes in where its answer would not go out (RFC 3704)."""

_LEAVE_ALONE = {
    "NetworkManager": "nmcli device set {0} managed no",
    "systemd-networkd": "[Link] Unmanaged=yes for {0} in a file of /etc/systemd/network",
    "netifd": "proto 'none' for {0} in /etc/config/network",
}


@dataclass(frozen=True, slots=True)
class _Case:
    """All there is to judge by.

    Args:
        repairs: The site's own commands run after a switch, and may move a fixed SNAT.

        now: Our own clock, as the survey's answer came, in seconds since 1970.
    """

    view: LinuxView
    survey: Survey
    circuits: tuple[Circuit, ...]
    repairs: bool
    now: float

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Every external interface: the circuits' own, or that of the default route."""
        names = (circuit.interface or self.view.interface for circuit in self.circuits)
        return tuple(dict.fromkeys(name for name in names if name is not None))


def judge(
    view: LinuxView,
    survey: Survey,
    circuits: tuple[Circuit, ...],
    *,
    repairs: bool = False,
    now: float = 0.0,
) -> tuple[Finding, ...]:
    """Judge a router, in the order in which an operator would ask."""
    case = _Case(view, survey, circuits, repairs, now)
    return tuple(finding for look in _LOOKS for finding in look(case))


def judge_marks(
    marks: Sequence[Mark], holding: Holding, peer: IPv4Address | None, view: LinuxView
) -> Iterator[Finding]:
    """Judge whether marked probes go where they should, or could: one row for each mark."""
    active = Site("", tuple(mark.circuit for mark in marks)).identify(view)
    for mark in marks:
        yield _mark(mark, holding, peer, view, idle=mark.circuit is not active)


def _mark(
    mark: Mark, holding: Holding, peer: IPv4Address | None, view: LinuxView, *, idle: bool
) -> Finding:
    name, dscp = mark.circuit.name, mark.dscp
    if not holding.nft:
        sentence = f"nft is missing: probes marked {dscp} cannot be sent out by {name}"
        return Finding("mark", RED, sentence, "install nftables, or choose another vantage")
    if taken := holding.taken(mark):
        sentence, _, remedy = taken.partition(": ")
        return Finding("mark", RED, sentence, remedy)
    there = holding.packets(mark, peer)
    lacks = holding.lacks(mark, peer, view)
    if not lacks and there:
        sentence = f"{there} probes marked {dscp} have come, and leave by {name}"
        return Finding("mark", GREEN, sentence)
    if not lacks and idle:
        return Finding(
            "mark",
            YELLOW,
            f"what is marked {dscp} leaves by {name}, but none has come yet",
            "where an agent runs, find out what clears the code point (DSCP) on the way",
        )
    if lacks and idle and holding.marks(mark):
        sentence = f"the mark of {name} lacks {lacks}; its samples are void until it is whole"
        return Finding("mark", YELLOW, sentence, "start the agent, which sets it up anew")
    return Finding("mark", GREEN, f"what is needed to mark probes of {name} is free")


def _rights(case: _Case) -> Iterator[Finding]:
    words = case.survey.rights
    if "No such process" in words:
        yield Finding("rights", GREEN, "addresses and routes may be changed")
        return
    yield Finding(
        "rights",
        RED,
        f"routes may not be changed: {words or 'no reason given'}",
        "log in as root, or set the option sudo",
    )


def _tools(case: _Case) -> Iterator[Finding]:
    losses = {
        "conntrack": "connections stay on the old circuit until they time out",
        "arping": "neighbours learn of a moved address only when they next ask",
    }
    missing = [tool for tool in losses if tool not in case.view.tools]
    for tool in missing:
        yield Finding("tools", YELLOW, f"{tool} is missing: {losses[tool]}", f"install {tool}")
    if not missing:
        yield Finding("tools", GREEN, "ip, conntrack and arping are there")


def _links(case: _Case) -> Iterator[Finding]:
    for name in case.interfaces:
        link = case.survey.links.get(name)
        if link is None:
            known = ", ".join(case.survey.links)
            remedy = f"correct `interface`: it has {known}"
            yield Finding("interface", RED, f"the router has no interface {name}", remedy)
        elif not link.up:
            remedy = f"ip link set {name} up"
            yield Finding("interface", RED, f"interface {name} is not up", remedy)
        elif not link.carrier:
            yield Finding("interface", RED, f"interface {name} has no carrier", "look at the cable")
        else:
            yield Finding("interface", GREEN, f"interface {name} is up and has carrier")


def _managers(case: _Case) -> Iterator[Finding]:
    for program, interface in case.survey.managers:
        if interface in case.interfaces:
            yield Finding(
                "writers",
                YELLOW,
                f"{program} configures {interface} and may put its own address back",
                _LEAVE_ALONE[program].format(interface),
            )
    for interface in sorted(case.survey.ifupdown.intersection(case.interfaces)):
        yield Finding(
            "writers",
            GREEN,
            f"/etc/network/interfaces configures {interface} at boot: after one the router is on "
            "the circuit that stands there",
        )


def _leases(case: _Case) -> Iterator[Finding]:
    for interface in case.interfaces:
        clients = [line for line in case.survey.dhcp if interface in line.split()[1:]]
        leased = [
            a for name, a in case.view.addresses if name == interface and a in case.view.leased
        ]
        if clients or leased:
            seen = f"'{clients[0].partition(' ')[2]}' runs" if clients else f"{leased[0]} is leased"
            yield Finding(
                "writers",
                RED,
                f"{interface} is configured by DHCP ({seen}): the next renewal undoes a switch",
                f"give {interface} a static configuration and end the DHCP client",
            )


def _nat(case: _Case) -> Iterator[Finding]:
    if case.survey.nat is None:
        yield Finding(
            "nat",
            YELLOW,
            "the router's NAT rules cannot be read, so a fixed source address would go unnoticed",
            "install nft or iptables, or allow them in sudoers",
        )
        return
    bound = [rule.address for rule in case.survey.nat if not _belongs(case, rule.interface)]
    fixed = [circuit for circuit in case.circuits if circuit.address.ip in bound]
    for circuit in fixed:
        yield Finding(
            "nat",
            YELLOW if case.repairs else RED,
            f"a NAT rule gives traffic the fixed source {circuit.address.ip}, which only "
            f"{circuit.name} carries",
            "see that the options after and undo change it"
            if case.repairs
            else "masquerade instead, or set it to $WAN_ADDRESS by the options after and undo",
        )
    if not fixed:
        yield Finding("nat", GREEN, "no NAT rule ties traffic to one circuit's address")


def _belongs(case: _Case, interface: str | None) -> bool:
    """Tell whether a rule for *interface* holds for one circuit alone: then it may be fixed."""
    return [circuit.interface for circuit in case.circuits].count(interface) == 1 and bool(
        interface
    )


def _rp_filter(case: _Case) -> Iterator[Finding]:
    """Probes marked for an idle circuit come back where ordinary answers would not go out."""
    everywhere = case.survey.rp_filter.get("all", 0)
    for circuit in case.circuits:
        interface = circuit.interface or case.view.interface or ""
        value = max(everywhere, case.survey.rp_filter.get(interface, 0))
        if circuit.vantage is not None and circuit.vantage.dscp and value == STRICT:
            yield Finding(
                "rp_filter",
                YELLOW,
                f"{interface} drops answers to probes of {circuit.name} while it is idle",
                f"sysctl -w net/ipv4/conf/{interface}/rp_filter=2",
            )


def _ipv6(case: _Case) -> Iterator[Finding]:
    if case.survey.ipv6:
        yield Finding(
            "ipv6",
            YELLOW,
            "the router has an IPv6 default route, which no switch moves",
            "turn IPv6 off outside, or live with it",
        )


def _clock(case: _Case) -> Iterator[Finding]:
    """Two clocks that agree have both been set; of two that do not, one is wrong."""
    if case.survey.clock is None:
        return
    apart = abs(case.now - case.survey.clock)
    if apart <= TOGETHER:
        yield Finding("clock", GREEN, "this host's and the router's agree")
        return
    yield Finding(
        "clock",
        YELLOW,
        f"this host's and the router's are {span(apart)} apart: by this host's go windows, drills, "
        "and the times in history",
        "have both ask a time server: timedatectl set-ntp true",
    )


def _timed_undo(case: _Case) -> Iterator[Finding]:
    if case.survey.keeps is None:
        return
    if case.survey.keeps:
        sentence = "while a circuit that works is left, a timed undo is kept on the router"
        yield Finding("timed undo", GREEN, f"{sentence}, in {case.survey.keeps[0]}")
        return
    yield Finding(
        "timed undo",
        YELLOW,
        "neither /run nor /tmp may be written: no timed undo brings a working circuit back, should "
        "the agent die in the middle of a switch, and nothing tells another agent of this one",
        "let the log-in write to /tmp",
    )


_LOOKS: tuple[Callable[[_Case], Iterator[Finding]], ...] = (
    _rights,
    _tools,
    _links,
    _managers,
    _leases,
    _nat,
    _rp_filter,
    _ipv6,
    _clock,
    _timed_undo,
)
