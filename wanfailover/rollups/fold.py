"""One run's facts, counted into minutes.

It is told the engine as it stands after each fact, so that what says nothing of a circuit for the
engine (in flight over a switchover, gone astray without its mark, of a target that is set aside)
says nothing here. It has no clock and no disk: live and from a recording it counts the same.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from math import inf

from wanfailover.core.engine import Engine
from wanfailover.core.facts import Fact, Instant, ProbeSample, Result, Role
from wanfailover.core.reading import State
from wanfailover.rollups.histogram import Buckets, bucket

MINUTE = 60

LATE = 60.0
"""Seconds after its end for which a minute stays open: an answer that comes later stays lost."""

STEP = 0.2
"""Seconds of time spent that are entered at once, at the least."""

GAP = 2.0
"""Seconds without a fact after which nobody was there: a live engine is fed twice a second."""


@dataclass(slots=True)
class Row:
    """A circuit's minute.

    Args:
        t: Its beginning, whole seconds since the epoch.

        longest: Of its round trips, seconds.

        down: Seconds in which the circuit was down.

        seen: Seconds in which it was known to be up, degraded or down.

        active: Seconds in which the router was on it.
    """

    circuit: str
    t: int
    sent: int = 0
    lost: int = 0
    longest: float | None = None
    down: float = 0.0
    seen: float = 0.0
    active: float = 0.0
    buckets: Buckets = field(default_factory=Counter)

    @property
    def blank(self) -> bool:
        """It tells nothing: the circuit was idle, and nobody saw it."""
        return not (self.sent or self.seen or self.active)


class Fold:
    """Of one run.

    Args:
        offset: What to add to its instants to have wall time, seconds since the epoch.
    """

    def __init__(self, offset: float) -> None:
        self.offset = offset
        self._rows: dict[tuple[str, int], Row] = {}
        self._changed: set[tuple[str, int]] = set()
        self._missed: dict[tuple[str, str, Instant], Row] = {}
        self._floor = -inf
        self._then: Instant | None = None

    def fed(self, fact: Fact, now: Instant, engine: Engine) -> None:
        """Count *fact*, which *engine* was fed at *now*."""
        if self._then is None:
            self._then = now
        elif now - self._then >= STEP:
            self._spend(min(now - self._then, GAP), now, engine)
            self._then = now
        if isinstance(fact, ProbeSample) and speaks(fact, engine):
            self._count(fact)

    def rows(self, now: Instant) -> list[Row]:
        """Give what has changed since last asked, as it is now; what is over for good is let go."""
        over = now + self.offset - MINUTE - LATE
        rows = [self._rows[key] for key in sorted(self._changed)]
        rows = [replace(row, buckets=row.buckets.copy()) for row in rows if not row.blank]
        self._changed.clear()
        for key in [key for key in self._rows if key[1] <= over]:
            del self._rows[key]
            self._floor = max(self._floor, key[1] + MINUTE)
        self._missed = {key: row for key, row in self._missed.items() if row.t > over}
        return rows

    def clock_set(self, offset: float) -> None:
        """The wall clock was set. Minutes that come again stand as they are counted then."""
        self.offset = offset
        self._rows.clear()
        self._missed.clear()
        self._changed.clear()
        self._floor = -inf

    def _spend(self, seconds: float, now: Instant, engine: Engine) -> None:
        for name, reading in engine.readings.items():
            row = self._row(name, now)
            if row is None:
                continue
            row.active += seconds * (name == engine.active)
            row.seen += seconds * (reading.state is not State.UNKNOWN)
            row.down += seconds * (reading.state is State.DOWN)

    def _count(self, sample: ProbeSample) -> None:
        assert sample.circuit is not None  # noqa: S101 - or it would not speak
        row = self._row(sample.circuit, sample.sent)
        if row is None:
            return
        probe = (sample.circuit, sample.target, sample.sent)
        known = self._missed.pop(probe, None)
        if known is None:
            row.sent += 1
        else:
            known.lost -= 1
        if sample.result is Result.LOST:
            row.lost += 1
            self._missed[probe] = row
        elif sample.rtt is not None:
            row.longest = max(row.longest or 0.0, sample.rtt)
            row.buckets[bucket(sample.rtt)] += 1

    def _row(self, circuit: str, at: Instant) -> Row | None:
        """Find the minute of an instant; None where it is over for good."""
        minute = int((at + self.offset) // MINUTE) * MINUTE
        if minute < self._floor:
            return None
        key = (circuit, minute)
        self._changed.add(key)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = Row(circuit, minute)
        return row


def speaks(sample: ProbeSample, engine: Engine) -> bool:
    """It is one by which the circuit is judged, and says something of it."""
    if sample.result is Result.UNSENT or sample.role not in {Role.FAR, Role.GATEWAY}:
        return False
    if sample.role is Role.GATEWAY and any(t.role is Role.FAR for t in engine.site.targets):
        return False
    if not engine.heeds(sample):
        return False
    reading = engine.readings.get(sample.circuit or "")
    return reading is None or sample.target not in reading.muted
