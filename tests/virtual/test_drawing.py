"""What goes over the wire for the same picture, and how fast."""

from __future__ import annotations

import pytest

from tests.support.clock import virtual_time
from tests.virtual.user import DOWN, RETURN, WAN, User, at_console
from wanfailover_netopia.virtual import Unit

STYLES = ("", "full-repaint", "minimal-diff", "segmented", "slow", "minimal-diff+segmented+slow")


async def story(user: User) -> list[str]:
    """A walk with an edit and a list, seen after each step."""
    keys = (DOWN, RETURN, RETURN, RETURN, DOWN, "1", "9", "\x1b", DOWN, DOWN, RETURN, "\x1b")
    return [user.text, *[await user.press(key) for key in keys]]


@virtual_time
@pytest.mark.parametrize("style", STYLES)
async def test_same_picture(style: str) -> None:
    """However it is drawn, the picture is the same."""
    plain = await story(await at_console(Unit()))
    user = User(await Unit(style).dial(), quiet=1.5)
    await user.look()
    assert await story(user) == plain


@virtual_time
async def test_new_screen_is_cleared() -> None:
    """A new screen begins with ESC [ 2 J; what changes on it later does not."""
    user = await at_console(Unit())
    user.raw = b""
    await user.press(DOWN)
    assert b"\x1b[2J" not in user.raw
    await user.press(RETURN)
    assert user.raw.count(b"\x1b[2J") == 1


@virtual_time
async def test_full_repaint() -> None:
    """With `full-repaint` each change does."""
    user = await at_console(Unit("full-repaint"))
    user.raw = b""
    await user.press(DOWN, DOWN)
    assert user.raw.count(b"\x1b[2J") == 2


@virtual_time
async def test_minimal_diff() -> None:
    """With `minimal-diff` no screen is cleared but the first, and little is sent."""
    user, plain = await at_console(Unit("minimal-diff")), await at_console(Unit())
    user.raw = plain.raw = b""
    for each in (user, plain):
        await each.open(*WAN)
    assert b"\x1b[2J" not in user.raw
    await user.press(DOWN, "1")
    user.raw = b""
    await user.press("9")
    assert user.raw == b"\x1b[5;48H\x1b[m9\x1b[5;49H"


@virtual_time
async def test_highlight() -> None:
    """A label is in reverse video, or with `highlight-value` a field's value."""
    user = await at_console(Unit(), *WAN)
    assert list(user.reversed.values()) == ["Address Translation Enabled:"]
    user = await at_console(Unit("highlight-value"), *WAN)
    assert list(user.reversed.values()) == ["Yes"]
    await user.press(DOWN)
    assert list(user.reversed.values()) == ["203.0.113.2"]


@virtual_time
async def test_cursor_highlight() -> None:
    """With `cursor-highlight` nothing is reversed, and the cursor stands on the item."""
    user = await at_console(Unit("cursor-highlight"))
    await user.press(DOWN)
    assert user.reversed == {}
    assert user.highlighted == "WAN Configuration..."
    await user.open("Utilities &", "Restart System...")
    row, column = user.cursor
    assert user.rows[row][column:].startswith("CANCEL")


@virtual_time
async def test_segmented() -> None:
    """With `segmented` no segment is longer than three bytes, and sequences are cut."""
    user = await at_console(Unit("segmented"))
    assert {len(segment) for segment in user.segments} == {1, 2, 3}
    assert any(segment.endswith(b"\x1b") for segment in user.segments)


@virtual_time
async def test_slow() -> None:
    """With `slow` a key takes a quarter of a second, and 960 bytes one second."""
    unit = Unit("slow")
    channel = await unit.dial()
    user = User(channel, quiet=1)
    await user.look()
    begun, user.raw = unit.time(), b""
    await user.press(DOWN)
    assert unit.time() - begun - user.quiet == pytest.approx(0.25 + len(user.raw) / 960, abs=0.04)
    begun, user.raw = unit.time(), b""
    await user.press(DOWN + DOWN)
    assert unit.time() - begun - user.quiet > 0.5


def test_frames_of_80_by_24() -> None:
    """No picture is wider or longer than the screen."""
    from wanfailover_netopia.virtual.screens import SCREENS

    for name, screen in SCREENS.items():
        lines = [line.partition("|")[2] for line in screen.picture.splitlines() if "|" in line]
        assert len(lines) <= 24, name
        for line in lines:
            shown = line.rpartition(" >")[0].rstrip() or line
            assert len(shown) <= 80, f"{name}: {line}"
