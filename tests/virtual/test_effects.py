"""When what was typed becomes what runs, and which values are refused."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address, IPv4Interface

import pytest

from tests.support.clock import virtual_time
from tests.virtual.user import DOWN, ESCAPE, IP, RETURN, WAN, User, at_console, events
from wanfailover.errors import RouterUnreachable
from wanfailover_netopia.virtual import Unit

FIELD, MASK, GATEWAY = "Local WAN IP Address:", "Local WAN IP Mask:", "Default IP Gateway:"
NEXT_HOP = "1.3.6.1.2.1.4.21.1.7.0.0.0.0"
WAN_STATUS = "1.3.6.1.2.1.2.2.1.8.2"
CONFIGURED_GATEWAY = "1.3.6.1.4.1.304.1.3.1.4.5.0"
BACKUP = IPv4Interface("198.51.100.77/24")


async def move(unit: Unit, user: User) -> None:
    """From the Main Menu: address, mask, gateway; then back."""
    await user.open(*WAN)
    await user.set(FIELD, "198.51.100.77")
    await user.set(MASK, "255.255.255.0")
    await user.home()
    await user.open(*IP)
    await user.set(GATEWAY, "198.51.100.1")
    await user.home()


@virtual_time
async def test_immediate() -> None:
    """Each value runs as soon as it is accepted, also those that do not fit together yet."""
    unit = Unit()
    user = await at_console(unit, *WAN)
    await user.set(FIELD, "198.51.100.77")
    assert unit.running.interface == IPv4Interface("198.51.100.77/29")
    assert unit.running.gateway == IPv4Address(0)
    await user.home()
    await move(unit, user)
    assert unit.running.interface == BACKUP
    assert unit.running == unit.configured
    assert [e["field"] for e in events(unit, "edit")][1:] == [
        "wan.address",
        "wan.mask",
        "ip.gateway",
    ]


@virtual_time
async def test_gateway_out_of_reach() -> None:
    """A gateway in no connected network is accepted, but not installed, until it can be reached."""
    unit = Unit()
    user = await at_console(unit, *IP)
    await user.set(GATEWAY, "198.51.100.1")
    assert unit.configured.gateway == IPv4Address("198.51.100.1")
    assert unit.running.gateway == IPv4Address(0)
    assert await unit.snmp("public").get(NEXT_HOP, CONFIGURED_GATEWAY) == (
        None,
        IPv4Address("198.51.100.1"),
    )
    await user.home()
    await user.open("Quick View...")
    assert "Default IP Gateway: 0.0.0.0 " in user.text
    await user.home()
    await user.open(*WAN)
    await user.set(MASK, "255.255.255.0")
    await user.set(FIELD, "198.51.100.77")
    assert await unit.snmp("public").get(NEXT_HOP) == (IPv4Address("198.51.100.1"),)


@virtual_time
async def test_same_value_again() -> None:
    """To accept what is there already is an edit, but changes nothing that runs."""
    unit = Unit()
    user = await at_console(unit, *WAN)
    await user.set(FIELD, "203.0.113.2")
    assert len(events(unit, "edit")) == 1
    assert len(events(unit, "running")) == 1


@virtual_time
async def test_gateway_inside() -> None:
    """A gateway on the inside can be reached as well."""
    unit = Unit()
    user = await at_console(unit, *IP)
    await user.set(GATEWAY, "192.168.1.9")
    assert unit.running.gateway == IPv4Address("192.168.1.9")


@virtual_time
async def test_sessions_through_the_wan() -> None:
    """A session that came by the WAN dies with its address; one from the inside lives."""
    unit = Unit("sessions-2")
    inside = await at_console(unit, *WAN)
    outside = await at_console(unit, by_wan=True)
    await inside.set(FIELD, "198.51.100.77")
    with pytest.raises(RouterUnreachable):
        await outside.press(DOWN)
    assert inside.title == "WAN Ethernet Configuration"


@virtual_time
async def test_link_reset() -> None:
    """The WAN is away for three seconds after the last change, and traps tell so."""
    unit = Unit("link-reset")
    user = await at_console(unit, *WAN)
    await user.set(FIELD, "203.0.113.3")
    edited = events(unit, "edit")[0]["t"]
    assert unit.running.interface is None
    assert not unit.up
    assert await unit.snmp("public").get(WAN_STATUS, NEXT_HOP) == (2, None)
    assert [trap.generic for trap in unit.traps] == [2]
    await asyncio.sleep(3)
    assert await unit.snmp("public").get(WAN_STATUS, NEXT_HOP) == (1, IPv4Address("203.0.113.1"))
    assert unit.running.interface == IPv4Interface("203.0.113.3/29")
    assert [trap.generic for trap in unit.traps] == [2, 3]
    assert events(unit, "running")[-1]["t"] == pytest.approx(edited + 3, abs=0.01)


@virtual_time
@pytest.mark.parametrize("variant", ["restart", "restart-notice"])
async def test_after_a_restart(variant: str) -> None:
    """What was typed is shown, and what runs stays, until a restart."""
    unit = Unit(variant)
    before = unit.running
    user = await at_console(unit)
    await user.open(*WAN)
    await user.set(FIELD, "198.51.100.77")
    await user.set(MASK, "255.255.255.0")
    await user.press(ESCAPE)
    assert ("after the Netopia is restarted" in user.text) == (variant == "restart-notice")
    await user.press("x")
    assert "after the Netopia" not in user.text
    await user.home()
    await user.open(*IP)
    await user.set(GATEWAY, "198.51.100.1")
    assert unit.running == before
    assert unit.configured.interface == BACKUP
    assert await unit.snmp("public").get(NEXT_HOP, CONFIGURED_GATEWAY) == (
        IPv4Address("203.0.113.1"),
        IPv4Address("198.51.100.1"),
    )
    unit.power_cycle()
    await asyncio.sleep(90)
    assert unit.running.interface == BACKUP
    assert unit.running.gateway == IPv4Address("198.51.100.1")


@virtual_time
async def test_delay_is_an_option() -> None:
    """Where 4.8 shows the toggle, a unit that waits for a restart has it at No."""
    path = ("WAN Configuration...", "Advanced Connection Options...")
    user = await at_console(Unit("fw48+restart"), *path)
    assert user.value("Configuration Changes Reset WAN Connection:") == "No"


@virtual_time
async def test_mask_hidden() -> None:
    """The mask is there only while the address is not 0.0.0.0."""
    user = await at_console(Unit("mask-hidden"), *WAN)
    assert user.value(MASK) == "255.255.255.248"
    await user.set(FIELD, "0.0.0.0")
    assert user.value(MASK) is None
    await user.set(FIELD, "198.51.100.77")
    assert user.value(MASK) == "255.255.255.248"


@virtual_time
@pytest.mark.parametrize(
    ("address", "mask"),
    [
        ("10.1.2.3", "255.0.0.0"),
        ("172.16.0.9", "255.255.0.0"),
        ("198.51.100.77", "255.255.255.0"),
        ("203.0.113.2", "255.255.255.248"),
    ],
)
async def test_mask_reset(address: str, mask: str) -> None:
    """The mask becomes the class's default, if the address is another one."""
    unit = Unit("mask-reset")
    user = await at_console(unit, *WAN)
    await user.set(FIELD, address)
    assert user.value(MASK) == mask
    assert str(unit.running.mask) == mask
    assert len(events(unit, "edit")) == 1


@virtual_time
async def test_dhcp() -> None:
    """The field says 0.0.0.0 while Quick View and SNMP tell the real address."""
    unit = Unit("dhcp+mask-hidden")
    user = await at_console(unit, *WAN)
    assert user.value(FIELD) == "0.0.0.0"
    assert user.value(MASK) is None
    assert unit.running.interface == IPv4Interface("203.0.113.2/29")
    assert await unit.snmp("public").get(NEXT_HOP) == (IPv4Address("203.0.113.1"),)
    await user.set(FIELD, "198.51.100.77")
    await user.set(MASK, "255.255.255.0")
    assert unit.running.interface == BACKUP
    await user.set(FIELD, "0.0.0.0")
    assert unit.running.interface == IPv4Interface("203.0.113.2/29")


@virtual_time
async def test_by_hand() -> None:
    """Somebody else's change runs, shows, and is no edit of ours."""
    unit = Unit("restart")
    unit.set_by_hand(address=BACKUP, gateway=IPv4Address("198.51.100.1"))
    assert unit.running.interface == BACKUP
    assert unit.running == unit.configured
    assert not events(unit, "edit")
    user = await at_console(unit, *WAN)
    assert user.value(FIELD) == "198.51.100.77"


@virtual_time
@pytest.mark.parametrize("bad", ["203.0.113", "203.0.113.256", "garbage", ""])
@pytest.mark.parametrize("variant", ["", "bell", "dialog", "revert"])
async def test_bad_address(variant: str, bad: str) -> None:
    """Taken as typed; or it rings and goes on editing; or a box and the old value; or only that."""
    unit = Unit(variant)
    user = await at_console(unit, *WAN)
    await user.set(FIELD, bad)
    rung = b"\a" in b"".join(user.segments)
    assert rung == (variant == "bell")
    assert ("not in decimal and dot form" in user.text) == (variant == "dialog")
    if not variant:
        assert unit.settings["wan.address"] == bad
        return
    assert unit.settings["wan.address"] == "203.0.113.2"
    assert len(events(unit, "refused")) == 1
    assert user.value(FIELD) == (bad if variant == "bell" else "203.0.113.2")
    await user.press(ESCAPE if variant == "bell" else "x")
    assert user.value(FIELD) in {"203.0.113.2", "x"}


@virtual_time
async def test_bad_mask() -> None:
    """A mask with a hole is refused where values are looked at."""
    unit = Unit("revert")
    user = await at_console(unit, *WAN)
    await user.set(MASK, "255.0.255.0")
    assert user.value(MASK) == "255.255.255.248"
    await user.set(MASK, "255.255.255.0")
    assert unit.settings["wan.mask"] == "255.255.255.0"


@virtual_time
@pytest.mark.parametrize("variant", ["", "bell", "dialog", "revert"])
async def test_gateway_checked(variant: str) -> None:
    """A gateway outside the WAN's network is refused in the unit's way, until the address fits."""
    unit = Unit(f"gateway-checked+{variant}" if variant else "gateway-checked")
    user = await at_console(unit, *IP)
    await user.set(GATEWAY, "198.51.100.1")
    assert unit.settings["ip.gateway"] == "203.0.113.1"
    assert (b"\a" in b"".join(user.segments)) == (variant in {"", "bell"})
    assert ("directly connected network" in user.text) == (variant == "dialog")
    await user.press(ESCAPE if variant in {"", "bell"} else "\x0c")
    await user.home()
    await move(unit, user)
    assert unit.running.gateway == IPv4Address("198.51.100.1")


@virtual_time
async def test_lan_address_waits() -> None:
    """A changed address of the LAN runs after a restart, whatever the WAN does."""
    unit = Unit()
    user = await at_console(unit, *IP)
    await user.set("Ethernet IP Address:", "192.168.1.2")
    assert unit.inside_running == IPv4Interface("192.168.1.1/24")
    unit.power_cycle()
    await asyncio.sleep(90)
    assert unit.inside_running == IPv4Interface("192.168.1.2/24")


@virtual_time
async def test_pressing_return_changes_nothing() -> None:
    """Going down a screen with Return alone is no edit."""
    unit = Unit()
    user = await at_console(unit, *WAN)
    await user.press(RETURN, RETURN, RETURN)
    assert not events(unit, "edit")
