"""One life of the agent: the real loop, engine, switchover, journal and driver, on a wire.

It is put together as `wanfailover.agent` does, less what has sockets or threads: the control socket
and the probes' own, the recorder of samples. The driver is guarded as there. A new life knows what
the journal and the router tell it, and the notes that its driver has left in the site's folder.
"""

from __future__ import annotations

import asyncio
import contextvars
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
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
from wanfailover.core.facts import SwitchRequest
from wanfailover.core.requests import Answer
from wanfailover.custody import KEEP_EVERY
from wanfailover.errors import DriverError
from wanfailover.guarded import Guarded
from wanfailover.journal.memory import remember, usual_cost
from wanfailover.journal.reader import Reader
from wanfailover.journal.rows import Row
from wanfailover.journal.spill import Spill
from wanfailover.journal.writer import Inline, Journal
from wanfailover.loop import Loop, Request, Watchers
from wanfailover.ports import Notes
from wanfailover.recorder import Recorder
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
        driver = office.router.driver(self.wire, notes)
        for name in CALLS:
            if hasattr(driver, name):
                setattr(driver, name, safety.one_at_a_time(getattr(driver, name)))
        self.driver = Guarded(driver)
        if cost is None:
            cost = self.driver.outage() if isinstance(self.driver, Costly) else 0.0
        site = replace(office.site, policy=replace(office.site.policy, switch_cost=cost))
        self.engine = Engine(site, [CONTROL], memory)
        prover = FarProver(office, self.wire)
        self._switchover = Switchover(site, self.driver, prover, self._record, clock)
        watchers = Watchers(fed=self._fed, handled=self._handled)
        self.loop = Loop(self.engine, self.driver, self._switchover, self._record, watchers, clock)
        self._prober = Prober(office, self.engine, self.loop.inbox.put_nowait, self.wire)

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
        guest = asyncio.current_task()
        self._guests.append(guest)
        try:
            if isinstance(request, SwitchRequest) and self.engine.switchover is None:
                await self.loop.read_router()
            return await self.loop.ask(request)
        finally:
            self._guests.remove(guest)

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
        if not self.wire.dead:
            self._safety.fed(self.engine, fact, now, entries)

    def _handled(self, now: float) -> None:
        if not self.wire.dead:
            self._prober.aim(now)
