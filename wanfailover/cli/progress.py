"""A line on a terminal that says what is waited for, and for how long; it is taken away again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

SILENT = 1.0
"""Seconds before it says anything: what takes less needs no words."""

EVERY = 1.0
"""Seconds between two lines."""

CLEAR = "\r\x1b[K"


class Progress:
    """Says what is being done, once that takes a while.

    Args:
        write: Puts characters on the terminal as they are; None where there is none.
    """

    def __init__(self, write: Callable[[str], object] | None) -> None:
        self._write = write
        self._doing = ""
        self._since = 0.0
        self._shown = False

    def now(self, doing: str) -> None:
        """From now on this is being done."""
        self.clear()
        self._doing, self._since = doing, asyncio.get_running_loop().time()

    def clear(self) -> None:
        """Take the line away, for something else is printed there."""
        if self._shown and self._write is not None:
            self._write(CLEAR)
        self._shown = False

    @asynccontextmanager
    async def shown(self) -> AsyncIterator[None]:
        """Show it meanwhile."""
        clock = asyncio.create_task(self._run())
        try:
            yield
        finally:
            clock.cancel()
            self.clear()

    async def _run(self) -> None:
        while self._write is not None:
            took = asyncio.get_running_loop().time() - self._since
            if self._doing and took >= SILENT:
                self._write(f"{CLEAR}{self._doing} ... {int(took)} s")
                self._shown = True
            await asyncio.sleep(EVERY)
