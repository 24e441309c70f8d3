"""What a person would see on the console: a title, items of which one is highlighted, help, a box.

A `Screen` is a value: it tells what stood there when it was taken. Nothing in it knows a router's
words. It is read by how things are written and not by where they stand, except that the title
stands at the top and help at the bottom.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import repeat

from wanfailover.transports.console.boxes import Box, drawn
from wanfailover.transports.console.items import Item, Kind, in_row, is_sentence

ROWS, COLUMNS = 24, 80
"""A VT100's."""

TITLE_ROW = 1
"""Row 2, counted from 0; where it is blank, a title is looked for next to it."""

HELP_ROWS = range(19, ROWS)
"""Where help may stand; its place proper is the last two."""

BLANK = (" " * COLUMNS,) * ROWS


BESIDE = 2
"""Columns: a cursor may rest on the blank beside what it is at."""


@dataclass(frozen=True)
class Screen:
    """A console's screen at one moment. Rows and columns count from 0.

    Args:
        rows: 24 rows of 80 characters.

        reverse: Where reverse video is, as (row, column).

        cursor: Where the cursor is, as (row, column); None while it is hidden.
    """

    rows: tuple[str, ...] = field(default=BLANK, repr=False)  # may show a secret
    reverse: frozenset[tuple[int, int]] = field(default=frozenset(), repr=False)
    cursor: tuple[int, int] | None = (0, 0)

    @cached_property
    def title(self) -> str:
        """The title, up to its first gap, for a clock may stand to its right; empty if none."""
        return re.split(r"\s{2,}", self.rows[self._title_row].strip())[0]

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """All that can be chosen, edited or read, from the top; of a box only, where one is."""
        if self.box is not None:
            return self.box.items
        body = range(self._title_row + 1, ROWS)
        rows = (in_row(self.rows[row], row) for row in body if row not in self._help_rows)
        return self._lit([item for row in rows for item in row])

    @cached_property
    def box(self) -> Box | None:
        """The dialog or list that is drawn over the screen."""
        box = drawn(self.rows)
        if box is None:
            return None
        inverted = {(box.top, box.left), (box.bottom, box.right)} <= self.reverse
        return replace(box, items=self._lit(box.items, inverted=inverted))

    @property
    def highlighted(self) -> Item | None:
        """The item that Return would take; None where none is, or more than one."""
        lit = [item for item in self.items if item.highlighted]
        lit = [item for item in lit if item.kind is not Kind.TEXT] or lit
        return lit[0] if len(lit) == 1 else None

    @cached_property
    def help(self) -> tuple[str, ...]:
        """The lines at the bottom that say what to do, from above."""
        return tuple(self.rows[row].strip() for row in sorted(self._help_rows))

    @property
    def prompt(self) -> str:
        """What stands to the left of the cursor on its row, as where a password is asked for."""
        return self.rows[self.cursor[0]][: self.cursor[1]].strip() if self.cursor else ""

    @property
    def text(self) -> str:
        """The screen as printable text, for errors."""
        rows = ("".join(char if char.isprintable() else "?" for char in row) for row in self.rows)
        return "\n".join(row.rstrip() for row in rows).strip("\n")

    def find(self, pattern: str) -> Item | None:
        """The first item whose label holds *pattern*, a regular expression, in any case.

        Plain words come last: an item is rather meant than a sentence that speaks of it.
        """
        found = [item for item in self.items if re.search(pattern, item.label, re.IGNORECASE)]
        return next((item for item in found if item.kind is not Kind.TEXT), next(iter(found), None))

    def line(self, pattern: str) -> re.Match[str] | None:
        """The first match of *pattern*, in any case, in any row."""
        matches = (re.search(pattern, row, re.IGNORECASE) for row in self.rows)
        return next(filter(None, matches), None)

    def value_of(self, item: Item) -> str:
        """What stands now to the right of where *item* had its label, however it is written."""
        start = item.column + len(item.label)
        return self.rows[item.row][start : item.end].lstrip(" .:").rstrip()

    @property
    def _title_row(self) -> int:
        candidates = (TITLE_ROW, TITLE_ROW - 1, TITLE_ROW + 1)
        return next((row for row in candidates if self.rows[row].strip()), TITLE_ROW)

    @cached_property
    def _help_rows(self) -> frozenset[int]:
        last = [row for row in range(TITLE_ROW + 2, ROWS) if self.rows[row].strip()][-2:]
        found = set()
        for row in reversed(last):
            if not self._is_help(row):
                break
            found.add(row)
        return frozenset(found)

    def _is_help(self, row: int) -> bool:
        text = self.rows[row]
        if row >= HELP_ROWS[-2]:
            return all(item.kind in (Kind.TEXT, Kind.FIELD) for item in in_row(text, row))
        return is_sentence(text) and (row in HELP_ROWS or text.rstrip().endswith("."))

    def _lit(self, items: Sequence[Item], *, inverted: bool = False) -> tuple[Item, ...]:
        """Mark what is in reverse; where nothing is, what is on the cursor's row.

        Args:
            items: What may be highlighted.

            inverted: They lie in a box that is in reverse itself.
        """
        marked = [item for item in items if self._is_reverse(item) is not inverted]
        if not marked:
            marked = list(self._at_cursor(items))
        return tuple(replace(item, highlighted=item in marked) for item in items)

    def _is_reverse(self, item: Item) -> bool:
        return not self.reverse.isdisjoint(zip(repeat(item.row), range(item.column, item.end)))

    def _at_cursor(self, items: Iterable[Item]) -> Iterable[Item]:
        if self.cursor is None:
            return []
        on_row = [item for item in items if item.row == self.cursor[0]]
        if len(on_row) > 1:
            reached = [item for item in on_row if item.column - BESIDE <= self.cursor[1]]
            on_row = reached[-1:]
        return on_row
