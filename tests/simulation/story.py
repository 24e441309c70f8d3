"""A story of incidents, drawn from a seed: the same seed tells the same story, to the last word."""

from __future__ import annotations

import asyncio
import gc
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address, IPv4Interface
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import structlog

from tests.simulation import office as offices
from tests.simulation.life import Life
from tests.simulation.linux import VirtualLinux
from tests.simulation.office import Eyes, Office, Router
from tests.simulation.safety import Safety, Violation
from tests.simulation.setting import Setting, draw
from tests.simulation.wire import Fates, tag_tasks
from tests.support.clock import run
from wanfailover.core.facts import AutoRequest, PauseRequest, ResumeRequest, SwitchRequest
from wanfailover.core.site import Circuit
from wanfailover.loop import Request
from wanfailover.ports import Forgetful

INCIDENTS = 5
"""In one story."""

CALM = 4.0
"""Seconds without a change, after which all is at rest."""

CALM_WITHIN = 1800.0
"""Seconds in which it must come to rest, once nothing is in its way any more."""

FOREIGN = IPv4Interface("203.0.113.4/29"), IPv4Address("203.0.113.6")

IN_MEMORY = Path("/dev/shm")

Say = Callable[[str], object]
T = TypeVar("T")


@dataclass(frozen=True)
class Result:
    """What came of a story."""

    seed: int
    lines: list[str]
    wrong: list[str]
    incidents: int
    lives: int
    crossed: int
    seconds: float
    outcomes: dict[str, int]
    rules: dict[str, int]
    deeds: dict[str, int]

    def check(self) -> None:
        """Raise where something was wrong.

        Raises:
            Violation: With the end of the story, and how to see all of it.
        """
        if self.wrong:
            end = "\n".join(self.lines[-25:])
            raise Violation(
                f"seed {self.seed}: {'; '.join(self.wrong)}\n{end}\n"
                f"all of it: python -m tests.simulation --seed {self.seed} --verbose"
            )


def tell(seed: int, incidents: int = INCIDENTS, say: Say | None = None) -> Result:
    """Tell the story of *seed* in virtual time."""

    async def story(journal: Path) -> Result:
        async with world(seed, journal, say) as told:
            await told.play(incidents)
        return told.result()

    return in_virtual_time(story)


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
    with patch.object(time, "monotonic", asyncio.get_running_loop().time):
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
        self.incidents = 0
        self.deeds: Counter[str] = Counter()
        self.life: Life | None = None
        self._living: asyncio.Task[None] | None = None
        self._restart_after = 1.0
        self._over = False
        self._disturbed = self._died = 0.0
        self._ids = count(1)
        self._in_store: list[Callable[[], object]] = []
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

    def result(self) -> Result:
        return Result(
            self.seed, self.lines, [*self.safety.wrong, *self.router.gaps], self.incidents,
            self.lives, self.fates.crossed, self.clock(), self.safety.outcomes, self.safety.rules,
            self.deeds,
        )  # fmt: skip

    async def play(self, incidents: int) -> None:
        """Let so many incidents happen, unless something is wrong before."""
        await self.settle()
        for number in range(incidents):
            if self.safety.wrong or self.router.gaps:
                return
            self.say(f"-- incident {number + 1}")
            await self._incident()
            self.incidents += 1

    async def end(self) -> None:
        """Nothing goes on after this."""
        self._over = True
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
        while not self._over:
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

    async def _incident(self) -> None:
        rng = self.rng
        for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3])):
            deed, when = self._deed(), rng.random()
            if when < 0.4:  # somewhere in the next switchover
                at = rng.randint(1, self._awaits)
                self._in_store.append(partial(self.fates.at, at, deed))
            elif when < 0.7:  # in the middle of a change
                point, times = ("line", 6) if self.kind.startswith("linux") else ("key", 80)
                at, deed = rng.randint(1, times), self._deed(half=True)
                self._in_store.append(partial(self.fates.at_point, point, at, deed))
            elif when < 0.85:
                self.fates.at(rng.randint(1, 10), deed)
            else:
                asyncio.get_running_loop().call_later(rng.uniform(0.0, 15.0), self._now(deed))
        self._trigger()
        await asyncio.sleep(rng.choice([5.0, 10.0, 20.0]) * rng.uniform(0.5, 1.5))
        self._aftermath()
        await self.settle()

    def _begins(self) -> None:
        """A switchover begins: what is in store for it is fated now."""
        for let in self._in_store:
            let()
        self._in_store.clear()

    @property
    def _awaits(self) -> int:
        """About so many are there in a switchover."""
        return 50 if self.kind.startswith("linux") else 250

    def _now(self, deed: Callable[[], object]) -> Callable[[], object]:
        incident = self.incidents
        return lambda: deed() if self.incidents == incident and not self._over else None

    def _trigger(self) -> None:
        """Something that an agent acts on."""
        rng, holds = self.rng, self.router.holds()
        kinds = ("dies", "asks", "operates", "hand", "eyes", "quiet")
        match rng.choices(kinds, (10, 6, 2, 2, 2, 1))[0]:
            case "dies" if holds is not None:
                self._line(holds.name, rng.choice([offices.Life.DEAD, offices.Life.BEYOND]))
            case "asks" if holds is not None:
                self._operate(*(c.name for c in self.office.site.circuits if c != holds))
            case "operates":
                self._operate()
            case "hand":
                self._by_hand()
            case "eyes":
                self._see(rng.choice([Eyes.DEAF, Eyes.MUTE, Eyes.CUT]))
            case _:
                pass

    def _deed(self, *, half: bool = False) -> Callable[[], object]:
        """Something that is in its way; with *half*, what may leave a change half done."""
        rng = self.rng
        seconds = rng.choice([0.0, 0.5, 5.0, 20.0, 60.0])
        circuit = rng.choice(self.office.site.circuits).name
        how = rng.choice(list(offices.Life))
        if half:
            kind = rng.choice(["refuses", "refuses", "silent", "garbles", "lost"])
            lasts = rng.choice([0.5, 5.0, 20.0])
            return rng.choice(
                [lambda: self._trouble(kind, lasts), self.kill, self._cut_power, self._slow_down]
            )
        table: list[Callable[[], object]] = [
            self.kill,
            self.kill,
            self._cut_power,
            lambda: self._trouble("lost", seconds),
            lambda: self._trouble("away", seconds),
            lambda: self._trouble("silent", seconds),
            lambda: self._trouble("garbles", seconds),
            lambda: self._trouble("refuses", seconds),
            lambda: self._trouble("bars", seconds),
            lambda: self._trouble("hangs", seconds),
            lambda: self._line(circuit, how),
            self._operate,
            self._by_hand,
            self._stop,
            self._slow_down,
            self._fill_disk,
        ]
        return rng.choice(table)

    def _trouble(self, kind: str, seconds: float) -> None:
        self._disturb(f"the router: {kind} for {seconds:g} s", f"router {kind}")
        if kind != "lost":
            self.router.trouble.begin(kind, seconds)
        if kind != "garbles":
            self.router.lose_sessions()

    def _slow_down(self) -> None:
        """Each line takes its time, so that more can happen between two."""
        if isinstance(self.router, VirtualLinux):
            self.router.pace = self.rng.choice([0.3, 1.5, 4.0])
            self._disturb(f"the router takes {self.router.pace:g} s for a line", "router slow")

    def _fill_disk(self) -> None:
        self._disturb("the disk is full")
        self.office.disk_full = True

    def _cut_power(self) -> None:
        self._disturb("the router's power is cut")
        self.router.cut_power()

    def _line(self, name: str, life: offices.Life) -> None:
        if self.office.life[name] is not life:
            self._disturb(f"{name} is {life}", f"circuit {life}")
            self.office.life[name] = life

    def _see(self, eyes: Eyes) -> None:
        self._disturb(f"our host is {eyes}", f"host {eyes}")
        self.office.eyes = eyes
        if eyes is Eyes.CUT:
            self.router.trouble.begin("silent", 3600.0)
        self.safety.sees()

    def _by_hand(self) -> None:
        """Somebody at the router's own console."""
        if not self.router.up:
            return
        first, other = self.office.site.circuits
        choice = self.rng.choice([first, other, None])
        where = self.rng.choice([FOREIGN, (first.address, FOREIGN[1])])
        if self.kind == "linux-ports" and choice is not None:
            return  # nobody would put one circuit's address on the other's port
        if choice is not None:
            self.set_by_hand(choice)
        else:
            self._disturb(f"by hand the router is set to {where[0]} and {where[1]}", "by hand")
            self.safety.moved = None
            self.router.set_by_hand(*where)
        self.safety.by_hand = self.router.holds() is None
        self.safety.hold = None

    def set_by_hand(self, circuit: Circuit) -> None:
        """Somebody moves the router to *circuit*, and that must be told."""
        before, at_work = self.router.holds(), self.life and self.life.engine.switchover
        self._disturb(f"by hand the router is set to {circuit.name}", "by hand")
        self.router.set_by_hand(circuit.address, circuit.gateway)
        first = self.safety.moved[0] if self.safety.moved else before.name if before else None
        moves = first is not None and first != circuit.name and not at_work
        self.safety.moved = (first, circuit.name) if moves else None

    def _stop(self) -> None:
        if self.life is not None and self.life.started:
            self._disturb("the agent is told to stop")
            self.life.stop()

    def _operate(self, *circuits: str) -> None:
        """An operator asks for one of *circuits*, or for anything."""
        rng = self.rng
        names = circuits or [c.name for c in self.office.site.circuits] * 2
        id_ = f"r{next(self._ids)}"
        hold = rng.choice([None, 30.0, 600.0])
        choices: list[Request] = [
            *[
                SwitchRequest(
                    id_, name, hold, once=rng.random() < 0.2, force=rng.random() < 0.3, who="ann"
                )
                for name in names
            ],
        ]
        if not circuits:
            choices += [
                AutoRequest(id_, "ann"),
                PauseRequest(id_, rng.choice([20.0, 120.0]), "ann"),
                ResumeRequest(id_, "ann"),
            ]
        task = asyncio.get_running_loop().create_task(self._ask(rng.choice(choices)))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _ask(self, request: Request) -> None:
        life = self.life
        if life is None or not life.started or life.wire.dead:
            return
        self._disturb(f"an operator: {request}", type(request).__name__)
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
        self.safety.answered(request, answer)

    def _disturb(self, text: str, kind: str = "") -> None:
        self.say(text)
        self.deeds[kind or text] += 1
        self.disturbed()

    def disturbed(self) -> None:
        """What was seen before says nothing of now."""
        self._disturbed = self.clock()

    # What is left of it.

    def _aftermath(self) -> None:
        """The ways to the router are free again; some circuits stay as they are."""
        self.fates.clear()
        self._in_store.clear()
        self.router.trouble.end()
        self.office.disk_full = False
        if isinstance(self.router, VirtualLinux):
            self.router.pace = 0.001
        if self.office.eyes is not Eyes.SOUND:
            self.office.eyes = Eyes.SOUND
            self.safety.sees()
        for circuit in self.office.site.circuits:
            if self.rng.random() < 0.5:
                self.office.life[circuit.name] = offices.Life.ALIVE
        at_work = self.life is not None and self.life.engine.switchover is not None
        if self.safety.by_hand and not at_work and self.rng.random() < 0.7:
            first = self.office.site.circuits[0]
            self.router.set_by_hand(first.address, first.gateway)
            self.safety.by_hand = False
        told = ", ".join(f"{name} {life}" for name, life in self.office.life.items())
        self.say(f"the ways to the router are free; {told}")
        self.disturbed()

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
        self.safety.at_rest(life.engine, self.journal, self.clock() - self._disturbed)

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
        if engine.switchover is not None or self._asked:
            return "a switchover is under way"
        if engine.decision.target is not None or engine.interrupted is not None:
            return f"{engine.decision.rule} is about to act"
        view = engine.router.view
        if engine.router.unread is not None or view is None or view.at <= self._disturbed:
            return "the router has not been read since"
        if self.safety.offline is not None:
            return "another circuit is seen to live"
        stuck = engine.decision.rule == "stuck" and engine.decision.until is not None
        return "it will be mended" if stuck else ""
