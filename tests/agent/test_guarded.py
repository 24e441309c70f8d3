"""The deadline around a driver: what it can do is not hidden, and what hangs is left behind."""

from __future__ import annotations

import asyncio

import pytest

from tests.scenarios.world import site
from tests.support.clock import virtual_time
from tests.support.router import MemoryRouter
from wanfailover import guarded
from wanfailover.abilities import (
    Bounded,
    Claiming,
    Costly,
    DeadMan,
    Inspectable,
    Letting,
    Marking,
    Prompting,
    Renewing,
    Witness,
)
from wanfailover.errors import CommandRefused, RouterTimeout
from wanfailover.guarded import LONGEST, MARGIN, TWICE, Guarded
from wanfailover.ports import Action, Forgetful, RouterAccess, RouterDriver
from wanfailover_iproute2 import PLUGIN as LINUX
from wanfailover_netopia.driver import Netopia, Router

PRIMARY, BACKUP = site().circuits
ABILITIES = (
    *(Bounded, Claiming, Costly, DeadMan, Inspectable),
    *(Letting, Marking, Prompting, Renewing, Witness),
)
ACTION = Action("apply", "", ())


class Driver(MemoryRouter):
    """Takes *seconds* for each call, and may not mind being cancelled."""

    def __init__(self, seconds: float = 0.0, *, deaf: bool = False) -> None:
        super().__init__(PRIMARY.address, PRIMARY.gateway)
        self.seconds = seconds
        self.stubborn = deaf
        self.closed = 0

    async def perform(self, action: Action) -> str:
        return await self._take()

    async def undo(self, action: Action) -> str:
        return await self._take()

    async def mark(self, circuits) -> None:
        await self._take()

    async def close(self) -> None:
        self.closed += 1

    async def _take(self) -> str:
        end = asyncio.get_running_loop().time() + self.seconds
        while (left := end - asyncio.get_running_loop().time()) > 0:
            try:
                await asyncio.sleep(left)
            except asyncio.CancelledError:
                if not self.stubborn:
                    raise
        return "done"


@pytest.mark.parametrize(
    "driver",
    [
        LINUX.build(RouterAccess(None, "local")),
        Netopia(Router(None, dial=None, notes=Forgetful())),
        Driver(),
        MemoryRouter(PRIMARY.address, PRIMARY.gateway),
    ],
    ids=["iproute2", "netopia", "marking", "plain"],
)
def test_what_a_driver_is_able_to_do_shows(driver: RouterDriver):
    """The guarded one can do the same, and nothing more."""
    able = [isinstance(driver, ability) for ability in ABILITIES]
    within = [isinstance(Guarded(driver), ability) for ability in ABILITIES]
    assert within[1:] == able[1:]


@virtual_time
async def test_what_ends_is_as_without():
    """Words, and errors of the driver's own, also when it is slow but not too slow."""
    driver = Driver(LONGEST - 1)
    guard = Guarded(driver)
    guard.compile((), await guard.read())
    assert await guard.perform(ACTION) == "done"
    driver.faults.add("read")
    with pytest.raises(CommandRefused):
        await guard.read()
    assert driver.closed == 0


@pytest.mark.parametrize("stubborn", [False, True])
@virtual_time
async def test_what_hangs_is_left_behind_and_logged_out(stubborn: bool):
    """Whether it minds being cancelled or not; the abilities of a driver's own as well."""
    driver = Driver(1e6, deaf=stubborn)
    guard, loop = Guarded(driver), asyncio.get_running_loop()
    for call in (lambda: guard.perform(ACTION), lambda: guard.undo(ACTION), lambda: guard.mark(())):
        began = loop.time()
        with pytest.raises(RouterTimeout, match="did not end its"):
            await call()
        assert LONGEST <= loop.time() - began <= LONGEST + 3 * guarded.MOMENT
    assert driver.closed == 3


@virtual_time
async def test_a_driver_that_says_how_long_is_given_that():
    """And a little more: its own words on what was the matter are better than ours."""
    driver = Driver(500.0)
    driver.longest = {"perform": 500.0, "undo": 10.0}.get
    guard = Guarded(driver)
    assert await guard.perform(ACTION) == "done"
    with pytest.raises(RouterTimeout):
        await guard.undo(ACTION)
    assert guard.longest("undo") == 10.0 + MARGIN


@virtual_time
async def test_a_switchover_has_a_time_and_its_undo_another():
    """Past the one nothing is begun any more, and was not touched; past the other, likewise."""
    driver = Driver(LONGEST - 1)
    guard = Guarded(driver)
    guard.compile((), await guard.read())
    for _ in range(TWICE):
        await guard.perform(ACTION)
    await asyncio.sleep(5)
    with pytest.raises(RouterTimeout, match="the switchover has taken too long") as late:
        await guard.perform(ACTION)
    assert late.value.untouched
    for _ in range(TWICE):
        await guard.undo(ACTION)
    await asyncio.sleep(5)
    with pytest.raises(RouterTimeout, match="the undo has taken too long"):
        await guard.undo(ACTION)
    guard.compile((), await guard.read())  # the next one has its own
    assert await guard.perform(ACTION) == "done"
    assert await guard.undo(ACTION) == "done"


@virtual_time
async def test_in_a_hurry_what_is_under_way_has_less():
    """The agent is told to stop; the second time it does not get any longer."""
    driver = Driver(LONGEST - 1)
    guard, loop = Guarded(driver), asyncio.get_running_loop()
    guard.compile((), await guard.read())
    doing = asyncio.create_task(guard.perform(ACTION))
    await asyncio.sleep(1)
    began = loop.time()
    guard.hurry(20.0)
    await asyncio.sleep(10)
    guard.hurry(20.0)
    with pytest.raises(RouterTimeout):
        await doing
    assert loop.time() - began == pytest.approx(20.0, abs=guarded.MOMENT)
    assert await guard.undo(ACTION) == "done"


@virtual_time
async def test_who_gives_up_waiting_does_not_wait_for_a_stubborn_one():
    """A caller that is cancelled is gone in a moment."""
    guard, loop = Guarded(Driver(1e6, deaf=True)), asyncio.get_running_loop()
    doing = asyncio.create_task(guard.perform(ACTION))
    await asyncio.sleep(1)
    began = loop.time()
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
    assert loop.time() - began <= guarded.MOMENT
