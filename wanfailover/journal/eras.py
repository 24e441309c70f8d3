"""How old an entry is, by the clocks of several boots.

Within the present boot the monotonic clock tells it exactly, whatever the wall clock did meanwhile.
Of an earlier boot only wall time is left; but an entry is at least as old as what the journal has
itself seen go by since: from its boot's first entry to its last, and so on to the present. So a
wall clock that was set back, or one that was ahead when the entry was written, makes nothing young
for ever.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime


def utc_now() -> datetime:
    """The wall time."""
    return datetime.now(UTC)


class Eras:
    """The boots that a journal tells of.

    Args:
        boot: The present one.

        mono: The present instant of it.

        wall: Tells the wall time, with zone.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        boot: str,
        mono: float,
        wall: Callable[[], datetime] = utc_now,
    ) -> None:
        self.boot = boot
        self.mono = mono
        self._wall = wall
        self._last: dict[str, float] = {}
        self._since: dict[str, float] = {}
        since = 0.0
        query = "SELECT boot, MIN(mono), MAX(mono) FROM entry GROUP BY boot ORDER BY MAX(id) DESC"
        for name, first, last in db.execute(query):
            end = mono if name == boot else last
            self._last[name], self._since[name] = end, since
            since += max(0.0, end - first)

    def age(self, boot: str, mono: float, at: datetime) -> float:
        """Seconds since an entry with these stamps was written, never negative."""
        if boot and boot == self.boot and self.mono >= mono:
            return self.mono - mono
        return max((self._wall() - at).total_seconds(), self.witnessed(boot, mono))

    def witnessed(self, boot: str, mono: float) -> float:
        """Seconds that have certainly gone by since."""
        if boot not in self._last:
            return 0.0
        return self._since[boot] + max(0.0, self._last[boot] - mono)

    def before(self, seconds: float) -> tuple[tuple[str, float], ...]:
        """For each boot, until which of its instants entries are certainly older than *seconds*."""
        return tuple(
            (name, self._last[name] - max(0.0, seconds - self._since[name])) for name in self._last
        )
