"""The wiring, and the one loop.

Everything that happens becomes a fact in the inbox; the loop feeds it to the engine and carries out
what follows: write entries, answer operators, read the router, aim the probes, run a switchover. The
loop itself waits for nothing but the inbox and the engine's next deadline.
"""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Sequence

import structlog

from wanfailover import __version__, report
from wanfailover.aim import Aim
from wanfailover.config import Profile
from wanfailover.control import Control, Reply
from wanfailover.core import entries as log
from wanfailover.core.engine import Answer, Engine
from wanfailover.core.facts import (
    AutoRequest,
    Fact,
    RouterUnread,
    SwitchoverStarted,
    SwitchRequest,
    Tick,
)
from wanfailover.errors import DriverError, JournalError
from wanfailover.journal import Journal, Reader
from wanfailover.journal.memory import remember
from wanfailover.ports import RouterDriver
from wanfailover.probes.runner import Runner
from wanfailover.proofs import FarProver
from wanfailover.sites import SiteDir
from wanfailover.switchover import Order, Switchover, prepare

ENDING_PATIENCE = 60.0
"""Seconds a stopping agent gives a running switchover to finish or undo."""


class Recorder:
    """Writes entries to journal and log; a journal that fails never stops a failover."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._log = structlog.get_logger("wanfailover")
        self.trouble: str | None = None

    async def __call__(self, *entries: log.Entry) -> None:
        for entry in entries:
            self._log.info(_event(entry), **_fields(entry))
        try:
            await self._journal.append(entries, time.monotonic())
            self.trouble = None
        except JournalError as error:
            self.trouble = str(error)
            self._log.error("journal-unwritable", why=self.trouble)  # noqa: TRY400 - a sentence, no trace


class Agent:
    """One site's agent. `run` until `stop` is called."""

    def __init__(self, profile: Profile, site_dir: SiteDir, driver: RouterDriver) -> None:
        self._profile = profile
        self._site = profile.site()
        self._driver = driver
        self._journal = Journal(site_dir.journal)
        self._record = Recorder(self._journal)
        self._aim = Aim(profile)
        with Reader(site_dir.journal) as reader:
            memory = remember(reader, time.monotonic())
            self._last = report.last_switchover(reader)
        self.engine = Engine(self._site, self._aim.control_names, memory)
        self._inbox: asyncio.Queue[Fact] = asyncio.Queue()
        self._runner = Runner(self._inbox.put_nowait, overdue=self._site.policy.overdue)
        self._prover = FarProver(profile.probes, self._site, self._aim.names)
        self._switchover = Switchover(self._site, driver, self._prover, self._record)
        self._control = Control(self, site_dir.socket)
        self._router = asyncio.Lock()  # calls to a driver never overlap
        self._tasks: set[asyncio.Task[None]] = set()
        self._switching: asyncio.Task[None] | None = None
        self._asked: dict[str, asyncio.Future[Answer]] = {}
        self._aimed: tuple[str | None, int] | None = None
        self._since = self._started = time.monotonic()
        self._stopping = asyncio.Event()
        self._log = structlog.get_logger("wanfailover").bind(site=self._site.name)

    # Life.

    def stop(self) -> None:
        """End `run` soon: a running switchover is finished or undone first."""
        self._stopping.set()
        self._inbox.put_nowait(Tick())

    async def run(self) -> None:
        """Watch and act until `stop`."""
        await self._record(log.AgentStarted(__version__, os.getpid()))
        await self._control.open()
        try:
            await self._loop()
        finally:
            await self._close()

    async def _loop(self) -> None:
        self._handle(Tick())
        while not self._stopping.is_set() or self._switching is not None:
            wait = self.engine.next_deadline(time.monotonic()) - time.monotonic()
            try:
                async with asyncio.timeout(max(0.0, wait)):
                    fact = await self._inbox.get()
            except TimeoutError:
                fact = Tick()
            self._handle(fact)

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._control.close()
        await self._runner.close()
        await self._aim.close()
        await self._driver.close()
        await self._record(log.AgentStopped("stopped"))
        self._journal.close()

    # One fact, and all that follows from it.

    def _handle(self, fact: Fact) -> None:
        now = time.monotonic()
        active = self.engine.active
        entries, answers = self.engine.feed(fact, now)
        if self.engine.active != active:
            self._since = now
        self._write(entries)
        self._answer(answers)
        if self._stopping.is_set():
            return
        if self.engine.decision.target is not None and self.engine.switchover is None:
            self._begin(now)
        if self.engine.wants_view(now):
            self.engine.asked_router(now)
            self._spawn(self._read_router())
        self._point()

    def _begin(self, now: float) -> None:
        decision = self.engine.decision
        order = Order(
            id=uuid.uuid4().hex[:8],
            target=decision.target or "",
            rule=decision.rule,
            because=decision.because,
            automatic=decision.rule != "operator-asked",
        )
        started = SwitchoverStarted(order.id, self.engine.active, order.target, order.rule)
        entries, answers = self.engine.feed(started, now)
        self._write(entries)
        self._answer(answers)
        self._switching = self._spawn(self._switch(order))

    async def _switch(self, order: Order) -> None:
        with structlog.contextvars.bound_contextvars(switchover=order.id, rule=order.rule):
            async with self._router:
                outcome = await self._switchover.run(order)
        ended = log.SwitchoverEnded(
            outcome.id,
            outcome.source,
            outcome.target,
            outcome.rule,
            outcome.ending,
            outcome.seconds,
            outcome.because,
        )
        self._last = report.ended(ended, report.utc_now())
        self._switching = None
        self._inbox.put_nowait(outcome)

    async def _read_router(self) -> None:
        async with self._router:
            try:
                fact: Fact = await self._driver.read()
            except DriverError as error:
                fact = RouterUnread(time.monotonic(), str(error))
        self._inbox.put_nowait(fact)

    def _point(self) -> None:
        """Aim the probes at what the router does now; look closer while something is overdue."""
        aimed = (self.engine.active, self.engine.epoch)
        if aimed != self._aimed:
            self._aimed = aimed
            self._runner.follow(self._aim.at(self.engine.active), self.engine.epoch)
        if self.engine.alert:
            self._runner.hasten()
        else:
            self._runner.calm()

    def _write(self, entries: Sequence[log.Entry]) -> None:
        if entries:
            self._spawn(self._record(*entries))

    def _answer(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            waiting = self._asked.pop(answer.id, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)

    def _spawn(self, work: object) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
