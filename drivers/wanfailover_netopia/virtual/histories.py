"""The unit's clock and its two event histories, which its screens and its SNMP agent show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_DAY = datetime(1998, 3, 5, 15, 7, 5)  # noqa: DTZ001 - the unit knows no time zones
SIZE = 100
"""How many events a history keeps."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: when, in short, and in full."""

    when: datetime
    text: str
    detail: str


class History:
    """Events, the oldest first."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def add(self, seconds: float, text: str, detail: str = "") -> None:
        """Remember an event of *seconds* after the unit was first switched on."""
        self.events.append(Event(wall(seconds), text, detail or text))
        del self.events[:-SIZE]

    def lines(self) -> list[str]:
        """As the screen shows them, the newest first."""
        return [f" {e.when:%m/%d/%y %H:%M:%S}   {e.text}" for e in reversed(self.events)]


def wall(seconds: float) -> datetime:
    """What the unit's clock shows *seconds* after it was first switched on."""
    return FIRST_DAY + timedelta(seconds=seconds)
