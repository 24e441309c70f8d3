"""How long to wait before a silent line is called dead, learned from the line itself.

A line has short dead spells that heal by themselves, and until one has lasted longer than those do
nobody can tell it from an outage. So the right patience is a property of the line. What healed is
kept, and the wait is set where a silence that long would heal after all no more than so many times
a year: peaks over a threshold, with an exponential tail and a weak prior. The same is done for the
bad seconds of a brown-out. Days are days of watching, not of the calendar, so this needs no clock.

What is short is often of another kind than what is long: a full queue, a few probes lost together.
It must not make the tail look light, so the tail is judged from the few longest and from more of
them, and the longest wait is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, log, sqrt

from wanfailover.core.site import Detect

DAY = 86400.0
KEPT_DAYS = 30
"""Of watching: a line changes with the provider's mending of it, so older days say little."""

PEAKS = (5, 10, 30, 60)
"""So many of the longest events, from which the tail is judged."""

PRIOR = 5
"""Weight of what is assumed of a line, in events."""

LONGEST = 30.0
"""Seconds. A silence that lasted longer was an outage, and outages teach no patience."""

OUTLASTS = 3.0
"""One that outlasted patience so many times was an outage, too: or a modem that was restarted once
would have the line trusted for a month to come back by itself."""

SLOWEST = 45
"""Bad seconds more than good ones: no brown-out is waited out for longer."""


@dataclass(frozen=True, slots=True)
class Tail:
    """What is assumed of a kind of event before any was seen.

    Args:
        least: Events shorter than this are no news; the threshold is at least that.

        mean: By how much an event exceeds the threshold, on average.

        unsure: By how many standard errors the tail may be heavier than it looks.

        grain: The unit in which events are counted; 0 where they are measured.
    """

    least: float
    mean: float
    unsure: float
    grain: float


SILENCES = Tail(1.0, 0.18, 1.3, 0.0)
SPELLS = Tail(2.0, 0.1, 2.4, 1.0)


def outwait(events: Sequence[float], days: float, per_year: float, tail: Tail) -> float:
    """The wait that events like these outlast *per_year* times a year, from *days* of them."""
    longest = sorted(events, reverse=True)
    return max(_wait(longest[: peaks + 1], peaks, days, per_year, tail) for peaks in PEAKS)


def _wait(longest: Sequence[float], peaks: int, days: float, per_year: float, tail: Tail) -> float:
    """The same, from so many *peaks*, with the one below them as the threshold."""
    threshold = max(tail.least, longest[peaks] if len(longest) > peaks else 0.0)
    over = [peak for peak in longest if peak > threshold]
    excess = sum(peak - threshold - tail.grain / 2 for peak in over)
    mean = (excess + PRIOR * tail.mean) / (len(over) + PRIOR)
    rate = (len(over) + 1) * 365 / days
    unsure = 1 + tail.unsure / sqrt(len(over) + PRIOR)
    return threshold + tail.grain / 2 + mean * log(max(rate / per_year, 1.0)) * unsure


@dataclass(frozen=True, slots=True)
class Day:
    """A day of watching one circuit.

    Args:
        number: Counts up; the same day told again replaces what was told before.

        seconds: For which it was watched so far.

        silences: The longest that healed, seconds, longest first.

        spells: By how many bad seconds outnumbered good ones in those that healed, likewise.
    """

    number: int = 0
    seconds: float = 0.0
    silences: tuple[float, ...] = ()
    spells: tuple[float, ...] = ()


class Patience:
    """Of one circuit: how long a silence, and how many bad seconds, before it is called dead.

    Args:
        detect: What the profile says; it has the last word.

        cost: Seconds of outage that a switch costs: no shorter silence than a quarter is worth one.

        days: What earlier runs have learned, oldest first.
    """

    def __init__(self, detect: Detect, cost: float = 0.0, days: Sequence[Day] = ()) -> None:
        self._detect = detect
        self._least = max(detect.least, cost / 4)
        self._most = max(detect.most, self._least)
        silence = ceil(max(self._most, detect.silence or 0.0))
        self.slowest = max(SLOWEST, silence, detect.bad_seconds or 0)
        self.days = list(days)[-KEPT_DAYS:] or [Day()]
        self.news = False
        self._weigh()

    def watched(self, seconds: float) -> None:
        """It was in sight for *seconds* more."""
        today = self.days[-1]
        self.days[-1] = replace(today, seconds=today.seconds + seconds)
        if self.days[-1].seconds >= DAY:
            self.days = [*self.days, Day(today.number + 1)][-KEPT_DAYS:]
            self.news = True
            self._weigh()

    def silence_healed(self, seconds: float) -> None:
        """The line was silent for so long and answered again by itself."""
        if SILENCES.least < seconds <= min(LONGEST, OUTLASTS * self.silence):
            today = self.days[-1]
            self._learn(replace(today, silences=_longest(today.silences, seconds)))

    def spell_healed(self, peak: float) -> None:
        """Bad seconds outnumbered good ones by *peak*, and no more, before the line was well."""
        if SPELLS.least < peak <= SLOWEST:
            today = self.days[-1]
            self._learn(replace(today, spells=_longest(today.spells, peak)))

    def _learn(self, today: Day) -> None:
        self.days[-1] = today
        self.news = True
        self._weigh()

    def _weigh(self) -> None:
        """Set `silence` and `bad_seconds` by what is known."""
        detect, watched = self._detect, self.days_watched
        learned = detect.learn and watched >= 1.0
        silence = detect.first_silence
        spells = float(detect.first_bad_seconds)
        if learned:
            events = [event for day in self.days for event in day.silences]
            silence = outwait(events, watched, detect.false_per_year, SILENCES)
            events = [event for day in self.days for event in day.spells]
            spells = outwait(events, watched, detect.false_per_year, SPELLS)
        self.silence = min(max(silence, self._least), self._most)
        if detect.silence is not None:
            self.silence = detect.silence
        self.bad_seconds = min(max(ceil(spells), 5, ceil(self.silence)), self.slowest)
        if detect.bad_seconds is not None:
            self.bad_seconds = detect.bad_seconds

    @property
    def days_watched(self) -> float:
        """How long the line was watched, of the days that are kept."""
        return sum(day.seconds for day in self.days) / DAY

    @property
    def longest(self) -> float | None:
        """The longest healed silence of the days that are kept, seconds; None if there is none."""
        return max((day.silences[0] for day in self.days if day.silences), default=None)

    def __str__(self) -> str:
        patience = f"patience {self.silence:.1f} s"
        if self._detect.silence is not None:
            return f"{patience}, as the profile has it"
        if not self._detect.learn or self.days_watched < 1.0:
            return f"{patience}, until a day was watched" if self._detect.learn else patience
        seen = "none" if self.longest is None else f"{self.longest:.1f} s"
        days = f"{self.days_watched:.0f} day{'s' if round(self.days_watched) != 1 else ''}"
        return f"this line's longest healed silence in {days}: {seen}; {patience}"


def _longest(events: tuple[float, ...], event: float) -> tuple[float, ...]:
    """Keep as many as the tail is judged from, and the one that sets its threshold."""
    return tuple(sorted((*events, event), reverse=True)[: max(PEAKS) + 1])
