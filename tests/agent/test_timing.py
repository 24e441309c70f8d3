"""What `check` prints of times holds in a world where lines are cut at random moments."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from ipaddress import IPv4Address, IPv4Interface
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wanfailover import ports, specs
from wanfailover.calendar import Calendar, Window
from wanfailover.config import Profile
from wanfailover.core.engine import QUICK_TICK, TICK
from wanfailover.core.facts import ProbeSample, Result
from wanfailover.core.health import Line
from wanfailover.core.patience import DAY, Day
from wanfailover.core.reading import State
from wanfailover.core.site import Circuit, Detect, Policy
from wanfailover.core.site import Path as Way
from wanfailover.core.timeout import Timeout
from wanfailover.probes.kinds import KINDS
from wanfailover.rehearsal import Asked
from wanfailover.timing import Timing, findings

GRAIN = 1e-9
"""Seconds: what is lost when instants are added up."""


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
https = st.builds(  # not oftener: two that are stuck would keep all others from being sent
    lambda n, every: specs.Https(f"https://192.0.2.{n}/", every=every),
    st.integers(1, 9),
    st.sampled_from([2.0, 5.0, 10.0]),
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
    st.lists(st.floats(1, 20), max_size=5).map(lambda healed: tuple(sorted(healed, reverse=True))),
    max_size=8,
).map(lambda healed: tuple(Day(n, DAY, day) for n, day in enumerate(healed)))


@settings(max_examples=max(300, settings.default.max_examples))
@given(
    probes, detects, lessons, st.integers(1, 3), st.sampled_from([0.0, 4.0, 30.0]), st.booleans(),
    st.lists(st.floats(0, 1), min_size=6, max_size=6), st.floats(0.001, 0.02), st.floats(0, 10),
)  # fmt: skip
def test_within_what_is_printed(
    asked, detect, days, need, cost, metered, phases, rtt, moment
) -> None:
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
    assert printed.shortest - GRAIN <= cut.noticed() <= printed.longest + GRAIN


PINGS = (specs.Icmp("192.0.2.10"), specs.Icmp("192.0.2.11"), specs.Icmp("192.0.2.12"))


def test_no_wider_than_need_be() -> None:
    """Ordinary settings are cut at a hundred moments, and come near to both ends."""
    policy = Policy(Detect(silence=4.0))
    told = profile(*PINGS, policy=policy)
    timing = Timing(told)
    printed = timing.noticed(told.circuits[0])
    everybody = [*PINGS, specs.Icmp("198.51.0.1")]
    measured = [
        Cut(timing.asked(told.circuits[0]), everybody, policy, (), [shift] * 4, 0.01, cut).noticed()
        for shift in (0.0, 0.4)
        for cut in (20 + n / 50 for n in range(50))
    ]
    assert printed.shortest <= min(measured) < printed.shortest + 0.2
    assert printed.longest - 0.2 < max(measured) <= printed.longest


def days(number: int, *healed: float) -> tuple[Day, ...]:
    return tuple(Day(n, DAY, healed) for n in range(number))


NOON = datetime(2026, 7, 3, 12, tzinfo=ZoneInfo("Europe/Berlin"))


def rows(told: Profile, days=None, cost: float = 0.0, wall: datetime = NOON) -> list[tuple]:
    return [
        (row.subject, str(row.severity), row.sentence)
        for row in findings(Timing(told, days, cost), wall)
    ]


class TestDetector:
    def test_unknown_line(self) -> None:
        """Before a day is known, the first patience is told, and what it may become."""
        policy = Policy(Detect(first_silence=5.0, least=2.0, most=30.0))
        subject, severity, sentence = rows(profile(*PINGS, policy=policy))[0]
        assert (subject, severity) == ("detector", "green")
        assert sentence == (
            "an outage is noticed in 4.5 to 5.1 s; once a day of this line is known its own "
            "silences decide, 1.4 to 30.1 s; a brown-out takes 10 s at least"
        )

    def test_known_line(self) -> None:
        """A week of a line gives a figure of its own; lines that differ are told apart."""
        told = rows(profile(*PINGS), {"primary": days(8, 1.2), "backup": days(8, 6.0)})
        good, rough = (sentence for subject, _, sentence in told if subject.startswith("detector:"))
        assert "by 8 days of this line" in good
        assert float(good.split()[5]) < 4 < float(rough.split()[5])

    def test_few_days(self) -> None:
        """Fewer than seven are told as a doubt, for each line that has so few."""
        doubts = [row for row in rows(profile(*PINGS), {"primary": days(3)}) if row[1] == "yellow"]
        assert [(subject, sentence.split(":")[0]) for subject, _, sentence in doubts] == [
            ("detector: primary", "3 of 7 days of this line are known")
        ]
        assert not [row for row in rows(profile(*PINGS), {"primary": days(7)}) if row[1] != "green"]

    def test_one_target(self) -> None:
        """One target alone is a doubt."""
        doubts = [row for row in rows(profile(PINGS[0])) if row[1] == "yellow"]
        assert [subject for subject, *_ in doubts] == ["detector"]
        assert "one target alone cannot be told from the line" in doubts[0][2]

    @pytest.mark.parametrize(
        ("probes", "detect", "words"),
        [
            ([specs.Smtp("192.0.2.25"), specs.Smtp("192.0.2.26")], Detect(), "noticed in 0."),
            (PINGS, Detect(enough=100, silence=2.0), "noticed in"),
            ([specs.Smtp("192.0.2.25", every=7200.0)] * 2, Detect(), "to more than an hour"),
        ],
    )
    def test_asked_too_seldom(self, probes, detect: Detect, words: str) -> None:
        """Where not patience decides but the pace of probes, that is a doubt, with the figure."""
        told = profile(*probes, policy=Policy(detect))
        doubts = [row for row in rows(told) if row[1] == "yellow"]
        assert [subject for subject, *_ in doubts] == ["detector: primary", "detector: backup"]
        assert all("asked so seldom" in row[2] and words in row[2] for row in doubts)

    @pytest.mark.parametrize(
        ("detect", "words"),
        [
            (Detect(silence=8.0), "7.5 to 8.1 s, as detect.silence is set"),
            (Detect(learn=False), "4.5 to 5.1 s, and nothing is learned"),
            (Detect(silence=2.0, timeout_most=9.0), "(10."),
        ],
    )
    def test_settings(self, detect: Detect, words: str) -> None:
        """What is set by hand is told as such; where slow answers put it off, so is that."""
        assert words in rows(profile(*PINGS, policy=Policy(detect)))[0][2]

    @pytest.mark.parametrize(
        ("detect", "warned"),
        [(Detect(), True), (Detect(silence=8.0), False), (Detect(learn=False), False)],
    )
    def test_rare_blips(self, detect: Detect, warned: bool) -> None:
        """That a week teaches too little of rare, long blips is told where one learns."""
        sentences = [sentence for *_, sentence in rows(profile(*PINGS, policy=Policy(detect)))]
        assert any("rare, long blips" in sentence for sentence in sentences) is warned

    def test_cost(self) -> None:
        """A router that needs a minute for a switch is given patience to match."""
        assert "to 15.1 s" in rows(profile(*PINGS), cost=60.0)[0][2]


@pytest.mark.parametrize(
    ("cost", "told"),
    [
        (0.0, "takes a second or so; how long here, the first will tell"),
        (2.86, "takes about 2.9 s"),
        (64.4, "takes about 64 s"),
    ],
)
def test_how_long_a_switch_takes(cost: float, told: str) -> None:
    """By those that were made here, or by what the router is known to need."""
    assert ("switch", "green", told) in rows(profile(*PINGS), cost=cost)


class TestReturn:
    def told(self, told: Profile, cost: float = 0.0) -> str:
        (row,) = [row for row in rows(told, cost=cost) if row[0].startswith("return")]
        return row[2]

    def test_evidence(self) -> None:
        """How long a circuit must be good, and after relapses."""
        assert self.told(profile(*PINGS)) == (
            "when it was seen good for 5 min, up to 30 min after relapses"
        )
        hour = self.told(profile(*PINGS, policy=Policy(return_after=3600.0)))
        assert hour == "when it was seen good for 1 h"

    def test_trial(self) -> None:
        """What a trial costs at most, and how rare they become."""
        assert self.told(profile(*PINGS, seen=False), cost=2.5) == (
            "by trial, as nobody sees it while it is idle: 30 min after it was left, later ones "
            "up to 6 h apart while they fail; each costs an outage of 25 s at most"
        )

    def test_trial_of_one_seen(self) -> None:
        """One that is seen may be tried all the same."""
        told = self.told(profile(*PINGS, policy=Policy(failback="trial")))
        assert told.startswith("by trial: 30 min")

    def test_manual(self) -> None:
        """By hand is told with the command."""
        told = self.told(profile(*PINGS, policy=Policy(failback="manual")))
        assert told == "is by hand: wanfailover switch primary"


class TestWindows:
    def told(self, calendar: Calendar, wall: datetime = NOON) -> str:
        return rows(replace(profile(*PINGS), calendar=calendar), wall=wall)[-1][2]

    def test_none(self) -> None:
        """Without a window a return may be at any time."""
        assert self.told(Calendar()) == "none: a return may be at any time"

    def test_closed(self) -> None:
        """Whether it is open now is told, and until when by its own clock."""
        nights = Calendar((Window(begins=time(22), ends=time(6)),), ZoneInfo("America/New_York"))
        assert self.told(nights) == (
            "a return may be 22:00-06:00 (America/New_York): closed now, until Fri 22:00; "
            "a failover at any time"
        )
        open_now = self.told(nights, NOON - timedelta(hours=3))
        assert "open now, until Fri 06:00" in open_now
