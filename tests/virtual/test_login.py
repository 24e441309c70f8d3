"""The ways in: prompts, wrong passwords, how many users at a time, and for how long."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.clock import virtual_time
from tests.virtual.user import DOWN, RETURN, WAN, User, at_console, events
from wanfailover.errors import RouterTimeout, RouterUnreachable
from wanfailover_netopia.virtual import Unit


async def at_prompt(variant: str) -> tuple[Unit, User]:
    unit = Unit(variant)
    user = User(await unit.dial())
    await user.look()
    return unit, user


@virtual_time
@pytest.mark.parametrize(
    ("variant", "name", "password"),
    [
        ("password", b"name:", b"password:"),
        ("prompts-spaced", b"name: ", b"password: "),
        ("password+prompts-capital", b"Login name:", b"Password:"),
        ("prompts-capital+prompts-spaced", b"Login name: ", b"Password: "),
    ],
)
async def test_name_and_password(variant: str, name: bytes, password: bytes) -> None:
    """The prompt stands directly behind ESC [ H; a name is echoed, and a password is not."""
    _, user = await at_prompt(variant)
    assert user.raw == b"\x1b[2J\x1b[H" + name
    user.raw = b""
    await user.press("admin", RETURN)
    assert user.raw == b"admin\r\n" + password
    user.raw = b""
    await user.press("secret9100")
    assert user.raw == b""
    await user.press(RETURN)
    assert user.raw.startswith(b"\x1b[2J\x1b[2;28H")
    assert "main screen" in user.text


@virtual_time
async def test_password_only() -> None:
    """A unit without a name asks for the password alone."""
    _, user = await at_prompt("password-only")
    assert user.raw == b"\x1b[2J\x1b[Hpassword:"
    await user.press("secret9100", RETURN)
    assert "main screen" in user.text


@virtual_time
async def test_empty_name() -> None:
    """Or it asks for the name nevertheless, and the right one is empty."""
    _, user = await at_prompt("name-empty")
    await user.press(RETURN, "secret9100", RETURN)
    assert "main screen" in user.text


@virtual_time
@pytest.mark.parametrize(("variant", "tries"), [("password", 3), ("tries-1", 1)])
async def test_wrong_password(variant: str, tries: int) -> None:
    """It asks again, and closes the session after so many."""
    unit, user = await at_prompt(variant)
    for left in range(tries - 1, -1, -1):
        assert user.rows[0].startswith("name:")
        await user.channel.write(b"admin\rwrong\r")
        if left:
            await user.look()
    with pytest.raises(RouterUnreachable):
        await user.look()
    assert unit.sessions == 0
    assert len(events(unit, "login-refused")) == tries
    assert "wrong" not in str([e for e in unit.log if e["event"] == "key"])


@virtual_time
async def test_telnet_off() -> None:
    """Connections are refused."""
    unit = Unit("telnet-off")
    with pytest.raises(RouterUnreachable, match="refused"):
        await unit.dial()


@virtual_time
@pytest.mark.parametrize(
    ("variant", "limit"), [("", 1), ("sessions-1", 1), ("sessions-2", 2), ("sessions-4", 4)]
)
async def test_session_limit(variant: str, limit: int) -> None:
    """One more than there may be is closed without a word; a place that is left is free again."""
    unit = Unit(variant)
    users = [await at_console(unit) for _ in range(limit)]
    assert unit.sessions == limit
    extra = await unit.dial()
    with pytest.raises(RouterUnreachable):
        await extra.read(1)
    assert len(events(unit, "session-refused")) == 1
    await users[0].channel.close()
    assert (await at_console(unit)).title.startswith("Netopia")


@virtual_time
@pytest.mark.parametrize(
    ("variant", "seconds"),
    [("idle-timeout", 10), ("idle-timeout-3", 3), ("fw48", 600), ("fw410+idle-timeout-3", 3)],
)
async def test_idle(variant: str, seconds: int) -> None:
    """A silent session is closed without text, so long after the last key."""
    unit = Unit(variant)
    user = await at_console(unit)
    await asyncio.sleep(seconds - 1)
    await user.channel.write(DOWN)
    pressed = unit.time()
    await user.look()
    user.quiet = 1000
    user.raw = b""
    with pytest.raises(RouterUnreachable):
        await user.look()
    assert unit.time() - pressed == pytest.approx(seconds)
    assert user.raw == b""
    assert events(unit, "session-closed")[0]["reason"] == "idle"


@virtual_time
async def test_not_idle() -> None:
    """Otherwise a session may be silent for long."""
    user = await at_console(Unit())
    await asyncio.sleep(36000)
    await user.press(DOWN)
    assert user.highlighted == "WAN Configuration..."


@virtual_time
async def test_silence() -> None:
    """A silent unit answers nothing, closes nothing, and takes up again where it was."""
    unit = Unit()
    user = await at_console(unit)
    unit.silence()
    await user.press(DOWN)
    assert user.highlighted == "Easy Setup..."
    with pytest.raises(RouterTimeout):
        await unit.snmp("public").get("1.3.6.1.2.1.1.1.0")
    unit.speak()
    await user.press(DOWN)
    assert user.highlighted == "WAN Configuration..."


@virtual_time
async def test_drop_mid_edit() -> None:
    """A session is lost in the middle of one of three edits, once, and what was typed with it."""
    unit = Unit("drop-mid-edit")
    lost = 0
    for value in ("198.51.100.77", "198.51.100.78", "198.51.100.79"):
        user = await at_console(unit, *WAN)
        try:
            await user.set("Local WAN IP Address:", value)
        except RouterUnreachable:
            lost += 1
            assert unit.settings["wan.address"] != value
            user = await at_console(unit, *WAN)
            await user.set("Local WAN IP Address:", value)
        assert unit.settings["wan.address"] == value
        await user.channel.close()
    assert lost == 1


@virtual_time
async def test_command_line() -> None:
    """With `cli` Ctrl-N leads to a prompt and back; without, it does nothing."""
    user = await at_console(Unit())
    before = user.text
    assert await user.press(b"\x0e") == before
    user = await at_console(Unit("cli+fw48"))
    await user.press(b"\x0e")
    assert user.rows[0] == "#"
    await user.press("show version", RETURN)
    assert user.rows[0] == "#show version"
    assert user.rows[2] == "firmware version:  04.08.02f00"
    await user.press("reboot", RETURN)
    assert "unknown command" in user.text
    await user.press(b"\x0e")
    assert "main screen" in user.text


@virtual_time
async def test_leaving_the_command_line() -> None:
    """`exit` there ends the session."""
    user = await at_console(Unit("cli"))
    with pytest.raises(RouterUnreachable):
        await user.press(b"\x0e", "exit", RETURN)
