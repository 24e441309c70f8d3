"""Reading a menu console's screen."""

from __future__ import annotations

import pytest

from tests.transports.console.painter import CLEAR, at, picture, seen
from tests.transports.console.screens import (
    ALL,
    IP_SETUP,
    MAIN_MENU,
    QUICK_VIEW,
    SECURITY,
    Expected,
)
from wanfailover.transports.console.items import Item, Kind
from wanfailover.transports.console.screen import Screen

NAMES = list(ALL)

REVERSE = "7"

DIALOG = [
    "+---------- Warning --------------+",
    "|  Really restart the device?     |",
    "|                                 |",
    "|   CANCEL           CONTINUE     |",
    "+---------------------------------+",
]


def over(text: str, box: list[str], row: int = 9, column: int = 20, lit: str = "") -> Screen:
    """A screen with a box drawn over it, *lit* in reverse."""
    drawn = picture(text) + b"".join(at(row + n, column, line) for n, line in enumerate(box))
    for n, line in enumerate(box):
        if lit and lit in line:
            drawn += at(row + n, column + line.index(lit), lit, REVERSE)
    return seen(drawn + at(1, 1))


def said(screen: Screen) -> Expected:
    return [(item.label, item.value, item.kind) for item in screen.items]


@pytest.mark.parametrize("name", NAMES)
def test_reads_every_screen_of_the_manuals(name: str) -> None:
    """Title, labels, values and kinds are those a person reads."""
    text, title, expected = ALL[name]
    screen = seen(picture(text))
    assert screen.title == title
    assert said(screen) == expected
    assert screen.box is None


@pytest.mark.parametrize("name", NAMES)
def test_where_an_item_stands_makes_no_difference(name: str) -> None:
    """The same screen further to the left reads the same."""
    text, title, expected = ALL[name]
    lines = [line[4:] if line[:5].isspace() else line for line in text.splitlines()]
    screen = seen(picture("\n".join(lines)))
    assert (screen.title, said(screen)) == (title, expected)


@pytest.mark.parametrize(
    ("text", "help_lines"),
    [
        (
            MAIN_MENU,
            (
                "Return/Enter goes to Easy Setup -- minimal configuration.",
                "You always start from this main screen.",
            ),
        ),
        (
            SECURITY,
            (
                "Return/Enter accepts * Tab toggles * ESC cancels.",
                "Set up configuration access options here.",
            ),
        ),
        (QUICK_VIEW, ()),
    ],
)
def test_help_is_at_the_bottom(text: str, help_lines: tuple[str, ...]) -> None:
    """The two lines at the bottom are help, where they are words and no items."""
    assert seen(picture(text)).help == help_lines


@pytest.mark.parametrize("row", [20, 21, 22, 23])
def test_help_is_never_an_item(row: int) -> None:
    """Help may stand a little higher, and is still no item, though it is in reverse."""
    help_lines = at(row, 5, "Return accepts * ESC cancels.", REVERSE)
    help_lines += at(row + 1, 5, "What is typed here is stored at once")
    screen = seen(picture("\n\n      Title\n\n   One...\n   Two...\n") + help_lines + at(5, 4))
    assert [item.label for item in screen.items] == ["One", "Two"]
    assert screen.help == ("Return accepts * ESC cancels.", "What is typed here is stored at once")
    assert screen.highlighted is not None
    assert screen.highlighted.label == "Two"


def test_help_in_its_place_may_look_like_a_field() -> None:
    """In the last two rows words with a colon or a gap are help all the same."""
    drawn = at(23, 5, "Note: it is stored at once.") + at(24, 5, "Tab toggles    ESC cancels")
    screen = seen(picture("\n\n      Title\n\n   One...\n") + drawn)
    assert [item.label for item in screen.items] == ["One"]
    assert len(screen.help) == 2


def test_items_at_the_bottom_are_items() -> None:
    """Where there is no help, the last items are not taken for it."""
    screen = seen(picture("\n\n      Title\n" + "\n" * 18 + "   Show...\n   NEXT SCREEN\n"))
    assert [item.label for item in screen.items] == ["Show", "NEXT SCREEN"]
    assert screen.help == ()


@pytest.mark.parametrize("row", [1, 2, 3])
@pytest.mark.parametrize("column", [1, 28, 60])
def test_the_title_is_found_at_the_top(row: int, column: int) -> None:
    """The title stands on row 2, or next to it where that is blank, in any column."""
    screen = seen(CLEAR, at(row, column, "IP Setup", "1"), at(8, 5, "Static Routes..."))
    assert screen.title == "IP Setup"
    assert [item.label for item in screen.items] == ["Static Routes"]


def test_the_title_ends_at_a_gap() -> None:
    """A clock to the right is no part of the title."""
    assert seen(picture(QUICK_VIEW)).title == "Quick View"
    assert seen(CLEAR).title == ""


PLACES = [
    pytest.param(name, label, kind, id=f"{name}-{label}")
    for name in ("main-menu", "wan-ethernet", "ip-setup", "security", "ping", "without-colons")
    for label, _, kind in ALL[name][2]
    if kind is not Kind.TEXT
]


def place(screen: Screen, label: str) -> Item:
    return next(item for item in screen.items if item.label == label)


@pytest.mark.parametrize("how", ["label", "value", "row", "cursor", "cursor-in-value"])
@pytest.mark.parametrize(("name", "label", "kind"), PLACES)
def test_finds_the_highlight(name: str, label: str, kind: Kind, how: str) -> None:
    """The highlight is found on the label, on the value, over the row, or by the cursor alone."""
    drawn = picture(ALL[name][0])
    item = place(seen(drawn), label)
    row, column, value = item.row + 1, item.column + 1, item.value or " " * 15
    text = seen(drawn).rows[item.row]
    start = text.index(item.value, item.column + len(label)) if item.value else column + 45
    marks = {
        "label": at(row, column, label, REVERSE),
        "value": at(row, start + 1 if item.value else column + 44, value, REVERSE),
        "row": at(row, column, text[item.column : item.end], REVERSE),
        "cursor": at(row, column),
        "cursor-in-value": at(row, start + 1),
    }
    if how == "value" and kind is Kind.ACTION:
        marks[how] = marks["label"]
    if how == "cursor-in-value" and kind is Kind.ACTION:
        marks[how] = marks["cursor"]
    screen = seen(drawn + marks[how] + (b"" if how.startswith("cursor") else at(24, 80)))
    assert screen.highlighted is not None
    assert screen.highlighted.label == label
    assert [item.label for item in screen.items if item.highlighted] == [label]


def test_reverse_outweighs_the_cursor() -> None:
    """Where something is in reverse, it does not matter where the cursor rests."""
    lit = at(9, 13, "Default IP Gateway:", REVERSE)
    screen = seen(picture(IP_SETUP) + lit + at(6, 13))
    assert screen.highlighted is not None
    assert screen.highlighted.label == "Default IP Gateway"


@pytest.mark.parametrize("where", [at(2, 41, "IP Setup", REVERSE), at(23, 6, "Enter", REVERSE)])
def test_title_and_help_in_reverse_do_not_count(where: bytes) -> None:
    """A title or help that is always in reverse leaves it to the cursor."""
    screen = seen(picture(IP_SETUP) + where + at(9, 13))
    assert screen.highlighted == place(screen, "Default IP Gateway")
    assert seen(picture(IP_SETUP) + where + at(1, 1)).highlighted is None


def test_two_highlights_are_none() -> None:
    """As long as one highlight is drawn and the other not yet wiped, there is none."""
    lit = at(9, 13, "Default IP Gateway:", REVERSE) + at(10, 13, "Backup IP Gateway:", REVERSE)
    assert seen(picture(IP_SETUP) + lit).highlighted is None


def test_no_cursor_and_no_reverse_is_none() -> None:
    """A cursor that is hidden, or on no item's row, highlights nothing."""
    assert seen(picture(IP_SETUP) + at(9, 13) + b"\x1b[?25l").highlighted is None
    assert seen(picture(IP_SETUP) + at(24, 80)).highlighted is None
    assert seen(picture(IP_SETUP) + at(1, 1)).highlighted is None


def test_a_heading_in_reverse_does_not_hide_the_highlight() -> None:
    """Plain words in reverse, as a heading may be, give way to an item in reverse."""
    lit = at(16, 13, "Round Trip Time", REVERSE) + at(9, 13, "START PING", REVERSE)
    screen = seen(picture(ALL["ping"][0]) + lit)
    assert screen.highlighted == place(screen, "START PING")


def test_two_pairs_on_a_row_are_told_apart() -> None:
    """The cursor highlights one of two items on its row, and none where it is at neither."""
    drawn = picture(QUICK_VIEW)
    found = {column: seen(drawn + at(3, column)).highlighted for column in (1, 6, 30, 42, 60)}
    labels = [item.label if item else None for item in found.values()]
    assert labels == [
        None,
        "Default IP Gateway",
        "Default IP Gateway",
        "CPU Load",
        "Unused Memory",
    ]


@pytest.mark.parametrize("lit", ["CANCEL", "CONTINUE"])
def test_a_dialog_is_all_there_is(lit: str) -> None:
    """Of a screen under a dialog nothing can be chosen; the highlight tells between its choices."""
    screen = over(SECURITY, DIALOG, lit=lit)
    assert screen.box is not None
    assert screen.box.text == "Warning Really restart the device? CANCEL CONTINUE"
    choices = [item.label for item in screen.items if item.kind is Kind.ACTION]
    assert choices == ["CANCEL", "CONTINUE"]
    assert screen.items == screen.box.items
    assert screen.highlighted is not None
    assert screen.highlighted.label == lit
    assert screen.title == "Security Options"


@pytest.mark.parametrize("lit", ["Yes", "No"])
def test_answers_that_are_not_in_capitals(lit: str) -> None:
    """They are choices, and not a label with its value."""
    box = [*DIALOG[:3], "|      Yes               No       |", DIALOG[4]]
    screen = over(SECURITY, box, lit=lit)
    assert [item.label for item in screen.items if item.kind is Kind.ACTION] == ["Yes", "No"]
    assert screen.highlighted is not None
    assert screen.highlighted.label == lit


def test_a_highlight_under_a_dialog_does_not_count() -> None:
    """What is left in reverse beneath a box is not what Return would take."""
    under = at(7, 13, "Enable Telnet Console Access:", REVERSE)
    box = b"".join(at(9 + n, 20, line) for n, line in enumerate(DIALOG))
    assert seen(picture(SECURITY) + under + box + at(24, 1)).highlighted is None
    for choice in ("CANCEL", "CONTINUE"):
        for beside in (0, 1, 2):
            column = 20 + DIALOG[3].index(choice) - beside
            by_cursor = seen(picture(SECURITY) + under + box + at(12, column))
            assert by_cursor.highlighted is not None
            assert by_cursor.highlighted.label == choice


@pytest.mark.parametrize("graphics", [False, True])
@pytest.mark.parametrize("lit", ["Off", "v1", "Both (v1 and v2)"])
def test_a_list_is_read_line_by_line(lit: str, graphics: bool) -> None:
    """A pop-up list's lines are its items, also where its edge is drawn with line graphics."""
    words = ["Off", "v1", "v2", "Both (v1 and v2)"]
    corners = ("lk", "mj", "x", "q") if graphics else ("++", "++", "|", "-")
    edge = (corners[0][0] + corners[3] * 20 + corners[0][1]).encode()
    end = (corners[1][0] + corners[3] * 20 + corners[1][1]).encode()
    line = (b"\x1b(0%s\x1b(B" if graphics else b"%s") % corners[2].encode()
    start, stop = (b"\x1b(0", b"\x1b(B") if graphics else (b"", b"")
    drawn = picture(IP_SETUP) + at(10, 40) + start + edge + stop
    for n, word in enumerate(words):
        text = f"\x1b[7m {word:<18} \x1b[m" if word == lit else f" {word:<18} "
        drawn += at(11 + n, 40) + line + text.encode() + line
    drawn += at(11 + len(words), 40) + start + end + stop
    screen = seen(drawn)
    assert [item.label for item in screen.items] == words
    assert screen.highlighted is not None
    assert screen.highlighted.label == lit


def test_in_an_inverted_box_the_choice_is_what_is_not() -> None:
    """Where a whole box is in reverse, what is highlighted is not."""
    drawn = picture(IP_SETUP)
    for n, line in enumerate(["+----------+", "| Off      |", "| v1       |", "+----------+"]):
        drawn += at(10 + n, 40, line, REVERSE)
    screen = seen(drawn + at(12, 41, " v1       "))
    assert screen.highlighted is not None
    assert screen.highlighted.label == "v1"


def test_a_box_that_is_not_whole_is_none() -> None:
    """What only looks like an edge, as in a table's heading, draws no box."""
    led = "-PWR-+-------WAN1--------+--CON--+--AUX--+"
    drawn = at(5, 5, led) + at(6, 10, "|") + at(6, 30, "|") + at(7, 5, "Show...")
    assert seen(CLEAR, drawn).box is None
    assert over(SECURITY, DIALOG[:-1]).box is None


def test_a_box_on_a_box_is_the_one_that_counts() -> None:
    """Of two boxes the upper one counts, whether it covers the other's edge or lies inside."""
    inner = ["+----------+", "| OK       |", "+----------+"]
    for row, column in ((10, 25), (11, 15), (12, 48)):
        drawn = picture(SECURITY)
        drawn += b"".join(at(9 + n, 20, line) for n, line in enumerate([*DIALOG[:-1], *DIALOG]))
        drawn += b"".join(at(row + n, column, line) for n, line in enumerate(inner))
        screen = seen(drawn)
        assert screen.box is not None
        assert screen.box.text == "OK", (row, column)


def test_two_boxes_side_by_side_are_not_one() -> None:
    """What stands between two boxes, or in the other, is no part of one."""
    box = ["+-----+  +------+", "| one |  | two  |", "+-----+  +------+"]
    screen = over(IP_SETUP, box)
    assert screen.box is not None
    assert screen.box.text == "two"


def test_a_table_with_rules_is_one_box() -> None:
    """Rules and columns within a box do not cut it."""
    screen = over(
        IP_SETUP,
        [
            "+--Name--------+--Address-------+",
            "| one          | 192.0.2.1      |",
            "+--------------+----------------+",
            "| two          | 192.0.2.2      |",
            "+--------------+----------------+",
        ],
        lit="two",
    )
    assert [(item.label, item.value) for item in screen.items] == [
        ("one", "192.0.2.1"),
        ("two", "192.0.2.2"),
    ]
    assert screen.highlighted is not None
    assert screen.highlighted.label == "two"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("Label:value", [("Label", "value", Kind.FIELD)]),
        ("Label : value", [("Label", "value", Kind.FIELD)]),
        ("Packets: 10", [("Packets", "10", Kind.FIELD)]),
        ("Name:      CPU Load: 2%", [("Name", "", Kind.FIELD), ("CPU Load", "2%", Kind.FIELD)]),
        ("MAC:   c5:00:ab:cd:ef:01", [("MAC", "c5:00:ab:cd:ef:01", Kind.FIELD)]),
        ("Type...   PPP", [("Type", "PPP", Kind.MENU)]),
        ("NAT Map List... Easy-PAT List", [("NAT Map List", "Easy-PAT List", Kind.MENU)]),
        ("Show...     Add...", [("Show", "", Kind.MENU), ("Add", "", Kind.MENU)]),
        (
            "1st Client Address:  192.168.1.100",
            [("1st Client Address", "192.168.1.100", Kind.FIELD)],
        ),
        ("STOP PING", [("STOP PING", "", Kind.ACTION)]),
        ("12:45:44 PM", [("12:45:44 PM", "", Kind.TEXT)]),
        ("a  b  c", [("a  b  c", "", Kind.TEXT)]),
        ("---Profile Name----Rate---", []),
        ("-Date-----Time-----Event---", []),
        ("============================", []),
        ("----------------", []),
        ("Name------Type---", []),
        ("-----SCROLL DOWN-----", [("SCROLL DOWN", "", Kind.ACTION)]),
    ],
)
def test_reads_a_row(row: str, expected: Expected) -> None:
    """How a row is written tells what it is."""
    assert said(seen(CLEAR, at(2, 30, "Title"), at(8, 5, row))) == expected


def test_finds_items_by_label() -> None:
    """A label is found by a pattern, in any case; an item comes before words that speak of it."""
    screen = seen(picture(IP_SETUP))
    assert screen.find("default.*gateway") == place(screen, "Default IP Gateway")
    assert screen.find("^Domain Name$") == place(screen, "Domain Name")
    assert screen.find("nothing like it") is None
    box = over(SECURITY, [DIALOG[0], "| Press CONTINUE to go on.        |", *DIALOG[2:]])
    found = box.find("continue")
    assert found is not None
    assert found.kind is Kind.ACTION


def test_finds_lines_anywhere() -> None:
    """What is no item is found in its row, help and title included."""
    screen = seen(picture(QUICK_VIEW))
    found = screen.line(r"Ethernet WAN\d:\s+\S+\s+([\d.]+)")
    assert found is not None
    assert found[1] == "192.0.2.10"
    assert seen(picture(MAIN_MENU)).line("always start from this MAIN screen")
    assert screen.line("nothing like it") is None


def test_tells_what_stands_at_an_item_now() -> None:
    """The value of an item known from before is read where it stood, however it is written."""
    item = place(seen(picture(IP_SETUP)), "Default IP Gateway")
    edited = seen(picture(IP_SETUP) + at(9, 47, "198.51.100.1   "))
    assert edited.value_of(item) == "198.51.100.1"
    assert seen(picture(IP_SETUP) + at(9, 47, " " * 15)).value_of(item) == ""


def test_tells_the_prompt() -> None:
    """What is asked for stands to the left of the cursor."""
    screen = seen(CLEAR + b"\x1b[Hname:")
    assert (screen.prompt, screen.cursor) == ("name:", (0, 5))
    assert seen(CLEAR + b"\x1b[Hname: admin\r\npassword: ").prompt == "password:"
    assert seen(b"x\x1b[?25l").prompt == ""


def test_is_text_for_an_error() -> None:
    """The screen as text has its words in their places, and nothing that does not print."""
    text = seen(picture(SECURITY) + at(20, 1, "\xe9\xad")).text
    assert text.startswith(" " * 36 + "Security Options\n")
    assert all(line == line.rstrip() for line in text.splitlines())
    assert "\xe9?" in text
    assert seen(CLEAR).text == ""


def test_shows_nothing_by_itself() -> None:
    """A screen may hold a secret, so what it is printed as does not show it."""
    assert "private" not in repr(seen(picture(ALL["snmp"][0])))
