"""What stories have found: each incident by a name, as short as it can be told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path

from tests.simulation import office as offices
from tests.simulation.matrix import LASTS, ROUTERS, alive
from tests.simulation.story import FOREIGN
from tests.simulation.world import World, in_virtual_time, world
from wanfailover.core.facts import AutoRequest, SwitchRequest
from wanfailover.core.reading import State
from wanfailover.core.standing import MENDED


def test_a_router_on_no_circuit_is_put_on_one_that_is_dead() -> None:
    """Where neither can be proved, one circuit whole is still better than none.

    It was taken back to what it was, half of each, and so every time that it was tried again.
    """

    async def story(journal: Path) -> str:
        async with world(0, journal, setting=ROUTERS["netopia"]) as made:
            await made.settle()
            made.fates.at_point("key", 20, made.kill)
            life = alive(made)
            asking = life.spawn(life.ask(SwitchRequest("r", "backup", who="ann")))
            await asyncio.wait({asking})
            assert made.router.holds() is None
            for circuit in made.office.site.circuits:
                made.office.life[circuit.name] = offices.Life.DEAD
            made.disturbed()
            await made.settle()
            assert made.safety.wrong == []
            assert made.router.holds() is not None
            return alive(made).engine.decision.rule

    assert in_virtual_time(story) != "stuck"


def test_a_routers_bad_half_minute_does_not_cost_the_hours_budget() -> None:
    """It refuses every change, and takes back none: tried again at once, the budget was spent in a
    fifth of a second, and the office offline for an hour.
    """

    async def story(journal: Path) -> str | None:
        async with world(0, journal, setting=ROUTERS["linux-swap"]) as made:
            await made.settle()
            made.router.trouble.begin("refuses", LASTS)
            made.office.life["primary"] = offices.Life.DEAD
            await asyncio.sleep(3 * LASTS)
            assert made.safety.wrong == []
            holds = made.router.holds()
            return holds.name if holds else None

    assert in_virtual_time(story) == "backup"


def test_where_a_router_wakes_ends_a_hold_under_adopt_alone() -> None:
    """It is taken for another hand's doing, and told; otherwise an operator's word stands."""

    async def story(journal: Path, drift: str) -> str | None:
        of = ROUTERS["linux-swap"]
        setting = replace(of, policy=replace(of.policy, drift=drift))
        async with world(0, journal, setting=setting) as made:
            await made.settle()
            life = alive(made)
            await life.spawn(life.ask(SwitchRequest("r", "backup", who="ann")))
            made.router.cut_power()
            made.disturbed()
            await made.settle()
            assert made.safety.wrong == []
            hold = life.engine.hold
            return hold.circuit if hold else None

    holds = {drift: in_virtual_time(partial(story, drift=drift)) for drift in ("adopt", "report")}
    assert holds == {"adopt": None, "report": "backup"}


def test_half_of_a_change_that_a_router_woke_with_is_mended_by_a_restart() -> None:
    """It has no gateway until then: it was taken for one whose link is down, and stuck for ever."""

    async def story(journal: Path) -> str | None:
        async with world(0, journal, setting=ROUTERS["netopia-restart"]) as made:
            await made.settle()
            made.fates.at_point("key", 25, made.router.cut_power)
            life = alive(made)
            await life.spawn(life.ask(SwitchRequest("r", "backup", who="ann")))
            made.disturbed()
            await made.settle()
            assert made.safety.wrong == []
            holds = made.router.holds()
            return holds.name if holds else None

    assert in_virtual_time(story) == "primary"


def test_silence_while_the_router_was_away_says_nothing_of_the_circuit() -> None:
    """A router that restarts on a circuit that lives is not left the moment it is back.

    One look at it and one answer of a control end the doubt, before any far target was asked again;
    the silence of the restart then counts as the circuit's.
    """

    async def story(journal: Path, phase: float) -> list[str]:
        async with world(0, journal, setting=ROUTERS["linux-swap"]) as made:
            await made.settle()
            await asyncio.sleep(phase)
            made.router.cut_power()
            await asyncio.sleep(60.0)
            return list(made.safety.rules)

    phases = [tenth / 10 for tenth in range(10)]
    assert [in_virtual_time(partial(story, phase=phase)) for phase in phases] == [[]] * 10


async def left_on_a_dead_backup(made: World) -> None:
    """An operator asks for it, no proof holds, and the router is away for the undo."""
    made.office.life["backup"] = offices.Life.DEAD
    life, router = alive(made), made.router
    undo = life.driver.undo

    async def away(action: object) -> str:
        router.lose_sessions()
        router.trouble.begin("away", LASTS)
        return await undo(action)

    life.driver.undo = away
    await life.spawn(life.ask(SwitchRequest("r", "backup", who="ann", force=True)))


def test_after_an_undo_that_met_nobody_no_circuit_is_blamed() -> None:
    """Whoever does not know where the router is has no evidence about any circuit.

    The proof on backup failed and the router was away for the undo: it still is on backup, and what
    is silent through it is laid to primary, which lives.
    """

    async def story(journal: Path) -> str:
        async with world(0, journal, setting=ROUTERS["linux-swap"]) as made:
            await made.settle()
            life, router = alive(made), made.router
            await left_on_a_dead_backup(made)
            await asyncio.sleep(LASTS - 1.0)
            assert router.holds().name == "backup"
            return str(life.engine.readings["primary"].state)

    assert in_virtual_time(story) != "down"


def test_whoever_asks_for_a_switch_ends_the_wait_for_the_next_try() -> None:
    """The router is read for him, and found to answer: automation may try again as well, at once.

    Told by the watch as one try too early, which it is not: each costs somebody a question.
    """

    async def story(journal: Path) -> list[str]:
        async with world(0, journal, setting=ROUTERS["linux-swap"]) as made:
            await made.settle()
            made.router.trouble.begin("refuses", LASTS)
            made.office.life["primary"] = offices.Life.DEAD
            await asyncio.sleep(LASTS / 2)
            tries = made.safety.started
            made.operate(SwitchRequest("r", "primary", who="ann"))
            await asyncio.sleep(0.5)
            assert made.safety.started == tries + 1
            return made.safety.wrong

    assert in_virtual_time(story) == []


def test_whoever_puts_a_stuck_router_in_order_by_hand_is_told_to_have_done_so() -> None:
    """It was a silent change of state: whoever was paged did not learn that somebody had come."""

    async def story(journal: Path) -> list[str]:
        async with world(0, journal, setting=ROUTERS["netopia"]) as made:
            await made.settle()
            life = alive(made)
            made.fates.at_point("key", 20, partial(made.trouble, "refuses", 5.0))
            await life.spawn(life.ask(SwitchRequest("r", "backup", who="ann")))
            assert life.engine.decision.rule == "stuck"
            made.set_by_hand(made.office.site.circuits[0])
            await made.settle()
            assert made.safety.wrong == []
            return made.lines

    told = [line for line in in_virtual_time(story) if "the router is on primary" in line]
    assert [line.partition("the router")[2] for line in told] == [
        " is on primary",
        f" is on primary: {MENDED}",
    ]


def strange(made: World) -> None:
    """A hand puts the router on no circuit."""
    made.router.set_by_hand(made.office.site.circuits[0].address, FOREIGN[1])
    made.safety.by_hand = True


def test_what_a_hand_has_made_of_the_router_may_come_back_with_an_undo() -> None:
    """Told by the watch as the agent's own: another hand had meddled while the switch went on."""

    async def story(journal: Path) -> tuple[list[str], str]:
        async with world(0, journal, setting=ROUTERS["linux-swap"]) as made:
            await made.settle()

            def whole() -> None:
                made.set_by_hand(made.office.site.circuits[0])
                made.safety.by_hand = False

            made.fates.at_point("tidy returned", 1, partial(strange, made))
            made.fates.at_point("line 'conntrack", 1, whole)
            made.office.life["primary"] = offices.Life.DEAD
            await asyncio.sleep(LASTS)
            await made.settle()
            return made.safety.wrong, alive(made).engine.decision.rule

    assert in_virtual_time(story) == ([], "foreign-state")


def test_a_hand_that_comes_just_after_the_proof_is_a_hand() -> None:
    """Told by the watch as the agent's own, likewise: what is proved is whole, it took for sure."""

    async def story(journal: Path) -> tuple[list[str], str]:
        async with world(0, journal, setting=ROUTERS["linux-swap"]) as made:
            await made.settle()
            made.fates.at_point("proved", 1, partial(strange, made))
            made.office.life["primary"] = offices.Life.DEAD
            await asyncio.sleep(LASTS)
            await made.settle()
            return made.safety.wrong, alive(made).engine.decision.rule

    assert in_virtual_time(story) == ([], "foreign-state")


def test_a_hold_on_a_circuit_that_could_not_be_proved_is_told() -> None:
    """He asked for it while both were dead. The other returns and is not moved to; he knows why.

    The watch took it for a refusal, and missed the hold.
    """

    async def story(journal: Path) -> str:
        async with world(0, journal, setting=ROUTERS["linux-swap"]) as made:
            await made.settle()

            async def ask(circuit: str) -> str:
                asked = SwitchRequest(circuit, circuit, hold=3600.0, force=True, who="ann")
                made.safety.asked(asked)
                answer = await alive(made).spawn(alive(made).ask(asked))
                made.safety.book.answered(asked, answer)
                return str(answer.sentence)

            assert "proved" in await ask("backup")
            for circuit in made.office.life:
                made.office.life[circuit] = offices.Life.DEAD
            made.disturbed()
            await made.settle()
            told = await ask("primary")
            made.office.life["backup"] = offices.Life.ALIVE
            made.disturbed()
            await made.settle()
            await asyncio.sleep(300)
            assert made.safety.wrong == []
            hold = alive(made).engine.hold
            assert hold is not None
            assert hold.circuit == "primary"
            return told

    told = in_virtual_time(story)
    assert "is unproved" in told
    assert told.endswith("; primary is held, wanfailover auto ends it")


def test_a_circuit_that_was_known_to_be_down_is_left_by_an_agent_that_is_cut_off() -> None:
    """A hold ends a moment after the LAN was cut, and what it held was lossy long before that.

    The watch let only a circuit go that was wholly dead.
    """

    async def story(journal: Path) -> list[str]:
        async with world(0, journal, setting=ROUTERS["linux-swap"]) as made:
            await made.settle()
            life, circuits = alive(made), made.office.life
            await life.spawn(life.ask(SwitchRequest("r", "backup", who="ann")))
            circuits["backup"] = offices.Life.LOSSY
            reading, read = life.engine.readings["backup"], -inf
            while reading.state is not State.DOWN or read <= reading.since:
                await asyncio.sleep(0.1)
                reading, read = life.engine.readings["backup"], life.engine.router.view.at
            made.see(offices.Eyes.CUT)
            await asyncio.sleep(0.1)
            await life.spawn(life.ask(AutoRequest("a", "ann")))
            await asyncio.sleep(2.0)
            assert made.safety.wrong == []
            return list(made.safety.rules)

    assert in_virtual_time(story) == ["operator-asked", "active-down"]


async def deaf_and_reloaded(made: World, after: float) -> list[str]:
    """Our host goes deaf, and so much later the profile is read again; what is switched by then."""
    await made.settle()
    made.see(offices.Eyes.DEAF)
    await asyncio.sleep(after)
    made.reload()
    await asyncio.sleep(LASTS)
    assert made.safety.wrong == []
    return list(made.safety.rules)


def test_a_reload_does_not_have_a_deaf_host_blame_the_circuit() -> None:
    """Whoever is asked anew has not answered yet, and neither have the controls.

    What these said just before the host went deaf was taken for a sign of its health.
    """

    async def story(journal: Path, after: float) -> list[str]:
        async with world(0, journal, setting=ROUTERS["linux-swap"]) as made:
            return await deaf_and_reloaded(made, after)

    for after in (0.3, 0.6, 1.2, 2.5, 10.0):
        assert in_virtual_time(partial(story, after=after)) == []


def test_a_reload_does_not_take_the_router_to_be_where_it_was_before_a_switch() -> None:
    """It was read before, and never since: it may be on either.

    The new engine was told what that reading had found, and laid to primary what was silent
    through backup.
    """

    async def story(journal: Path) -> tuple[str | None, str]:
        async with world(0, journal, setting=ROUTERS["linux-swap"]) as made:
            await made.settle()
            life, router = alive(made), made.router
            await left_on_a_dead_backup(made)
            made.reload()
            await asyncio.sleep(LASTS - 1.0)
            assert router.holds().name == "backup"
            assert made.safety.wrong == []
            return life.engine.active, str(life.engine.readings["primary"].state)

    active, primary = in_virtual_time(story)
    assert active is None
    assert primary != "down"


def test_a_reload_does_not_tell_of_a_strange_hand_once_more() -> None:
    """It had been told: nothing was moved since, and there was an agent all the while."""

    async def story(journal: Path) -> list[str]:
        async with world(0, journal, setting=ROUTERS["linux-swap"]) as made:
            await made.settle()
            strange(made)
            made.disturbed()
            await made.settle()
            made.reload()
            await made.settle()
            assert made.safety.wrong == []
            return [line for line in made.lines if "no agent ran" in line]

    assert in_virtual_time(story) == []


def test_a_drills_end_is_in_the_journal_once_the_disk_takes_it() -> None:
    """It waits there for the next entry. The watch took that for a drill without an end."""

    async def story(journal: Path) -> list[str]:
        async with world(0, journal, setting=ROUTERS["linux-swap"]) as made:
            await made.settle()
            made.drill(10.0)
            await asyncio.sleep(5.0)
            made.fill_disk()
            await asyncio.sleep(60.0)
            made.free()
            await made.settle()
            return made.safety.wrong

    assert in_virtual_time(story) == []


def test_a_drill_that_is_cut_off_while_the_disk_is_full_is_put_back() -> None:
    """That it had begun was in memory alone: nobody went home, and its hold ran out by itself."""

    async def story(journal: Path) -> str | None:
        async with world(0, journal, setting=ROUTERS["linux-swap"]) as made:
            await made.settle()
            made.fill_disk()
            made.fates.at_point("line", 3, made.kill)
            made.drill(10.0)
            await asyncio.sleep(30.0)
            made.free()
            await made.settle()
            assert made.safety.wrong == []
            holds = made.router.holds()
            return holds.name if holds else None

    assert in_virtual_time(story) == "primary"
