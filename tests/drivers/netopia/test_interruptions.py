"""Sessions that die, routers that fall silent, work left half done, and somebody else at work."""

from __future__ import annotations

import asyncio
import os
from ipaddress import IPv4Address, IPv4Interface

import pytest

from tests.drivers.netopia.rig import (
    BACKUP,
    PRIMARY,
    THREE,
    Cut,
    actions_to,
    active,
    assert_left_alone,
    driver,
    edited,
    held,
    on,
    switch,
    unit,
)
from tests.support.clock import run, virtual_time
from wanfailover.errors import DriverError, RouterTimeout, RouterUnreachable
from wanfailover.ports import Channel
from wanfailover_netopia.session import BUSY_WITHIN, IDLE
from wanfailover_netopia.virtual import Unit


async def _writes_of_a_switch(variant: str) -> int:
    router = unit(variant)
    cut = Cut(router)
    who = driver(router, dial=cut.dial)
    await switch(who, "backup")
    await who.close()
    return cut.writes


@pytest.mark.parametrize(
    ("variant", "step"), [("classic", 3), ("append+no-clear+stay", 17), ("restart", 17)]
)
def test_a_session_lost_at_any_key(variant: str, step: int) -> None:
    """Wherever it is lost, the driver logs in again, finds what is done, and does the rest."""
    for key in _keys(run(_writes_of_a_switch(variant)), step):
        run(_lose_at(variant, key))


def _keys(most: int, step: int) -> range:
    """Every key in `make soak`, and every few of them otherwise."""
    return range(1, most + 1, 1 if os.environ.get("WANFAILOVER_SOAK") else step)


async def _lose_at(variant: str, key: int) -> None:
    router = unit(variant)
    cut = Cut(router, after=key)
    who = driver(router, dial=cut.dial)
    await switch(who, "backup")
    await who.close()
    assert held(router) == on(BACKUP)
    assert set(edited(router)) == THREE
    assert_left_alone(router)


@virtual_time
async def test_a_session_lost_on_the_way_to_a_restart() -> None:
    """Wherever it is lost, there is one restart and no second."""
    for key in range(70, 88, 2):
        router = unit("restart+rw-empty")
        cut = Cut(router, after=key)
        who = driver(router, dial=cut.dial)
        await switch(who, "backup")
        await who.close()
        assert held(router) == on(BACKUP)
        assert [entry["event"] for entry in router.log].count("restart") == 1


@pytest.mark.parametrize(("variant", "step"), [("classic", 7), ("restart", 29)])
def test_a_driver_that_died_at_any_key(variant: str, step: int) -> None:
    """Another one finds the half that is done, finishes it, or undoes it."""
    for key in _keys(run(_writes_of_a_switch(variant)), step):
        run(_die_at(variant, key))


async def _die_at(variant: str, key: int) -> None:
    router = unit(variant)
    cut = Cut(router, after=key)
    first = driver(router, dial=cut.dial)
    work = asyncio.ensure_future(switch(first, "backup"))
    cut.then = work.cancel
    await asyncio.gather(work, return_exceptions=True)
    router.drop_sessions()
    await asyncio.sleep(60)  # a restart that was asked for has come to its end
    second = driver(router)
    await switch(second, "primary")
    assert held(router) == on(PRIMARY)
    await switch(second, "backup")
    assert held(router) == on(BACKUP)
    await second.close()
    assert_left_alone(router)


@pytest.mark.parametrize("variant", ["classic", "link-reset", "restart", "dhcp", "snmp-off"])
@virtual_time
async def test_undo_from_after_each_action(variant: str) -> None:
    """What was there is there again, also the DHCP of before, and a second undo does nothing."""
    router = unit(variant)
    who = driver(router)
    before = held(router)
    actions = await actions_to(who, "backup")
    for begun in range(1, len(actions) + 1):
        for action in actions[:begun]:
            await who.perform(action)
        for _ in range(2):
            for action in reversed(actions[:begun]):
                await who.undo(action)
            assert held(router) == before
    await who.close()
    assert_left_alone(router)


@virtual_time
async def test_a_router_that_falls_silent() -> None:
    """It is given up in bounded time, and no session is held."""
    router = unit()
    who = driver(router)
    actions = await actions_to(who, "backup")
    router.silence()
    began = asyncio.get_running_loop().time()
    with pytest.raises((RouterTimeout, RouterUnreachable)):
        await who.perform(actions[0])
    assert asyncio.get_running_loop().time() - began < 15
    await who.close()


@pytest.mark.parametrize("key", [33, 39, 45])
@virtual_time
async def test_a_router_that_restarts_by_itself_in_the_middle(key: int) -> None:
    """The switch fails, and what was there is put back when the router is there again."""
    router = unit(restart_seconds=40.0)
    cut = Cut(router, after=key, then=router.power_cycle)
    who = driver(router, dial=cut.dial)
    edit, *_ = await actions_to(who, "backup")
    with pytest.raises((RouterTimeout, RouterUnreachable)) as caught:
        await who.perform(edit)
    assert not caught.value.untouched
    await who.undo(edit)
    assert held(router) == on(PRIMARY)
    await who.close()
    assert_left_alone(router)


@virtual_time
async def test_a_session_that_is_not_needed_is_left() -> None:
    """A few seconds after a reading nobody is logged in; polling does not log in at all."""
    router = unit()
    who = driver(router)
    await who.read()
    assert router.sessions == 1
    await asyncio.sleep(5)
    assert router.sessions == 0
    for _ in range(5):
        await who.read()
    assert router.sessions_ever == 1
    await who.close()


@virtual_time
async def test_a_busy_console_is_waited_for() -> None:
    """Somebody's short visit delays a switch; it does not fail it."""
    router = unit("sessions-1")
    who = driver(router)
    actions = await actions_to(who, "backup")
    await asyncio.sleep(IDLE + 1)
    other = await router.dial()
    asyncio.get_running_loop().call_later(8, lambda: asyncio.ensure_future(other.close()))
    await who.perform(actions[0])
    assert held(router) == on(BACKUP)
    await who.close()


class _Full:
    """A connection that the router ends, with a word of its own."""

    def __init__(self) -> None:
        self.says = [b"\r\nNo more telnet sessions.\r\n"]

    async def read(self, within: float) -> bytes:
        if self.says:
            return self.says.pop()
        raise RouterUnreachable("the router ended the session")

    async def write(self, data: bytes) -> None:
        raise RouterUnreachable("the router ended the session")

    async def close(self) -> None:
        """It is closed."""


@virtual_time
async def test_a_console_that_says_it_is_busy() -> None:
    """It is waited for like one that hangs up without a word, and its words are told."""
    router = unit()
    free_at = 8.0

    async def dial() -> Channel:
        full = asyncio.get_running_loop().time() < free_at
        return _Full() if full else await router.dial()

    who = driver(router, dial=dial)
    actions = await actions_to(who, "backup")
    await who.perform(actions[0])
    assert held(router) == on(BACKUP)
    free_at = 1000.0
    await who.close()
    with pytest.raises(RouterUnreachable, match=r"is busy.*No more telnet sessions"):
        await who.inspect()
    await who.close()


@virtual_time
async def test_a_console_that_stays_busy() -> None:
    """It is waited for so long and no longer; reading goes on by SNMP, and says what it lacks."""
    router = unit("sessions-1")
    who = driver(router)
    other = await router.dial()
    view = await who.read()
    assert view.source == PRIMARY.address.ip
    assert any("busy" in remark for remark in view.remarks)
    began = asyncio.get_running_loop().time()
    with pytest.raises(RouterUnreachable, match="busy") as caught:
        await switch(who, "backup")
    assert caught.value.untouched
    assert asyncio.get_running_loop().time() - began < BUSY_WITHIN + 10
    assert edited(router) == []
    await other.close()
    await who.close()


@pytest.mark.parametrize("variant", ["sessions-1", "sessions-2", "sessions-4+restart"])
@virtual_time
async def test_two_writers(variant: str) -> None:
    """Two at once end on one circuit whole, or at least one of them says that it failed."""
    router = unit(variant)
    one, other = driver(router), driver(router)
    ends = await asyncio.gather(
        switch(one, "backup"), switch(other, "primary"), return_exceptions=True
    )
    assert [end for end in ends if isinstance(end, BaseException)] == [
        end for end in ends if isinstance(end, DriverError)
    ]
    failed = any(isinstance(end, DriverError) for end in ends)
    assert failed or held(router) in (on(PRIMARY), on(BACKUP))
    await one.close()
    await other.close()
    assert_left_alone(router)


def _by_hand(router: Unit) -> None:
    router.set_by_hand(address=IPv4Interface("203.0.113.4/29"), gateway=IPv4Address("203.0.113.6"))


@virtual_time
async def test_a_change_by_somebody_else_is_seen() -> None:
    """Polling by SNMP notices it, and then looks at the screens again."""
    router = unit()
    who = driver(router)
    assert await active(who) == "primary"
    _by_hand(router)
    view = await who.read()
    assert view.source == view.configured.address == IPv4Address("203.0.113.4")
    before = held(router)
    actions = await actions_to(who, "backup")
    for action in actions:
        await who.perform(action)
    for action in reversed(actions):
        await who.undo(action)
    assert held(router) == before
    await who.close()


@virtual_time
async def test_half_finished_work_is_told() -> None:
    """Screens that hold something else than what runs are remarked on."""
    router = unit("restart")
    router.settings["wan.address"] = "198.51.100.77"
    who = driver(router)
    view = await who.read()
    assert view.source == PRIMARY.address.ip
    assert any("half done" in remark for remark in view.remarks)
    await switch(who, "primary")
    assert held(router) == on(PRIMARY)
    await who.close()
