"""What a graph shows and no report tells: totals since the agent's start, and its lag."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque

from wanfailover.core.engine import Engine
from wanfailover.core.facts import Ending, Fact, Instant, Outcome, ProbeSample, Result
from wanfailover.core.reading import State
from wanfailover.rollups.fold import GAP, STEP, speaks

REMEMBERED = 1000
"""Lost probes that are remembered, for one may be told of twice: minutes of an outage."""

PACE = 0.25
"""Seconds between two looks at how late the event loop is."""

LOOKS = 240
"""Of these, a minute's: no scrape misses a stall that is a minute old at the most."""


class Counts:
    """Of one agent, whatever becomes of its engine.

    Attributes:
        answered: Probes that were, by circuit, however late.

        lost: Those that were not in time.

        heard: When the last one was answered.

        down: Seconds in which a circuit was.

        active: Seconds in which the router was on it.

        switchovers: That have ended, by rule and ending.
    """

    def __init__(self) -> None:
        self.answered: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.heard: dict[str, Instant] = {}
        self.down: dict[str, float] = {}
        self.active: dict[str, float] = {}
        self.switchovers: Counter[tuple[str, Ending]] = Counter()
        self._then: Instant | None = None
        self._missed: dict[tuple[str, str, Instant], None] = {}

    def fed(self, fact: Fact, now: Instant, engine: Engine) -> None:
        """Count *fact*, which *engine* was fed at *now*."""
        if self._then is None or now - self._then >= STEP:
            self._spend(min(now - (self._then or now), GAP), engine)
            self._then = now
        match fact:
            case ProbeSample(circuit=str(circuit)) if speaks(fact, engine):
                self._count(circuit, fact)
            case Outcome(rule=rule, ending=ending):
                self.switchovers[rule, ending] += 1
            case _:
                pass

    def _count(self, circuit: str, sample: ProbeSample) -> None:
        if sample.result is Result.ANSWERED:
            self.answered[circuit] += 1
            at = sample.sent + (sample.rtt or 0.0)
            self.heard[circuit] = max(at, self.heard.get(circuit, at))
            return
        probe = (circuit, sample.target, sample.sent)
        if probe not in self._missed:
            self._missed[probe] = None
            self.lost[circuit] += 1
        if len(self._missed) > REMEMBERED:
            del self._missed[next(iter(self._missed))]

    def _spend(self, seconds: float, engine: Engine) -> None:
        for name, reading in engine.readings.items():
            down = seconds * (reading.state is State.DOWN)
            self.down[name] = self.down.get(name, 0.0) + down
            self.active[name] = self.active.get(name, 0.0) + seconds * (name == engine.active)


class Lag:
    """By how much the event loop is late: what holds it up would hold up a failover."""

    def __init__(self) -> None:
        self._looks: deque[float] = deque([0.0], LOOKS)

    @property
    def worst(self) -> float:
        """Seconds, of the last minute."""
        return max(self._looks)

    async def watch(self) -> None:
        """Look, until cancelled."""
        while True:
            due = time.monotonic() + PACE
            await asyncio.sleep(PACE)
            self._looks.append(max(0.0, time.monotonic() - due))
