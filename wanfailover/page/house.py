"""The page's connections: few, short, and none that sends slowly stands in another's way."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import cast

from aiohttp import web

MOST, MOST_EACH = 96, 24
"""Connections at a time: of all, and of one address; a browser opens six or seven a tab."""

HEAD_WITHIN = 5.0
"""Seconds for a first request to arrive whole."""

LIFE = 60.0
"""Seconds that a connection lasts which is no stream; a browser opens another."""


RATE, BURST = 20.0, 80.0
"""Connections and requests a second of one address, and how many at once: a page takes a dozen."""

KNOWN = 1024
"""Addresses whose pace is remembered."""


class Pace:
    """A bucket of requests for each address, which fills by `RATE` a second up to `BURST`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def takes(self, peer: str) -> bool:
        """Take one out, if one is left."""
        now = self._clock()
        left, at = self._left.pop(peer, (BURST, now))
        left = min(BURST, left + (now - at) * RATE)
        self._left[peer] = (max(0.0, left - 1), now)
        if len(self._left) > KNOWN:
            self._left.popitem(last=False)
        return left >= 1


class Guest(asyncio.Protocol):
    """A connection: what comes is handed on to *inner*, as long as it is welcome."""

    def __init__(self, house: House, inner: asyncio.Protocol) -> None:
        self._house, self._inner = house, inner
        self._timer: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport | None = None
        self.peer = ""
        self.idle = True
        self._asked = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        self.transport = cast("asyncio.Transport", transport)
        self.peer = (transport.get_extra_info("peername") or ("",))[0]
        if self._house.enters(self):
            self._inner.connection_made(transport)
            self._end_in(HEAD_WITHIN)
        else:
            self._inner, self.transport = asyncio.Protocol(), None
            cast("asyncio.Transport", transport).abort()

    def asks(self, *, stream: bool = False) -> None:
        """A whole request has come; that of a *stream* is answered for as long as it likes."""
        self.idle = False
        if stream:
            self._end_in(None)
        elif not self._asked:
            self._end_in(LIFE)
        self._asked = True

    def answered(self) -> None:
        """It waits for the next."""
        self.idle = True

    def leave(self) -> None:
        """Cut it off."""
        if self.transport is not None:
            self.transport.abort()

    def _end_in(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = None if seconds is None else loop.call_later(seconds, self.leave)

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self._end_in(None)
        self._house.leaves(self)
        self._inner.connection_lost(error)


class House:
    """All of them. Called, it makes the protocol of the next one.

    Args:
        runner: Of the application, set up.

        host: Makes what speaks HTTP with a guest.
    """

    def __init__(self, runner: web.AppRunner, host: Callable[..., asyncio.Protocol]) -> None:
        self._runner, self._host = runner, host
        self._pace = Pace()
        self._guests: dict[asyncio.BaseTransport | None, Guest] = {}  # in the order they came

    def __call__(self) -> Guest:
        server = self._runner.server
        if server is None:
            raise ConnectionAbortedError
        return Guest(self, self._host(server, loop=asyncio.get_running_loop()))

    def __len__(self) -> int:
        return len(self._guests)

    def guest(self, transport: asyncio.BaseTransport | None) -> Guest | None:
        """Whose *transport* it is."""
        return self._guests.get(transport)

    def enters(self, guest: Guest) -> bool:
        """Tell whether it may; for room the one goes that has been idle for longest."""
        if not self._pace.takes(guest.peer):
            return False
        same = [each for each in self._guests.values() if each.peer == guest.peer]
        if len(same) >= MOST_EACH and not self._dismiss(same):
            return False
        everybody = list(self._guests.values())
        if len(everybody) >= MOST and not self._dismiss(everybody):
            return False
        self._guests[guest.transport] = guest
        return True

    def leaves(self, guest: Guest) -> None:
        """It is gone."""
        self._guests.pop(guest.transport, None)

    def _dismiss(self, guests: list[Guest]) -> bool:
        slowest = next((each for each in guests if each.idle), None)
        if slowest is None:
            return False
        slowest.leave()
        self.leaves(slowest)
        return True
