"""The wiring, and the one loop.

Everything that happens becomes a fact in the inbox; the loop feeds it to the engine and carries
out what follows: write entries, answer operators, read the router, aim the probes, run a
switchover. The loop itself waits for nothing but the inbox and the engine's next deadline.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
import uuid
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from wanfailover import __version__, calendar, report
from wanfailover.aim import Aim
from wanfailover.config import Profile
from wanfailover.control import Control, Reply
from wanfailover.core import entries as log
from wanfailover.core.engine import Engine
from wanfailover.core.facts import (
    AutoRequest,
    Fact,
    Outcome,
    PauseRequest,
    ResumeRequest,
    RouterUnread,
    RouterView,
    SwitchRequest,
    Tick,
)
from wanfailover.core.requests import Answer
from wanfailover.desk import rehearse, reply_to, unknown_circuit
from wanfailover.errors import DriverError
from wanfailover.flight.grain import grained, grained_fact
from wanfailover.flight.writer import FlightRecorder
from wanfailover.hints import Hints
from wanfailover.journal.memory import remember, usual_cost
from wanfailover.journal.reader import Reader
from wanfailover.journal.writer import Journal
from wanfailover.marks import Marks
from wanfailover.ports import Costly, RouterDriver
from wanfailover.probes import Names, Runner
from wanfailover.proofs import FarProver
from wanfailover.recorder import Recorder
from wanfailover.report import Report
from wanfailover.sites import SiteDir
from wanfailover.switchover import Order, Switchover, ended_entry

_log = structlog.get_logger("wanfailover")


class Agent:
    """One site's agent. `run` until `stop` is called."""

    def __init__(self, profile: Profile, site_dir: SiteDir, driver: RouterDriver) -> None:
        self._profile = profile
        self._driver = driver
        self._journal = Journal(site_dir.journal)
        self._record = Recorder(self._journal)
        self._aim = Aim(profile)
        with Reader(site_dir.journal) as reader:
            memory = remember(reader, time.monotonic())
            cost = usual_cost(reader)
            self._last = report.last_switchover(reader)
        if cost is None:
            cost = driver.outage() if isinstance(driver, Costly) else 0.0
        site = profile.site()
        self._site = replace(site, policy=replace(site.policy, switch_cost=cost))
        self.engine = Engine(self._site, self._aim.controls, memory)
        keep = profile.keep
        self._flight = FlightRecorder(site_dir.samples, keep.samples, keep.samples_size)
        self._inbox: asyncio.Queue[Fact] = asyncio.Queue()
        self._names = Names()
        self._runner = Runner(
            self._inbox.put_nowait, detect=self._site.policy.detect, names=self._names
        )
        self._hints = Hints(driver, self._hinted)
        self._marks = Marks(driver)
        self._prover = FarProver(profile.probes, self._site, self._names)
        self._switchover = Switchover(self._site, driver, self._prover, self._record)
        self._control = Control(self, site_dir.socket)
        self._router = asyncio.Lock()  # calls to a driver never overlap
        self._tasks: set[asyncio.Task[None]] = set()
        self._writing: set[asyncio.Task[None]] = set()  # of these, the ones a stop waits for
        self._switching: asyncio.Task[None] | None = None  # until its outcome has been fed
        self._reading = False  # one at a time: a router that does not answer takes its time
        self._asked: dict[str, asyncio.Future[Answer]] = {}
        self._aimed: tuple[str | None, int] | None = None
        self._since = self._started = time.monotonic()
        self._began: datetime | None = None  # the running switchover, or the last
        self._remarks: tuple[str, ...] = ()
        self._bug: BaseException | None = None
        self._stopping = asyncio.Event()

    # What the control socket asks of us.

    def report(self) -> Report:
        """Tell how things stand, as `status --json` does."""
        running = report.Running(
            driver=self._profile.driver,
            since=self._since,
            started=self._started,
            pid=os.getpid(),
            vantages={
                circuit.name: self._aim.vantage(circuit, self.engine.active)
                for circuit in self._site.circuits
            },
            last=self._last,
            began=self._began,
            warnings=tuple(self._warnings()),
        )
        return report.live(self.engine, running, report.Wall(time.monotonic(), report.utc_now()))

    def _warnings(self) -> Iterator[str]:
        tellers = (self._record, self._flight, self._hints, self._marks)
        yield from filter(None, (teller.trouble for teller in tellers))
        if self.engine.unfinished:
            yield f"after its next restart the router will hold {self.engine.unfinished}"
        yield from self._remarks

    async def switch(self, request: SwitchRequest, *, dry_run: bool) -> Reply:
        """Put an operator's request into the inbox and wait for its answer."""
        unknown = unknown_circuit(self._site, request)
        if unknown is not None:
            return unknown
        if self.engine.switchover is None:
            await self._read_router()  # an operator is answered by what the router holds now
        if dry_run:
            refused = self.engine.refusal(request, time.monotonic())
            async with self._router:
                return await rehearse(self._site, request, self._driver, refused)
        return reply_to(await self._ask(request))

    async def auto(self, who: str) -> Reply:
        """Let automation decide again."""
        return reply_to(await self._ask(AutoRequest(uuid.uuid4().hex[:12], who)))

    async def automation(self, request: PauseRequest | ResumeRequest) -> Reply:
        """Stop automation, or let it go on."""
        return reply_to(await self._ask(request))

    def explanation(self) -> Report:
        """Tell the decision in force, with all that it rests on."""
        return report.explained(self.engine.explain(time.monotonic()), report.utc_now())

    async def _ask(
        self, request: SwitchRequest | AutoRequest | PauseRequest | ResumeRequest
    ) -> Answer:
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[request.id] = waiting
        self._inbox.put_nowait(request)
        return await waiting

    # Life.

    def stop(self) -> None:
        """End `run` soon: a running switchover is finished or undone first."""
        self._stopping.set()
        self._inbox.put_nowait(Tick())

    async def run(self) -> None:
        """Watch and act until `stop`.

        Raises:
            DriverError: The router cannot be read now, at the start: better to say so at once than
                to watch over a router that could not be switched.
        """
        try:
            self._inbox.put_nowait(await self._driver.read())
            await self._control.open()
            await self._record(log.AgentStarted(__version__, os.getpid()))
            self._flight.started(self.engine, self._aim.controls, time.monotonic())
            self._spawn(self._hints.listen())
            self._spawn(self._tell_window())
            await self._loop()
            await self._record(*self.engine.learned())
            await self._record(log.AgentStopped("it was told to"))
        finally:
            await self._close()
        if self._bug is not None:
            raise self._bug

    async def _loop(self) -> None:
        while not self._stopping.is_set() or self._switching is not None:
            wait = self.engine.next_deadline(time.monotonic()) - time.monotonic()
            try:
                async with asyncio.timeout(max(0.0, wait)):
                    fact = await self._inbox.get()
            except TimeoutError:
                fact = Tick()
            self._handle(fact)

    async def _close(self) -> None:
        self._answer([Answer(id_, "the agent is stopping", "stopped") for id_ in self._asked])
        await asyncio.gather(*self._writing, return_exceptions=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._control.close()
        await self._runner.close()
        if any(circuit.marked for circuit in self._site.circuits) and self._marks.due(math.inf):
            await self._marks.set(())
        await self._driver.close()
        self._flight.close()
        self._journal.close()

    # One fact, and all that follows from it.

    def _handle(self, fact: Fact) -> None:
        now = grained(time.monotonic())
        active = self.engine.active
        if isinstance(fact, Outcome):
            self._switching = None
        if isinstance(fact, RouterView):
            self._tell(fact.remarks)
        self._feed(grained_fact(fact), now)
        if self.engine.active != active:
            self._since = now
        if self._stopping.is_set():
            return
        if self.engine.decision.target is not None and self.engine.switchover is None:
            self._begin(now)
        if self.engine.wants_view(now) and not self._reading:
            self._reading = True
            self.engine.asked_router(now)
            self._spawn(self._read_router())
        if self.engine.marks_differ and self._marks.due(now):
            self._spawn(self._set_marks())
        self._point(now)

    def _feed(self, fact: Fact, now: float) -> None:
        """The one place where the engine learns of anything: all of it is recorded."""
        entries, answers = self.engine.feed(fact, now)
        self._flight.fed(fact, now, entries)
        self._write(entries)
        self._answer(answers)

    def _tell(self, remarks: tuple[str, ...]) -> None:
        """Log what the driver found and could not have wished for, once while it lasts."""
        for remark in remarks:
            if remark not in self._remarks:
                _log.warning("router-remark", remark=remark)
        self._remarks = remarks

    def _begin(self, now: float) -> None:
        order = Order.of(self.engine)
        self._began = report.utc_now()
        self._feed(order.started(self.engine.active), now)
        self._switching = self._spawn(self._switch(order))

    async def _switch(self, order: Order) -> None:
        with structlog.contextvars.bound_contextvars(switchover=order.id, rule=order.rule):
            async with self._router:
                outcome = await self._switchover.run(order)
        self._last = report.ended(ended_entry(outcome), report.utc_now())
        self._inbox.put_nowait(outcome)

    async def _read_router(self) -> None:
        async with self._router:
            try:
                fact: Fact = await self._driver.read()
            except DriverError as error:
                fact = RouterUnread(time.monotonic(), str(error))
        self._reading = False
        self._inbox.put_nowait(fact)

    async def _set_marks(self) -> None:
        async with self._router:
            if self.engine.switchover is None:
                await self._marks.set(self.engine.marks)
        self.engine.prompt()  # what the router holds now is read from the router

    async def _tell_window(self) -> None:
        """Tell the engine whether a return is permitted, whenever that changes."""
        while True:
            now = time.monotonic()
            fact, wait = calendar.told(self._profile.calendar, now, report.utc_now())
            self._inbox.put_nowait(fact)
            await asyncio.sleep(wait)

    def _hinted(self) -> bool:
        """The router wants to be looked at: have the loop see to it."""
        news = self.engine.prompt()
        if news:
            self._inbox.put_nowait(Tick())
        return news

    def _point(self, now: float) -> None:
        """Aim the probes at what the router does now; look closer while something is overdue."""
        aimed = (self.engine.active, self.engine.epoch)
        if aimed != self._aimed and self.engine.switchover is None:
            self._aimed = aimed
            self._runner.follow(self._aim.at(self.engine.active), self.engine.epoch)
        if self.engine.fast:
            self._runner.hasten(self.engine.active, None)
        elif self._hints.quick(now):
            self._runner.hasten(self.engine.active, None)  # an idle circuit may be a metered one
        else:
            self._runner.calm()

    def _write(self, entries: Sequence[log.Entry]) -> None:
        if entries:
            task = self._spawn(self._record(*entries))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    def _answer(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            waiting = self._asked.pop(answer.id, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        """A task that raised has a bug: stop, rather than go on half blind."""
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._bug = task.exception()
            if task is self._switching:
                self._switching = None
            self.stop()
