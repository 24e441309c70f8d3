"""One telnet session at a time, opened when it is needed and closed soon after.

The router has very few of them, perhaps one. So nothing but a visit opens one, a visit that follows
at once finds it still open, and then it is left as a person would leave: by the Main Menu.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from wanfailover.errors import DriverError, RouterTimeout, RouterUnreachable
from wanfailover.ports import Dial, Secret
from wanfailover.transports.console.console import Console
from wanfailover.transports.console.telnet import ConsoleBusy
from wanfailover.transports.console.transcript import Transcript
from wanfailover_netopia.hands import Ways
from wanfailover_netopia.login import log_in
from wanfailover_netopia.pace import Paced
from wanfailover_netopia.walk import Walk

T = TypeVar("T")

IDLE = 3.0
"""Seconds a session stays open for the next action of the same switch."""

BUSY_WITHIN = 20.0
"""Seconds to wait for somebody else's session to end. Longer is an operator at work."""

BUSY_EVERY = 1.0
"""Seconds between attempts: the router's CPU is small."""

ATTEMPTS = 3
"""Sessions for one visit: whoever loses three in a row has another trouble than a lost session."""

WORDS = 200
"""Characters that are told of what a router says before it hangs up."""

LEAVE_WITHIN = 5.0
"""Seconds to get back to the Main Menu before hanging up anyway."""


class Sessions:
    """The router's console, one session at a time.

    Args:
        dial: Opens a telnet connection.

        username: May be missing, as the router may ask for a password only, or for nothing.

        secrets: Further ones that must not show in a transcript.
    """

    def __init__(
        self,
        dial: Dial,
        username: str | None = None,
        password: Secret | None = None,
        secrets: tuple[Secret, ...] = (),
    ) -> None:
        self._dial = dial
        self._username = username
        self._password = password
        self._secrets = tuple(secret.reveal() for secret in (password, *secrets) if secret)
        self._ways = Ways()
        self._lock = asyncio.Lock()
        self._walk: Walk | None = None
        self._was_in = False
        self._idle: asyncio.Task[None] | None = None
        self._transcript: Transcript | None = None

    async def visit(self, work: Callable[[Walk], Awaitable[T]], busy: float = BUSY_WITHIN) -> T:
        """Do *work* in a session; where that is lost, again from the beginning in a new one.

        Args:
            work: Must bear being begun again after any of its keys.

            busy: Seconds to wait where another session is in the way.

        Raises:
            DriverError: As *work*, the log-in or the connection have it.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self._session(busy) as walk:
                    return await work(walk)
            except ConsoleBusy:
                raise
            except (RouterUnreachable, RouterTimeout) as error:
                # A silence has taken its time already; a connection refused will be so again.
                last = ATTEMPTS if isinstance(error, RouterUnreachable) else 2
                if attempt >= last or not self._was_in:
                    raise
        raise AssertionError

    async def recorded(self, work: Callable[[Walk], Awaitable[object]]) -> str:
        """Do *work* in a session of its own; returns what was said in it, without secrets."""
        await self.close()
        self._transcript = transcript = Transcript(self._secrets)
        try:
            await self.visit(work)
            await self.close()
        finally:
            self._transcript = None
        return transcript.text()

    def keep(self, seconds: float) -> None:
        """Leave the open session, if there is one, only after *seconds* without a visit.

        Whoever has typed values may have to put them back, and must not find the console taken.
        """
        if self._walk is not None:
            self._stay()
            self._idle = asyncio.create_task(self._leave_when_idle(seconds))

    async def close(self) -> None:
        """Log out; the next visit logs in again."""
        self._stay()
        async with self._lock:
            await self._leave()

    @asynccontextmanager
    async def _session(self, busy: float) -> AsyncIterator[Walk]:
        self._stay()
        async with self._lock:
            self._was_in = self._walk is not None
            try:
                walk = self._walk = self._walk or await self._enter(busy)
                self._was_in = True
                yield walk
            except BaseException:
                await self._hang_up()
                raise
            self._idle = asyncio.create_task(self._leave_when_idle(IDLE))

    async def _enter(self, busy: float) -> Walk:
        """Connect and log in, waiting for another session to end.

        A router that has none left takes the connection and ends it, perhaps with a word; not after
        a password, which it may thereby refuse.
        """
        give_up = asyncio.get_running_loop().time() + busy
        while True:
            channel = Paced(await self._dial())
            console = Console(channel, self._transcript or Transcript(self._secrets))
            try:
                await log_in(console, self._username, self._password)
            except BaseException as error:
                await console.close()
                if not isinstance(error, RouterUnreachable):
                    raise
                if asyncio.get_running_loop().time() >= give_up:
                    words = " ".join(console.text.split())[:WORDS]
                    raise ConsoleBusy(
                        "the router's console is busy: it hangs up at once, as it does while "
                        "another telnet session is open" + (f"; it says {words!r}" if words else "")
                    ) from error
                await asyncio.sleep(BUSY_EVERY)
            else:
                return Walk(console, channel, self._ways)

    async def _leave(self) -> None:
        """Go back to the Main Menu and hang up; there may be no item to log out by."""
        walk, self._walk = self._walk, None
        if walk is None:
            return
        try:
            with suppress(DriverError, TimeoutError):
                async with asyncio.timeout(LEAVE_WITHIN):
                    await walk.to_main_menu()
        finally:
            await walk.console.close()

    async def _hang_up(self) -> None:
        walk, self._walk = self._walk, None
        if walk is not None:
            await walk.console.close()

    async def _leave_when_idle(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        async with self._lock:
            await self._leave()

    def _stay(self) -> None:
        """Do not leave yet."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
