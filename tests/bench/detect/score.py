"""From what a detector says, and the truth about the line, to figures."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import median
from typing import Protocol

from tests.bench.detect.lines import YEAR, Event, Scene
from tests.bench.detect.traces import Trace

GRACE = 1.0
"""Seconds after a failure's end in which its detection still counts as one."""


class Detector(Protocol):
    """Ours, or a peer."""

    name: str
    asked: int

    def run(self, trace: Trace) -> Iterable[tuple[float, bool]]:
        """Say when the line is down from, and when up."""


@dataclass
class Delays:
    """Of one kind of failure: how long each took to be noticed; None if it was not."""

    found: list[float | None] = field(default_factory=list)
    early: int = 0  # down already, falsely, when the failure began: says nothing of delay

    def quantile(self, q: float) -> float | None:
        """A delay, a miss counting as longer than any."""
        ordered = sorted(self.found, key=lambda d: (d is None, d or 0.0))
        return ordered[min(len(ordered) - 1, int(q * len(ordered)))] if ordered else None

    @property
    def median(self) -> float | None:
        """Half of the failures are noticed sooner."""
        seen = [delay for delay in self.found if delay is not None]
        return median(seen) if seen and 2 * len(seen) > len(self.found) else None

    @property
    def misses(self) -> int:
        """Failures that were not noticed at all."""
        return sum(delay is None for delay in self.found)


def noticed(detector: Detector, scenes: Iterable[Scene]) -> Delays:
    """Let it watch failures, each until it is noticed."""
    delays = Delays()
    for scene in scenes:
        (begin, end), delay, before = scene.failures[0], None, False
        for at, down in detector.run(scene.trace):
            if at < begin:
                before = down
            elif down and at <= end + GRACE:
                delay = at - begin
                break
        if before and delay is None:
            delays.early += 1
        else:
            delays.found.append(delay)
    return delays


@dataclass
class Rate:
    """False failovers a year, from a weighted sample of a year's nuisances.

    Args:
        low: With *high*, between which it lies with 95 % certainty.

        plain: How many there were in a plain line, in how many hours.
    """

    yearly: float = 0.0
    low: float = 0.0
    high: float = 0.0
    seen: int = 0
    by_kind: dict[str, float] = field(default_factory=dict)
    plain: tuple[int, float] = (0, 0.0)


def false_rate(events: Sequence[Event], alarms: Iterable[float]) -> Rate:
    """Give each alarm to the nuisance it followed, and weigh it as that is weighed.

    The interval is a compound Poisson's. Where nothing was seen, three more of the long nuisances
    would be needed to contradict "none": the shorter are no worse.
    """
    starts = [event.t0 for event in events]
    found = [events[max(0, bisect_right(starts, at) - 1)] for at in alarms]
    return _weighed([(e.weight, e.kind) for e in found], [(e.weight, e.kind) for e in events])


def _weighed(alarms: Sequence[tuple[float, str]], sample: Sequence[tuple[float, str]]) -> Rate:
    rate = Rate()
    square = 0.0
    for weight, kind in alarms:
        rate.seen += 1
        rate.yearly += weight
        square += weight**2
        rate.by_kind[kind] = rate.by_kind.get(kind, 0.0) + weight
    kinds = {kind for _, kind in sample}
    least = 3 * max(min(w for w, kind in sample if kind == other) for other in kinds)
    spread = 1.96 * sqrt(square)
    rate.low = max(0.0, rate.yearly - spread)
    rate.high = max(rate.yearly + spread, least)
    return rate


Waits = list[tuple[float, str, float, int]]
"""Of each nuisance: its weight and kind, the longest silence, the most bad seconds that led."""


def waits(events: Sequence[Event], seen: Iterable[tuple[float, float, int]]) -> Waits:
    """Give what is *seen* to the nuisance it followed; bad seconds only where their lead grew."""
    starts = [event.t0 for event in events]
    longest, most = [0.0] * len(events), [0] * len(events)
    before = 0
    for at, silence, lead in seen:
        i = max(0, bisect_right(starts, at) - 1)
        longest[i] = max(longest[i], silence)
        if lead > before:
            most[i] = max(most[i], lead)
        before = lead
    return [(e.weight, e.kind, s, m) for e, s, m in zip(events, longest, most, strict=True)]


def rate_of(found: Waits, silence: float, bad_seconds: int) -> Rate:
    """What a patience of so much would have called down in a year."""
    alarms = [(w, kind) for w, kind, s, m in found if s >= silence or m >= bad_seconds]
    return _weighed(alarms, [(w, kind) for w, kind, _, _ in found])


def downs(detector: Detector, trace: Trace) -> list[float]:
    """When it calls the line down."""
    return [at for at, down in detector.run(trace) if down]


def together(far: Rate, scene: Scene, plain: int, hours: float) -> Rate:
    """Add what a plain line does in the rest of the year, which the sample does not cover."""
    far.plain = (plain, hours)
    for name in ("yearly", "low", "high"):
        setattr(far, name, getattr(far, name) + plain / hours * rest(scene))
    return far


def rest(scene: Scene) -> float:
    """Hours of a year that nuisances and what lies between them leave."""
    covered = sum(event.weight * (event.t1 - event.t0 + 40) for event in scene.events)
    return max(0.0, YEAR - covered) / 3600


@dataclass
class Costs:
    """Of a line that comes and goes.

    Args:
        first: Seconds until the first failure was noticed; None if it never was.

        dark: Seconds on the line while it was dead.

        needless: Seconds on the backup while it was not.

        changes: How often traffic was moved.

        back: Seconds from the last failure's end until it was used again; None if it never was.
    """

    first: float | None
    dark: float
    needless: float
    changes: int
    back: float | None


def costs(changes: Sequence[tuple[float, bool]], scene: Scene) -> Costs:
    """What it costs to follow *changes*."""
    edges = [(0.0, False), *changes, (scene.trace.duration, changes[-1][1] if changes else False)]
    away = [(at, edges[i + 1][0]) for i, (at, down) in enumerate(edges[:-1]) if down]
    dead = list(scene.failures)
    overlap = sum(max(0.0, min(b, d) - max(a, c)) for a, b in away for c, d in dead)
    first = next(
        (at - dead[0][0] for at, down in changes if dead and down and at >= dead[0][0]), None
    )
    end = dead[-1][1] if dead else 0.0
    back = next((at - end for at, down in changes if not down and at >= end), None)
    total, out = sum(d - c for c, d in dead), sum(b - a for a, b in away)
    return Costs(first, total - overlap, out - overlap, len(changes), back)
