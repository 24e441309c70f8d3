"""How long to wait before a silent line is called dead, learned from the line itself.

A line has short dead spells that heal by themselves, and until one has lasted longer than those do
nobody can tell it from an outage. So the right patience is a property of the line. What healed is
kept, and the wait is set where a silence that long would heal after all no more than so many times
a year: peaks over a threshold, with an exponential tail whose mean is not known but guessed from
them and a weak prior. What is waited for is what such a guess predicts, its own error included
(the tail of a mean that is gamma-distributed is Pareto's): few events, longer waits. The same is
done for the bad seconds of a brown-out. Days are days of watching, not of the calendar, so this
needs no clock.

What is short is often of another kind than what is long: a full queue, a few probes lost together.
It must not make the tail look light, so the tail is judged from the few longest and from more of
them, and the longest wait is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, expm1, log
from typing import NamedTuple

from wanfailover.core.site import Detect

DAY = 86400.0
KEPT_DAYS = 30
"""Of watching: a line changes with the provider's mending of it, so older days say little."""

PEAKS = (4, 8, 16, 32, 64)
"""So many of the longest events, from which the tail is judged."""


class Prior(NamedTuple):
    """What is assumed of a line before it has told.

    Args:
        weight: How much it counts, in events.

        excess: By so much of the threshold an event exceeds it, on average. A share, for lines
            differ in scale: what is like fibre's blips to one is like a mobile line's to another.
    """

    weight: int
    excess: float


SILENCES = Prior(6, 0.18)
"""Chosen on simulated lines (``tests/bench/detect``), for the least wait that keeps false failovers
to about one a year."""

SPELLS = Prior(12, 0.2)
"""Likewise. It weighs more, for a good line shows two or three spells a week, and whole seconds
tell little of how long they were."""

LONGEST = 30.0
"""Seconds. A silence that lasted longer was an outage, and outages teach no patience."""

OUTLASTS = 3.0
"""One that outlasted patience so many times was an outage, too: or a modem that was restarted once
would have the line trusted for a month to come back by itself."""

SLOWEST = 45
"""Bad seconds more than good ones: no brown-out is waited out for longer."""


LEAST_SILENCE = 1.0
"""Seconds. What is shorter is two or three probes lost by chance, and no news."""

LEAST_SPELL = 1
"""A bad second alone is no news either."""

SPELLS_SHARE = 0.4
"""Of as many false failovers as silences may cause, so many may be bad seconds': a line in a
brown-out still serves, and can be left a little later."""

LEAST_BAD_SECONDS = 5
"""No fewer are called a brown-out: of the shortest bursts hardly any is seen in a week."""


def outwait(
    events: Sequence[float],
    days: float,
    per_year: float,
    least: float,
    prior: Prior,
    grain: int = 0,
) -> float:
    """How long to wait for events to outlast it only so often.

    Args:
        events: How long each was that healed.

        days: For which they were watched.

        per_year: So many a year may last longer.

        least: Events that are no longer are no news; the threshold is at least that.

        prior: What is assumed besides.

        grain: The unit in which events are counted; 0 where they are measured.
    """
    longest = sorted(events, reverse=True)
    return max(_wait(longest, n, days, per_year, least, prior, grain) for n in PEAKS)


def _wait(
    longest: Sequence[float],
    peaks: int,
    days: float,
    per_year: float,
    least: float,
    prior: Prior,
    grain: int,
) -> float:
    """The same, from so many *peaks*, with the one below them as the threshold."""
    threshold = max(least, longest[peaks] if len(longest) > peaks else 0.0)
    over = [peak for peak in longest[:peaks] if peak > threshold]
    base = threshold + grain / 2
    weight = len(over) + prior.weight
    excess = sum(over) - len(over) * base + prior.weight * prior.excess * threshold
    rate = (len(over) + 1) * 365 / days
    return base + excess * expm1(log(max(rate / per_year, 1.0)) / weight)


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
        if LEAST_SILENCE < seconds <= min(LONGEST, OUTLASTS * self.silence):
            today = self.days[-1]
            self._learn(replace(today, silences=_longest(today.silences, seconds)))

    def spell_healed(self, peak: float) -> None:
        """Bad seconds outnumbered good ones by *peak*, and no more, before the line was well."""
        if LEAST_SPELL < peak <= SLOWEST:
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
            silence = outwait(events, watched, detect.false_per_year, LEAST_SILENCE, SILENCES)
            events = [event for day in self.days for event in day.spells]
            per_year = SPELLS_SHARE * detect.false_per_year
            spells = outwait(events, watched, per_year, LEAST_SPELL, SPELLS, 1)
        self.silence = min(max(silence, self._least), self._most)
        if detect.silence is not None:
            self.silence = detect.silence
        least = max(LEAST_BAD_SECONDS, ceil(self._least))
        self.bad_seconds = min(max(ceil(spells), least), self.slowest)
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
