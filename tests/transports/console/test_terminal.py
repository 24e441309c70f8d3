"""The terminal: cuts, garbage, and what a VT100 does that a modern terminal does not."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.transports.console.painter import CLEAR, at, bytewise, picture, seen
from tests.transports.console.screens import ALL, IP_SETUP
from wanfailover.transports.console.screen import COLUMNS, ROWS, Screen
from wanfailover.transports.console.terminal import Terminal

PAINTED = (
    CLEAR
    + b"\x1b[2;28H\x1b[m\x1b[1mNetopia R9100 v4.8.2\x1b[m"
    + at(5, 10, "Easy Setup...", "7;1")
    + b"\x1b7\x1b[6;10HWAN\x08\x08\x08Wan\tX\x1b8\x1b[9;1H\x1b(0lqk\x1b(B"
    + b"\x1b[7;10H\x1b[7mgone\x1b[1K\x1b[m\x1b[8;3Hab\x1b[2Dc\x1b[K\x07"
    + at(23, 5, "Return/Enter goes to Easy Setup.")
)


def tokens(data: bytes) -> list[bytes]:
    return re.findall(rb"\x1b\[[0-?]*[@-~]|\x1b[ -/]*[0-~]|.", data, re.DOTALL)


@pytest.mark.parametrize("name", ALL)
def test_one_byte_at_a_time_draws_the_same(name: str) -> None:
    """A screen that comes byte by byte is the same screen."""
    drawn = picture(ALL[name][0])
    assert seen(*bytewise(drawn)) == seen(drawn)


def test_any_cut_draws_the_same() -> None:
    """Wherever the bytes are cut in two, within escape sequences too, the screen is the same."""
    whole = seen(PAINTED)
    assert whole.highlighted is not None
    assert whole.highlighted.label == "Easy Setup"
    for cut in range(len(PAINTED) + 1):
        assert seen(PAINTED[:cut], PAINTED[cut:]) == whole, cut


GARBAGE = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from([*tokens(PAINTED), *tokens(picture(IP_SETUP))]),
        st.builds(
            lambda private, numbers, end: (
                f"\x1b[{private}{';'.join(map(str, numbers))}{end}".encode()
            ),
            st.sampled_from(["", "?", ">", "$", " "]),
            st.lists(st.one_of(st.integers(0, 200), st.just("")), max_size=4),
            st.characters(min_codepoint=0x20, max_codepoint=0x7E),
        ),
        st.sampled_from(
            [b"\x1b]0;x", b"\x1b#8", b"\x1b%G", b"\x9b2J", b"\x1b[9999999999999A", b"\x1b[\xb2m"]
        ),
        st.binary(min_size=1, max_size=2).map(lambda end: b"\x1b" + end),
    ),
    max_size=60,
).map(b"".join)


def read_all(screen: Screen) -> None:
    """Ask all there is to ask, as a driver would."""
    assert len(screen.rows) == ROWS
    assert {len(row) for row in screen.rows} == {COLUMNS}
    for item in screen.items:
        assert item.label.strip()
        assert screen.value_of(item) is not None
        assert screen.find(re.escape(item.label)) is not None
    assert screen.help is not None
    assert screen.title is not None
    assert screen.prompt is not None
    assert screen.text.replace("\n", "").isprintable()


@given(GARBAGE)
@example(b"\x1b[?4m\x1b[?6n\x1b[?5K\x1b[?2;2H\x1b[?1;2c")
@example(b"\x1b[?5h\x1b[?3h\x1b[160h\x1b[96h" + b"x" * 200)
@example(b"\x1b[?6h\x1b[3d\x1b[6n")
@example(b"\x1b[7K\x1b[1;2;3K\x1b[8J")
@example(b"\x1b[38;5;999m\x1b[48m\x1b[38;2m")
@example(b"\x1b[" + b"9" * 5000 + b"A")
def test_nothing_that_arrives_can_break_it(data: bytes) -> None:
    """Any bytes leave a screen of 24 by 80 that can be asked everything."""
    read_all(seen(data))


@given(GARBAGE, st.integers(0, 1000))
def test_garbage_is_cut_anywhere_too(data: bytes, cut: int) -> None:
    """Also what makes no sense draws the same wherever it is cut."""
    assert seen(data[:cut], data[cut:]) == seen(data) == seen(*bytewise(data))


@given(GARBAGE)
def test_the_next_screen_is_clean(data: bytes) -> None:
    """After garbage, a reset and a new screen, all is as if there had been none."""
    drawn = b"\x1bc" + picture(IP_SETUP)
    assert seen(data, drawn) == seen(drawn)


@given(GARBAGE)
def test_a_router_without_a_reset_is_read_again(data: bytes) -> None:
    """After line noise that set no mode, clearing and drawing anew is enough."""
    harmless = re.sub(rb"[^\x20-\x7e]|\x1b|[hl]", b"", data)
    drawn = b"\x1b[m" + picture(IP_SETUP)
    assert seen(b"\x1b" + harmless[:3], harmless, drawn).items == seen(drawn).items


@given(GARBAGE)
def test_no_item_comes_out_of_nothing(data: bytes) -> None:
    """What is highlighted is spelled by the bytes that came: none is lent it by the reader."""
    item = seen(data).highlighted
    if item is not None and b"\x1b(" not in data and b"\x0e" not in data:
        said = Counter(data.decode("latin-1"))
        assert not Counter((item.label + item.value).replace(" ", "")) - said


def test_blanks_left_in_reverse_are_no_highlight() -> None:
    """What is erased loses its attributes, as on a VT100: no ghost of a highlight stays behind."""
    for erase in (b"\x1b[K", b"\x1b[2K", b"\x1b[J", b"\x1b[2J", b"\x1b[20X"):
        drawn = at(5, 10, "Easy Setup...") + b"\x1b[7m\x1b[5;10H" + erase + b"\x1b[m"
        assert seen(drawn).reverse == frozenset(), erase


def test_a_saved_cursor_may_be_restored_twice() -> None:
    """ESC 7 saves one place, to which ESC 8 returns however often."""
    screen = seen(at(5, 10) + b"\x1b7" + at(20, 1) + b"\x1b8" + at(20, 1) + b"\x1b8Here...")
    assert [item.label for item in screen.items] == ["Here"]
    assert screen.items[0].row == 4
    assert screen.items[0].column == 9


def test_draws_lines_with_its_own_graphics() -> None:
    """ESC ( 0 draws lines and not letters."""
    assert seen(b"\x1b(0lqk\x1b(B").rows[0].startswith("┌─┐")
    assert seen(b"\x1b)0\x0elqk\x0fl").rows[0].startswith("┌─┐l")


def test_a_test_picture_is_not_drawn() -> None:
    """DECALN would fill the screen with an item that nobody sent."""
    assert seen(b"\x1b#8").text == ""


def test_a_broken_sequence_does_not_swallow_the_next() -> None:
    """An ESC begins anew, whatever was cut off before it, a title for a window included."""
    for broken in (b"\x1b[", b"\x1b[1;", b"\x1b", b"\x1b(", b"\x1b]0;title", b"\x1b#"):
        assert seen(broken + at(5, 10, "Here...")).items[0].label == "Here", broken


@pytest.mark.parametrize("control", [b"\x18", b"\x1a", b"\x00", b"\x05", b"\x11", b"\x7f"])
def test_a_control_in_a_text_does_not_swallow_the_rest(control: bytes) -> None:
    """What is no character is passed over, and the text around it stays whole."""
    assert seen(b"Easy " + control + b"Setup").rows[0].startswith("Easy Setup")


def test_controls_within_a_sequence_take_effect() -> None:
    """A bell within a sequence rings, and the sequence goes on, as on a VT100."""
    terminal = Terminal()
    terminal.feed(b"\x1b[9\x07;4HHere...")
    assert terminal.bells == 1
    assert terminal.screen.items[0].row == 8


def test_eight_bit_bytes_are_characters() -> None:
    """Bytes above 127 are Latin-1; those that would be 8-bit controls are passed over."""
    assert seen(b"caf\xe9\x9b2J\x9d0;x\x85.").rows[0].startswith("café2J0;x.")


def test_replies_are_given_once() -> None:
    """What the terminal is asked is answered once."""
    terminal = Terminal()
    terminal.feed(b"\x1b[c")
    assert terminal.replies() == b"\x1b[?6c"
    assert terminal.replies() == b""


def test_a_screen_is_a_value() -> None:
    """What was taken stays as it was, though more is drawn."""
    terminal = Terminal()
    terminal.feed(picture(IP_SETUP))
    before = terminal.screen
    terminal.feed(CLEAR)
    assert before == seen(picture(IP_SETUP))
    assert terminal.screen.text == ""
