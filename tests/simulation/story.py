"""A story of incidents, drawn from a seed: the same seed tells the same story, to the last word."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv4Interface
from itertools import count
from pathlib import Path

from tests.simulation.besides import Besides
from tests.simulation.office import Eyes, Life
from tests.simulation.safety import Violation
from tests.simulation.world import Say, World, in_virtual_time, world
from wanfailover.core.facts import AutoRequest, PauseRequest, ResumeRequest, SwitchRequest
from wanfailover.loop import Request

INCIDENTS = 5
"""In one story."""

FOREIGN = IPv4Interface("203.0.113.4/29"), IPv4Address("203.0.113.6")


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

    async def told(journal: Path) -> Result:
        async with world(seed, journal, say) as made:
            story = Story(made)
            await story.play(incidents)
        return story.result()

    return in_virtual_time(told)


class Story:
    """What happens in a world, by its own dice."""

    def __init__(self, world: World) -> None:
        self.incidents = 0
        self._world = world
        self._rng = world.rng
        self._besides = Besides(world)
        self._ids = count(1)

    async def play(self, incidents: int) -> None:
        """Let so many incidents happen, unless something is wrong before."""
        await self._world.settle()
        for number in range(incidents):
            if self._world.safety.wrong or self._world.router.gaps:
                return
            self._world.say(f"-- incident {number + 1}")
            await self._incident()
            self.incidents += 1

    def result(self) -> Result:
        """What came of it."""
        made = self._world
        wrong = [*made.safety.wrong, *made.router.gaps]
        return Result(
            made.seed, made.lines, wrong, self.incidents, made.lives, made.fates.crossed,
            made.clock(), made.safety.outcomes, made.safety.rules, made.deeds,
        )  # fmt: skip

    async def _incident(self) -> None:
        rng, world = self._rng, self._world
        for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3])):
            deed, when = self._deed(), rng.random()
            if when < 0.4:  # somewhere in the next switchover
                at = rng.randint(1, self._awaits)
                world.in_store.append(partial(world.fates.at, at, deed))
            elif when < 0.7:  # in the middle of a change
                point, times = ("line", 6) if world.kind.startswith("linux") else ("key", 80)
                at, deed = rng.randint(1, times), self._deed(half=True)
                world.in_store.append(partial(world.fates.at_point, point, at, deed))
            elif when < 0.85:
                world.fates.at(rng.randint(1, 10), deed)
            else:
                asyncio.get_running_loop().call_later(rng.uniform(0.0, 15.0), self._now(deed))
        if not self._besides.happens(self._now, self._awaits):
            self._trigger()
        await asyncio.sleep(rng.choice([5.0, 10.0, 20.0]) * rng.uniform(0.5, 1.5))
        self._aftermath()
        await world.settle()

    @property
    def _awaits(self) -> int:
        """About so many are there in a switchover."""
        return 50 if self._world.kind.startswith("linux") else 250

    def _now(self, deed: Callable[[], object]) -> Callable[[], object]:
        incident = self.incidents
        return lambda: deed() if self.incidents == incident and not self._world.over else None

    def _trigger(self) -> None:
        """Something that an agent acts on."""
        rng, world = self._rng, self._world
        holds = world.router.holds()
        kinds = ("dies", "asks", "operates", "hand", "eyes", "quiet")
        match rng.choices(kinds, (10, 6, 2, 2, 2, 1))[0]:
            case "dies" if holds is not None:
                world.line(holds.name, rng.choice([Life.DEAD, Life.BEYOND]))
            case "asks" if holds is not None:
                self._operate(*(c.name for c in world.office.site.circuits if c != holds))
            case "operates":
                self._operate()
            case "hand":
                self._by_hand()
            case "eyes":
                world.see(rng.choice([Eyes.DEAF, Eyes.MUTE, Eyes.CUT]))
            case _:
                pass

    def _deed(self, *, half: bool = False) -> Callable[[], object]:
        """Something that is in its way; with *half*, what may leave a change half done."""
        rng, world = self._rng, self._world
        seconds = rng.choice([0.0, 0.5, 5.0, 20.0, 60.0])
        circuit = rng.choice(world.office.site.circuits).name
        how = rng.choice(list(Life))
        if half:
            kind = rng.choice(["refuses", "refuses", "silent", "garbles", "lost"])
            lasts = rng.choice([0.5, 5.0, 20.0])
            return rng.choice(
                [lambda: world.trouble(kind, lasts), world.kill, world.cut_power, self._slow_down]
            )
        table: list[Callable[[], object]] = [
            world.kill,
            world.kill,
            world.cut_power,
            lambda: world.trouble("lost", seconds),
            lambda: world.trouble("away", seconds),
            lambda: world.trouble("silent", seconds),
            lambda: world.trouble("garbles", seconds),
            lambda: world.trouble("refuses", seconds),
            lambda: world.trouble("bars", seconds),
            lambda: world.trouble("hangs", seconds),
            lambda: world.line(circuit, how),
            self._operate,
            self._by_hand,
            world.stop,
            self._slow_down,
            world.fill_disk,
        ]
        return rng.choice(table)

    def _slow_down(self) -> None:
        if self._world.kind != "netopia":  # that has a pace of its own
            self._world.slow_down(self._rng.choice([0.3, 1.5, 4.0]))

    def _by_hand(self) -> None:
        """Somebody at the router's own console."""
        world, rng = self._world, self._rng
        if not world.router.up:
            return
        first, other = world.office.site.circuits
        choice = rng.choice([first, other, None])
        where = rng.choice([FOREIGN, (first.address, FOREIGN[1])])
        if world.kind == "linux-ports" and choice is not None:
            return  # nobody would put one circuit's address on the other's port
        if choice is not None:
            world.set_by_hand(choice)
        else:
            world.disturb(f"by hand the router is set to {where[0]} and {where[1]}", "by hand")
            world.safety.moved = None
            world.router.set_by_hand(*where)
        world.safety.by_hand = world.router.holds() is None
        world.safety.book.hold = None

    def _operate(self, *circuits: str) -> None:
        """An operator asks for one of *circuits*, or for anything."""
        rng = self._rng
        names = circuits or [c.name for c in self._world.office.site.circuits] * 2
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
        self._world.operate(rng.choice(choices))

    def _aftermath(self) -> None:
        """What is in the way goes; some circuits stay as they are."""
        world, rng = self._world, self._rng
        world.free()
        for circuit in world.office.site.circuits:
            if rng.random() < 0.5:
                world.office.life[circuit.name] = Life.ALIVE
        at_work = world.life is not None and world.life.engine.switchover is not None
        if world.safety.by_hand and not at_work and rng.random() < 0.7:
            first = world.office.site.circuits[0]
            world.router.set_by_hand(first.address, first.gateway)
            world.safety.by_hand = False
        told = ", ".join(f"{name} {life}" for name, life in world.office.life.items())
        world.say(f"the ways to the router are free; {told}")
        world.disturbed()
