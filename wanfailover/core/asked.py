"""One target on one circuit: what it was asked lately, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from wanfailover.core.facts import Instant, ProbeSample, Result
from wanfailover.core.site import Target

WINDOW = 10.0
"""Seconds over which loss and round-trip time are told: 20 probes a target at the usual pace."""


class Asked:
    """What one target was asked lately and what came of it."""

    __slots__ = ("_others", "heard", "missed", "muted", "name", "recent", "unsent")

    def __init__(self, target: Target) -> None:
        self.name = target.name
        self.heard: Instant | None = None  # when its last answer arrived
        self.missed = 0  # in a row
        self.muted = False
        self.recent: dict[Instant, ProbeSample] = {}
        self.unsent: str | None = None
        self._others = 0

    def take(self, sample: ProbeSample) -> ProbeSample | None:
        """Keep a sample; returns what the same probe was told as before."""
        was = self.recent.get(sample.sent)
        self.recent[sample.sent] = sample
        self.unsent = sample.detail if sample.result is Result.UNSENT else None
        if sample.result is Result.ANSWERED and sample.rtt is not None:
            self.heard = max(self.heard or 0.0, sample.sent + sample.rtt)
        horizon = sample.sent - WINDOW
        while (oldest := next(iter(self.recent))) < horizon:
            del self.recent[oldest]
        return was

    def judge(self, sample: ProbeSample, answers: int, after: int) -> bool:
        """Set it aside when it misses *after* in a row while others answer as often.

        Returns:
            That it has been set aside just now, or taken back.

        Args:
            sample: The newest.

            answers: How many answers the line has given, from whomever.

            after: The number.
        """
        was = self.muted
        if sample.result is Result.ANSWERED:
            self.missed, self.muted = 0, False
            if was:
                self.recent = {sample.sent: sample}
            return was
        if not self.missed:
            self._others = answers
        self.missed += 1
        self.muted = was or (self.missed >= after and answers - self._others >= after)
        return self.muted is not was


def tally(targets: Iterable[Asked], begin: Instant) -> tuple[int, int, float | None]:
    """Count probes lost and asked since *begin*, of targets with a voice; the median round trip."""
    recent = [item for target in targets if not target.muted for item in target.recent.items()]
    asked = [s for at, s in recent if at >= begin and s.result is not Result.UNSENT]
    times = [sample.rtt for sample in asked if sample.rtt is not None]
    if not times:
        return 0, 0, None  # silence: that is for another rule to judge
    lost = [sample for sample in asked if sample.result is Result.LOST]
    return len(lost), len(asked), median(times)
