"""When a line deserves a closer look: quick probes, for a bounded time.

One probe in a hundred goes astray on many a line. Two of different targets within two seconds are a
reason to ask ten times a second: then silence is told from bad luck as soon as patience ends, and a
brown-out by many probes. What that costs is bounded by a bucket, but not while the line is silent.
"""

from __future__ import annotations

from math import inf

from wanfailover.core.facts import Detect, Instant

TOGETHER = 2.0
"""Seconds: misses of two targets as close as this belong together; and for as long after the last
such pair the line is still under suspicion."""

REFILL = 1 / 60
"""Seconds of quick probing that come back in each second."""


class Suspicion:
    """Of one circuit."""

    def __init__(self, detect: Detect) -> None:
        self._full = self._bucket = detect.fast_for
        self._until = self._drawn = -inf
        self._quick = False
        self._missed: dict[str, Instant] = {}

    def miss(self, target: str, now: Instant, voters: int) -> None:
        """A probe of *target*, one of so many *voters*, has just become overdue."""
        self._missed[target] = now
        near = sum(now - at <= TOGETHER for at in self._missed.values())
        if near >= min(2, voters):
            self._until = now + TOGETHER

    def clear(self) -> None:
        """What was missed is explained."""
        self._missed.clear()
        self._until = -inf

    def fast(self, now: Instant, *, silent: bool) -> bool:
        """Tell whether to ask quickly now; *silent* pays nothing for it."""
        passed = now - max(self._drawn, now - self._full / REFILL)
        spent = passed if self._quick and not silent else -passed * REFILL
        self._bucket = min(max(self._bucket - spent, 0.0), self._full)
        self._drawn = now
        self._quick = silent or (now < self._until and self._bucket > 0.0)
        return self._quick
