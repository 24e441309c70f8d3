"""Screens that hold something else than what runs, and what is believed of how changes come."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Interface

import pytest

from tests.drivers.netopia.rig import (
    BACKUP,
    PRIMARY,
    SITE,
    actions_to,
    assert_left_alone,
    driver,
    edited,
    held,
    on,
    switch,
    unit,
)
from tests.support.clock import virtual_time
from wanfailover.errors import LoginRefused, NeedsRestart, RouterTimeout, RouterUnreachable
from wanfailover.ports import Channel, Forgetful
from wanfailover_netopia.driver import READ_WITHIN, Netopia
from wanfailover_netopia.effect import Effect, Habit, utc_now
from wanfailover_netopia.reading import AGAIN_AFTER
from wanfailover_netopia.restart import Restarter
from wanfailover_netopia.running import Running
from wanfailover_netopia.session import Sessions
from wanfailover_netopia.sight import Sight
from wanfailover_netopia.values import Values
from wanfailover_netopia.virtual import Unit

OLD, NEW = Values.of(PRIMARY), Values.of(BACKUP)


async def _cut_short(who: Netopia, router: Unit) -> None:
    """Let a switch die as soon as the router holds the first of its values."""
    work = asyncio.ensure_future(switch(who, "backup"))
    while not edited(router):  # noqa: ASYNC110 - the router has no event to wait for
        await asyncio.sleep(0.01)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


@pytest.mark.parametrize("variant", ["classic", "fw3", "dhcp", "snmp-off", "link-reset", "restart"])
@virtual_time
async def test_a_whole_router_has_nothing_unfinished(variant: str) -> None:
    """Neither before a switch nor after it; an address by DHCP is no difference."""
    who = driver(unit(variant))
    assert (await who.read()).unfinished == ""
    await switch(who, "backup")
    assert (await who.read()).unfinished == ""
    await who.close()


@virtual_time
async def test_half_an_edit_is_put_back() -> None:
    """Another driver sees it, again by SNMP alone, and needs no restart to put it back."""
    router = unit("restart")
    first = driver(router)
    await _cut_short(first, router)
    assert (await first.read()).unfinished.startswith("address 198.51.100.77")
    await first.close()
    notes = Forgetful()
    Habit(notes, router.version).learn("restart")
    second = driver(router, restart=False, notes=notes)
    for _ in range(3):
        assert (await second.read()).unfinished.startswith("address 198.51.100.77")
    await switch(second, "primary")
    assert held(router) == on(PRIMARY)
    assert (await second.read()).unfinished == ""
    await second.close()
    assert "restart" not in [entry["event"] for entry in router.log]
    assert_left_alone(router)


@virtual_time
async def test_an_edit_cut_short_and_a_busy_console() -> None:
    """As long as the screens cannot be read, nothing is taken for finished."""
    router = unit("restart+sessions-1")
    who = driver(router)
    other = await router.dial()
    assert "could not be read" in (await who.read()).unfinished
    await other.close()
    assert (await who.read()).unfinished == ""
    await _cut_short(who, router)
    router.drop_sessions()
    other = await router.dial()
    assert "cut short" in (await who.read()).unfinished
    await other.close()
    assert "198.51.100.77" in (await who.read()).unfinished
    await who.close()


@virtual_time
async def test_what_somebody_puts_right() -> None:
    """It is seen within minutes, although SNMP tells nothing of it."""
    router = unit("restart")
    router.settings["wan.address"] = "198.51.100.77"
    who = driver(router)
    assert (await who.read()).unfinished
    router.settings["wan.address"] = str(PRIMARY.address.ip)
    assert (await who.read()).unfinished
    await asyncio.sleep(AGAIN_AFTER)
    assert (await who.read()).unfinished == ""
    await who.close()


@virtual_time
async def test_dhcp_comes_back_although_the_console_was_busy() -> None:
    """The edit itself reads what stood there, and an undo puts that back."""
    router = unit("dhcp+sessions-1")
    before = held(router)
    who = driver(router)
    other = await router.dial()
    actions = await actions_to(who, "backup")
    await other.close()
    for action in actions:
        await who.perform(action)
    for _ in range(2):
        for action in reversed(actions):
            await who.undo(action)
        assert held(router) == before
    await who.close()


@virtual_time
async def test_nobody_takes_the_console_before_the_effect_is_seen() -> None:
    """Whoever typed must be able to put back; so the session is held until then, and no longer."""
    router = unit("restart+sessions-1")
    who = driver(router, restart=False)
    actions = await actions_to(who, "backup")
    await who.perform(actions[0])
    effect = asyncio.ensure_future(who.perform(actions[1]))
    await asyncio.sleep(6)
    assert router.sessions == 1
    with pytest.raises(NeedsRestart):
        await effect
    assert held(router) == on(PRIMARY)
    assert router.sessions == 0
    await who.close()


@virtual_time
async def test_the_session_is_left_after_the_effect() -> None:
    """A switch that goes no further keeps nobody out."""
    router = unit("sessions-1")
    who = driver(router)
    actions = await actions_to(who, "backup")
    for action in actions[:2]:
        await who.perform(action)
    await asyncio.sleep(5)
    assert router.sessions == 0
    await who.close()


@virtual_time
async def test_a_console_that_refuses_later() -> None:
    """It is read by SNMP, with a remark, and bothered only every few minutes."""
    router = unit()
    refuses, dials = False, 0

    async def dial() -> Channel:
        nonlocal dials
        dials += 1
        if refuses:
            raise LoginRefused("the password was changed")
        return await router.dial()

    who = driver(router, dial=dial)
    await who.read()
    await asyncio.sleep(5)
    refuses, dials = True, 0
    router.set_by_hand(address=IPv4Interface("203.0.113.4/29"), gateway=IPv4Address("203.0.113.6"))
    for _ in range(10):
        view = await who.read()
        assert view.source == IPv4Address("203.0.113.4")
        assert any("password was changed" in remark for remark in view.remarks)
    assert dials == 1
    with pytest.raises(LoginRefused):
        await who.inspect()
    refuses = False
    await asyncio.sleep(AGAIN_AFTER)
    view = await who.read()
    assert (view.remarks, view.unfinished) == ((), "")
    await who.close()


@pytest.mark.parametrize("why", ["refused", "silent"])
@virtual_time
async def test_a_console_that_is_closed_at_the_start(why: str) -> None:
    """SNMP is enough to watch by; what could not be seen is told, and is looked for again."""
    router = unit()
    closed = True

    async def dial() -> Channel:
        if closed and why == "refused":
            raise RouterUnreachable("it refuses telnet")
        return _Mute() if closed else await router.dial()

    who = driver(router, dial=dial)
    began = asyncio.get_running_loop().time()
    view = await who.read()
    assert asyncio.get_running_loop().time() - began < READ_WITHIN
    assert SITE.identify(view) == PRIMARY
    assert any("its console could not be read" in remark for remark in view.remarks)
    assert "could not be read" in view.unfinished
    with pytest.raises((RouterTimeout, RouterUnreachable)):
        await who.inspect()
    closed = False
    await asyncio.sleep(AGAIN_AFTER)
    view = await who.read()
    assert (view.remarks, view.unfinished) == ((), "")
    await who.close()
    assert_left_alone(router)


class _Mute:
    """A console that says nothing."""

    async def read(self, within: float) -> bytes:
        await asyncio.sleep(within)
        return b""

    async def write(self, data: bytes) -> None:
        """It does not listen either."""

    async def close(self) -> None:
        """Nothing is open."""


@virtual_time
async def test_a_console_that_will_not_open_by_itself() -> None:
    """A password that is wrong at the start is told at once, although SNMP answers."""
    who = driver(unit("password"), password=None, username=None)
    with pytest.raises(LoginRefused):
        await who.read()
    await who.close()


class _Seen(Sight):
    """Sees what a test says, look by look; the last for ever."""

    def __init__(self, *looks: Values) -> None:
        super().__init__(None, Sessions(self._none), (), None)
        self.looks = list(looks)

    @staticmethod
    async def _none() -> Channel:
        raise RouterUnreachable("there is no console")

    async def now(self) -> Running | None:
        return Running(self.looks.pop(0) if len(self.looks) > 1 else self.looks[0], "SNMP")


class _NoRestart(Restarter):
    def __init__(self) -> None: ...

    async def restart(self) -> str:
        raise AssertionError


async def _see(sight: Sight, habit: Habit, *, allowed: bool = False, ago: float = 0.0) -> str:
    typed_at = asyncio.get_running_loop().time() - ago
    effect = Effect(sight, _NoRestart(), habit, allowed=allowed)
    return await effect.see(NEW, before=OLD, typed_at=typed_at)


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("runs", [Values(), replace(OLD, gateway=None), replace(OLD, address=None)])
@virtual_time
async def test_a_dead_link_is_no_wait_for_a_restart(runs: Values, *, allowed: bool) -> None:
    """Where values are missing nothing is learned, and nothing is restarted."""
    habit = Habit(Forgetful())
    with pytest.raises(RouterTimeout, match="link"):
        await _see(_Seen(OLD, runs), habit, allowed=allowed)
    assert habit.kind is None


@virtual_time
async def test_old_values_that_stand_still_wait_for_a_restart() -> None:
    """Whole and unchanged: that is learned, and refuses switches for a day."""
    habit = Habit(Forgetful())
    with pytest.raises(NeedsRestart):
        await _see(_Seen(OLD), habit)
    assert habit.kind == "restart"
    assert habit.recent
    habit.now = lambda: utc_now() + timedelta(hours=25)
    assert not habit.recent


@pytest.mark.parametrize(
    ("looks", "ago", "kind"),
    [
        ((NEW,), 0.0, "immediate"),
        ((OLD, OLD, NEW), 0.0, "immediate"),
        ((OLD, Values(), Values(), NEW), 0.0, "link-reset"),
        ((NEW,), 60.0, "restart"),
    ],
)
@virtual_time
async def test_a_restart_is_unlearned(looks: tuple[Values, ...], ago: float, kind: str) -> None:
    """Values that hold at once took none; those of an earlier edit may have had one."""
    habit = Habit(Forgetful())
    habit.learn("restart")
    await asyncio.sleep(100)
    await _see(_Seen(*looks), habit, allowed=True, ago=ago)
    assert habit.kind == kind


@pytest.mark.parametrize(("resets", "still"), [(None, 10), (True, 25), (False, 5)])
@virtual_time
async def test_the_setting_tells_how_long_to_watch(resets: bool | None, still: int) -> None:
    """A promise is waited for, a warning heeded; and what is seen counts, whatever it says."""
    habit = Habit(Forgetful(), resets=resets)
    began = asyncio.get_running_loop().time()
    with pytest.raises(NeedsRestart):
        await _see(_Seen(OLD), habit)
    assert still <= asyncio.get_running_loop().time() - began < still + 1
    assert habit.kind == "restart"
    assert habit.waits
    await _see(_Seen(OLD, OLD, OLD, NEW), habit)
    assert habit.kind == "immediate"


@virtual_time
async def test_a_setting_that_says_no_restarts_nothing() -> None:
    """Where values are missing, the link is the trouble, whatever the setting says."""
    habit = Habit(Forgetful(), resets=False)
    with pytest.raises(RouterTimeout, match="link"):
        await _see(_Seen(OLD, Values()), habit, allowed=True)
    assert habit.kind is None


@virtual_time
async def test_a_setting_that_is_turned() -> None:
    """A switch that was refused is made as soon as the setting allows it, and looks at it first."""
    router = unit("fw48+restart")
    who = driver(router, restart=False)
    with pytest.raises(NeedsRestart):
        await switch(who, "backup")
    assert held(router) == on(PRIMARY)
    router.log.clear()
    with pytest.raises(NeedsRestart):
        await switch(who, "backup")
    assert edited(router) == []
    router.settings["wan.reset"] = "Yes"
    await switch(who, "backup")
    assert held(router) == on(BACKUP)
    await who.close()
    assert_left_alone(router)


@virtual_time
async def test_what_ran_already_teaches_nothing() -> None:
    """A unit that waits for restarts also holds at once what it was running all the time."""
    notes = Forgetful()
    router = unit("restart")
    who = driver(router, notes=notes)
    for action in (await actions_to(who, "primary"))[:2]:
        await who.perform(action)
    assert Habit(notes, router.version).kind is None
    await who.close()
