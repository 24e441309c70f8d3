"""What watching costs on each circuit: packets and bytes a month, from kinds of probe and paces.

Counted are IP packets both ways while all is well; a line under suspicion is asked more, for a
bounded time. A modem that is asked about its line is not on it, and costs nothing there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wanfailover.config import Profile
from wanfailover.core.site import Circuit
from wanfailover.ports import Finding, Severity
from wanfailover.specs import Dns, Https, Icmp, ProbeSpec, Smtp, Tcp

MONTH = 30 * 86400.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Packets both ways, and bytes of them."""

    packets: float
    size: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.packets + other.packets, self.size + other.size)

    def __mul__(self, times: float) -> Cost:
        return Cost(self.packets * times, self.size * times)

    def __str__(self) -> str:
        return f"{_large(self.packets)} packets, {_large(self.size)}B a month"


ICMP = Cost(2, 2 * 44)
"""An echo and its reply: 20 bytes of IP, 8 of ICMP, 16 that we send along."""

CONNECTION = Cost(7, 7 * 52 + 2 * 8)
"""Three packets to begin and four to end; 20 bytes of IP and 32 of TCP with time stamps, 8 more
where it begins."""

TLS = Cost(6, 5000)
"""A handshake with two or three certificates."""

COSTS: dict[type, Cost] = {
    Icmp: ICMP,
    Tcp: CONNECTION,
    Dns: Cost(2, 2 * 28 + 30 + 80),
    Https: CONNECTION + TLS + Cost(8, 8000),  # a short page with its headers
    Smtp: CONNECTION + Cost(10, 1000),
}
"""Of one probe that is answered. Beyond ICMP and the connection itself they are what is usual: a
page may be large, and a mail server wordy."""


def of_probe(spec: ProbeSpec) -> Cost:
    """What one asking costs."""
    cost = COSTS[type(spec)]
    if isinstance(spec, Smtp):
        cost += TLS * spec.starttls + Cost(4, 400) * (spec.rcpt is not None)
    return cost


def month(probes: Iterable[ProbeSpec], circuit: Circuit, *, idle: bool) -> Cost:
    """What a month of watching a circuit costs that is active, or idle; its gateway with it."""
    total = Cost(0, 0)
    if idle and circuit.vantage is None:
        return total
    asked = [(of_probe(spec), spec.every) for spec in probes]
    asked.append((ICMP, circuit.gateway_target.every))
    for cost, every in asked:
        total += cost * (MONTH / (circuit.idle_pace(every) if idle else every))
    return total


def findings(profile: Profile) -> Iterator[Finding]:
    """A row for each circuit."""
    through = tuple(tunnel.check for tunnel in profile.tunnels)
    for circuit in profile.circuits:
        active = month((*profile.probes, *through), circuit, idle=False)
        idle = month(profile.probes, circuit, idle=True)
        if circuit.vantage is None:
            resting = "nothing while idle"
        elif circuit.metered:
            resting = f"while idle, as it is metered, {idle}"
        else:
            resting = "as much while idle"
        sentence = f"about {active}, while active; {resting}"
        yield Finding(f"{circuit.name}: data volume", Severity.GREEN, sentence)


def _large(number: float) -> str:
    """A number with two digits that count: ``4.1 M``."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= unit:
            scaled = number / unit
            return f"{scaled:.1f} {name}" if scaled < 10 else f"{scaled:.0f} {name}"
    return f"{number:.0f} "
