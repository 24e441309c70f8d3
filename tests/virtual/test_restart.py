"""Restarts, and what else an item can do that one would rather not: each asks first."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.clock import virtual_time
from tests.virtual.user import ESCAPE, RETURN, RIGHT, TAB, TOOLS, User, at_console, events
from wanfailover.errors import CommandRefused, RouterTimeout, RouterUnreachable
from wanfailover_netopia.virtual import Unit

UPTIME = "1.3.6.1.2.1.1.3.0"
RESTART = "1.3.6.1.4.1.304.1.3.1.10.1.0"
EASY = ("Easy Setup...", "NEXT SCREEN", "NEXT SCREEN")
TRAPS = [
    (TOOLS, "Restart System..."),
    (TOOLS, "Revert to Factory Defaults..."),
    (TOOLS, "Disconnect Telnet Console Session..."),
    (("Statistics & Logs...", "WAN Event History..."), "Clear History..."),
    (("WAN Configuration...",), "Disconnect WAN Connection..."),
    (EASY, "RESTART DEVICE"),
]


async def down(unit: Unit) -> float:
    """Wait until it is back; returns for how many seconds it was silent."""
    begun, back = unit.time(), asyncio.Event()
    unit.heard.append(lambda entry: entry["event"] == "booted" and back.set())
    await back.wait()
    return unit.time() - begun


@virtual_time
@pytest.mark.parametrize(("path", "item"), TRAPS, ids=lambda value: value[:12])
@pytest.mark.parametrize("key", [RETURN, ESCAPE])
async def test_asked_first(path: tuple[str, ...], item: str, key: bytes) -> None:
    """A box asks, CANCEL is highlighted, and Return there or Escape does nothing at all."""
    unit = Unit()
    user = await at_console(unit, *path, item)
    assert list(user.reversed.values()) == ["CANCEL"]
    assert "CONTINUE" in user.text
    running = unit.running
    await user.press(key)
    assert "CONTINUE" not in user.text
    assert [e["answer"] for e in events(unit, "dialog")] == ["CANCEL"]
    assert unit.running == running
    assert unit.sessions == 1
    assert unit.wan_log.events
    assert not events(unit, "restart")


async def _by_menu(unit: Unit) -> None:
    user = await at_console(unit, *TOOLS, "Restart System...")
    with pytest.raises(RouterUnreachable, match="reset"):
        await user.press(RIGHT, RETURN)


async def _by_easy_setup(unit: Unit) -> None:
    user = await at_console(unit, *EASY, "RESTART DEVICE")
    with pytest.raises(RouterUnreachable, match="reset"):
        await user.press(TAB, RETURN)


async def _by_snmp(unit: Unit) -> None:
    user = await at_console(unit)
    await unit.snmp("private").set(RESTART, 2)
    with pytest.raises(RouterUnreachable, match="reset"):
        await user.press(RETURN)


@virtual_time
@pytest.mark.parametrize("way", [_by_menu, _by_easy_setup, _by_snmp])
async def test_restart(way: object) -> None:
    """Every session is reset; 20 to 90 s of silence, a coldStart trap, the uptime begins anew."""
    unit = Unit()
    await asyncio.sleep(1000)
    await way(unit)
    assert unit.sessions == 0
    assert unit.running.interface is None
    with pytest.raises(RouterTimeout):
        await unit.dial()
    with pytest.raises(RouterTimeout):
        await unit.snmp("public").get(UPTIME)
    await down(unit)
    assert 20 <= unit.age - events(unit, "restart")[0]["t"] <= 90
    assert (await unit.snmp("public").get(UPTIME))[0] < 100
    assert not unit.traps
    await asyncio.sleep(1)
    assert [trap.generic for trap in unit.traps] == [0]
    assert str(unit.running.interface) == "203.0.113.2/29"
    assert (await at_console(unit)).title.startswith("Netopia")


@virtual_time
async def test_how_long() -> None:
    """How long it takes is chance, the same for the same seed, or as asked for."""
    took = []
    for seed in (1, 1, 2):
        unit = Unit(seed=seed)
        unit.power_cycle()
        took.append(await down(unit))
    assert took[0] == pytest.approx(took[1], abs=0.2)
    assert took[0] != pytest.approx(took[2], abs=0.2)
    unit = Unit(restart_seconds=5)
    unit.power_cycle()
    assert await down(unit) == pytest.approx(5, abs=0.2)


@virtual_time
async def test_silent_and_restarted() -> None:
    """A silence that ends in the middle of a restart ends with the restart."""
    unit = Unit(restart_seconds=30)
    unit.silence(5)
    unit.power_cycle()
    assert await down(unit) == pytest.approx(30)
    unit.power_cycle()
    unit.speak()
    assert not unit.answering


@virtual_time
async def test_refuse_restart() -> None:
    """With `refuse-restart` neither menu nor SNMP restarts it."""
    unit = Unit("refuse-restart")
    user = await at_console(unit, *TOOLS, "Restart System...")
    await user.press(RIGHT, RETURN)
    assert user.title == "Utilities & Diagnostics"
    with pytest.raises(CommandRefused, match="genErr"):
        await unit.snmp("private").set(RESTART, 2)
    assert unit.answering
    assert len(events(unit, "restart-refused")) == 2


@virtual_time
async def test_factory_defaults() -> None:
    """CONTINUE there is really done: everything is reset, after a restart."""
    unit = Unit("password+no-private-mib")
    user = User(await unit.dial())
    await user.look()
    await user.press("admin", RETURN, "secret9100", RETURN)
    await user.open(*TOOLS, "Revert to Factory Defaults...")
    with pytest.raises(RouterUnreachable):
        await user.press(RIGHT, RETURN)
    await down(unit)
    assert unit.running.interface is None
    assert unit.settings["wan.address"] == "0.0.0.0"
    assert unit.settings["access.password"] == ""
    (answer,) = events(unit, "dialog")
    assert (answer["answer"], answer["destructive"]) == ("CONTINUE", True)


@virtual_time
async def test_disconnect_item() -> None:
    """The session's own item closes it, without a reset."""
    unit = Unit()
    user = await at_console(unit, *TOOLS, "Disconnect Telnet Console Session...")
    with pytest.raises(RouterUnreachable, match="ended"):
        await user.press(RIGHT, RETURN)
    assert unit.sessions == 0


@virtual_time
async def test_clear_history() -> None:
    """CONTINUE there forgets the events."""
    unit = Unit()
    user = await at_console(unit, "Statistics & Logs...", "WAN Event History...", "Clear History")
    await user.press(RIGHT, RETURN)
    assert unit.wan_log.events == []
