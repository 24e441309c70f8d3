"""How long a target may take: TCP's estimate of a round trip (RFC 6298), with bounds of ours.

A probe that is late is overdue, not dead: its answer still counts when it comes, and raises the
estimate, so a line that has become slow is given its time within a few probes.
"""

from __future__ import annotations

from wanfailover.core.site import Detect

FIRST = 1.0
"""Seconds while nothing is known of a target: RFC 6298's first timeout."""


class Timeout:
    """Of one target over one path. Lives as long as that way to it does."""

    __slots__ = ("_deviation", "_least", "_most", "_smoothed")

    def __init__(self, detect: Detect) -> None:
        self._least, self._most = detect.timeout_least, detect.timeout_most
        self._smoothed: float | None = None
        self._deviation = 0.0

    def take(self, rtt: float) -> None:
        """Learn from an answer that took *rtt* seconds."""
        if self._smoothed is None:
            self._smoothed, self._deviation = rtt, rtt / 2
        else:
            self._deviation += (abs(rtt - self._smoothed) - self._deviation) / 4
            self._smoothed += (rtt - self._smoothed) / 8

    @property
    def seconds(self) -> float:
        """After how many seconds a probe is overdue."""
        if self._smoothed is None:
            return min(max(FIRST, self._least), self._most)
        return min(max(self._smoothed + 4 * self._deviation, self._least), self._most)
