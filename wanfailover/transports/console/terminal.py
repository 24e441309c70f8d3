"""A VT100 as a router's console knows it: bytes go in, and a picture of the screen comes out.

pyte does the work; this is its only importer. A router is no shell on a modern desktop, and may be
cut off, resumed or garbled at any byte. So nothing that arrives can raise here, where the bytes are
cut makes no difference, and what a VT100 does not know is not known here either.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from itertools import compress
from operator import attrgetter
from typing import Any

import pyte

from wanfailover.transports.console.screen import COLUMNS, ROWS, Screen

IGNORED = bytes({*range(0x20), *range(0x7F, 0xA0)} - set(b"\a\b\t\n\v\f\r\x0e\x0f\x18\x1a\x1b"))
"""Bytes that a VT100 passes over wherever they stand (VT100 User Guide, table 3-10), and the 8-bit
controls, which it has none of: one of them could swallow all that follows."""

MODES = (4, 20)
"""Insertion; and a line feed that goes to the left as well (VT102 User Guide, table 5-2)."""

PRIVATE_MODES = (6, 7, 25)
"""Rows counted from the upper margin; wrapping; the cursor, to be seen or not."""

ESC = "\x1b"

_DATA, _REVERSE = attrgetter("data"), attrgetter("reverse")


class Terminal:
    """Keeps the screen that a router has drawn so far, and what a terminal would say of itself."""

    def __init__(self) -> None:
        self._picture = _Picture(COLUMNS, ROWS)
        self._stream = _Stream(self._picture)
        self._stream.use_utf8 = False  # it is latin-1, and only so ESC ( 0 draws lines
        self._screen: Screen | None = None

    def feed(self, data: bytes) -> None:
        """Draw *data*, which may begin and end anywhere; never raises."""
        self._stream.feed(data.translate(None, IGNORED))
        self._screen = None

    @property
    def screen(self) -> Screen:
        """What a person would see now."""
        if self._screen is None:
            self._screen = self._picture.taken()
        return self._screen

    @property
    def bells(self) -> int:
        """How many times it has rung."""
        return self._picture.bells

    def replies(self) -> bytes:
        """What the router asked the terminal (DA, DSR) and is now to be sent, once."""
        replies, self._picture.replies = self._picture.replies, b""
        return replies


class _Stream(pyte.ByteStream):
    """pyte's parser, which no sequence can break."""

    _between = True

    def _send_to_parser(self, data: str) -> bool:
        if data == ESC and not self._between:
            self._initialize_parser()  # begins anew within a sequence, whose rest was lost
        try:
            self._between = bool(super()._send_to_parser(data))
        except Exception:  # noqa: BLE001 - private and malformed forms: pyte has none of its own
            self._between = True
        return self._between

    def select_other_charset(self, code: str) -> None:
        """There is no UTF-8 on a VT100."""


class _Picture(pyte.Screen):
    """pyte's screen, as a VT100 in what a console can tell from a modern terminal."""

    bells = 0
    replies = b""

    def __init__(self, columns: int, lines: int) -> None:
        self._texts = [""] * lines
        self._reverse: list[set[tuple[int, int]]] = [set() for _ in range(lines)]
        super().__init__(columns, lines)

    def bell(self, *_: Any) -> None:
        self.bells += 1

    def write_process_input(self, data: str) -> None:
        self.replies += data.encode("latin-1")

    def draw(self, data: str) -> None:
        """Draw it; pyte by itself drops all that follows an unprintable character."""
        for part in (data,) if data.isprintable() else data:
            super().draw(part)

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        super().set_mode(*_ours(modes, **kwargs), **kwargs)

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        super().reset_mode(*_ours(modes, **kwargs), **kwargs)

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        with self._plain():
            super().erase_in_line(how, private)

    def erase_in_display(self, how: int = 0, *args: Any, **kwargs: Any) -> None:
        with self._plain():
            super().erase_in_display(how, *args, **kwargs)

    def erase_characters(self, count: int | None = None) -> None:
        with self._plain():
            super().erase_characters(count)

    def restore_cursor(self) -> None:
        """Restore it; what was saved stays saved."""
        saved = bool(self.savepoints)
        super().restore_cursor()
        if saved:
            self.save_cursor()

    def alignment_display(self) -> None:
        """A test picture is nothing that a router says."""

    def taken(self) -> Screen:
        """What is to be seen now, as a value."""
        for row in self.dirty:  # of those that a key has changed, which are few
            line = [*map(self.buffer[row].__getitem__, range(COLUMNS))]
            self._texts[row] = "".join(map(_DATA, line))
            self._reverse[row] = {(row, at) for at in compress(range(COLUMNS), map(_REVERSE, line))}
        self.dirty.clear()
        cursor = (self.cursor.y, min(self.cursor.x, COLUMNS - 1))
        return Screen(
            rows=tuple(self._texts),
            reverse=frozenset().union(*self._reverse),
            cursor=None if self.cursor.hidden else cursor,
        )

    @contextlib.contextmanager
    def _plain(self) -> Iterator[None]:
        """What a VT100 erases loses its attributes; pyte would leave reverse blanks."""
        attributes, self.cursor.attrs = self.cursor.attrs, self.default_char
        try:
            yield
        finally:
            self.cursor.attrs = attributes


def _ours(modes: Iterable[int], *, private: bool = False) -> list[int]:
    """Modes that a console may set; not a reverse screen or 132 columns."""
    return [mode for mode in modes if mode in (PRIVATE_MODES if private else MODES)]
