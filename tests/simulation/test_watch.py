"""A watch that never barks is none: defects that are put in on purpose are found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.simulation.matrix import LASTS, ROUTERS, alive
from tests.simulation.office import Life
from tests.simulation.safety import Safety
from tests.simulation.story import FOREIGN, tell
from tests.simulation.world import in_virtual_time, world
from wanfailover.core import engine, ledger, policy
from wanfailover.core.engine import Engine
from wanfailover.core.facts import PauseRequest, SwitchRequest
from wanfailover.core.router import KnownRouter
from wanfailover.core.site import Site
from wanfailover.core.situation import Situation
from wanfailover.drill import Drills
from wanfailover.loop import Loop
from wanfailover.switchover import Switchover

SEEDS = 120
"""Stories within which each defect must show; from the one in which it last did."""


def without_rule(name: str) -> Any:
    rules = tuple(rule for rule in policy.RULES if rule.name != name)
    assert len(rules) < len(policy.RULES)
    return patch.object(policy, "RULES", rules)


def no_undo() -> Any:
    """What was begun is left as it stands, and called undone."""

    async def leaves(self: Switchover, this: Any, why: Exception) -> Any:
        this.begun.clear()
        return await undo(self, this, why)

    undo = Switchover._undo
    return patch.object(Switchover, "_undo", leaves)


def no_lock() -> Any:
    """Whoever wants the router takes it."""

    class Open(asyncio.Lock):
        async def acquire(self) -> bool:  # type: ignore[override]
            return True

        def release(self) -> None:
            """It was not taken."""

    begin = Loop.__init__

    def init(self: Loop, *given: Any, **named: Any) -> None:
        begin(self, *given, **named)
        self.router = Open()

    return patch.object(Loop, "__init__", init)


def address_alone() -> Any:
    """Whatever the gateway."""

    def identify(self: Site, view: Any) -> Any:
        return next((c for c in self.circuits if c.address.ip == view.source), None)

    return patch.object(Site, "identify", identify)


def heir_without(**forgotten: Any) -> Any:
    """An engine that takes another's place is not told all."""
    memory = Engine.memory
    return patch.object(Engine, "memory", lambda self: replace(memory(self), **forgotten))


def reckless_drills() -> Any:
    """They ask for nothing to be calm, and no rule comes before theirs."""
    drill = next(rule for rule in policy.RULES if rule.name == "drill")
    rules = (policy.RULES[0], drill, *policy.RULES[1:])
    both = ExitStack()
    both.enter_context(patch.object(policy, "RULES", rules))
    both.enter_context(patch.object(Drills, "_is_calm", lambda *_: None))
    both.enter_context(patch.object(engine, "refusal", lambda *_: None))
    return both


async def _nobody(*_: Any) -> None:
    """What an earlier life has left is none of ours."""


DEFECTS: dict[str, tuple[str, int, Callable[[], Any]]] = {
    "leaves for what is no better": (
        "S2",
        0,
        lambda: patch.object(Situation, "active_down", property(lambda s: s.active is not None)),
    ),
    "counts no moves": ("S3", 35, lambda: patch.object(ledger, "spent", lambda *_: 0)),
    "heeds no hold": ("S4", 15, lambda: without_rule("held-by-operator")),
    "heeds no pause": ("S4", 1, lambda: without_rule("paused")),
    "does two things at a time": ("S5", 4, no_lock),
    "trusts its eyes": ("S6", 0, lambda: without_rule("prober-sick")),
    "forgets what was interrupted": (
        "S9",
        7,
        lambda: patch("wanfailover.journal.memory._interrupted", lambda _: None),
    ),
    "forgets a hold when reloaded": ("a reload", 3, lambda: heir_without(hold=None)),
    "forgets that it is stuck when reloaded": ("a reload", 2, lambda: heir_without(stuck=None)),
    "forgets who answered inside when reloaded": ("S6", 42, lambda: heir_without(heard={})),
    "rehearses whatever is amiss": ("S4", 1, reckless_drills),
    "rehearses on a dead circuit": ("which is down", 0, reckless_drills),
    "leaves a drill in its middle": (
        "S9: drill",
        23,
        lambda: patch.object(Drills, "resume", _nobody),
    ),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_found(defect: str) -> None:
    """By the property that it breaks."""
    law, first, put_in = DEFECTS[defect]
    with put_in():
        assert any(law in wrong for wrong in _wrong(first)), f"{SEEDS} stories, and no {law}"


def test_an_address_that_is_taken_for_a_circuit_is_found() -> None:
    """By S1, where a hand has set another gateway beside it."""

    async def story(journal: Path) -> list[str]:
        async with world(0, journal, setting=ROUTERS["linux-swap"]) as made:
            await made.settle()
            life = alive(made)
            await life.spawn(life.ask(PauseRequest("p", None, "ann")))  # nobody helps
            made.router.set_by_hand(made.office.site.circuits[0].address, FOREIGN[1])
            made.safety.by_hand = True
            made.disturbed()
            await made.settle()
            return made.safety.wrong

    assert in_virtual_time(story) == []
    with address_alone():
        assert any("S1" in wrong for wrong in in_virtual_time(story))


def test_who_stays_offline_is_found() -> None:
    """By S1, where the other circuit is seen to live."""

    async def story(journal: Path) -> list[str]:
        setting = replace(ROUTERS["linux-swap"], seen=("primary", "backup"))
        async with world(0, journal, setting=setting) as made:
            await made.settle()
            made.office.life["primary"] = Life.DEAD
            made.disturbed()
            await made.settle()
            return made.safety.wrong

    assert in_virtual_time(story) == []
    with without_rule("active-down"):
        assert any("seen to live" in wrong for wrong in in_virtual_time(story))


def test_a_move_by_hand_that_nobody_tells_of_is_found() -> None:
    """Also one that was made while no agent ran."""

    async def story(journal: Path) -> list[str]:
        async with world(0, journal, setting=ROUTERS["linux-swap"]) as made:
            await made.settle()
            made.kill()
            made.set_by_hand(made.office.site.circuits[1])
            await made.settle()
            return made.safety.wrong

    assert in_virtual_time(story) == []
    with patch.object(Safety, "_finds", lambda *_: None):
        assert any("nobody says so" in wrong for wrong in in_virtual_time(story))


def test_who_tries_at_once_and_for_ever_is_found() -> None:
    """By S3, though no budget counts a switch that touched nothing."""

    async def story(journal: Path) -> list[str]:
        async with world(0, journal, setting=ROUTERS["linux-swap"]) as made:
            await made.settle()
            made.router.trouble.begin("refuses", LASTS)
            made.office.life["primary"] = Life.DEAD
            await asyncio.sleep(LASTS)
            return made.safety.wrong

    assert in_virtual_time(story) == []
    with patch.object(KnownRouter, "refuse", lambda *_: None):
        assert any("in vain" in wrong for wrong in in_virtual_time(story))


@pytest.mark.timeout(300)
def test_an_undo_that_does_nothing_is_found() -> None:
    """By S1, where a change was cut in two, as only a router with a console can have it."""
    keys = range(14, 30, 3)
    assert not [wrong for key in keys for wrong in cut_at(key)]
    with no_undo():
        assert any("S1" in wrong for key in keys for wrong in cut_at(key))


def cut_at(key: int) -> list[str]:
    """Lose an R9100 at so manieth key of a switch, for half a minute; what is wrong then."""

    async def story(journal: Path) -> list[str]:
        async with world(0, journal, setting=ROUTERS["netopia"]) as made:
            await made.settle()
            life, router = alive(made), made.router

            def cut() -> None:
                router.lose_sessions()
                router.trouble.begin("away", LASTS)

            await life.spawn(life.ask(PauseRequest("p", None, "ann")))  # nobody helps
            made.fates.at_point("key", key, cut)
            await life.spawn(life.ask(SwitchRequest("r", "backup", who="ann")))
            made.disturbed()
            await asyncio.sleep(LASTS)
            await made.settle()
            return made.safety.wrong

    return in_virtual_time(story)


def _wrong(first: int) -> Iterator[str]:
    for number in range(SEEDS):
        yield from tell((first + number) % SEEDS).wrong
