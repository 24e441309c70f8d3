"""The SNMP agent: communities, what it tells, what can be set."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address

import pytest

from tests.support.clock import virtual_time
from tests.virtual.user import IP, at_console, events
from wanfailover.errors import CommandRefused, RouterTimeout
from wanfailover_netopia.virtual import Unit

SYSTEM, ADDRESSES, ROUTES = "1.3.6.1.2.1.1", "1.3.6.1.2.1.4.20.1", "1.3.6.1.2.1.4.21.1"
PRIVATE = "1.3.6.1.4.1.304.1.3.1"
GATEWAY = f"{PRIVATE}.4.5.0"
NEXT_HOP = f"{ROUTES}.7.0.0.0.0"


@virtual_time
async def test_identity() -> None:
    """What fingerprint databases know of it."""
    told = await Unit("fw48").snmp("public").get(f"{SYSTEM}.1.0", f"{SYSTEM}.2.0")
    assert told[0] == b"Netopia R9100 v4.8.2"
    assert str(told[1]).startswith("1.3.6.1.4.1.304.2.2.")


@virtual_time
async def test_addresses_and_routes() -> None:
    """The tables of MIB-II hold what runs."""
    unit = Unit()
    snmp = unit.snmp("public")
    addresses = await snmp.walk(ADDRESSES)
    assert addresses["2.203.0.113.2"] == 2
    assert addresses["3.203.0.113.2"] == IPv4Address("255.255.255.248")
    routes = await snmp.walk(ROUTES)
    assert routes["7.0.0.0.0"] == IPv4Address("203.0.113.1")
    assert routes["2.0.0.0.0"] == 2
    assert routes["7.203.0.113.0"] == IPv4Address("203.0.113.2")


@virtual_time
@pytest.mark.parametrize(
    ("variant", "community", "reads", "sets"),
    [
        ("", "public", True, False),
        ("", "private", True, True),
        ("", "wrong", False, False),
        ("", "", False, False),
        ("rw-empty", "private", False, False),
        ("rw-empty", "", False, False),
        ("rw-custom", "s3cret-rw", True, True),
        ("rw-custom", "private", False, False),
        ("snmp-off", "private", False, False),
    ],
)
async def test_communities(variant: str, community: str, reads: bool, sets: bool) -> None:
    """The read/write one reads as well; for any other there is silence."""
    snmp = Unit(variant).snmp(community)
    if reads:
        assert await snmp.get(f"{SYSTEM}.7.0") == (72,)
    else:
        with pytest.raises(RouterTimeout):
            await snmp.get(f"{SYSTEM}.7.0")
    if sets:
        await snmp.set("1.3.6.1.2.1.4.2.0", 32)
    else:
        with pytest.raises(RouterTimeout):
            await snmp.set("1.3.6.1.2.1.4.2.0", 32)


@virtual_time
async def test_no_community_to_set_with() -> None:
    """Without one there is nothing to send."""
    with pytest.raises(CommandRefused, match="no community"):
        await Unit().snmp(None, "public").set("1.3.6.1.2.1.4.2.0", 32)


@virtual_time
@pytest.mark.parametrize(("variant", "trapped"), [("", []), ("auth-traps", [4])])
async def test_authentication_failure(variant: str, trapped: list[int]) -> None:
    """A wrong community is told by a trap where that is on, with who asked."""
    unit = Unit(variant)
    with pytest.raises(RouterTimeout):
        await unit.snmp("wrong").get(f"{SYSTEM}.1.0")
    assert [trap.generic for trap in unit.traps] == trapped
    peer = await unit.snmp("public").get(f"{PRIVATE}.11.4.0", f"{PRIVATE}.11.5.0")
    assert peer == (IPv4Address("192.168.1.50"), b"wrong")
    assert "wrong" not in str(unit.log)


@virtual_time
@pytest.mark.parametrize(
    ("oid", "value", "error"),
    [
        (f"{SYSTEM}.1.0", 1, "noSuchName"),
        ("1.3.6.1.2.1.99.0", 1, "noSuchName"),
        (f"{PRIVATE}.10.1.0", 3, "badValue"),
        (GATEWAY, 1, "badValue"),
        (NEXT_HOP, 1, "noSuchName"),
    ],
)
async def test_refused_sets(oid: str, value: int, error: str) -> None:
    """Version 1 has no word for "not writable"; a wrong kind or value is a bad one."""
    unit = Unit()
    with pytest.raises(CommandRefused, match=error):
        await unit.snmp("private").set(oid, value)
    assert events(unit, "set")[0]["error"] == error
    assert not events(unit, "restart")


@virtual_time
async def test_gateway_waits() -> None:
    """The private default gateway is what the screen shows, and runs after a restart."""
    unit = Unit()
    snmp = unit.snmp("private")
    await snmp.set(GATEWAY, IPv4Address("203.0.113.6"))
    assert unit.configured.gateway == IPv4Address("203.0.113.6")
    assert await snmp.get(GATEWAY, NEXT_HOP) == (
        IPv4Address("203.0.113.6"),
        IPv4Address("203.0.113.1"),
    )
    user = await at_console(unit, *IP)
    assert user.value("Default IP Gateway:") == "203.0.113.6"
    await snmp.set(f"{PRIVATE}.10.1.0", 2)
    await asyncio.sleep(90)
    assert await snmp.get(NEXT_HOP) == (IPv4Address("203.0.113.6"),)


@virtual_time
async def test_restart_reads_one() -> None:
    """deviceRestart always reads 1, and setting that does nothing."""
    unit = Unit()
    await unit.snmp("private").set(f"{PRIVATE}.10.1.0", 1)
    assert await unit.snmp("public").get(f"{PRIVATE}.10.1.0") == (1,)
    assert unit.answering


@virtual_time
async def test_no_private_mib() -> None:
    """Without the private objects MIB-II is all there is."""
    snmp = Unit("no-private-mib").snmp("public")
    assert await snmp.get(GATEWAY) == (None,)
    assert await snmp.walk("1.3.6.1.4") == {}
    assert len(await snmp.walk("1.3.6.1.2.1")) > 100


@virtual_time
async def test_routes_writable() -> None:
    """With `routes-writable` the next hop can be set, at once, but only to one in reach."""
    unit = Unit("routes-writable")
    snmp = unit.snmp("private")
    await snmp.set(NEXT_HOP, IPv4Address("203.0.113.6"))
    assert unit.running.gateway == IPv4Address("203.0.113.6")
    assert unit.configured.gateway == IPv4Address("203.0.113.1")
    with pytest.raises(CommandRefused, match="genErr"):
        await snmp.set(NEXT_HOP, IPv4Address("198.51.100.1"))


@virtual_time
async def test_event_logs() -> None:
    """The oldest event is index 1; setting the count to 0 forgets them."""
    unit = Unit()
    snmp = unit.snmp("private")
    assert await snmp.get(f"{PRIVATE}.15.4.1.3.1") == (b"BOOT: Cold start v4.6.2",)
    wan = await snmp.walk(f"{PRIVATE}.15.8.1.3")
    assert wan == {
        "1": b"IP up, channel 1, gateway: 203.0.113.1",
        "2": b"IP up, channel 1, local: 203.0.113.2",
    }
    await snmp.set(f"{PRIVATE}.15.7.0", 0)
    assert await snmp.walk(f"{PRIVATE}.15.8.1") == {}


@virtual_time
async def test_versions() -> None:
    """The firmware's version, in BCD: 4.10 final."""
    assert await Unit("fw410").snmp("public").get(f"{PRIVATE}.1.2.0") == (b"\x04\x10\x0f\x00",)


@virtual_time
async def test_uptime() -> None:
    """It counts in hundredths of a second."""
    unit = Unit()
    await asyncio.sleep(12.34)
    assert await unit.snmp("public").get(f"{SYSTEM}.3.0") == (1234,)
