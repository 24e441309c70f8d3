"""The one loop: facts in, and what follows from each carried out.

Whatever happens becomes a fact in the inbox. The loop feeds it to the engine and does what the
engine asks for: write entries, answer operators, read the router, keep its marks, run a switchover.
It waits for nothing but the inbox and the engine's next deadline. It has no socket and no thread,
and its clock is given, so that a simulation runs the very same.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from wanfailover.core import entries as log
from wanfailover.core.engine import Engine
from wanfailover.core.facts import (
    AutoRequest,
    Fact,
    Outcome,
    PauseRequest,
    ResumeRequest,
    RouterUnread,
    SwitchRequest,
    Tick,
)
from wanfailover.core.requests import Answer
from wanfailover.errors import DriverError
from wanfailover.flight.grain import grained, grained_fact
from wanfailover.marks import Marks
from wanfailover.ports import EntrySink, RouterDriver
from wanfailover.switchover import Order, Switchover

GRACE = 10.0
"""Seconds for what is ended to end: longer than a driver's call needs that is told to."""

Request = SwitchRequest | AutoRequest | PauseRequest | ResumeRequest


@dataclass(frozen=True, slots=True)
class Succession:
    """Who takes over from an engine: see `Loop.succeed`.

    Args:
        facts: What the new one is told first.
    """

    engine: Engine
    switchover: Switchover
    facts: Sequence[Fact] = ()


def heritage(old: Engine, now: float) -> Iterator[Fact]:
    """What an engine that takes the place of *old* is told first.

    Not where the router was before a switch of which nobody has seen what became.
    """
    router = old.router
    if router.view and (old.active is not None or old.site.identify(router.view) is None):
        yield router.view
    if router.unread is not None:
        yield RouterUnread(now, router.unread)
    if old.request is not None and old.interrupted is None:
        yield old.request


def _ignore(*_: object) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Watchers:
    """Who is told of what the loop does, in the loop itself: they may neither wait nor raise.

    Args:
        fed: Told of each fact, when it was fed, and what the engine said to it.

        handled: Told that a fact and all that follows from it were seen to.

        ended: Told of each switchover's outcome, before the engine knows.
    """

    fed: Callable[[Fact, float, Sequence[log.Entry]], object] = _ignore
    handled: Callable[[float], object] = _ignore
    ended: Callable[[Outcome], object] = _ignore


class Loop:
    """Of one site. `run` until `stop` is called, then `close`.

    Args:
        clock: The monotonic clock of all instants that the engine is told.
    """

    def __init__(
        self,
        engine: Engine,
        driver: RouterDriver,
        switchover: Switchover,
        record: EntrySink,
        watchers: Watchers | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.engine = engine
        self.inbox: asyncio.Queue[Fact] = asyncio.Queue()
        self.marks = Marks(driver)
        self.router = asyncio.Lock()  # calls to a driver never overlap
        self._driver = driver
        self._switchover = switchover
        self._record = record
        self._watchers = watchers or Watchers()
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._writing: set[asyncio.Task[None]] = set()  # of these, the ones a stop waits for
        self._switching: asyncio.Task[None] | None = None  # until its outcome has been fed
        self._heir: tuple[Callable[[], Succession], asyncio.Future[None]] | None = None
        self._reading = False  # one at a time: a router that does not answer takes its time
        self._asked: dict[str, asyncio.Future[Answer]] = {}
        self._bug: BaseException | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Act until `stop`; a switchover under way is finished or undone first."""
        while not self._stopping.is_set() or self._switching is not None:
            now = self._clock()
            wait = self.engine.next_deadline(now) - now
            try:
                async with asyncio.timeout(max(0.0, wait)):
                    fact = await self.inbox.get()
            except TimeoutError:
                fact = Tick()
            self._handle(fact)

    def stop(self) -> None:
        """End `run` soon."""
        self._stopping.set()
        self.inbox.put_nowait(Tick())

    async def written(self) -> None:
        """Wait until all that has happened so far is written."""
        await asyncio.gather(*self._writing, return_exceptions=True)

    async def close(self) -> None:
        """Answer who still waits, write what is under way, and end everything else."""
        await self.written()
        self._answer([Answer(id_, "the agent is stopping", "stopped") for id_ in self._asked])
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE)

    def blame(self) -> None:
        """Raise what a task of the loop's died of, if one did."""
        if self._bug is not None:
            raise self._bug

    async def ask(self, request: Request) -> Answer:
        """Put an operator's request into the inbox and wait for its answer."""
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[request.id] = waiting
        self.inbox.put_nowait(request)
        return await waiting

    async def read_router(self) -> None:
        """Read the router; what it holds goes into the inbox."""
        async with self.router:
            try:
                fact: Fact = await self._driver.read()
            except DriverError as error:
                fact = RouterUnread(self._clock(), str(error))
        self._reading = False
        self.inbox.put_nowait(fact)

    async def succeed(self, make: Callable[[], Succession]) -> None:
        """Have another engine take over between two facts, once no switchover runs.

        Args:
            make: Makes it from the present one, at that moment; it may neither wait nor raise.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heir = (make, done)
        self.inbox.put_nowait(Tick())
        await done

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run *work* beside the loop, until `close` at the latest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    # One fact, and all that follows from it.

    def _handle(self, fact: Fact) -> None:
        now = grained(self._clock())
        if isinstance(fact, Outcome):
            self._switching = None
        self._feed(grained_fact(fact), now)
        if self._stopping.is_set():
            return
        if self._heir is not None and self._switching is None:
            self._hand_over(*self._heir, now)
        if self.engine.decision.target is not None and self.engine.switchover is None:
            self._begin(now)
        if self.engine.wants_view(now) and not self._reading:
            self._reading = True
            self.engine.router.asked(now)
            self.spawn(self.read_router())
        if self.engine.marks_differ and self.marks.due(now):
            self.spawn(self._set_marks())
        self._watchers.handled(now)

    def _feed(self, fact: Fact, now: float) -> None:
        """The one place where the engine learns of anything."""
        entries, answers = self.engine.feed(fact, now)
        self._watchers.fed(fact, now, entries)
        self._tell(entries, answers)

    def _hand_over(
        self, make: Callable[[], Succession], done: asyncio.Future[None], now: float
    ) -> None:
        """The new engine sees what the old one saw last, and the router again at once."""
        self._heir = None
        self._tell(self.engine.learned(), ())
        heir = make()
        self.engine, self._switchover = heir.engine, heir.switchover
        for fact in heir.facts:
            self._feed(grained_fact(fact), now)
        self.engine.router.prompt()
        if not done.done():
            done.set_result(None)

    def _tell(self, entries: Sequence[log.Entry], answers: Sequence[Answer]) -> None:
        if entries:
            task = self.spawn(self._write(entries, answers))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)
        else:
            self._answer(answers)

    def _begin(self, now: float) -> None:
        order = Order.of(self.engine)
        self._feed(order.started(self.engine.active), now)
        self._switching = self.spawn(self._switch(order))

    async def _switch(self, order: Order) -> None:
        with structlog.contextvars.bound_contextvars(switchover=order.id, rule=order.rule):
            async with self.router:
                outcome = await self._switchover.run(order)
        self._watchers.ended(outcome)
        self.inbox.put_nowait(outcome)

    async def _set_marks(self) -> None:
        async with self.router:
            if self.engine.switchover is None:
                await self.marks.set(self.engine.marks)
        self.engine.router.prompt()  # what the router holds now is read from the router

    async def _write(self, entries: Sequence[log.Entry], answers: Sequence[Answer]) -> None:
        """Nobody is told that it is done before it is written: a hold must outlast a crash."""
        await self._record(*entries)
        self._answer(answers)

    def _answer(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            waiting = self._asked.pop(answer.id, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)

    def _done(self, task: asyncio.Task[None]) -> None:
        """A task that raised has a bug: stop, rather than go on half blind."""
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._bug = task.exception()
            if task is self._switching:
                self._switching = None
            self.stop()
