"""Brown-outs: seconds in which much is lost, counted against those in which little is.

A second is bad when a fifth of its probes went unanswered, on two targets at least. Bad seconds
count up and good ones down, not below nought: what is left over is how much the line has been worse
than it was well. A late answer takes its loss back, so the last seconds are judged anew at each
question, and only what is older than any answer can be is settled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import floor

from wanfailover.core.facts import Instant, ProbeSample
from wanfailover.core.site import Detect

SETTLED = 10.0
"""Seconds after which no answer changes a second any more: three times the longest timeout."""

TELLING = 10
"""Probes of one target from which its loss tells something of it alone."""

Tally = dict[str, list[int]]
"""By target: probes asked, and those of them that were missed."""


class _Second:
    """What was asked in one second, and what of it was missed."""

    __slots__ = ("tally", "timeout")

    def __init__(self) -> None:
        self.tally: Tally = {}
        self.timeout = 0.0

    def take(self, sample: ProbeSample, was: ProbeSample | None) -> None:
        asked = self.tally.setdefault(sample.target, [0, 0])
        if was is None:
            asked[0] += 1
        elif not asked[0]:
            return  # told first before the account was cleared
        asked[1] += sample.missed - (was is not None and was.missed)
        self.timeout = max(self.timeout, sample.timeout)

    def verdict(self, share: float, muted: Collection[str], voters: int) -> int:
        """1 for bad, -1 for good, 0 where nobody with a voice was asked."""
        asked = missed = targets = 0
        for target, counts in self.tally.items():
            if target not in muted:
                asked += counts[0]
                missed += counts[1]
                targets += counts[1] > 0
        if not asked:
            return 0
        return 1 if targets >= min(2, voters) and missed >= share * asked else -1


class Seconds:
    """Of one circuit. *healed* holds the peaks of spells that are over, for whoever learns.

    Args:
        most: The account goes no higher, or after an hour of loss it would take an hour to be well.
    """

    def __init__(self, detect: Detect, most: int) -> None:
        self._detect = detect
        self._most = most
        self.healed: list[int] = []
        self.clear()

    def clear(self) -> None:
        """Begin anew: what was is no part of what comes."""
        self._kept: dict[int, _Second] = {}
        self._spell: Tally = {}
        self._count = self._peak = 0
        self._missing = False

    def take(self, sample: ProbeSample, was: ProbeSample | None) -> None:
        """Take a probe's result; *was* is what it was told as before."""
        number = floor(sample.sent)
        second = self._kept.get(number)
        if second is None:
            if was is not None or (self._kept and number < next(iter(self._kept))):
                return  # older than what is still open
            second = self._kept[number] = _Second()
        second.take(sample, was)
        self._missing = self._missing or sample.missed

    def surplus(self, now: Instant, muted: Collection[str], voters: int) -> int:
        """By how much bad seconds outnumber good ones now.

        Args:
            now: The present instant.

            muted: Targets that have no voice.

            voters: How many have one; where it is one alone, its word is enough.
        """
        self._settle(now, muted, voters)
        if not self._missing and not self._count:
            return 0
        count = self._count
        for verdict in self._verdicts(now, muted, voters):
            count = min(max(0, count + verdict), self._most)
        return count

    def spared(self, muted: Collection[str]) -> str | None:
        """A target that the spell has spared: then the others are the trouble, not the line."""
        total: Tally = {target: list(counts) for target, counts in self._spell.items()}
        for second in self._kept.values():
            _add(total, second.tally)
        for target, (asked, missed) in total.items():
            few = missed < self._detect.spared_share * asked
            if target not in muted and asked >= TELLING and few:
                return target
        return None

    def bad_since(self, since: Instant, muted: Collection[str], voters: int) -> bool:
        """Tell whether any second since *since* that is still open to repair was bad."""
        share = self._detect.bad_share
        return self._missing and any(
            number >= since - 1 and second.verdict(share, muted, voters) > 0
            for number, second in self._kept.items()
        )

    def _verdicts(self, now: Instant, muted: Collection[str], voters: int) -> Iterator[int]:
        """Of the seconds whose probes have all been answered or are overdue."""
        for number, second in self._kept.items():
            if number + 1 + second.timeout <= now:
                yield second.verdict(self._detect.bad_share, muted, voters)

    def _settle(self, now: Instant, muted: Collection[str], voters: int) -> None:
        settled = []
        for number in self._kept:
            if number + SETTLED > now:
                break
            settled.append(number)
        for number in settled:
            second = self._kept.pop(number)
            self._enter(second, second.verdict(self._detect.bad_share, muted, voters))
        if settled:
            self._missing = any(c[1] for s in self._kept.values() for c in s.tally.values())

    def _enter(self, second: _Second, verdict: int) -> None:
        """Count a second for good; a spell that has come to nought has healed."""
        self._count = min(max(0, self._count + verdict), self._most)
        self._peak = max(self._peak, self._count)
        if self._count:
            _add(self._spell, second.tally)
        elif self._peak:
            self.healed.append(self._peak)
            self._spell, self._peak = {}, 0


def _add(total: Tally, tally: Tally) -> None:
    for target, (asked, missed) in tally.items():
        counts = total.setdefault(target, [0, 0])
        counts[0] += asked
        counts[1] += missed
