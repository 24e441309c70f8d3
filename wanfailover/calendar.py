"""When a return is permitted: windows of the week by a wall clock, and daylight saving with it.

A window begins when its clock first shows the time it begins at, or has jumped past it, and ends
likewise. So one that begins in the hour that a spring night lacks begins when that hour would have;
one that lies in it whole does not open that night; and what happens twice in an autumn night counts
once: a window that begins in the doubled hour is open through both, one that ends there ends at the
first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from wanfailover.core.facts import Instant, WindowTold

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WHOLE_WEEK = frozenset(range(7))
MIDNIGHT = time(0)

HORIZON = 16
"""Days looked ahead: a week's one window may fall into an hour that there is not, and then it is
the next week's."""

LONG = 8
"""Days: what is open for longer, is so all week."""

BEFORE = 2
"""Days looked back: a window that began yesterday may be open, and a clock may skip a day."""

ASK_AGAIN = 60.0
"""Seconds after which the calendar is asked anew, whatever it said: the wall clock may be set."""


@dataclass(frozen=True, slots=True)
class Window:
    """A time of day, on some days of the week.

    Args:
        days: On which it begins; 0 is Monday.

        begins: By the wall clock.

        ends: Likewise. Not after *begins*: on the day after; midnight to midnight is a whole day.
    """

    days: frozenset[int] = WHOLE_WEEK
    begins: time = MIDNIGHT
    ends: time = MIDNIGHT

    def __str__(self) -> str:
        hours = f"{self.begins:%H:%M}-{self.ends:%H:%M}".replace("-00:00", "-24:00")
        days = "" if self.days == WHOLE_WEEK else _days(self.days)
        return days if days and hours == "00:00-24:00" else f"{days} {hours}".strip()


@dataclass(frozen=True, slots=True)
class Calendar:
    """Windows in a time zone.

    Args:
        windows: Where there are none, it is always open.

        zone: Whose wall clock; None for this machine's.
    """

    windows: tuple[Window, ...] = ()
    zone: ZoneInfo | None = None

    def at(self, now: datetime) -> tuple[bool, datetime | None]:
        """Tell whether a window is open at *now*, which knows its zone, and when that changes next.

        The change is told in UTC, for the difference of two times of one zone is that of their
        clocks; it is None where it never comes.
        """
        moment = now.timestamp()
        if not self.windows:
            return True, None
        for begin, end in self._open(moment):
            if moment < begin:
                return False, datetime.fromtimestamp(begin, UTC)
            if moment < end:
                never = end - moment > LONG * 86400.0
                return True, None if never else datetime.fromtimestamp(end, UTC)
        return False, None

    def longest(self, now: datetime) -> float:
        """For how many seconds it is open at the longest, of the openings that come after *now*."""
        spans = [end - begin for begin, end in self._open(now.timestamp())]
        return max(spans, default=0.0) if self.windows else float("inf")

    def __str__(self) -> str:
        zone = f" ({self.zone.key})" if self.zone is not None else ""
        return ", ".join(map(str, self.windows)) + zone if self.windows else "always"

    def _open(self, moment: float) -> list[tuple[float, float]]:
        """Every opening around *moment*, in order, none touching the next."""
        spans: list[tuple[float, float]] = []
        for begin, end in sorted(self._each(moment)):
            if spans and begin <= spans[-1][1]:
                spans[-1] = spans[-1][0], max(end, spans[-1][1])
            elif begin < end:
                spans.append((begin, end))
        return spans

    def _each(self, moment: float) -> Iterator[tuple[float, float]]:
        today = datetime.fromtimestamp(moment, self.zone).date()
        for offset in range(-BEFORE, HORIZON):
            day = today + timedelta(days=offset)
            for window in self.windows:
                if day.weekday() in window.days:
                    until = day if window.begins < window.ends else day + timedelta(days=1)
                    yield self._first(day, window.begins), self._first(until, window.ends)

    def _first(self, day: date, at: time) -> float:
        """When the clock first shows *at* on *day*, or something later: seconds since the epoch."""
        shown = datetime.combine(day, at, self.zone)
        early, late = sorted(shown.replace(fold=fold).timestamp() for fold in (0, 1))
        if self._wall(early) == shown.replace(tzinfo=None):
            return early
        while late - early > 1.0:  # the clock jumps past it between the two
            middle = float(int((early + late) / 2))
            if self._wall(middle) < shown.replace(tzinfo=None):
                early = middle
            else:
                late = middle
        return late

    def _wall(self, moment: float) -> datetime:
        return datetime.fromtimestamp(moment, self.zone).replace(tzinfo=None, fold=0)


def told(calendar: Calendar, now: Instant, wall: datetime) -> tuple[WindowTold, float]:
    """Ask the calendar for the core.

    Args:
        calendar: The profile's.

        now: By the monotonic clock.

        wall: The same instant by the wall clock, which may be set forth or back at any time.

    Returns:
        The fact, and after how many seconds to ask again: at its end, but within a minute, so that
        what a clock's jump has made of it does not last.
    """
    is_open, change = calendar.at(wall)
    if change is None:
        return WindowTold(is_open), ASK_AGAIN
    left = max(change.timestamp() - wall.timestamp(), 0.0)
    return WindowTold(is_open, now + left), min(left, ASK_AGAIN)


def _days(days: frozenset[int]) -> str:
    """Name days of the week, three in a row or more as a range: ``Mon-Wed,Sun``."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(
        f"{DAYS[run[0]]}-{DAYS[run[-1]]}" if len(run) > 2 else ",".join(DAYS[d] for d in run)
        for run in runs
    )
