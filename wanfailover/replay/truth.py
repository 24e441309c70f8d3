"""What the lines really did, by all samples there are: in hindsight, which no engine has.

A circuit was *dead* from the first of at least three probes in a row that nobody ever answered to
the next that somebody did, where that is a second or more. It was *unseen* where it was not asked.
What was sent over a line while our own host or the LAN was sick says nothing of the line.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from wanfailover.core.engine import Engine
from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.flight.reader import Head
from wanfailover.flight.rows import Fed

DEAD_PROBES = 3
DEAD_SECONDS = 1.0

UNSEEN = 15.0
"""Seconds without a probe, or three paces of the quickest, after which a line is out of sight."""

SETTLED = 10.0
"""Seconds within which an answer may still come: three times the longest timeout."""

Span = tuple[float, float]


def overlap(spans: list[Span], begin: float, end: float) -> float:
    """For how many seconds between *begin* and *end* one of *spans*, which are in order, lasted."""
    total = 0.0
    first = max(0, bisect_right(spans, (begin, begin)) - 1)
    for from_, to in spans[first:]:
        if from_ >= end:
            break
        total += max(0.0, min(end, to) - max(begin, from_))
    return total


def within(spans: list[Span], at: float) -> Span | None:
    """Which of *spans* lasts at *at*."""
    index = bisect_right(spans, (at, float("inf"))) - 1
    return spans[index] if index >= 0 and at < spans[index][1] else None


@dataclass
class LineTruth:
    """One circuit's. Probes are told in any order, and settled in that of their sending."""

    gap: float
    dead: list[Span] = field(default_factory=list)
    seen: list[Span] = field(default_factory=list)
    asked: dict[int, list[int]] = field(default_factory=dict)  # in each second: asked, unanswered
    _open: dict[int, dict[tuple[float, str], bool]] = field(default_factory=dict)
    _first_lost: float | None = None
    _lost: int = 0
    _seen_from: float | None = None
    _last: float = 0.0

    def take(self, at: float, target: str, *, answered: bool) -> None:
        """Enter a probe that was sent *at*; told again, it is what it was told last."""
        self._open.setdefault(int(at), {})[at, target] = answered

    def settle(self, now: float) -> None:
        """Close what no answer can change any more."""
        for second in sorted(s for s in self._open if s + 1 + SETTLED <= now):
            probes = self._open.pop(second)
            self.asked[second] = [len(probes), sum(not answered for answered in probes.values())]
            for (at, _), answered in sorted(probes.items()):
                self._enter(at, answered=answered)

    def finish(self) -> None:
        """Nothing more will be told."""
        self.settle(float("inf"))
        self._lose_sight()

    def _enter(self, at: float, *, answered: bool) -> None:
        if self._seen_from is not None and at - self._last > self.gap:
            self._lose_sight()
        if self._seen_from is None:
            self._seen_from = at
        self._last = at
        if answered:
            self._end(at)
            return
        if self._first_lost is None:
            self._first_lost, self._lost = at, 0
        self._lost += 1

    def _end(self, at: float) -> None:
        """A silence, if there was one, is over."""
        begin, self._first_lost = self._first_lost, None
        if begin is not None and self._lost >= DEAD_PROBES and at - begin >= DEAD_SECONDS:
            self.dead.append((begin, at))

    def _lose_sight(self) -> None:
        if self._seen_from is not None:
            self._end(self._last)
            self.seen.append((self._seen_from, self._last))
            self._seen_from = None

    def next_seen(self, at: float) -> float | None:
        """When it was in sight, from *at* on; None if it never was again."""
        if within(self.seen, at) is not None:
            return at
        index = bisect_right(self.seen, (at, float("inf")))
        return self.seen[index][0] if index < len(self.seen) else None

    def loss(self, begin: float, end: float) -> float | None:
        """Share of probes lost between two instants; None where none was sent."""
        asked = lost = 0
        for second in range(int(begin), int(end) + 1):
            counts = self.asked.get(second)
            if counts is not None:
                asked += counts[0]
                lost += counts[1]
        return lost / asked if asked else None


class Truth:
    """A `Listener`: hears every sample that speaks for its circuit."""

    def __init__(self) -> None:
        self.lines: dict[str, LineTruth] = {}
        self._offset = self._settled = 0.0
        self._role = Role.FAR

    def begin(self, head: Head, _live: Engine, offset: float) -> None:
        self._offset = offset
        site = head.site
        self._role = Role.FAR if site.targets else Role.GATEWAY
        for circuit in site.circuits:
            pace = min((circuit.idle_pace(t.every) for t in site.targets), default=1.0)
            self.lines.setdefault(circuit.name, LineTruth(max(UNSEEN, 3 * pace)))

    def before(self, fed: Fed, live: Engine) -> None:
        sample = fed.fact
        if not isinstance(sample, ProbeSample) or sample.role is not self._role:
            return
        if sample.result is Result.UNSENT or live.decision.rule == "prober-sick":
            return
        if sample.circuit is not None and live.heeds(sample):
            answered = sample.result is Result.ANSWERED
            line = self.lines[sample.circuit]
            line.take(sample.sent + self._offset, sample.target, answered=answered)

    def after(self, fed: Fed, live: Engine) -> None:  # noqa: ARG002 - a listener's
        at = fed.now + self._offset
        if at - self._settled >= SETTLED:
            self._settled = at
            for line in self.lines.values():
                line.settle(at)

    def finish(self) -> None:
        """The recording is over."""
        for line in self.lines.values():
            line.finish()
