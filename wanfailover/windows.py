"""Tells the engine whether a return is permitted, whenever that changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from wanfailover import calendar
from wanfailover.core.facts import WindowTold
from wanfailover.journal.eras import utc_now


class Windows:
    """By a calendar, which may be exchanged for another one.

    Args:
        tell: Puts the fact into the inbox.
    """

    def __init__(self, of: calendar.Calendar, tell: Callable[[WindowTold], object]) -> None:
        self._calendar = of
        self._tell = tell
        self._changed = asyncio.Event()

    def told(self) -> float:
        """Tell it now; gives the seconds until it is to be told again."""
        fact, wait = self._look()
        self._tell(fact)
        return wait

    async def run(self) -> None:
        """Tell it whenever it changes, until cancelled."""
        while True:
            self._changed.clear()
            wait = self.told()
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def exchange(self, new: calendar.Calendar) -> WindowTold:
        """Go by *new* from now on; gives the fact for whoever cannot wait for it."""
        self._calendar = new
        self._changed.set()
        return self._look()[0]

    def _look(self) -> tuple[WindowTold, float]:
        return calendar.told(self._calendar, time.monotonic(), utc_now())
