"""A message with a token of its own, sent by way of the backup MX, must arrive here.

Its fate shows what no question to a mail server does: that the office's own server takes what the
backup MX has taken (a blocklist may name the one host that must get through), and that it does not
give it back (a loop). It is sent when it is due, and after each switchover when the backup MX can
be reached again. What comes of it is told; it is no reason to switch, nor to undo a switch.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from wanfailover.core.entries import CanaryArrived, CanaryLost, CanaryStray
from wanfailover.dialogue import Unanswered
from wanfailover.journal.eras import utc_now
from wanfailover.mail.drain import PAUSES, WITHIN
from wanfailover.mail.fate import Fate, Verdict, came, came_back, stayed_away
from wanfailover.mail.letter import Hop, Letter, write
from wanfailover.mail.session import Reply, session
from wanfailover.mail.sink import Awaits, Sink, Take
from wanfailover.ports import EntrySink
from wanfailover.probes.names import Names
from wanfailover.report import Report, canary_flown, canary_told, stamp
from wanfailover.specs import Canary, Mail

FIRST = 15.0
"""Seconds after a start until the first one may be sent: the line is known by then."""

AGAIN = 30.0
"""Seconds between two tries to open what they land in."""

REMEMBERED = 100
"""Tokens of earlier ones that are known when they come late."""

Send = Callable[[str], Awaitable[Reply]]
"""Sends the one with this token; raises `Unanswered`."""


class Landing(Protocol):
    """Where they land: see `sink.Sink`."""

    async def open(self) -> None:
        """Begin to listen."""

    async def close(self) -> None:
        """Stop."""


Land = Callable[[Canary, Take, Awaits], Landing]


def by_smtp(mail: Mail, canary: Canary, names: Names) -> Send:
    """Send it as any stranger would."""

    async def send(token: str) -> Reply:
        async with session(mail, names) as talk:
            return await talk.send(canary.sender, canary.recipient, write(canary, token))

    return send


@dataclass(slots=True)
class Flight:
    """One canary under way. *taken* is when the backup MX had it, by the loop's clock."""

    token: str
    switchover: str | None
    began: float
    landed: asyncio.Future[Letter]
    since: datetime
    taken: float | None = None
    trouble: str = "it is being sent"
    delayed: str = ""


class Canaries:
    """One at a time, beside the loop.

    Args:
        last: What became of the last one, of an earlier run.

        spawn: Runs work beside the loop.

        busy: Tells that none should be sent now.

        land: Makes what they land in.
    """

    def __init__(
        self,
        mail: Mail,
        canary: Canary,
        send: Send,
        record: EntrySink,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        last: Report | None = None,
        busy: Callable[[], bool] = lambda: False,
        land: Land = Sink,
    ) -> None:
        self._mail = mail
        self._canary = canary
        self._send = send
        self._record = record
        self._spawn = spawn
        self._last = last
        self._busy = busy
        self._land = land
        self._task: asyncio.Task[None] | None = None
        self._flight: Flight | None = None
        self._past: deque[tuple[str, float, bool]] = deque(maxlen=REMEMBERED)
        self._strays = 0
        self._told: set[str] = set()  # kinds of strays, since the last one was sent
        self._open = False
        self.trouble: str | None = None

    async def watch(self) -> None:
        """Listen, and send one whenever it is due, for ever."""
        landing = self._land(self._canary, self.landed, self.awaits)
        try:
            await self._opened(landing)
            await asyncio.sleep(min(self._canary.every, max(FIRST, self._due())))
            while True:
                if self._flight is None and not self._busy():
                    self.begin(None)
                await asyncio.sleep(self._canary.every)
        finally:
            self._open = False
            await landing.close()

    def begin(self, switchover: str | None, ended: float | None = None) -> None:
        """Send one now, or as soon as the backup MX takes it.

        Args:
            switchover: The id of the one that it is sent after.

            ended: When that had ended, by the loop's clock: mail is through again once it arrives.
        """
        self.cancel()
        if self._open:
            self._task = self._spawn(self._fly(switchover, ended))

    def cancel(self) -> None:
        """A switchover begins: what was under way is waited for no longer."""
        if self._task is not None:
            self._task.cancel()
        self._end()
        self._task = None

    def report(self) -> Report:
        """As ``status --json`` has it."""
        if self._flight is not None:
            report = canary_told("waiting", self._flight.trouble) | {
                "since": stamp(self._flight.since),
                "switchover": self._flight.switchover,
            }
        else:
            report = self._last or canary_told("unknown", "no canary has been sent yet")
        return report | {"strays": self._strays}

    def awaits(self, token: str | None) -> bool:
        """Tell whether it is that of the one under way."""
        return self._flight is not None and _same(token, self._flight.token)

    def landed(self, letter: Letter) -> None:
        """A message has come to where they land."""
        flight = self._flight
        if flight is None or not self.awaits(letter.token) or flight.landed.done():
            self._stray(letter)
        elif letter.bounce is not None and not letter.bounce.final:
            flight.delayed = letter.bounce.words or letter.bounce.status or "no reason is given"
        else:
            flight.landed.set_result(letter)

    async def _opened(self, landing: Landing) -> None:
        canary = self._canary
        while not self._open:
            try:
                await landing.open()
            except OSError as error:
                where = f"{canary.host}:{canary.port}"
                why = (os.strerror(error.errno) if error.errno else str(error)).lower()
                self.trouble = f"no canary is sent: {where} cannot be listened at ({why})"
                await asyncio.sleep(AGAIN)
            else:
                self.trouble, self._open = None, True

    def _due(self) -> float:
        """In so many seconds; the last one may have been an earlier run's."""
        if self._last is None:
            return 0.0
        age = utc_now() - datetime.fromisoformat(self._last["since"])
        return self._canary.every - age.total_seconds()

    async def _fly(self, switchover: str | None, ended: float | None) -> None:
        loop = asyncio.get_running_loop()
        token, landed = secrets.token_urlsafe(32), loop.create_future()
        flight = self._flight = Flight(token, switchover, loop.time(), landed, utc_now())
        self._told.clear()
        verdict, path = await self._fate(flight)
        seconds = round(loop.time() - (flight.taken or flight.began), 3)
        because = f"the canary {verdict}"
        if ended is not None and verdict.fate is Fate.ARRIVED:
            because += f"; mail came through {loop.time() - ended:.1f} s after the switchover"
        entry: CanaryArrived | CanaryLost = CanaryArrived(seconds, because, path, switchover)
        if verdict.fate is not Fate.ARRIVED:
            entry = CanaryLost(verdict.fate, seconds, because, path, switchover)
        self._last = canary_flown(entry, utc_now())
        self._end()
        await self._record(entry)

    def _end(self) -> None:
        """None is under way now."""
        if self._flight is not None:
            flight = self._flight
            arrived = flight.landed.done() and not flight.landed.cancelled()
            self._past.append((flight.token, flight.began, arrived))
        self._flight = None

    async def _fate(self, flight: Flight) -> tuple[Verdict, tuple[Hop, ...]]:
        within, clock = self._canary.within, asyncio.get_running_loop().time
        drained = flight.switchover is None or self._mail.etrn  # else the tunnel may be down yet
        refused = await self._taken(flight, within if drained else WITHIN)
        if refused is not None:
            return refused, ()
        flight.taken = clock()
        flight.trouble = f"the backup MX {self._mail.name} has it"
        try:
            async with asyncio.timeout(within):
                letter = await flight.landed
        except TimeoutError:
            return stayed_away(within, flight.delayed), ()
        if letter.bounce is not None:
            return came_back(letter.bounce), letter.path
        return came(clock() - flight.taken, letter.path), letter.path

    async def _taken(self, flight: Flight, patience: float) -> Verdict | None:
        """Have the backup MX take it, for at most *patience* seconds; else say why it has not."""
        clock = asyncio.get_running_loop().time
        until, tries = clock() + patience, 0
        while True:
            try:
                reply = await self._send(flight.token)
            except Unanswered as failure:
                sentence = (
                    f"was not sent: the backup MX {self._mail.name} does not answer: {failure}"
                )
                verdict = Verdict(Fate.UNSENT, sentence)
            else:
                if reply.code // 100 == 2:
                    return None
                sentence = f"was not taken by the backup MX {self._mail.name}: {reply}"
                verdict = Verdict(Fate.REFUSED, sentence)
                if reply.code // 100 != 4:
                    return verdict
            flight.trouble = f"the canary {verdict.sentence}"
            pause = PAUSES[min(tries, len(PAUSES) - 1)]
            tries += 1
            if clock() + pause >= until:
                return verdict
            await asyncio.sleep(pause)

    def _stray(self, letter: Letter) -> None:
        """Not waited for: of an earlier one, the same again, or nobody's."""
        kind, because = "forged", "a message that is no canary of this run has come"
        clock = asyncio.get_running_loop().time
        for token, began, arrived in self._past:
            if _same(letter.token, token):
                kind = "double" if arrived else "late"
                when = "once more" if arrived else "after all, no longer waited for"
                because = f"the canary of {clock() - began:.0f} s ago has come {when}"
        if self.awaits(letter.token):
            kind, because = "double", "the canary has come twice"
        self._strays += 1
        if kind not in self._told:  # a stranger may send as many as he likes
            self._told.add(kind)
            self._spawn(self._record(CanaryStray(kind, because)))


def _same(one: str | None, other: str) -> bool:
    return one is not None and secrets.compare_digest(one.encode(), other.encode())
