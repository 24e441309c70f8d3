"""Draws the screens of a menu console as bytes, and stands at the far end of a channel."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from wanfailover.errors import RouterUnreachable
from wanfailover.transports.console.screen import Screen
from wanfailover.transports.console.terminal import Terminal

CLEAR = b"\x1b[2J"


def at(row: int, column: int, text: str = "", attributes: str = "") -> bytes:
    """*text* at a place that counts from 1, as a terminal does."""
    drawn = f"\x1b[{attributes}m{text}\x1b[m" if attributes else text
    return f"\x1b[{row};{column}H{drawn}".encode("latin-1")


def picture(text: str) -> bytes:
    """A whole screen as drawn in a text; ``[[`` and ``]]`` stand around what is in reverse."""
    lines = text.removeprefix("\n").splitlines()
    drawn = (line.replace("[[", "\x1b[7m").replace("]]", "\x1b[m") for line in lines)
    return CLEAR + b"".join(at(row, 1, line) for row, line in enumerate(drawn, 1) if line.strip())


def seen(*pieces: bytes) -> Screen:
    """What a person sees after *pieces* have arrived."""
    terminal = Terminal()
    for piece in pieces:
        terminal.feed(piece)
    return terminal.screen


class Line:
    """A channel in memory: what is written goes to *answer*, which may `say` things, now or later.

    Each thing said is one segment.
    """

    def __init__(self, answer: Callable[[Line, bytes], object] = lambda _, __: None) -> None:
        self._answer = answer
        self._arrived: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self.written: list[tuple[float, bytes]] = []
        self.dead = False

    def say(self, *segments: bytes, after: float = 0.0, every: float = 0.0) -> None:
        """Say *segments*, the first *after* seconds from now and one *every* so many more."""
        loop = asyncio.get_running_loop()
        for number, segment in enumerate(segments):
            loop.call_later(after + number * every, self._arrive, segment)

    def hang_up(self) -> None:
        self.dead = True
        self._wake.set()

    @property
    def keys(self) -> list[bytes]:
        return [data for _, data in self.written]

    async def read(self, within: float) -> bytes:
        try:
            async with asyncio.timeout(within):
                while not self._arrived and not self.dead:
                    self._wake.clear()
                    await self._wake.wait()
        except TimeoutError:
            return b""
        if not self._arrived:
            raise RouterUnreachable("the line is dead")
        return self._arrived.popleft()

    async def write(self, data: bytes) -> None:
        if self.dead:
            raise RouterUnreachable("the line is dead")
        self.written.append((asyncio.get_running_loop().time(), data))
        self._answer(self, data)

    async def close(self) -> None:
        self.hang_up()

    def _arrive(self, segment: bytes) -> None:
        self._arrived.append(segment)
        self._wake.set()


def bytewise(data: bytes) -> Iterable[bytes]:
    return (data[index : index + 1] for index in range(len(data)))
