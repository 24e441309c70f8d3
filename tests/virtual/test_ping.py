"""The unit's own ping."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address

import pytest

from tests.support.clock import virtual_time
from tests.virtual.user import ESCAPE, RETURN, TOOLS, User, at_console, events
from wanfailover_netopia.virtual import Unit


async def at_ping(unit: Unit, host: str) -> User:
    user = await at_console(unit, *TOOLS, "Ping...")
    await user.set("Name of Host to Ping:", host)
    await user.go_to("START PING")
    return user


@virtual_time
async def test_answered() -> None:
    """One packet each second, counted as they go, and then it is complete."""
    unit = Unit()
    user = await at_ping(unit, "192.0.2.10")
    assert user.value("Packets to Send:") == "5"
    await user.press(RETURN)
    assert user.value("Status:") == "Pinging"
    assert user.value("Packets Out:") == "1"
    assert user.highlighted == "STOP PING"
    begun = unit.time()
    user.quiet = 1.5
    await user.look()
    assert unit.time() - begun == pytest.approx(4 + user.quiet, abs=0.5)
    assert user.value("Status:") == "Complete"
    assert user.value("Packets In:") == "5"
    assert user.value("Packets Lost:") == "0 (0%)"
    assert user.value("(Min/Max/Avg):") == "0.012 / 0.012 / 0.012 secs"
    assert user.highlighted == "START PING"
    assert events(unit, "ping")[0] | {"t": 0} == {
        "t": 0, "event": "ping", "host": "192.0.2.10", "sent": 5, "received": 5
    }  # fmt: skip


@virtual_time
async def test_lost() -> None:
    """Nothing comes back from where nothing is reached."""
    unit = Unit()
    unit.reaches = lambda address: address != IPv4Address("192.0.2.10")
    user = await at_ping(unit, "192.0.2.10")
    await user.set("Packets to Send:", "2")
    await user.go_to("START PING")
    user.quiet = 2.5
    await user.press(RETURN)
    assert user.value("Status:") == "Complete"
    assert user.value("Packets Out:") == "2"
    assert user.value("Packets Lost:") == "2 (100%)"


@virtual_time
async def test_no_route() -> None:
    """Without a gateway that runs, what is beyond is unreachable, and says so at once."""
    unit = Unit()
    unit.set_by_hand(gateway=IPv4Address("198.51.100.1"))
    user = await at_ping(unit, "192.0.2.10")
    await user.press(RETURN)
    assert user.value("Status:") == "Destination unreachable from 192.168.1.1"


@virtual_time
@pytest.mark.parametrize("how", ["action", "escape"])
async def test_stopped(how: str) -> None:
    """Return on STOP PING, or Escape, stops it."""
    unit = Unit()
    user = await at_ping(unit, "192.0.2.10")
    await user.press(RETURN)
    await user.press(RETURN if how == "action" else ESCAPE)
    if how == "action":
        assert user.value("Status:") == "Cancelled by user"
    sent = user.channel._session.pinger.show("ping.out")
    user.quiet = 3
    await user.look()
    assert user.channel._session.pinger.show("ping.out") == sent


@virtual_time
async def test_ends_with_its_session() -> None:
    """Nothing is pinged for somebody who is gone."""
    unit = Unit()
    user = await at_ping(unit, "192.0.2.10")
    await user.press(RETURN)
    unit.drop_sessions()
    await asyncio.sleep(10)
    assert not events(unit, "ping")


@virtual_time
async def test_names() -> None:
    """It knows no name server that answers."""
    user = await at_ping(Unit(), "example.net")
    await user.press(RETURN)
    assert user.value("Status:") == "Resolving host name"
    user.quiet = 2.5
    await user.look()
    assert user.value("Status:") == "Can't resolve host name"


@virtual_time
async def test_not_the_configuration() -> None:
    """What is typed for a ping is no edit, and is gone with the session."""
    unit = Unit()
    user = await at_ping(unit, "192.0.2.10")
    assert not events(unit, "edit")
    assert len(events(unit, "entry")) == 1
    await user.channel.close()
    again = await at_console(unit, *TOOLS, "Ping...")
    assert again.value("Name of Host to Ping:") == ""


@virtual_time
async def test_junk_numbers() -> None:
    """Numbers that are none are taken as typed, and pinged with as the factory has them."""
    unit = Unit()
    user = await at_ping(unit, "192.0.2.10")
    await user.set("Packets to Send:", "many")
    await user.set("Delay (seconds):", "0")
    await user.go_to("START PING")
    await user.press(RETURN)
    assert user.value("Packets In:") == "5"
