"""One life of the agent: the real loop, engine, switchover, journal and driver, on a wire.

It is put together as `wanfailover.agent` does, less what has sockets or threads: the control socket
and the probes' own, the recorder of samples. The driver is guarded as there. A new life knows what
the journal and the router tell it, and the notes that its driver has left in the site's folder.
"""

from __future__ import annotations

import asyncio
import contextvars
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.simulation.office import CONTROL, FarProver, Office, Prober
from tests.simulation.safety import Safety
from tests.simulation.wire import OWNER, Fates, Wire
from wanfailover.abilities import Costly
from wanfailover.agent import STOP_WITHIN
from wanfailover.core import entries as log
from wanfailover.core.engine import Engine
from wanfailover.core.facts import SwitchRequest, Tick
from wanfailover.core.memory import Memory
from wanfailover.core.requests import Answer
from wanfailover.custody import KEEP_EVERY
from wanfailover.drill import Drills, Eyes
from wanfailover.entries import DrillBegan, PreflightDone
from wanfailover.errors import DriverError
from wanfailover.guarded import Guarded
from wanfailover.journal.memory import remember, usual_cost
from wanfailover.journal.reader import Reader
from wanfailover.journal.rows import Row
from wanfailover.journal.spill import Spill
from wanfailover.journal.writer import Inline, Journal
from wanfailover.loop import Loop, Request, Succession, Watchers, heritage
from wanfailover.ports import Notes
from wanfailover.recorder import Recorder
from wanfailover.routine import Left
from wanfailover.switchover import Switchover

CALLS = ("read", "perform", "undo", "arm", "disarm", "armed", "claim", "release", "mark")
"""Of a driver's, those that reach the router."""


class _OnWire(Journal):
    """A journal that is reached by a wire: an entry is on the disk, or the agent died before.

    Args:
        full: Tells whether the disk takes nothing any more.
    """

    def __init__(
        self, path: Path, spilled: Sequence[Row], wire: Wire, full: Callable[[], bool]
    ) -> None:
        self._wire = wire
        self._full = full
        super().__init__(path, Inline(), spilled=spilled)

    async def write(self, stamped: Sequence[Row], *more: Any) -> None:
        self._wire.meet("to the disk")
        await super().write(stamped, *more)
        self._wire.meet("on the disk")

    def _opened(self) -> sqlite3.Connection:
        if self._full():
            raise sqlite3.OperationalError("database or disk is full")
        return super()._opened()


class Life:
    """From its start until it ends by itself, is stopped, or is killed."""

    def __init__(self, office: Office, path: Path, notes: Notes, safety: Safety,
                 fates: Fates) -> None:  # fmt: skip
        self.wire = Wire(fates)
        self.started = False
        self.trouble = ""
        self._ended = asyncio.Event()
        self._guests: list[asyncio.Task[Any] | None] = []
        self._office = office
        self._safety = safety
        self._context = contextvars.copy_context()
        self._context.run(OWNER.set, self.wire)
        clock = asyncio.get_running_loop().time
        spill = Spill(path.with_suffix(".jsonl"))
        spilled = spill.rows()
        self._journal = _OnWire(path, spilled, self.wire, lambda: office.disk_full)
        self._record = Recorder(self._journal, clock, spill)
        with Reader(path, spilled, lenient=True) as reader:
            memory, cost = remember(reader, clock()), usual_cost(reader)
            self._left = Left.of(reader, clock()).drill
        driver = office.router.driver(self.wire, notes)
        for name in CALLS:
            if hasattr(driver, name):
                setattr(driver, name, safety.one_at_a_time(getattr(driver, name)))
        self.driver = Guarded(driver)
        if cost is None:
            cost = self.driver.outage() if isinstance(self.driver, Costly) else 0.0
        site = replace(office.site, policy=replace(office.site.policy, switch_cost=cost))
        self._site = site
        self._equip(memory)
        watchers = Watchers(fed=self._fed, handled=self._handled)
        self.loop = Loop(self.engine, self.driver, self._switchover, self._record, watchers, clock)
        self._prober = self._watches()
        self._renewing = asyncio.Lock()
        self._heir: tuple[Engine, int] | None = None  # whose, and so many facts it is told first
        eyes = Eyes(lambda: self.engine, dict, lambda: None)
        self.drills = Drills(site, eyes, self._rehearses, _green, self._record, clock)
        self.puts_back = False  # a drill that an earlier life has left

    def _equip(self, memory: Memory) -> None:
        """As `Agent._equip`."""
        clock = asyncio.get_running_loop().time
        self.engine = Engine(self._site, [CONTROL], memory)
        prover = FarProver(self._office, self.wire)
        self._switchover = Switchover(self._site, self.driver, prover, self._record, clock)

    def _watches(self) -> Prober:
        return Prober(self._office, self.engine, self.loop.inbox.put_nowait, self.wire)

    @property
    def owes(self) -> bool:
        """Its journal has yet to write some of what it was told."""
        return self._journal.owes

    def begin(self) -> asyncio.Task[None]:
        """Live."""
        return self.spawn(self._live())

    def spawn(self, work: Any) -> asyncio.Task[Any]:
        """Run *work* as the agent's own."""
        return asyncio.get_running_loop().create_task(work, context=self._context)

    async def ask(self, request: Request) -> Answer:
        """What the control socket does for an operator."""
        if self._ended.is_set():
            return Answer(request.id, "nobody is at the socket any more", "stopped")
        with self._guest():
            if isinstance(request, SwitchRequest) and self.engine.switchover is None:
                await self.loop.read_router()
            return await self.loop.ask(request)

    async def drill(self, stay: float) -> str:
        """What it does for one who has a failover rehearsed; the answer's sentence."""
        if self._ended.is_set():
            return "nobody is at the socket any more"
        with self._guest():
            return (await self.drills.run(None, stay, "ann")).sentence

    async def reload(self) -> None:
        """SIGHUP, with a profile in which nothing has changed."""
        if self._ended.is_set():
            return
        with self._guest():
            async with self._renewing:
                await self.loop.succeed(self._succeed)

    @contextmanager
    def _guest(self) -> Iterator[None]:
        """Who is shown out when the agent ends."""
        guest = asyncio.current_task()
        self._guests.append(guest)
        try:
            yield
        finally:
            self._guests.remove(guest)

    def _succeed(self) -> Succession:
        """As `Agent._succeed`."""
        old, custody = self.engine, self._switchover.custody
        self._equip(replace(old.memory(), epoch=old.epoch + 1))
        self._switchover.custody = custody
        self._prober.close()
        self._prober = self._watches()
        told = [Tick(), *heritage(old, asyncio.get_running_loop().time())]
        self._heir = old, len(told)
        self._safety.succeeds()
        return Succession(self.engine, self._switchover, told)

    async def _rehearses(self, request: Request) -> Answer:
        """What a drill asks for; the watch has it in its book."""
        self._safety.rehearses(request)
        answer = None
        try:
            answer = await self.loop.ask(request)
        finally:
            self._safety.book.rehearsed_so(request, answer)
        return answer

    async def _put_back(self, left: DrillBegan) -> None:
        self.puts_back = True
        await self.drills.resume(left)
        self.puts_back = False

    def stop(self) -> None:
        """SIGTERM."""
        self.driver.hurry(STOP_WITHIN)
        self.loop.stop()

    def close(self) -> None:
        """The process is gone: nothing of it holds the journal."""
        self._journal.close()

    async def _live(self) -> None:
        try:
            await self._switchover.custody.take()
            self.loop.inbox.put_nowait(await self.driver.read())
        except DriverError as error:
            self.trouble = str(error)
            await self.driver.close()
            return
        await self._record(log.AgentStarted("simulated", 1))
        self.started = True
        self.loop.spawn(self._keep_custody())
        if self._left is not None:
            self.loop.spawn(self._put_back(self._left))
        await self.loop.run()
        await self._record(log.AgentStopped("it was told to"))
        await self.loop.close()
        await self._show_out()
        await self._switchover.custody.release()
        with suppress(DriverError):
            await self.driver.close()
        self.loop.blame()

    async def _show_out(self) -> None:
        """Close the socket: who still waits has had his answer, or gets none."""
        self._ended.set()
        guests = list(self._guests)
        for guest in guests:
            guest.cancel()
        await asyncio.gather(*guests, return_exceptions=True)

    async def _keep_custody(self) -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY)
            async with self.loop.router:
                await self._switchover.custody.keep()

    def _fed(self, fact: Any, now: float, entries: Sequence[log.Entry]) -> None:
        if self.wire.dead:
            return
        self._safety.fed(self.engine, fact, now, entries)
        if self._heir is not None:
            old, facts = self._heir
            self._heir = (old, facts - 1) if facts > 1 else None
            if self._heir is None:
                self._safety.succeeded(old, self.engine, now)

    def _handled(self, now: float) -> None:
        if not self.wire.dead:
            self._prober.aim(now)


async def _green() -> PreflightDone:
    """A preflight that finds nothing amiss."""
    await asyncio.sleep(1.0)
    return PreflightDone("green", 1.0)
