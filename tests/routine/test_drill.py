"""A drill: there and back with all proofs, or put back at the first red; in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from tests.routine.world import TUNNEL, Play
from tests.simulation.office import Eyes, Life
from tests.support.clock import virtual_time
from wanfailover.core import entries as log
from wanfailover.core.facts import AutoRequest, PauseRequest, SwitchRequest
from wanfailover.drill import AGAIN, MAIL_WITHIN, MARGIN, SPARE
from wanfailover.entries import DrillBegan, DrillEnded, PreflightDone

STAY = 60.0


async def drill(play: Play, circuit=None, stay: float = STAY, **more):
    return await play.drills.run(circuit, stay, "ann", **more)


def kept(play: Play) -> DrillEnded:
    (ended,) = play.entries(DrillEnded)
    return ended


@virtual_time
async def test_there_and_back(tmp_path):
    """All proved, and told step by step; no hold is left, and automation decides as before."""
    async with Play(tmp_path, [TUNNEL]) as play:
        play.mail = {"state": "drained"}
        reply = await drill(play)
        assert (reply.exit, reply.rule) == (0, None)
        assert reply.sentence.startswith("primary to backup and back in 7")
        assert [line.split()[1:3] for line in reply.lines] == [
            ["preflight:", "is"], ["begin:", "the"], ["switch", "to"], ["stay", "on"],
            ["tunnel", "a:"], ["mail:", "is"], ["switch", "to"], ["tunnel", "a:"], ["mail:", "is"],
        ]  # fmt: skip
        ends = play.entries(log.SwitchoverEnded)
        assert [(e.source, e.target, e.ending) for e in ends] == [
            ("primary", "backup", "proved"), ("backup", "primary", "proved"),
        ]  # fmt: skip
        assert (play.engine.active, play.engine.hold) == ("primary", None)
        assert play.entries(DrillBegan)[0].who == "ann"
        assert kept(play).result == "passed"
        assert play.drills.report()["state"] == "passed"
        await asyncio.sleep(300)
        assert play.engine.decision.rule == "steady"
        assert len(play.entries(log.SwitchoverEnded)) == 2


@virtual_time
async def test_the_hold_ends_by_itself(tmp_path):
    """Whatever becomes of the drill: it is given for the stay and the way back, and no longer."""
    async with Play(tmp_path) as play:
        task = asyncio.create_task(drill(play))
        await asyncio.sleep(20)
        assert play.engine.hold.until - play.clock() == pytest.approx(STAY + SPARE, abs=25)
        assert play.drills.away
        assert play.drills.report() == {
            "state": "running", "because": "drill to backup for 60 s, and back to primary",
        }  # fmt: skip
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(STAY + SPARE + 60)
        assert play.engine.active == "primary"
        assert play.entries(log.SwitchoverEnded)[-1].rule == "preferred-recovered"


@pytest.mark.parametrize(
    ("amiss", "why"),
    [
        ("paused", "automation is paused"),
        ("held", "an operator holds primary"),
        ("away", "steady: "),
        ("target dead", "backup is down"),
        ("red", "the preflight is red: router: cannot be entered"),
        ("busy", "the preflight had to give way"),
        ("same", "a drill goes to another"),
    ],
)
@virtual_time
async def test_it_is_not_begun(tmp_path, amiss, why):
    """Where a precondition is not met: the router is not touched, and that is told."""
    async with Play(tmp_path, failback="manual") as play:
        match amiss:
            case "paused":
                await play.loop.ask(PauseRequest("p", None, "bob"))
            case "held":
                await play.loop.ask(SwitchRequest("h", "primary", hold=900.0))
            case "away":
                await play.loop.ask(SwitchRequest("h", "backup", once=True))
            case "target dead":
                play.office.life["backup"] = Life.DEAD
                await asyncio.sleep(30)
            case "red":
                row = ("router", "red", "cannot be entered", "")
                play.preflight = PreflightDone("red", 1.0, (row,))
            case "busy":
                play.preflight = None
        before = len(play.entries(log.SwitchoverEnded))
        reply = await drill(play, "primary" if amiss == "same" else "backup")
        assert (reply.exit, reply.rule) == (1, "drill")
        assert why in reply.sentence
        assert kept(play).result == "refused"
        assert play.entries(DrillBegan) == []
        assert len(play.entries(log.SwitchoverEnded)) == before


@virtual_time
async def test_a_dry_run_touches_nothing(tmp_path):
    async with Play(tmp_path) as play:
        reply = await drill(play, dry_run=True)
        assert reply.exit == 0
        assert reply.sentence == (
            "dry run: nothing was changed; "
            f"a drill would go to backup for {STAY:g} s, and back to primary"
        )
        assert play.entries(DrillEnded, DrillBegan, log.SwitchoverIntended) == []


@virtual_time
async def test_an_unknown_circuit_and_a_second_drill(tmp_path):
    async with Play(tmp_path) as play:
        assert (await drill(play, "adsl")).exit == 2
        task = asyncio.create_task(drill(play))
        await asyncio.sleep(20)
        reply = await drill(play)
        assert (reply.exit, "is under way: backup" in reply.sentence) == (1, True)
        assert (await task).exit == 0


# Each proof made to fail


@virtual_time
async def test_the_other_circuit_is_dead_beyond_sight(tmp_path):
    """The switch's own proof fails, and its undo puts it back."""
    async with Play(tmp_path) as play:
        task = asyncio.create_task(drill(play))
        await asyncio.sleep(1.0)  # in the middle of the preflight
        play.office.life["backup"] = Life.DEAD
        reply = await task
        assert reply.exit == 1
        assert "the router is on primary" in reply.sentence
        assert play.entries(log.SwitchoverEnded)[-1].ending == "undone"
        assert (play.engine.active, play.engine.hold) == ("primary", None)


@virtual_time
async def test_the_other_circuit_dies_during_the_stay(tmp_path):
    """It is left at once, not at the end of the stay, nor by automation, which is held."""
    async with Play(tmp_path) as play:
        task = asyncio.create_task(drill(play, stay=3600.0))
        await asyncio.sleep(20)
        assert play.engine.active == "backup"
        play.office.life["backup"] = Life.DEAD
        began = play.clock()
        reply = await task
        assert play.clock() - began < 20
        assert "backup is down" in reply.sentence
        assert "it was put back on primary" in reply.sentence
        assert (play.engine.active, play.engine.hold) == ("primary", None)
        assert kept(play).result == "failed"


@virtual_time
async def test_a_tunnel_does_not_follow(tmp_path):
    """Its time is over at the end of the stay: put back, where it comes up."""
    async with Play(tmp_path, [TUNNEL]) as play:
        play.follow["a"] = False
        task = asyncio.create_task(drill(play))
        await asyncio.sleep(30)
        play.follow["a"] = True  # after the return it would
        reply = await task
        assert reply.exit == 1
        assert "tunnel a on backup: no answer within 90 s" in reply.sentence
        assert play.engine.active == "primary"
        took = play.clock()
        assert took < 30 + STAY + TUNNEL.within + 60


@virtual_time
async def test_a_tunnel_that_was_down_before_is_not_asked_for(tmp_path):
    async with Play(tmp_path, [TUNNEL]) as play:
        play.tunnels["a"] = play.tunnels["a"].DOWN
        play.follow["a"] = False
        assert (await drill(play)).exit == 0


@virtual_time
async def test_mail_does_not_follow(tmp_path):
    async with Play(tmp_path) as play:
        play.mail, play.drains = {"state": "unknown"}, False
        began = play.clock()
        reply = await drill(play)
        assert "mail on backup: 451 later" in reply.sentence
        assert "it was put back on primary" in reply.sentence
        assert STAY + MAIL_WITHIN <= play.clock() - began < STAY + MAIL_WITHIN + 30


@virtual_time
async def test_the_way_back_fails(tmp_path):
    """The first circuit is gone meanwhile: it stays where the Internet is; the rules decide."""
    async with Play(tmp_path) as play:
        task = asyncio.create_task(drill(play))
        await asyncio.sleep(20)
        play.office.life["primary"] = Life.DEAD
        reply = await task
        assert reply.exit == 1
        assert "the rules decide from here" in reply.sentence
        assert (play.engine.active, play.engine.hold) == ("backup", None)
        play.office.life["primary"] = Life.ALIVE
        await asyncio.sleep(120)
        assert play.engine.active == "primary"
        assert play.entries(log.SwitchoverEnded)[-1].rule == "preferred-recovered"


@virtual_time
async def test_the_router_refuses_the_way_back(tmp_path):
    async with Play(tmp_path) as play:
        task = asyncio.create_task(drill(play))
        await asyncio.sleep(20)
        play.router.faults = {"perform SetGateway"}
        reply = await task
        assert "switch to primary" in reply.sentence
        assert play.engine.hold is None
        play.router.faults = set()
        await asyncio.sleep(300)
        assert play.engine.active == "primary"


BY_HAND = "returning is by hand: wanfailover switch primary"


async def away(play: Play) -> asyncio.Task:
    """A drill that is on the backup."""
    task = asyncio.create_task(drill(play))
    await asyncio.sleep(5.0)
    assert play.engine.active == "backup"
    return task


@virtual_time
async def test_a_router_that_cannot_be_read_at_the_end_of_the_stay(tmp_path):
    """For 20 s: it is asked again, and nobody has to come, though the return is by hand."""
    async with Play(tmp_path, failback="manual") as play:
        task = await away(play)
        await asyncio.sleep(STAY - 10.0)
        play.router.faults = {"read"}
        await asyncio.sleep(20.0)
        play.router.faults = set()
        reply = await task
        assert (reply.exit, play.engine.active, play.engine.hold) == (0, "primary", None)
        (waited,) = [line for line in reply.lines if line.startswith("  waited")]
        assert waited.startswith("  waited  switch to primary: nothing was changed: the router")


@virtual_time
async def test_our_own_host_is_sick_at_the_end_of_the_stay(tmp_path):
    """Refused before anything is tried: asked again all the same."""
    async with Play(tmp_path, failback="manual") as play:
        task = await away(play)
        await asyncio.sleep(STAY - 10.0)
        play.office.eyes = Eyes.CUT
        await asyncio.sleep(25.0)
        play.office.eyes = Eyes.SOUND
        reply = await task
        assert (reply.exit, play.engine.active, play.engine.hold) == (0, "primary", None)
        waited = (
            "  waited  switch to primary: probes cannot leave this host: network is unreachable"
        )
        assert waited in reply.lines


@pytest.mark.parametrize(
    ("failback", "words"), [("manual", BY_HAND), ("auto", "the rules decide from here")]
)
@virtual_time
async def test_a_moment_that_outlasts_the_hold(tmp_path, failback, words):
    """It is asked while the hold lasts, but for its last seconds; then who is to act is told."""
    async with Play(tmp_path, failback=failback) as play:
        task = await away(play)
        await asyncio.sleep(STAY - 10.0)
        end = play.engine.hold.until
        play.router.faults = {"read"}
        reply = await task
        assert (reply.exit, play.engine.active, play.engine.hold) == (1, "backup", None)
        assert reply.sentence.endswith(f"; {words}")
        assert 0 <= play.clock() - (end - MARGIN) <= AGAIN
        play.router.faults = set()
        await asyncio.sleep(3600.0)
        assert play.engine.active == ("backup" if failback == "manual" else "primary")


@virtual_time
async def test_what_is_no_matter_of_the_moment_is_told_at_once(tmp_path):
    """And where the return is by hand, by which command."""
    async with Play(tmp_path, failback="manual") as play:
        task = await away(play)
        began = play.clock()
        play.office.life["primary"] = Life.DEAD
        reply = await task
        assert play.clock() - began < STAY + 2 * AGAIN
        assert reply.sentence.endswith(f"; {BY_HAND}")
        assert (play.engine.active, play.engine.hold) == ("backup", None)


@pytest.mark.parametrize("what", ["auto", "switch"])
@virtual_time
async def test_an_operator_takes_over_between_two_requests(tmp_path, what):
    """He has the last word, also where he holds the same circuit."""
    async with Play(tmp_path, failback="manual") as play:
        task = await away(play)
        await asyncio.sleep(STAY - 10.0)
        play.router.faults = {"read"}
        await asyncio.sleep(20.0)
        if what == "auto":
            await play.loop.ask(AutoRequest("a", "bob"))
        else:
            await play.loop.ask(SwitchRequest("s", "backup", hold=9000.0, who="bob"))
        play.router.faults = set()
        reply = await task
        assert (reply.exit, play.engine.active) == (1, "backup")
        assert reply.sentence.endswith("; somebody else has taken over")
        assert (play.engine.hold is not None) == (what == "switch")


@virtual_time
async def test_the_first_circuit_is_not_well_after_the_return(tmp_path):
    """It was proved, and lossy then."""
    async with Play(tmp_path) as play:
        task = asyncio.create_task(drill(play))
        while not any(e.target == "primary" for e in play.entries(log.SwitchoverEnded)):
            play.office.life["primary"] = Life.ALIVE
            await asyncio.sleep(0.2)
        play.office.life["primary"] = Life.DEAD
        reply = await task
        assert reply.exit == 1
        assert f"primary is {play.engine.readings['primary'].state} after the return" in (
            reply.sentence
        )


# Somebody else


@pytest.mark.parametrize("what", ["auto", "switch", "hand"])
@virtual_time
async def test_an_operator_takes_over(tmp_path, what):
    """Nothing of his is undone."""
    async with Play(tmp_path) as play:
        task = asyncio.create_task(drill(play))
        await asyncio.sleep(20)
        match what:
            case "auto":
                await play.loop.ask(AutoRequest("a", "bob"))
            case "switch":
                await play.loop.ask(SwitchRequest("s", "backup", hold=9000.0, who="bob"))
            case "hand":
                await play.loop.ask(SwitchRequest("s", "primary", who="bob"))
        before = len(play.entries(log.SwitchoverEnded))
        reply = await task
        assert reply.sentence == "somebody else has taken over; left as it is"
        assert len(play.entries(log.SwitchoverEnded)) == before
        if what == "switch":
            assert play.engine.hold is not None


@virtual_time
async def test_the_agent_dies_in_the_middle(tmp_path):
    """The next one puts it back, and says so."""
    async with Play(tmp_path) as play:
        task = asyncio.create_task(drill(play))
        await asyncio.sleep(20)
        task.cancel()
        await asyncio.wait([task])
        (left,) = play.entries(DrillBegan)
        router = play.router
    async with Play(tmp_path, router=router) as play:
        assert play.engine.active == "backup"
        await play.drills.resume(left)
        assert kept(play).because == (
            "the agent ended in the middle of it; it was put back on primary"
        )
        assert (play.engine.active, play.engine.hold) == ("primary", None)


@virtual_time
async def test_the_next_one_cannot_read_the_router_at_once(tmp_path):
    """It asks again, by the hold that was left to it; an operator's is none."""
    async with Play(tmp_path, failback="manual") as play:
        task = await away(play)
        await asyncio.sleep(10)
        task.cancel()
        await asyncio.wait([task])
        (left,) = play.entries(DrillBegan)
        router = play.router
    async with Play(tmp_path, router=router, failback="manual") as play:
        play.router.faults = {"read"}
        resumed = asyncio.create_task(play.drills.resume(left))
        await asyncio.sleep(20)
        play.router.faults = set()
        await resumed
        assert kept(play).because.endswith("it was put back on primary")
        assert (play.engine.active, play.engine.hold) == ("primary", None)
        await play.loop.ask(SwitchRequest("s", "backup", hold=9000.0, who="bob"))
        await play.drills.resume(left)
        assert play.entries(DrillEnded)[-1].because.endswith("the router is on backup")
        assert play.engine.hold is not None


@virtual_time
async def test_the_agent_dies_and_nothing_is_to_be_put_back(tmp_path):
    async with Play(tmp_path) as play:
        await play.drills.resume(DrillBegan("d", "primary", "backup", 60.0, "ann"))
        assert kept(play).because.endswith("the router is on primary")
        assert play.entries(log.SwitchoverIntended) == []
