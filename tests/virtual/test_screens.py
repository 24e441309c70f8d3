"""The menus: where things are, and that every screen is one."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.clock import virtual_time
from tests.virtual.user import ESCAPE, RETURN, TAB, User, at_console, events
from wanfailover_netopia.virtual import Unit
from wanfailover_netopia.virtual.screens import SCREENS

FIRMWARE = ("", "fw3", "fw48", "fw410")


@virtual_time
async def test_main_menu() -> None:
    """The Main Menu comes at once, and holds what the manuals list."""
    user = await at_console(Unit())
    items = [row.strip() for row in user.rows[4:11]]
    assert user.title == "Netopia R9100 v4.6.2"
    assert items == [
        "Easy Setup...",
        "WAN Configuration...",
        "System Configuration...",
        "Utilities & Diagnostics...",
        "Statistics & Logs...",
        "Quick Menus...",
        "Quick View...",
    ]
    assert user.rows[22].strip() == "Return/Enter goes to Easy Setup -- minimal configuration."
    assert user.rows[23].strip() == "You always start from this main screen."


@virtual_time
async def test_first_bytes() -> None:
    """It clears the screen and writes its name in bold at row 2, column 28, and all of it there."""
    user = await at_console(Unit("fw48"))
    assert user.raw.startswith(b"\x1b[2J\x1b[2;28H\x1b[m\x1b[1mNetopia R9100 v4.8.2\x1b")
    assert b"always start from this main screen" in user.raw


@virtual_time
async def test_old_menus() -> None:
    """In 3.x one menu has the statistics, utilities and tests, and IP Setup is a level deeper."""
    user = await at_console(Unit("fw3"), "Statistics, Utilities, Tests...")
    assert user.value("Ping...") == ""
    assert user.value("Restart System...") == ""
    assert user.value("WAN Event History...") == ""
    assert user.value("VPN QuickView...") is None
    await user.home()
    await user.open("System Configuration...", "Network Protocols Setup...", "IP Setup...")
    assert user.title == "IP Setup"
    assert user.value("Exported Services...") == ""


@virtual_time
@pytest.mark.parametrize("firmware", FIRMWARE)
async def test_labels(firmware: str) -> None:
    """Each firmware has its own items on the WAN's screen, and the three values on all."""
    path = ("WAN Configuration...", "WAN (Wide Area", "Ethernet (Wan Module 1)")
    user = await at_console(Unit(firmware), *path)
    assert user.value("Local WAN IP Address:") == "203.0.113.2"
    assert user.value("Local WAN IP Mask:") == "255.255.255.248"
    late = firmware in {"fw48", "fw410"}
    assert (user.value("DHCP Client Mode:") is not None) == late
    assert (user.value("PPP over Ethernet:") is not None) == late
    assert (user.value("WAN Ethernet MAC Address:") is not None) == late
    assert (user.value("NAT Server List...") is None) == (firmware == "fw3")
    await user.home()
    await user.open("WAN Configuration...", "Advanced Connection Options...")
    reset = user.value("Configuration Changes Reset WAN Connection:")
    assert reset == ("Yes" if late else None)


@virtual_time
async def test_latest_items() -> None:
    """4.10 brings the telnet port, a ping's source and the console's time-out."""
    user = await at_console(Unit("fw410"), "System Configuration...", "Security...")
    assert user.value("Telnet Server Port:") == "23"
    await user.press(ESCAPE)
    await user.open("Console Configuration...")
    assert user.value("Console Access timeout (seconds):") == "600"
    await user.home()
    await user.open("Utilities & Diagnostics...", "Ping...")
    assert user.value("Source IP Address:") == "0.0.0.0"


async def _visit(user: User, seen: set[str], depth: int) -> None:
    """Open every item of a screen that opens a screen, and leave it by Escape."""
    await user.press("<")
    if not user.reversed:
        return
    title, tried = user.title, set[str]()
    for _ in range(30):
        label = user.highlighted
        if label in tried:
            return
        tried.add(label)
        if not label[:1].isupper() or label.isupper() or "SCROLL" in label:
            await user.press(b"\x1b[B")
            continue
        await user.press(RETURN)
        if user.title != title:
            seen.add(user.title)
            if depth and user.title not in tried:
                await _visit(user, seen, depth - 1)
        for _ in range(3):
            if user.title == title and "|" not in user.text and user.highlighted == label:
                break
            await user.press(ESCAPE if user.title != title or "|" in user.text else b"\x1b[A")
        assert user.title == title, f"Escape does not lead back from {label}:\n{user.text}"
        await user.press(b"\x1b[B")


@virtual_time
@pytest.mark.parametrize("variant", ["fw3+extra-items", "fw410+extra-items"])
@pytest.mark.timeout(120)
async def test_every_screen(variant: str) -> None:
    """Wherever a user wanders: a screen with a title, which Escape leaves; nothing is changed."""
    unit = Unit(variant)
    before = dict(unit.settings)
    user = await at_console(unit)
    seen: set[str] = set()
    await _visit(user, seen, 3)
    shared = {"Quick View", "SNMP Setup", "IP Setup", "WAN Ethernet Configuration", "ICMP Ping"}
    assert shared <= seen
    assert len(seen) > 40
    assert unit.settings == before
    assert not [e for e in events(unit, "dialog") if e["answer"] != "CANCEL"]


def test_no_loose_ends() -> None:
    """Every picture leads only to screens that there are."""
    for name, screen in SCREENS.items():
        for line in screen.picture.splitlines():
            target = line.rpartition(" >")[2] if " >" in line else ""
            if target and not target.startswith("!"):
                assert target in SCREENS, f"{name}: {target}"


@virtual_time
async def test_shuffled() -> None:
    """Another order, the same for the same seed, and every item is still there."""
    plain = await at_console(Unit(), "System Configuration...")
    shuffled = await at_console(Unit("shuffled", seed=3), "System Configuration...")
    again = await at_console(Unit("shuffled", seed=3), "System Configuration...")
    assert shuffled.rows[3:21] != plain.rows[3:21]
    assert sorted(shuffled.rows[3:21]) == sorted(plain.rows[3:21])
    assert again.rows == shuffled.rows


@virtual_time
async def test_extra_items() -> None:
    """Items come between that no manual tells of, some of them traps for the hasty."""
    user = await at_console(Unit("extra-items"), "System Configuration...", "IP Setup...")
    assert user.value("Default IP Gateway Priority:") == "High"
    assert user.value("Default IP Gateway:") == "203.0.113.1"


@virtual_time
async def test_easy_setup_only() -> None:
    """Without WAN Setup the same screen is the first of Easy Setup."""
    user = await at_console(Unit("easy-setup-only"), "WAN Configuration...")
    assert user.value("WAN (Wide Area Network) Setup...") is None
    await user.home()
    await user.open("Easy Setup...")
    assert user.title == "WAN Ethernet Configuration"
    assert user.value("Local WAN IP Address:") == "203.0.113.2"
    await user.open("NEXT SCREEN")
    assert user.title == "IP Easy Setup"
    assert user.value("Default IP Gateway:") == "203.0.113.1"
    await user.open("NEXT SCREEN")
    assert user.title == "Easy Setup Security Configuration"
    await user.open("PREVIOUS SCREEN")
    assert user.title == "IP Easy Setup"


@virtual_time
async def test_quick_view() -> None:
    """It shows what runs: the gateway, and the addresses of both ports."""
    user = await at_console(Unit(), "Quick View...")
    assert user.title == "Quick View"
    assert user.rows[1].endswith("03/05/1998 03:07:08 PM")
    assert "Default IP Gateway: 203.0.113.1 " in user.text
    assert "Ethernet Hub:   00-00-c5-70-03-48  192.168.1.1" in user.text
    assert "Ethernet WAN1:  00-00-c5-70-03-4a  203.0.113.2" in user.text


@virtual_time
async def test_quick_view_is_still() -> None:
    """A list that is shown does not refresh by itself."""
    user = await at_console(Unit(), "Quick View...")
    first = user.text
    assert await user.channel.read(5) == b""
    assert user.text == first


@virtual_time
async def test_quick_view_live() -> None:
    """With a live one the clock moves while somebody reads."""
    user = await at_console(Unit("quick-view-live"), "Quick View...")
    first = user.rows[1]
    await asyncio.sleep(1)
    await user.look()
    assert user.rows[1] != first


@virtual_time
async def test_snmp_screens_hidden() -> None:
    """Where telnet must not see the SNMP screens, they are not there."""
    unit = Unit()
    user = await at_console(unit, "System Configuration...", "Security...")
    await user.go_to("Enable Telnet Access to SNMP Screens:")
    await user.press(TAB, RETURN, ESCAPE)
    assert user.title == "System Configuration"
    assert user.value("SNMP (Simple") is None


@virtual_time
async def test_vpn() -> None:
    """VPN QuickView has a row while a tunnel is up, none otherwise, and can be missing."""
    path = ("Statistics & Logs...", "VPN QuickView...")
    assert "HQ tunnel" in (await at_console(Unit("vpn-row"), *path)).text
    assert "HQ tunnel" not in (await at_console(Unit(), *path)).text
    without = await at_console(Unit("no-vpn-screen"), *path[:1])
    assert without.value("VPN QuickView...") is None


@virtual_time
async def test_servers() -> None:
    """The server list has one entry; only in `fixed-server` it names the WAN's address."""
    path = ("System Configuration...", "Network Address Trans", "Show/Change Server List...")
    for variant, public in (("", "0.0.0.0"), ("fixed-server", "203.0.113.2")):
        user = await at_console(Unit(variant), *path, "Show/Change Server...")
        assert f"192.168.1.25       {public} " in user.text
        await user.press(RETURN)
        assert user.title == "Change NAT Server"
        assert user.value("External Public IP Address:") == public


@virtual_time
async def test_event_histories() -> None:
    """The newest event comes first; the WAN's tell the gateway, and `local` before the address."""
    unit = Unit()
    user = await at_console(unit, "Statistics & Logs...", "WAN Event History...")
    assert "IP up, channel 1, gateway: 203.0.113.1" in user.text
    assert "local: 203.0.113.2" in user.text
    await user.press(ESCAPE)
    await user.open("Device Event History...")
    up = user.text.index("Telnet connection up, address 192.168.1.50")
    assert up < user.text.index("BOOT: Cold start v4.6.2")


@virtual_time
async def test_long_history() -> None:
    """A history of more than a screen is scrolled by its rows, and an event told in full."""
    unit = Unit()
    for number in range(30):
        unit.wan_log.add(number, f"event {number}", f"all of event {number}")
    user = await at_console(unit, "Statistics & Logs...", "WAN Event History...")
    assert "event 29" in user.text
    assert "event 2 " not in user.text + " "
    await user.go_to("-----")
    await user.press(RETURN)
    assert "event 17" in user.text
    assert "event 29" not in user.text
    await user.go_to("03/05/98")
    await user.press(RETURN)
    assert "all of event 1" in user.text
    await user.press(RETURN)
    assert "all of event" not in user.text
