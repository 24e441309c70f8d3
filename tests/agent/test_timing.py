"""What `check` prints of times holds in a world where lines are cut at random moments."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wanfailover import ports, specs
from wanfailover.config import Profile
from wanfailover.core.engine import QUICK_TICK, TICK
from wanfailover.core.facts import Circuit, Detect, Policy, ProbeSample, Result
from wanfailover.core.facts import Path as Way
from wanfailover.core.health import Line, State
from wanfailover.core.patience import DAY, Day, Patience
from wanfailover.core.timeout import Timeout
from wanfailover.probes.kinds import KINDS
from wanfailover.timing import Asked, Span, Timing


def circuits(*, seen: bool = True, metered: bool = False) -> tuple[Circuit, ...]:
    return tuple(
        Circuit(
            name,
            IPv4Interface(f"198.51.{number}.2/24"),
            IPv4Address(f"198.51.{number}.1"),
            vantage=Way(device="eth1") if seen else None,
            metered=metered,
        )
        for number, name in enumerate(("primary", "backup"))
    )


def profile(*probes: specs.ProbeSpec, policy: Policy | None = None, **how: bool) -> Profile:
    ways = circuits(**how)
    return Profile(
        Path("office.yaml"), "office", "linux", ports.RouterAccess(None, "local", circuits=ways),
        ways, probes, policy or Policy(),
    )  # fmt: skip


@dataclass
class Cut:
    """A line that answers until it is cut, asked as the runner asks and judged as the engine does.

    Args:
        phases: By which part of its pace each target's first probe comes later.

        cut: Seconds after the start.
    """

    asked: list[Asked]
    specs: list[specs.ProbeSpec]
    policy: Policy
    days: tuple[Day, ...]
    phases: list[float]
    rtt: float
    cut: float
    now: float = 0.0
    due: list = field(default_factory=list)

    def __post_init__(self) -> None:
        targets = [replace(each.target, every=each.slowest) for each in self.asked]
        self.line = Line(targets, self.policy, self.days)
        self.order = count()
        self.fast = False
        self.judged = -1.0
        self.timeouts = [Timeout(self.policy.detect) for _ in self.asked]
        self.flying = [0] * len(self.asked)
        self.pressed = [-1e9] * len(self.asked)
        self.next = [each.target.every * p for each, p in zip(self.asked, self.phases, strict=True)]

    def later(self, at: float, act) -> None:
        heapq.heappush(self.due, (at, next(self.order), act))

    def noticed(self) -> float:
        """Seconds from the cut until the engine knows."""
        while self.now < self.cut + 1000:
            tick = self.judged + (QUICK_TICK if self.fast else TICK)
            self.now = min([tick, *self.next, *(each[0] for each in self.due[:1])])
            looks = self.now >= tick
            while self.due and self.due[0][0] <= self.now:
                looks |= heapq.heappop(self.due)[2]()
            for n, at in enumerate(self.next):
                if at <= self.now:
                    self.send(n)
                    each = self.asked[n]
                    every = each.target.every
                    self.next[n] = at + (min(each.quick, every) if self.fast else every)
            if looks and self.look():
                return self.now - self.cut
        raise AssertionError("it was never noticed")

    def look(self) -> bool:
        self.judged = self.now
        if self.line.judge(self.now)[0] is State.DOWN:
            assert self.now > self.cut, "a line that answers is not down"
            return True
        was, self.fast = self.fast, self.line.fast(self.now)
        if self.fast and not was:
            for n, each in enumerate(self.asked):
                if self.now - self.pressed[n] >= each.quick:
                    self.pressed[n] = self.now
                    self.send(n)
                    self.next[n] = min(self.next[n], self.now + each.quick * (1 + self.phases[n]))
                else:
                    self.next[n] = min(self.next[n], self.pressed[n] + each.quick)
        return False

    def send(self, n: int) -> None:
        each, spec, sent = self.asked[n], self.specs[n], self.now
        if self.flying[n] >= KINDS[type(spec)].in_flight:
            return
        self.flying[n] += 1
        given = self.timeouts[n].seconds
        lost = ProbeSample(
            "primary", each.target.name, each.target.role, sent, Result.LOST, timeout=given
        )

        def answered() -> bool:
            self.flying[n] -= 1
            self.timeouts[n].take(self.rtt)
            self.line.take(replace(lost, result=Result.ANSWERED, rtt=self.rtt), self.now)
            return False

        def overdue() -> bool:
            self.line.take(lost, self.now)
            return True

        def ended() -> bool:
            self.flying[n] -= 1
            return False

        if sent + self.rtt < self.cut:
            self.later(sent + self.rtt, answered)
        else:
            self.later(sent + given, overdue)
            self.later(sent + max(given, spec.deadline), ended)


paces = st.sampled_from([0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0])
icmp = st.builds(lambda n, every: specs.Icmp(f"192.0.2.{n}", every=every), st.integers(1, 9), paces)
tcp = st.builds(
    lambda n, every: specs.Tcp(f"192.0.2.{n}", 443, every=every), st.integers(1, 9), paces
)
https = st.builds(
    lambda n, every: specs.Https(f"https://192.0.2.{n}/", every=every), st.integers(1, 9), paces
)
probes = st.lists(icmp | icmp | tcp | https, min_size=1, max_size=5, unique_by=lambda s: s.name)
detects = st.builds(
    Detect,
    silence=st.none() | st.floats(1, 12),
    bad_seconds=st.none() | st.integers(3, 30),
    first_silence=st.floats(2, 12),
    learn=st.booleans(),
    least=st.floats(1, 3),
    enough=st.integers(1, 8),
    fast=st.sampled_from([0.1, 0.3, 1.0]),
    fast_for=st.sampled_from([1.0, 60.0]),
    timeout_least=st.sampled_from([0.1, 0.25, 0.5]),
)
lessons = st.lists(
    st.lists(st.floats(1, 20), max_size=5).map(
        lambda healed: tuple(sorted(healed, reverse=True))
    ),
    max_size=8,
).map(lambda healed: tuple(Day(n, DAY, day) for n, day in enumerate(healed)))


@settings(max_examples=300)
@given(
    probes, detects, lessons, st.integers(1, 3), st.sampled_from([0.0, 4.0, 30.0]), st.booleans(),
    st.lists(st.floats(0, 1), min_size=6, max_size=6), st.floats(0.001, 0.02), st.floats(0, 10),
)  # fmt: skip
def test_cut(asked, detect, days, need, cost, metered, phases, rtt, moment) -> None:
    """Whatever the settings, and whenever the line is cut: it is noticed within what is printed."""
    policy = Policy(detect, need=need, switch_cost=cost)
    told = profile(*asked, policy=policy, metered=metered)
    timing = Timing(told, {"primary": days})
    printed = timing.noticed(told.circuits[0])
    everybody = [*asked, specs.Icmp(str(told.circuits[0].gateway))]
    warm = 3 * max(spec.every for spec in everybody) + 10
    cut = Cut(
        timing.asked(told.circuits[0]), everybody, policy, days, phases[: len(everybody)], rtt,
        warm + moment,
    )  # fmt: skip
    assert printed.shortest <= cut.noticed() <= printed.longest
