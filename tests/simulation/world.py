"""An office in virtual time: its circuits, its router, and its agent, one life after the other.

Nothing happens here by itself but what systemd does. A `Story` has things happen, by chance; a test
does, one by one.
"""

from __future__ import annotations

import asyncio
import gc
import random
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import structlog

from tests.simulation import office as offices
from tests.simulation.life import Life
from tests.simulation.linux import VirtualLinux
from tests.simulation.office import Eyes, Office, Router
from tests.simulation.safety import Safety
from tests.simulation.setting import Setting, draw
from tests.simulation.wire import Fates, tag_tasks
from tests.support.clock import run
from wanfailover.core.site import Circuit
from wanfailover.loop import Request
from wanfailover.ports import Forgetful

CALM = 4.0
"""Seconds without a change, after which all is at rest."""

CALM_WITHIN = 1800.0
"""Seconds in which it must come to rest, once nothing is in its way any more."""

IN_MEMORY = Path("/dev/shm")

Say = Callable[[str], object]
T = TypeVar("T")


def in_virtual_time(story: Callable[[Path], Coroutine[Any, Any, T]]) -> T:
    """Run a story, which is given the path of a journal, by a clock that nobody waits for."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(50), cache_logger_on_first_use=False
    )
    gc.disable()  # to look for a story's garbage while it is told takes a tenth of the time
    try:
        folder = str(IN_MEMORY) if IN_MEMORY.is_dir() else None
        with tempfile.TemporaryDirectory(dir=folder) as where:
            return run(story(Path(where) / "journal.db"))
    finally:
        gc.enable()
        structlog.reset_defaults()


@asynccontextmanager
async def world(
    seed: int, journal: Path, say: Say | None = None, setting: Setting | None = None
) -> AsyncIterator[World]:
    """A world until the end of the block, and then nothing of it."""
    ids = random.Random(seed)
    with (
        patch.object(time, "monotonic", asyncio.get_running_loop().time),
        patch.object(uuid, "uuid4", lambda: uuid.UUID(int=ids.getrandbits(128), version=4)),
    ):
        made = World(seed, journal, say, setting)
        try:
            yield made
        finally:
            await made.end()


@dataclass
class World:
    """An office, its router and its agent, one life after the other."""

    seed: int
    journal: Path
    echo: Say | None = None
    setting: Setting | None = None
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        tag_tasks(loop)
        self.clock = loop.time
        self.rng = random.Random(self.seed)
        self.fates = Fates(tell=self.say)
        setting = self.setting or draw(self.rng)
        self.kind, site = setting.kind, setting.site
        self.office = Office(site, setting.router(self.fates), random.Random(self.seed + 1))
        self.safety = Safety(self.office, self.clock, self.say, self._begins)
        self.notes = Forgetful()
        self.lives = 0
        self.deeds: Counter[str] = Counter()
        self.life: Life | None = None
        self._living: asyncio.Task[None] | None = None
        self._restart_after = 1.0
        self.over = False
        self._disturbed = 0.0
        self.in_store: list[Callable[[], object]] = []
        self._asked: set[asyncio.Task[None]] = set()
        self._keeper = loop.create_task(self._keep_alive())
        policy = site.policy
        self.say(
            f"seed {self.seed}: {self.kind}, seen while idle: "
            f"{[c.name for c in site.circuits if c.vantage] or 'none'}, failback "
            f"{policy.failback}, drift {policy.drift}, {policy.switches_per_hour} an hour"
        )

    @property
    def router(self) -> Router:
        return self.office.router

    def say(self, text: str) -> None:
        minutes, seconds = divmod(self.clock(), 60)
        line = f"{minutes:4.0f}:{seconds:06.3f}  {text}"
        self.lines.append(line)
        if self.echo is not None:
            self.echo(line)

    async def end(self) -> None:
        """Nothing goes on after this."""
        self.over = True
        self.fates.clear()
        self._keeper.cancel()
        if self.life is not None:
            self.life.wire.kill()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.life is not None:
            self.life.close()

    # The agent's lives.

    async def _keep_alive(self) -> None:
        """What systemd does: whoever has died is started again."""
        while not self.over:
            self.lives += 1
            self.life = life = Life(self.office, self.journal, self.notes, self.safety, self.fates)
            self._living = life.begin()
            await asyncio.wait({self._living})
            await asyncio.gather(*life.wire.tasks, return_exceptions=True)
            if not life.wire.dead:
                error = None if self._living.cancelled() else self._living.exception()
                if error is not None:
                    self.safety.violated(f"the agent died of {error!r}")
                self.say(f"the agent has ended{': ' + life.trouble if life.trouble else ''}")
            life.wire.kill()
            life.close()
            self.life = None
            await asyncio.sleep(self._restart_after)

    def kill(self) -> None:
        """SIGKILL to the agent."""
        if self.life is not None:
            self.say("the agent is killed")
            self.deeds["agent killed"] += 1
            self._restart_after = self.rng.choice([0.1, 1.0, 5.0, 30.0])
            self.life.wire.kill()

    # What happens.

    def _begins(self) -> None:
        """A switchover begins: what is in store for it is fated now."""
        for let in self.in_store:
            let()
        self.in_store.clear()

    def trouble(self, kind: str, seconds: float) -> None:
        self.disturb(f"the router: {kind} for {seconds:g} s", f"router {kind}")
        if kind != "lost":
            self.router.trouble.begin(kind, seconds)
        if kind != "garbles":
            self.router.lose_sessions()

    def slow_down(self, pace: float) -> None:
        """Each line takes its time, so that more can happen between two."""
        self.disturb(f"the router takes {pace:g} s for a line", "router slow")
        if isinstance(self.router, VirtualLinux):
            self.router.pace = pace

    def fill_disk(self) -> None:
        self.disturb("the disk is full")
        self.office.disk_full = True

    def cut_power(self) -> None:
        self.disturb("the router's power is cut")
        self.router.cut_power()

    def line(self, name: str, life: offices.Life) -> None:
        if self.office.life[name] is not life:
            self.disturb(f"{name} is {life}", f"circuit {life}")
            self.office.life[name] = life

    def see(self, eyes: Eyes) -> None:
        self.disturb(f"our host is {eyes}", f"host {eyes}")
        self.office.eyes = eyes
        if eyes is Eyes.CUT:
            self.router.trouble.begin("silent", 3600.0)
        self.safety.sees()

    def set_by_hand(self, circuit: Circuit) -> None:
        """Somebody moves the router to *circuit*, and that must be told."""
        before, at_work = self.router.holds(), self.life and self.life.engine.switchover
        self.disturb(f"by hand the router is set to {circuit.name}", "by hand")
        self.router.set_by_hand(circuit.address, circuit.gateway)
        first = self.safety.moved[0] if self.safety.moved else before.name if before else None
        moves = first is not None and first != circuit.name and not at_work
        self.safety.moved = (first, circuit.name) if moves else None

    def stop(self) -> None:
        if self.life is not None and self.life.started:
            self.disturb("the agent is told to stop")
            self.life.stop()

    def operate(self, request: Request) -> None:
        """An operator asks; his answer is not waited for."""
        self._begin(self._ask(request))

    def _begin(self, asking: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(asking)
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _ask(self, request: Request) -> None:
        life = self.life
        if life is None or not life.started or life.wire.dead:
            return
        self.disturb(f"an operator: {request}", type(request).__name__)
        self.safety.asked(request)
        asking = life.spawn(life.ask(request))
        assert self._living is not None
        await asyncio.wait({asking, self._living}, return_when=asyncio.FIRST_COMPLETED)
        answer = None
        if asking.done() and not asking.cancelled() and not life.wire.dead:
            answer = asking.result()
        self.say(
            f"    answer: {answer.rule or 'done'}: {answer.sentence}" if answer else "    none"
        )
        self.safety.book.answered(request, answer)

    def drill(self, stay: float) -> None:
        """Somebody has a failover rehearsed."""
        self._begin(self._drill(stay))

    async def _drill(self, stay: float) -> None:
        life = self.life
        if life is None or not life.started or life.wire.dead:
            return
        self.disturb(f"a drill, to stay for {stay:g} s", "drill")
        drilling = life.spawn(life.drill(stay))
        assert self._living is not None
        await asyncio.wait({drilling, self._living}, return_when=asyncio.FIRST_COMPLETED)
        if not drilling.done() or drilling.cancelled():
            self.say("    the drill is cut off")
        elif (error := drilling.exception()) is not None:
            self.safety.violated(f"the drill died of {error!r}")
        else:
            self.say(f"    the drill: {drilling.result()}")

    def reload(self) -> None:
        """SIGHUP to the agent; what the lines have shown it asks for again."""
        if self.life is not None and self.life.started and not self.life.wire.dead:
            self.disturb("the profile is read again", "reload")
            self.life.spawn(self.life.reload())

    def disturb(self, text: str, kind: str = "") -> None:
        self.say(text)
        self.deeds[kind or text] += 1
        self.disturbed()

    def disturbed(self) -> None:
        """What was seen before says nothing of now."""
        self._disturbed = self.clock()

    def free(self) -> None:
        """Our host is well, and the ways to the router are free; nothing is fated any more."""
        self.fates.clear()
        self.in_store.clear()
        self.router.trouble.end()
        self.office.disk_full = False
        if isinstance(self.router, VirtualLinux):
            self.router.pace = 0.001
        if self.office.eyes is not Eyes.SOUND:
            self.office.eyes = Eyes.SOUND
            self.safety.sees()

    # At rest.

    async def settle(self) -> None:
        """Wait for rest, and look at it."""
        deadline = self.clock() + CALM_WITHIN
        calm_since, last = self.clock(), ""
        while self.clock() < deadline:
            await asyncio.sleep(0.5)
            if self._keeper.done():
                self._keeper.result()  # a fault of the simulation's own
            if self.safety.wrong or self.router.gaps:
                return
            now = self._restless() or self._standing()
            if now != last or self._restless():
                calm_since, last = self.clock(), now
            if self.clock() - calm_since >= CALM and self._read_since(calm_since):
                break
        else:
            self.safety.violated(f"no rest within {CALM_WITHIN:g} s: {self._restless() or last}")
            return
        life = self.life
        assert life is not None
        holds = self.router.holds()
        self.say(f"at rest: {holds.name if holds else 'neither'}; {life.engine.decision.rule}: "
                 f"{life.engine.decision.because}")  # fmt: skip
        quiet_for = self.clock() - self._disturbed
        self.safety.at_rest(life.engine, self.journal, quiet_for, owes=life.owes)

    def _read_since(self, when: float) -> bool:
        """The router was read once more: what the agent believes then it has seen."""
        assert self.life is not None
        view = self.life.engine.router.view
        return view is not None and view.at >= when

    def _standing(self) -> str:
        assert self.life is not None
        return f"{self.life.engine.decision.rule} {self.life.engine.active}"

    def _restless(self) -> str:
        """What keeps it from being at rest."""
        life = self.life
        if life is None or not life.started:
            return "no agent runs"
        engine = life.engine
        if not self.router.up:
            return "the router is not back yet"
        if engine.switchover is not None or self._asked or life.puts_back:
            return "a switchover or a drill is under way"
        if engine.decision.target is not None or engine.interrupted is not None:
            return f"{engine.decision.rule} is about to act"
        view = engine.router.view
        if engine.router.unread is not None or view is None or view.at <= self._disturbed:
            return "the router has not been read since"
        if self.safety.offline is not None:
            return "another circuit is seen to live"
        stuck = engine.decision.rule == "stuck" and engine.decision.until is not None
        return "it will be mended" if stuck else ""
