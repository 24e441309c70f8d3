"""A person at the console: presses keys, and waits until the screen shows what it should.

Nothing is waited for longer than needed. A screen counts when the condition asked for holds and the
line has been quiet for a moment; and a key that was pressed must first have been answered, lest the
old screen be taken for the new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum

from wanfailover.errors import RouterTimeout, RouterUnreachable
from wanfailover.ports import Channel
from wanfailover.transports.console.screen import Screen
from wanfailover.transports.console.terminal import Terminal
from wanfailover.transports.console.transcript import Transcript

QUIET = 0.05
"""Seconds without a byte after which a screen is complete.

A sender with Nagle's algorithm (RFC 896) may hold the rest of it back until we acknowledge the
beginning, which Linux does after 40 ms; a line of 9600 baud sends a byte each millisecond.
"""

UNANSWERED = 1.0
"""Seconds to wait for a key's first byte before believing that it changed nothing."""

UNECHOED = 0.3
"""Seconds to wait for the first byte of a secret's echo, which usually does not come."""

RESTLESS = 3.0
"""Seconds after which a screen that shows what it should is taken although it never falls quiet.

2500 bytes, a full screen with its attributes, take 2.6 s at 9600 baud.
"""

WITHIN = 10.0
"""Seconds in which a console answers, on a slow line as well."""

ESC_PAUSE = 0.5
"""Seconds of silence after a lone ESC: else the router takes it for the beginning of an arrow.

Unless the screen shows before that what the ESC was pressed for.
"""

NEVER = float("-inf")


class Key(bytes, Enum):
    """Keys of a VT100, each as it is sent, in one piece."""

    UP = b"\x1b[A"
    DOWN = b"\x1b[B"
    RIGHT = b"\x1b[C"
    LEFT = b"\x1b[D"
    RETURN = b"\r"
    ESCAPE = b"\x1b"
    TAB = b"\t"
    DELETE = b"\x7f"
    BACKSPACE = b"\x08"
    SPACE = b" "
    CTRL_L = b"\x0c"


class ScreenTimeout(RouterTimeout):
    """The console did not show what it should in time; *text* is the screen, without secrets."""

    def __init__(self, what: str, within: float, title: str, text: str) -> None:
        self.text = text
        shows = f"it shows {title!r}" if title else "its screen is blank"
        super().__init__(f"the router's console did not show {what} within {within:g} s: {shows}")


class Console:
    """The console at the far end of *channel*, which is closed with it. For one user at a time.

    Every method raises `RouterUnreachable` when the far side has ended the session.

    Args:
        transcript: Where all that is sent and received is kept; it also knows the secrets.
    """

    def __init__(self, channel: Channel, transcript: Transcript | None = None) -> None:
        self._channel = channel
        self._terminal = Terminal()
        self._heard_at = NEVER
        self._unanswered_until = float("inf")  # a greeting is awaited like an answer
        self._escaped_until = NEVER
        self.transcript = transcript or Transcript()
        self.transcript.opened()

    @property
    def screen(self) -> Screen:
        """The screen as far as it has been read."""
        return self._terminal.screen

    @property
    def text(self) -> str:
        """The screen as text, without secrets, for errors."""
        return self.transcript.scrub(self.screen.text)

    @property
    def bells(self) -> int:
        """How many times it has rung since the beginning."""
        return self._terminal.bells

    async def press(self, *keys: bytes) -> Screen:
        """Send *keys* and give the screen that they led to; see `settle`.

        Where it is known what the keys should lead to, `send` them and wait `until` it is there.
        """
        await self.send(*keys)
        return await self.settle()

    async def send(self, *keys: bytes) -> None:
        """Send *keys*, each in one piece and each lone ESC with its pause before the next key."""
        for key in keys:
            await self._send(bytes(key))

    async def type(self, text: str) -> Screen:
        """Type *text* in one piece and give the screen that it led to.

        Raises:
            ValueError: It holds what is no character of a VT100, or a key.
        """
        return await self.press(_printable(text))

    async def type_secret(self, text: str) -> Screen:
        """Type *text*, which no transcript and no error will show, nor its echo."""
        self.transcript.hide(text)
        await self._send(_printable(text), secret=True)
        self._unanswered_until = asyncio.get_running_loop().time() + UNECHOED
        return await self.settle()

    async def until(
        self,
        predicate: Callable[[Screen], object],
        within: float = WITHIN,
        *,
        what: str = "what was expected",
        quiet: float = QUIET,
    ) -> Screen:
        """Read until *predicate* holds of the screen and the line has been quiet for a moment.

        Args:
            predicate: What to wait for; called with each screen that is complete.

            within: Seconds.

            what: The same in words, for the error.

            quiet: Seconds without a byte.

        Raises:
            ScreenTimeout: It did not hold in time.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        held = predicate(self.screen)
        await self._answer(deadline)
        while True:
            await self._calm(quiet, deadline)
            if predicate(self.screen):
                if not held:  # a lone ESC has done what it was pressed for: it was taken as one
                    self._escaped_until = NEVER
                return self.screen
            if loop.time() >= deadline:
                raise self._too_late(what, within)
            await self._read(deadline - loop.time())

    async def settle(self, quiet: float = QUIET, within: float = RESTLESS) -> Screen:
        """Read until the last key is answered, or seems not to be, and the line is quiet.

        A screen that never falls quiet is taken after *within* seconds.
        """
        return await self.until(lambda _: True, within, quiet=quiet)

    async def close(self) -> None:
        """Hang up; a second time does no harm."""
        await self._channel.close()
        self.transcript.closed()

    def _too_late(self, what: str, within: float) -> ScreenTimeout:
        title = self.transcript.scrub(self.screen.title)
        return ScreenTimeout(what, within, title, self.text)

    async def _answer(self, deadline: float) -> None:
        """Wait for the first byte after the last key; none may come."""
        loop = asyncio.get_running_loop()
        while (until := min(self._unanswered_until, deadline)) > loop.time():
            await self._read(until - loop.time())

    async def _calm(self, quiet: float, deadline: float) -> None:
        """Read on until the line is quiet, or has been restless for long."""
        loop = asyncio.get_running_loop()
        enough = min(loop.time() + RESTLESS, deadline)
        while await self._read(min(self._heard_at + quiet, enough) - loop.time()):
            if loop.time() >= enough:
                break

    async def _send(self, data: bytes, *, secret: bool = False) -> None:
        loop = asyncio.get_running_loop()
        while (left := self._escaped_until - loop.time()) > 0:
            await self._read(left)
        await self._write(data, secret=secret)
        self._unanswered_until = loop.time() + UNANSWERED
        if data == Key.ESCAPE:
            self._escaped_until = loop.time() + ESC_PAUSE

    async def _read(self, within: float) -> bool:
        """Draw what arrives, at most *within* seconds from now; False where nothing does."""
        try:
            data = await self._channel.read(max(0.0, within))
        except RouterUnreachable:
            self.transcript.lost()
            raise
        if not data:
            return False
        self.transcript.received(data)
        self._terminal.feed(data)
        self._heard_at = asyncio.get_running_loop().time()
        self._unanswered_until = NEVER
        if replies := self._terminal.replies():
            await self._write(replies)
        return True

    async def _write(self, data: bytes, *, secret: bool = False) -> None:
        self.transcript.sent(data, secret=secret)
        try:
            await self._channel.write(data)
        except RouterUnreachable:
            self.transcript.lost()
            raise


def _printable(text: str) -> bytes:
    data = text.encode("latin-1")
    if not text.isprintable():
        raise ValueError("a key is pressed, not typed")
    return data
