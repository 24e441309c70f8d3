"""Brown-outs: seconds in which much is lost, counted against those in which little is.

A second is bad when a fifth of its probes went unanswered, on two targets at least. Bad seconds
count up and good ones down, not below nought: what is left over is how much the line has been worse
than it was well. A late answer takes its loss back, so the last seconds are judged anew at each
question, and only what is older than any answer can be is settled.

One silence is for another rule to judge, which knows how long those of this line last: of each
spell the longest run of seconds without any answer is excused. A line that flaps is not, for it has
many; nor is one that still lets something through.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from math import floor

from wanfailover.core.facts import Instant, ProbeSample
from wanfailover.core.site import Detect

SETTLED = 10.0
"""Seconds after which no answer changes a second any more: three times the longest timeout."""

TELLING = 5
"""Probes of one target from which its loss tells something of it alone: in the shortest spell that
is called a brown-out each has had as many, also where nobody asks quickly any more."""

Tally = dict[str, list[int]]
"""By target: probes asked, and those of them that were missed."""


class Verdict(Enum):
    """What one second was like; of one that is *unasked* too few say how."""

    GOOD = "good"
    BAD = "bad"
    SILENT = "silent"
    UNASKED = "unasked"


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

    def verdict(
        self, share: float, muted: Collection[str], voters: int, least: float = 0.0
    ) -> Verdict:
        """Judge it by those who have a voice, as if they had been asked *least* probes."""
        asked = missed = targets = 0
        for target, counts in self.tally.items():
            if target not in muted:
                asked += counts[0]
                missed += counts[1]
                targets += counts[1] > 0
        enough = targets >= min(2, voters)
        if not asked or (missed == asked and not enough):
            return Verdict.UNASKED
        if not enough or missed < share * max(asked, least):
            return Verdict.GOOD
        return Verdict.SILENT if missed == asked else Verdict.BAD


@dataclass(slots=True)
class _Account:
    """Bad seconds more than good ones, and the longest silence among them.

    Args:
        most: The lead goes no higher, or after an hour of loss it would take an hour to be well.
    """

    most: int
    count: int = 0
    excused: int = 0
    silent: int = 0  # in a row, until now

    @property
    def lead(self) -> int:
        """What is left when one silence is not counted."""
        return self.count - self.excused

    def enter(self, verdict: Verdict) -> None:
        """Count one second more."""
        if verdict is Verdict.UNASKED:
            return
        self.silent = min(self.silent + 1, self.most) if verdict is Verdict.SILENT else 0
        self.excused = max(self.excused, self.silent)
        if verdict is Verdict.GOOD:
            self.count = max(0, self.count - 1)
            self.excused = min(self.excused, self.count)  # what came to nought excuses nothing
        else:
            self.count = min(self.count + 1, self.excused + self.most)


class Seconds:
    """Of one circuit. *healed* holds the peaks of spells that are over, for whoever learns.

    Args:
        most: The account goes no higher.
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
        self._account = _Account(self._most)
        self._peak = 0
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
        """By how much bad seconds outnumber good ones now, but for one silence.

        Args:
            now: The present instant.

            muted: Targets that have no voice.

            voters: How many have one; where it is one alone, its word is enough.
        """
        self._settle(now, muted, voters)
        if self.settled:
            return 0
        account = replace(self._account)
        for verdict in self._verdicts(now, muted, voters):
            account.enter(verdict)
        return account.lead

    @property
    def settled(self) -> bool:
        """Tell whether all is well, and nothing open."""
        return not self._missing and not self._account.count

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
            number >= since - 1
            and second.verdict(share, muted, voters) in {Verdict.BAD, Verdict.SILENT}
            for number, second in self._kept.items()
        )

    def _verdicts(self, now: Instant, muted: Collection[str], voters: int) -> Iterator[Verdict]:
        """Of the seconds whose probes have all been answered or are overdue.

        And of one that is bad already, however well the rest of it may go.
        """
        share, most = self._detect.bad_share, 1 / self._detect.fast
        for number, second in self._kept.items():
            if number + 1 + second.timeout <= now:
                yield second.verdict(share, muted, voters)
            elif second.verdict(share, muted, voters, most) is Verdict.BAD:
                yield Verdict.BAD

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

    def _enter(self, second: _Second, verdict: Verdict) -> None:
        """Count a second for good; a spell that has come to nought has healed."""
        self._account.enter(verdict)
        self._peak = max(self._peak, self._account.lead)
        if self._account.count:
            _add(self._spell, second.tally)
        elif self._spell:
            self.healed.append(self._peak)
            self._spell, self._peak = {}, 0


def _add(total: Tally, tally: Tally) -> None:
    for target, (asked, missed) in tally.items():
        counts = total.setdefault(target, [0, 0])
        counts[0] += asked
        counts[1] += missed
