"""Plays a recorded console to a driver: its keys must be those of the record, the answers are.

::

    session = Replay(parse(file.read_text()))
    driver = Driver(dial=session.dial, ...)
    ...
    assert session.over

What was masked in the record stands for any text without keys in it, of any length. A driver that
presses something else gets a `WrongKey`, which is no error that a driver may expect. Times are not
played back: all that the router said before the next key is there at once, so run it in virtual
time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from wanfailover.errors import RouterUnreachable
from wanfailover.transports.console.transcript import MASK, Event, Happening


class WrongKey(AssertionError):
    """The driver did something else than the record says."""


class Replay:
    """The sessions of one record, one after the other, each a channel that `dial` gives."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = [event for event in events if event.what is not Happening.REMARK]
        self._next = 0
        self._arrived = bytearray()
        self._typed = bytearray()

    @property
    def over(self) -> bool:
        """True when all of the record has been played."""
        rest = self._events[self._next :]
        return not any(event.what in (Happening.SENT, Happening.OPEN) for event in rest)

    async def dial(self) -> Replay:
        """Begin the record's next session."""
        if not self._take(Happening.OPEN):
            raise WrongKey(f"the driver dials, where the record {self._tells()}")
        self._arrived.clear()
        self._typed.clear()
        return self

    async def read(self, within: float) -> bytes:
        """Give what the router said next; nothing comes while the record has a key next."""
        while event := self._take(Happening.RECEIVED):
            self._arrived += event.data
        if not self._arrived and self._peek(Happening.LOST):
            raise RouterUnreachable("the session was lost here in the record")
        if not self._arrived:
            await asyncio.sleep(within)
        data = bytes(self._arrived)
        self._arrived.clear()
        return data

    async def write(self, data: bytes) -> None:
        """Go on, if *data* is what the record says."""
        while event := self._take(Happening.RECEIVED):
            self._arrived += event.data
        if not self._peek(Happening.SENT):
            raise WrongKey(f"the driver sends {data!r}, where the record {self._tells()}")
        expected = self._events[self._next].data
        hidden = expected and not expected.strip(MASK)
        if data != expected and not (hidden and data.decode("latin-1").isprintable()):
            raise WrongKey(f"the driver sends {data!r}, where the record {self._tells()}")
        self._next += 1
        if self._peek(Happening.LOST):
            raise RouterUnreachable("the session was lost here in the record")

    async def close(self) -> None:
        """End the session; a second time does no harm."""
        while self._take(Happening.RECEIVED) or self._take(Happening.LOST):
            pass
        self._take(Happening.CLOSE)

    def _peek(self, what: Happening) -> bool:
        return self._next < len(self._events) and self._events[self._next].what is what

    def _take(self, what: Happening) -> Event | None:
        if not self._peek(what):
            return None
        self._next += 1
        return self._events[self._next - 1]

    def _tells(self) -> str:
        if self._next == len(self._events):
            return "is at its end"
        event = self._events[self._next]
        return f"has {event.what.value} {event.data!r} (event {self._next + 1})"
