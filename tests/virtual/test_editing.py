"""Keys, fields, lists: what is stored when, and what is lost."""

from __future__ import annotations

from ipaddress import IPv4Interface

import pytest

from tests.support.clock import virtual_time
from tests.virtual.user import (
    BACKSPACE,
    DELETE,
    DOWN,
    ESCAPE,
    IP,
    LEFT,
    RETURN,
    RIGHT,
    SPACE,
    TAB,
    UP,
    WAN,
    User,
    at_console,
    events,
)
from wanfailover.errors import RouterUnreachable
from wanfailover_netopia.virtual import Unit

ADDRESS = "Local WAN IP Address:"


async def at_address(variant: str = "") -> tuple[Unit, User]:
    unit = Unit(variant)
    user = await at_console(unit, *WAN)
    await user.go_to(ADDRESS)
    return unit, user


@virtual_time
async def test_accepted_at_once() -> None:
    """Return stores a value; there is no other way, and nothing more to do."""
    unit, user = await at_address()
    await user.press("198.51.100.77")
    assert user.value(ADDRESS) == "198.51.100.77"
    assert unit.settings["wan.address"] == "203.0.113.2"
    await user.press(RETURN)
    assert unit.settings["wan.address"] == "198.51.100.77"
    (edit,) = events(unit, "edit")
    assert (edit["label"], edit["old"], edit["new"]) == (ADDRESS, "203.0.113.2", "198.51.100.77")


@virtual_time
async def test_escape_reverts() -> None:
    """Escape takes back what has not been accepted, and only the next one leaves the screen."""
    unit, user = await at_address()
    await user.press("198.51.100.77", ESCAPE)
    assert user.value(ADDRESS) == "203.0.113.2"
    assert user.title == "WAN Ethernet Configuration"
    await user.press(ESCAPE)
    assert user.title != "WAN Ethernet Configuration"
    assert not events(unit, "edit")


@virtual_time
async def test_lost_session() -> None:
    """A session that dies takes what was not accepted with it; what was, stays."""
    unit, user = await at_address()
    await user.press("198.51.100.77", RETURN, "255.255")
    unit.drop_sessions()
    with pytest.raises(RouterUnreachable):
        await user.channel.write(RETURN)
    assert unit.settings["wan.address"] == "198.51.100.77"
    assert unit.settings["wan.mask"] == "255.255.255.248"
    again = await at_console(unit, *WAN)
    assert again.value(ADDRESS) == "198.51.100.77"


@virtual_time
async def test_typing_replaces() -> None:
    """What is typed on a highlighted field takes the value's place."""
    _, user = await at_address()
    await user.press("1")
    assert user.value(ADDRESS) == "1"


@virtual_time
async def test_typing_appends() -> None:
    """With `append` it goes on behind the value, until it is cleared."""
    _, user = await at_address("append")
    await user.press("1")
    assert user.value(ADDRESS) == "203.0.113.21"
    await user.press(ESCAPE, SPACE, "1")
    assert user.value(ADDRESS) == "1"


@virtual_time
@pytest.mark.parametrize("key", [SPACE, DELETE, BACKSPACE])
async def test_clearing(key: bytes) -> None:
    """Space or Delete clears a highlighted field, which is not accepted yet."""
    unit, user = await at_address()
    await user.press(key)
    assert user.value(ADDRESS) == ""
    assert unit.settings["wan.address"] == "203.0.113.2"


@virtual_time
async def test_no_clear() -> None:
    """With `no-clear` Space only rings, and Delete takes one character at a time."""
    _, user = await at_address("no-clear")
    await user.press(SPACE)
    assert user.value(ADDRESS) == "203.0.113.2"
    assert b"\a" in user.segments
    await user.press(DELETE)
    assert user.value(ADDRESS) == "203.0.113."
    await user.press(DELETE * 10, "9")
    assert user.value(ADDRESS) == "9"


@virtual_time
async def test_insertion_point() -> None:
    """Left and Right move within the value, Del deletes before the point, the cursor shows it."""
    _, user = await at_address()
    await user.press("12345", LEFT, LEFT, "x", DELETE, DELETE)
    assert user.value(ADDRESS) == "1245"
    assert user.cursor[1] == user.rows[user.cursor[0]].index("1245") + 2
    await user.press(RIGHT, RIGHT, RIGHT, "6")
    assert user.value(ADDRESS) == "12456"
    assert "Left/Right moves insertion point" in user.rows[22]


@virtual_time
async def test_arrows_do_not_leave_an_edit() -> None:
    """Up and Down do nothing while a value is being typed."""
    unit, user = await at_address()
    await user.press("1", DOWN, UP, UP)
    assert user.value(ADDRESS) == "1"
    assert user.highlighted.startswith(ADDRESS)
    assert not events(unit, "edit")


@virtual_time
async def test_full_field() -> None:
    """A field holds as much as it is wide; the rest rings and is lost."""
    _, user = await at_address()
    await user.press("255.255.255.2550")
    assert user.value(ADDRESS) == "255.255.255.255"
    assert user.raw.endswith(b"\a") or b"\a" in b"".join(user.segments[-3:])


@virtual_time
@pytest.mark.parametrize(("variant", "then"), [("", "Local WAN IP Mask:"), ("stay", ADDRESS)])
async def test_after_return(variant: str, then: str) -> None:
    """After Return the highlight is on the next item, or stays with `stay`."""
    _, user = await at_address(variant)
    await user.press("198.51.100.77", RETURN)
    assert user.highlighted.startswith(then)


@virtual_time
async def test_toggle() -> None:
    """Tab toggles, Return accepts, Escape takes it back."""
    unit = Unit()
    user = await at_console(unit, *WAN)
    await user.press(TAB, ESCAPE)
    assert user.value("Address Translation Enabled:") == "Yes"
    await user.press(TAB)
    assert user.value("Address Translation Enabled:") == "No"
    assert unit.settings["wan.nat"] == "Yes"
    await user.press(RETURN)
    assert unit.settings["wan.nat"] == "No"


@virtual_time
async def test_pop_up() -> None:
    """A choice opens a list over the screen; Return chooses, Escape leaves it alone."""
    unit = Unit()
    user = await at_console(unit, *IP)
    await user.go_to("Receive RIP:")
    await user.press(RETURN)
    assert "+--" in user.text
    assert list(user.reversed.values()) == ["Both"]
    await user.press(DOWN, ESCAPE)
    assert "+--" not in user.text
    assert unit.settings["ip.rip-in"] == "Both"
    await user.press(RETURN, DOWN, RETURN)
    assert unit.settings["ip.rip-in"] == "Off"


@virtual_time
async def test_ends_of_a_menu() -> None:
    """The highlight stops at both ends, < and > jump there, Ctrl-K and Ctrl-O move by one."""
    user = await at_console(Unit())
    await user.press(UP)
    assert user.highlighted == "Easy Setup..."
    await user.press(">", DOWN)
    assert user.highlighted == "Quick View..."
    await user.press("<", b"\x0f", b"\x0f", b"\x0b")
    assert user.highlighted == "WAN Configuration..."


@virtual_time
async def test_wrapping_menu() -> None:
    """With `wrap` it goes round."""
    user = await at_console(Unit("wrap"))
    await user.press(UP)
    assert user.highlighted == "Quick View..."
    await user.press(DOWN)
    assert user.highlighted == "Easy Setup..."


@virtual_time
async def test_highlight_stays_with_its_item() -> None:
    """Where an item before it goes, as somebody else edits, the highlight stays on its own."""
    unit = Unit("mask-hidden")
    user = await at_console(unit, *WAN)
    await user.go_to("NAT Server List...")
    unit.set_by_hand(address=IPv4Interface("0.0.0.0/32"))
    await user.press(b"\x0c")
    assert user.value("Local WAN IP Mask:") is None
    assert user.highlighted.startswith("NAT Server List...")


@virtual_time
@pytest.mark.parametrize("key", [b"\r", b"\r\x00", b"\r\n", b"\n"])
async def test_return(key: bytes) -> None:
    """CR, CR NUL and CR LF are one Return."""
    unit = Unit()
    user = await at_console(unit)
    await user.press(DOWN, key)
    assert user.title == "WAN Configuration"
    assert len([e for e in events(unit, "key") if e["key"] == "Return"]) == 1


@virtual_time
async def test_other_arrows() -> None:
    """Arrows in application mode are understood as well."""
    user = await at_console(Unit())
    await user.press(b"\x1bOB")
    assert user.highlighted == "WAN Configuration..."


@virtual_time
@pytest.mark.parametrize(("variant", "pause"), [("", 0.1), ("esc-timer", 0.3)])
async def test_lone_escape(variant: str, pause: float) -> None:
    """ESC is a key after its silence; what follows sooner is lost with it."""
    unit = Unit(variant)
    user = await at_console(unit, "System Configuration...")
    await user.channel.write(ESCAPE)
    assert await user.channel.read(pause - 0.01) == b""
    await user.channel.write(RETURN)
    await user.look()
    assert user.title == "System Configuration"
    assert events(unit, "key")[-1]["key"] != "Escape"
    user.quiet = pause + 0.01
    await user.press(ESCAPE)
    assert "main screen" in user.text


@virtual_time
async def test_cut_arrow() -> None:
    """An arrow may come in pieces, as long as they follow each other."""
    user = await at_console(Unit())
    for byte in (b"\x1b", b"[", b"B"):
        await user.channel.write(byte)
        assert await user.channel.read(0.05) == b"" or byte == b"B"
    await user.look()
    assert events(user.channel._session.router, "key")[-1]["key"] == "Down"


@virtual_time
async def test_escape_at_the_main_menu() -> None:
    """There it does nothing."""
    user = await at_console(Unit())
    await user.press(DOWN, ESCAPE)
    assert user.highlighted == "WAN Configuration..."


@virtual_time
async def test_repaint() -> None:
    """Ctrl-L draws everything anew."""
    user = await at_console(Unit())
    first = user.raw
    user.raw = b""
    await user.press(b"\x0c")
    assert user.raw == first


@virtual_time
async def test_adding_and_deleting() -> None:
    """A form is stored by its action only; deleting asks first."""
    unit = Unit()
    user = await at_console(unit, *IP, "Static Routes...", "Add Static Route...")
    await user.set("Destination Network IP Address:", "10.0.0.0")
    await user.set("Next Gateway IP Address:", "192.168.1.2")
    assert not unit.tables.get("route")
    assert len(events(unit, "entry")) == 2
    await user.open("ADD STATIC ROUTE NOW")
    assert [route["network"] for route in unit.tables["route"]] == ["10.0.0.0"]
    assert user.title == "Static Routes"
    await user.open("Delete Static Route...")
    await user.press(RETURN)
    assert list(user.reversed.values()) == ["CANCEL"]
    await user.press(RIGHT, RETURN)
    assert unit.tables["route"] == []
    (answer,) = events(unit, "dialog")
    assert (answer["name"], answer["destructive"]) == ("delete route", True)


@virtual_time
async def test_secrets_stay_out_of_the_log() -> None:
    """A password or community that is typed leaves no trace in the log."""
    unit = Unit("password")
    user = User(await unit.dial())
    await user.look()
    await user.press("admin", RETURN, "secret9100", RETURN)
    await user.open("System Configuration...", "SNMP (Simple")
    await user.set("Read/Write Community String:", "hush")
    assert unit.settings["snmp.rw"] == "hush"
    typed = "".join(str(e.get("key", "")) for e in unit.log)
    assert "hush" not in typed
    assert "hush" not in str(unit.log)
    assert "private" not in str(unit.log)
    assert "secret9100" not in str(unit.log)
    assert "secret" not in typed
