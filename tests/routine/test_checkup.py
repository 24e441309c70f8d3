"""Preflights on a schedule: when, when not, and what is told of them; in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from tests.routine.world import Play, SiteRouter
from tests.simulation.office import make_site
from tests.support.clock import virtual_time
from wanfailover.abilities import Inspectable
from wanfailover.checkup import AGAIN, LEAST, SETTLE, WITHIN, Last, Preflights, Turns
from wanfailover.core.site import Policy
from wanfailover.entries import PreflightDone
from wanfailover.errors import LoginRefused
from wanfailover.ports import Finding, Severity

HOUR, DAY = 3600.0, 86400.0
WELL = Finding("profile", Severity.GREEN, "is well")
DOUBT = Finding("probe", Severity.YELLOW, "is slow", "look")
BAD = Finding("ping", Severity.RED, "is forbidden", "sysctl")


class Checked:
    """Preflights that find *rows*, and take *seconds*."""

    def __init__(self, every: float | None = DAY, last: Last | None = None, rows=(WELL,)) -> None:
        self.rows, self.seconds, self.calm, self.error = list(rows), 2.0, True, None
        self.written: list[PreflightDone] = []
        clock = asyncio.get_running_loop().time
        self.flights = Preflights(every, self._look, lambda: self.calm, self._record, last, clock)

    async def _look(self):
        for row in self.rows:
            yield row
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error

    async def _record(self, *entries) -> None:
        self.written += entries


@pytest.mark.parametrize(
    ("rows", "result", "told"),
    [
        ((WELL,), "green", []),
        ((WELL, DOUBT), "yellow", ["probe"]),
        ((DOUBT, BAD, WELL), "red", ["probe", "ping"]),
    ],
)
@virtual_time
async def test_what_was_found(rows, result, told):
    """The worst colour, and the rows that are not green, with their remedies."""
    checked = Checked(rows=rows)
    done = await checked.flights.now("ann")
    assert checked.written == [done]
    assert (done.result, done.seconds, done.who) == (result, 2.0, "ann")
    assert [row[0] for row in done.rows] == told
    await asyncio.sleep(60)
    report = checked.flights.report()
    assert (report["result"], report["age_seconds"], report["overdue"]) == (result, 60, False)
    assert [row["subject"] for row in report["rows"]] == told


@virtual_time
async def test_a_router_that_cannot_be_entered_is_red():
    """And what was found before that is kept."""
    checked = Checked(rows=(DOUBT,))
    checked.error = LoginRefused("the password is wrong")
    done = await checked.flights.now("ann")
    assert done.result == "red"
    assert [row[0] for row in done.rows] == ["probe", "router"]
    assert "cannot be reached or entered: the password is wrong" in done.rows[1][2]


@virtual_time
async def test_one_without_an_end_is_red():
    checked = Checked()
    checked.seconds = 10 * WITHIN
    done = await checked.flights.now("ann")
    assert (done.result, done.seconds) == ("red", WITHIN)
    assert done.rows[-1][:3] == ("preflight", "red", "has not come to an end within 600 s")


@virtual_time
async def test_it_gives_way_and_is_done_when_all_is_calm():
    """At once: the router is wanted for something else."""
    checked = Checked()
    checked.seconds = 100.0
    task = asyncio.create_task(checked.flights.run())
    await asyncio.sleep(50)
    checked.flights.give_way()  # all is calm: nobody wants it
    await asyncio.sleep(1)
    checked.calm = False
    checked.flights.give_way()
    await asyncio.sleep(300)
    assert checked.written == []
    assert not task.done()
    checked.calm, checked.seconds = True, 2.0
    await asyncio.sleep(AGAIN + 3)
    assert task.done()
    assert len(checked.written) == 1


@virtual_time
async def test_not_now_is_told_to_who_cannot_wait():
    checked = Checked()
    checked.calm = False
    assert await checked.flights.now("drill") is None


@virtual_time
async def test_when_it_is_due():
    """After a start, once what it looks at was seen; else an interval after the last."""
    assert Checked().flights.due() == SETTLE
    last = PreflightDone("green", 1.0)
    assert Checked(last=Last(last, -3 * DAY)).flights.due() == SETTLE
    assert Checked(last=Last(last, -HOUR)).flights.due() == DAY - HOUR
    await asyncio.sleep(2 * DAY)
    checked = Checked()
    await asyncio.sleep(SETTLE + 5)
    assert checked.flights.due() == 0


@pytest.mark.parametrize(("every", "after"), [(DAY, 1.25 * DAY), (HOUR, HOUR + LEAST)])
@virtual_time
async def test_when_it_is_overdue(every, after):
    """A quarter late, and an hour at least; told with its age."""
    checked = Checked(every, rows=(WELL,))
    await checked.flights.now("schedule")
    await asyncio.sleep(after)
    assert checked.flights.overdue is None
    await asyncio.sleep(60)
    assert f"the last was {after / HOUR:.0f} h ago" in checked.flights.overdue
    assert checked.flights.report()["overdue"] is True


@virtual_time
async def test_never_is_never_overdue():
    checked = Checked(None)
    await asyncio.sleep(30 * DAY)
    assert checked.flights.overdue is None
    assert checked.flights.report() is None


@virtual_time
async def test_none_yet_is_overdue_as_well():
    checked = Checked()
    await asyncio.sleep(2 * DAY)
    assert "there was none" in checked.flights.overdue


# Beside the loop


class Slow(SiteRouter):
    """One whose inspection takes ten seconds."""

    inspected = 0

    async def inspect(self):
        self.inspected += 1
        await asyncio.sleep(10.0)
        return (WELL,)


@virtual_time
async def test_the_router_is_held_for_one_call_at_a_time(tmp_path):
    """A failover gets it in the middle of an inspection, which gives way."""
    site = make_site(Policy(), shape="swap", seen=())
    async with Play(tmp_path, router=Slow(site)) as play:
        turns = Turns(play.router, play.loop.router)

        async def look():
            await turns.read()
            for row in await turns.inspect():
                yield row

        def calm() -> bool:
            engine = play.engine
            return engine.switchover is None and not engine.fast

        flights = Preflights(DAY, look, calm, play.record, None, play.clock)
        play.handled.append(flights.give_way)
        task = asyncio.create_task(flights.now("schedule"))
        await asyncio.sleep(2.0)
        assert play.loop.router.locked()
        play.office.life["primary"] = play.office.life["primary"].DEAD
        while play.engine.active != "backup":  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        assert await task is None
        assert play.router.inspected == 1
        assert play.clock() < 30 + 30 + 12
    assert play.entries(PreflightDone) == []


def test_only_what_can_be_inspected_is():
    """`check` asks nobody for what he is not able to do."""
    site = make_site(Policy(), shape="swap", seen=())
    for router, able in ((SiteRouter(site), False), (Slow(site), True)):
        assert isinstance(Turns(router, asyncio.Lock()), Inspectable) is able
