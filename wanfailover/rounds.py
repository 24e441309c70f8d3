"""What the agent does now and then by the clock on the wall, as values of the profile."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time
from zoneinfo import ZoneInfo

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NTH = ("first", "second", "third", "fourth", "last")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time that comes again: ``first Sunday 04:00``, ``Sunday 04:00``, ``04:00``.

    Args:
        day: Of the week, 0 is Monday; None for every day.

        nth: Which of them in the month; None for all.
    """

    at: time
    day: int | None = None
    nth: str | None = None

    def __str__(self) -> str:
        day = None if self.day is None else DAYS[self.day]
        return " ".join(filter(None, (self.nth, day, f"{self.at:%H:%M}")))


@dataclass(frozen=True, slots=True)
class Preflight:
    """How often the agent looks whether a failover would work; *every* is seconds, None: never."""

    every: float | None = 86400.0


@dataclass(frozen=True, slots=True)
class Drill:
    """A rehearsed failover.

    Args:
        at: When, unasked; None for never.

        zone: Whose clock that is by; None for this machine's.

        stay: Seconds on the other circuit.
    """

    at: Moment | None = None
    zone: ZoneInfo | None = None
    stay: float = 300.0


@dataclass(frozen=True, slots=True)
class Rounds:
    """All of them."""

    preflight: Preflight = field(default_factory=Preflight)
    drill: Drill = field(default_factory=Drill)
