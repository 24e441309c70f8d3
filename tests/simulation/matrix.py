"""Every action of a switch, each fault before and after it: where does the router end?

The rows are what the driver makes of a plan, so that a new action brings its own. Each is met on
the way there, by a switch that would succeed, and on the way back, by one whose proof fails. A
circuit is left that lives, by an operator's wish, or that is dead, by automation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Any

from tests.simulation import office as offices
from tests.simulation.life import Life
from tests.simulation.safety import Violation
from tests.simulation.setting import Setting
from tests.simulation.world import Say, World, in_virtual_time, world
from wanfailover.abilities import DeadMan
from wanfailover.core import plan as plans
from wanfailover.core.facts import SwitchRequest
from wanfailover.core.site import Detect, Policy
from wanfailover.errors import CommandRefused, RouterTimeout, RouterUnreachable, UnreadableReply
from wanfailover.ports import Action

LASTS = 30.0
"""Seconds that a fault lasts that is none of an instant."""

LEFT_WITHIN = 4 * LASTS
"""Seconds in which a dead circuit has been left, also by a router that restarts for it."""

POLICY = Policy(
    Detect(first_silence=2.0), proof_within=3.0, reconcile_every=20.0, failback="manual"
)

ROUTERS = {
    "linux-swap": Setting("linux-swap", POLICY),
    "linux-ports": Setting("linux-ports", POLICY),
    "netopia": Setting("netopia", POLICY),
    "netopia-restart": Setting("netopia", POLICY, variant="restart"),
}


class Fault(StrEnum):
    LOST = "session lost"
    TIMEOUT = "timeout"
    GARBAGE = "garbage"
    REFUSED = "refused"
    KILLED = "SIGKILL"
    POWER = "power cut"


class When(StrEnum):
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Step:
    """Something that a driver is asked for: ``perform apply``, ``undo edit``, ``arm``.

    Args:
        dead: The circuit that is left is dead: no timed undo, and no way back to it.
    """

    call: str
    action: str = ""
    dead: bool = False

    def __str__(self) -> str:
        return f"{self.call} {self.action}{', dead' * self.dead}".strip()


@dataclass(frozen=True)
class Cell:
    """One of the matrix."""

    router: str
    step: Step
    fault: Fault
    when: When

    def __str__(self) -> str:
        return f"{self.router}: {self.fault} {self.when} {self.step}"


def steps(router: str) -> tuple[Step, ...]:
    """What a switch on this router consists of, there and back, by its driver's own word."""

    async def compiled(journal: Path) -> tuple[Step, ...]:
        async with world(0, journal, setting=ROUTERS[router]) as made:
            await made.settle()
            life = alive(made)
            driver, view = life.driver, await life.driver.read()
            actions = driver.compile(plans.make(made.office.site, "backup", view).steps, view)
            there = [Step("perform", action.name) for action in actions]
            back = [Step("undo", action.name) for action in actions]
            dead = [Step("perform", action.name, dead=True) for action in actions]
            if isinstance(driver, DeadMan):
                there = [Step("arm"), *there, Step("disarm")]
            return (*there, *back, *dead)

    return in_virtual_time(compiled)


def cells(router: str) -> Iterator[Cell]:
    """All of one router's."""
    for step, fault, when in product(steps(router), Fault, When):
        yield Cell(router, step, fault, when)


def end_of(cell: Cell, say: Say | None = None) -> str:
    """Let it happen; gives the circuit that the router ends on, or ``stuck``.

    Raises:
        Violation: It ends otherwise, or something else that must hold does not.
    """

    async def story(journal: Path) -> str:
        async with world(0, journal, say, ROUTERS[cell.router]) as made:
            return await _play(made, cell)

    return in_virtual_time(story)


async def _play(made: World, cell: Cell) -> str:
    await made.settle()
    life = alive(made)
    if cell.step.call == "undo":
        made.office.life["backup"] = offices.Life.BEYOND
    met = _lay(made, life, cell)
    if cell.step.dead:
        made.office.life["primary"] = offices.Life.DEAD
        leaving = life.spawn(asyncio.sleep(LEFT_WITHIN))
    else:
        request = SwitchRequest("r", "backup", who="ann", force=True)
        leaving = life.spawn(life.ask(request))
    done = asyncio.ensure_future(met.wait())
    await asyncio.wait({done, leaving}, return_when=asyncio.FIRST_COMPLETED)
    if not met.is_set():
        raise Violation(f"{cell}: it was never met")
    made.disturbed()
    await asyncio.sleep(LASTS + 1.0)
    await made.settle()
    wrong = [*made.safety.wrong, *made.router.gaps]
    if wrong:
        raise Violation(f"{cell}: {'; '.join(wrong)}\n" + "\n".join(made.lines[-25:]))
    ends = made.router.holds()
    if cell.step.dead and not made.office.online:
        raise Violation(f"{cell}: offline although backup lives\n" + "\n".join(made.lines[-25:]))
    return ends.name if ends else alive(made).engine.decision.rule


def _lay(made: World, life: Life, cell: Cell) -> asyncio.Event:
    """Have the fault wait where its step comes by; tells when it was met."""
    met = asyncio.Event()
    call: Callable[..., Awaitable[Any]] = getattr(life.driver, cell.step.call)

    async def meets(*given: Any) -> Any:
        named = next((a.name for a in given if isinstance(a, Action)), "")
        if met.is_set() or cell.step.action not in {"", named}:
            return await call(*given)
        if cell.when is When.BEFORE:
            met.set()
            _strike(made, life, cell.fault)
            return await call(*given)
        await call(*given)
        met.set()
        _strike(made, life, cell.fault)
        raise _lost(cell)

    setattr(life.driver, cell.step.call, meets)
    return met


def _strike(made: World, life: Life, fault: Fault) -> None:
    made.say(f"** {fault}")
    router = made.router
    match fault:
        case Fault.LOST:
            router.lose_sessions()
            router.trouble.begin("away", LASTS)
        case Fault.TIMEOUT:
            router.trouble.begin("silent", LASTS)
        case Fault.GARBAGE:
            router.trouble.begin("garbles", LASTS)
        case Fault.REFUSED:
            router.trouble.begin("refuses", LASTS)
            router.lose_sessions()
        case Fault.KILLED:
            made.kill()
            life.wire.meet("the step")  # does not come back
        case Fault.POWER:
            router.cut_power()


def _lost(cell: Cell) -> Exception:
    """What a driver says where its router's answer does not come, or not so that it is one."""
    match cell.fault:
        case Fault.TIMEOUT:
            return RouterTimeout("the router did not answer")
        case Fault.GARBAGE:
            return UnreadableReply("answer", "\x00\xff")
        case Fault.REFUSED:
            return CommandRefused(str(cell.step), "refused")
        case _:
            return RouterUnreachable("the session was lost")


def alive(made: World) -> Life:
    """The present agent."""
    assert made.life is not None
    return made.life


def table(router: str, ends: dict[Cell, str]) -> Sequence[str]:
    """What has become of each, as text."""
    lines = [
        f"{router}: where the router ends, by a fault before / after",
        f"{'':24}" + "".join(f"{fault:>18}" for fault in Fault),
    ]
    for step in dict.fromkeys(cell.step for cell in ends):
        row = ["/".join(ends[Cell(router, step, f, when)] for when in When) for f in Fault]
        lines.append(f"{step!s:24}" + "".join(f"{end:>18}" for end in row))
    return lines
