"""How the router's answers come: at once, or in pieces with pauses, as from a slow line."""

from __future__ import annotations

import asyncio

from wanfailover.ports import Channel
from wanfailover.transports.console.console import QUIET

PAUSE = 0.3
"""Seconds: a longer pause is between two answers, and not within one."""

LONGEST_KEY = 3
"""Bytes; more is text, of which each character is answered by itself."""

HASTE = 0.01
"""Seconds of quiet where what is seen is looked at again before anything depends on it."""


class Paced:
    """A channel that learns the longest pause within one answer.

    Whoever takes a pause for an answer's end sees half a screen, on which a highlight may seem to
    be where it is not.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._last: float | None = None
        self._one_key = True
        self.pause = 0.0

    @property
    def quiet(self) -> float:
        """Seconds without a byte after which an answer is at its end."""
        return max(QUIET, 2 * self.pause)

    @property
    def haste(self) -> float:
        """The same where a mistake does no harm."""
        return HASTE if 4 * self.pause < HASTE else self.quiet

    async def read(self, within: float) -> bytes:
        """Give what has arrived."""
        data = await self._channel.read(within)
        now = asyncio.get_running_loop().time()
        if data and self._one_key:
            since = now - self._last if self._last is not None else 0.0
            if since < PAUSE:
                self.pause = max(self.pause, since)
            self._last = now
        return data

    async def write(self, data: bytes) -> None:
        """Send *data* in one segment, if its length allows."""
        self._last = None
        self._one_key = len(data) <= LONGEST_KEY
        await self._channel.write(data)

    async def close(self) -> None:
        """End it."""
        await self._channel.close()
