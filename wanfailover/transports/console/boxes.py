"""Boxes that a menu console draws over its screen: dialogs and pop-up lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain

from wanfailover.transports.console.items import RECENT, Item, in_row

_ASCII = str.maketrans("┌┐└┘├┤┬┴┼─│", "+++++++++-|")
"""Lines drawn with a VT100's own graphics look the same from here."""

_INNER = str.maketrans("│|", "  ")

_EDGE = re.compile(r"\+-(?:[^ ]| (?! ))*-\+")
"""An upper or lower edge, perhaps with words in it; two boxes side by side are two."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box and what is in it.

    Args:
        top: Row of its upper edge; *bottom*, *left* and *right* are its other edges. From 0.

        lines: Its text, line by line, without blank lines.

        items: What stands in it, by rows.
    """

    top: int
    bottom: int
    left: int
    right: int
    lines: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()

    @property
    def text(self) -> str:
        """All its words on one line."""
        return " ".join(" ".join(self.lines).split())


def drawn(rows: Sequence[str]) -> Box | None:
    """Find the box on top, and what is in it; None where there is none.

    A box is one when it is whole: four corners, both sides, and something between them. One that
    another covers has lost a part of its edge; one that lies within another is the smaller.
    """
    found = list(_edges([row.translate(_ASCII) for row in rows]))
    if not found:
        return None
    box = min(found, key=lambda box: (box.bottom - box.top) * (box.right - box.left))
    inside = range(box.top + 1, box.bottom)
    texts = [rows[row][box.left + 1 : box.right].translate(_INNER) for row in inside]
    items = [in_row(text, row, box.left + 1) for row, text in zip(inside, texts, strict=True)]
    heading = rows[box.top][box.left : box.right].translate(_ASCII).strip("+- ")
    lines = filter(None, [heading, *(text.strip() for text in texts)])
    return replace(box, lines=tuple(lines), items=tuple(chain(*items)))


def _edges(rows: Sequence[str]) -> Iterator[Box]:
    """Every whole box, still empty."""
    seen: dict[tuple[int, int], int] = {}
    for top, row in enumerate(rows):
        for span in _spans(row):
            bottom = _bottom(rows, top, *span)
            if bottom is None:
                continue
            if top >= seen.get(span, 0):  # else it is a rule within a table
                seen[span] = bottom
                yield Box(top, bottom, *span)
            break


@lru_cache(RECENT)
def _spans(row: str) -> list[tuple[int, int]]:
    """From where to where an edge may run, the widest first."""
    corners = [column for column, char in enumerate(row) if char == "+"]
    pairs = [(a, b) for a in corners for b in corners if _EDGE.fullmatch(row, a, b + 1)]
    return sorted(pairs, key=lambda pair: pair[0] - pair[1])


def _bottom(rows: Sequence[str], top: int, left: int, right: int) -> int | None:
    """The lowest edge below *top*, with both sides all the way down to it."""
    found = None
    for row in range(top + 1, len(rows)):
        if _EDGE.fullmatch(rows[row], left, right + 1) and row > top + 1:
            found = row
        elif rows[row][left] + rows[row][right] != "||":
            break
    return found
