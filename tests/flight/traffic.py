"""An hour of an office's facts, as its agent would be fed them: jitter, a little loss, ticks."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface

from wanfailover.core.facts import Fact, ProbeSample, Result, Role, RouterView, Tick
from wanfailover.core.site import Circuit, Path, Site, Target
from wanfailover.flight.grain import grained, grained_fact

TARGETS = tuple(Target(f"icmp 192.0.2.{n}", Role.FAR, 0.5) for n in (10, 11, 12, 13))
START = 86_400 * 20 + 0.123456
CONTROL = Target("icmp 192.168.1.1", Role.CONTROL, 1.0)


def office(seen: int) -> Site:
    """Two circuits, of which so many are in sight, and four targets at two probes a second."""
    made = tuple(
        Circuit(
            f"line-{n}",
            IPv4Interface(f"198.51.{n}.2/24"),
            IPv4Address(f"198.51.{n}.1"),
            vantage=Path(device="eth1") if n < seen else None,
        )
        for n in range(2)
    )
    return Site("office", made, TARGETS)


def traffic(site: Site, seconds: float, seed: int = 1) -> Iterator[tuple[Fact, float]]:
    """Yield facts in the order in which they arrive, with the instants at which they are fed.

    Round trips wander about 20 ms with a long tail; one probe in 500 is lost; the loop feeds a fact
    50 to 500 microseconds after it has happened.
    """
    chance = random.Random(seed)
    start = START
    first = site.circuits[0]
    facts: list[tuple[float, int, Fact]] = []
    view = RouterView(start, first.gateway, first.address.ip, "eth1")
    heapq.heappush(facts, (start, 0, view))
    order = 0
    asked = [
        (c.name, t) for c in site.circuits if c.vantage for t in (*site.targets, c.gateway_target)
    ]
    for circuit, target in [*asked, (None, CONTROL)]:
        due = start + chance.random() * target.every
        while due < start + seconds:
            sent = due + chance.expovariate(1 / 100e-6)
            lost = chance.random() < 0.002
            rtt = 0.012 + chance.lognormvariate(-5.0, 0.5)
            sample = ProbeSample(
                circuit,
                target.name,
                target.role,
                sent,
                Result.LOST if lost else Result.ANSWERED,
                None if lost else rtt,
                timeout=0.25,
            )
            order += 1
            heapq.heappush(facts, (sent + (0.25 if lost else rtt), order, sample))
            due += target.every
    for number in range(int(seconds * 2)):
        order += 1
        heapq.heappush(facts, (start + number / 2, order, Tick()))
    while facts:
        at, _, fact = heapq.heappop(facts)
        yield grained_fact(fact), grained(at + chance.uniform(50e-6, 500e-6))
