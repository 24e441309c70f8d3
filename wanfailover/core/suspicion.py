"""When a line deserves a closer look: quick probes, for a bounded time.

One probe in a hundred goes astray on many a line: that is a reason to ask a few times more. Two of
different targets within two seconds are a reason to ask twenty times a second: then silence is told
from bad luck as soon as patience ends, and a brown-out by many probes. So many, for of a burst that
loses nine in ten ten a second are all lost for seconds on end, and would have to be waited out as
a dead spell is. What that costs is bounded by a bucket, but not while the line is silent.
"""

from __future__ import annotations

from math import inf

from wanfailover.core.facts import Instant
from wanfailover.core.site import Detect

TOGETHER = 2.0
"""Seconds: misses of two targets as close as this belong together; and for as long after the last
such pair the line is still under suspicion."""

HUNCH = 0.15
"""Seconds of quick probing that one miss is worth: a brown-out is under suspicion a second sooner,
and on a line that loses two in a hundred it costs a twentieth more of probes."""

REFILL = 1 / 75
"""Seconds of quick probing that come back in each second: with three targets asked once a second,
a thirteenth more of probes, on a line that is always under suspicion."""

SIP = 1.0
"""Seconds of it that must have come back before there is any again: a bucket that is drunk from by
the drop is never empty."""


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
        self._until = max(self._until, now + (TOGETHER if near >= min(2, voters) else HUNCH))

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
        enough = self._bucket > 0.0 if self._quick else self._bucket >= SIP
        self._quick = silent or (now < self._until and enough)
        return self._quick
