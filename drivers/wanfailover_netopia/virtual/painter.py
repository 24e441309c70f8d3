"""From frames to bytes for a VT100: all of it, the rows that changed, or the cells that changed."""

from __future__ import annotations

from itertools import groupby

from wanfailover_netopia.virtual.frame import BLANK, COLUMNS, Cell, Frame, Look

CLEAR = "\x1b[2J"
_BLANK_ROW = [BLANK] * COLUMNS
_GAP = 6
"""This many blanks are skipped by addressing the cursor, and fewer are sent."""


class Painter:
    """Remembers what the terminal shows.

    Args:
        variants: Of which the drawing ones matter here.
    """

    def __init__(self, variants: frozenset[str]) -> None:
        self._whole = "full-repaint" in variants
        self._cells = "minimal-diff" in variants
        self._shown: Frame | None = None

    def forget(self) -> None:
        """Draw everything the next time, as the terminal may show anything."""
        self._shown = None

    def paint(self, frame: Frame, *, fresh: bool) -> bytes:
        """Give what turns the terminal's picture into *frame*.

        Args:
            frame: What it is to show.

            fresh: Whether it is another screen, which begins with a cleared one.
        """
        before, self._shown = self._shown, frame
        if before is not None and before.rows == frame.rows:
            return _cursor(frame) if before.cursor != frame.cursor else b""
        if before is None or self._whole or (fresh and not self._cells):
            rows = ((number, row) for number, row in enumerate(frame.rows) if row != _BLANK_ROW)
            text = CLEAR + "".join(_row(number, row) for number, row in rows)
        elif self._cells:
            text = "".join(
                _difference(number, *rows, gap=1)
                for number, rows in enumerate(zip(before.rows, frame.rows, strict=True))
                if rows[0] != rows[1]
            )
        else:
            text = "".join(
                _difference(number, *rows, gap=COLUMNS)
                for number, rows in enumerate(zip(before.rows, frame.rows, strict=True))
                if rows[0] != rows[1]
            )
        return text.encode("ascii") + _cursor(frame)


def _cursor(frame: Frame) -> bytes:
    if frame.cursor is None:
        return b""
    row, column = frame.cursor
    return f"\x1b[{row + 1};{column + 1}H".encode()


def _row(number: int, row: list[Cell]) -> str:
    """A whole row onto a blank one, in as few pieces as its gaps allow."""
    used = [column for column in range(COLUMNS) if row[column] != BLANK]
    return _pieces(number, row, used, _GAP)


def _difference(number: int, before: list[Cell], row: list[Cell], *, gap: int) -> str:
    used = [column for column in range(COLUMNS) if row[column] != before[column]]
    return _pieces(number, row, used, gap)


def _pieces(number: int, row: list[Cell], used: list[int], gap: int) -> str:
    text = ""
    while used:
        end = next((at for at in range(1, len(used)) if used[at] - used[at - 1] > gap), len(used))
        first, last = used[0], used[end - 1]
        text += f"\x1b[{number + 1};{first + 1}H{_run(row[first : last + 1])}"
        used = used[end:]
    return text


def _run(cells: list[Cell]) -> str:
    looks = groupby(cells, key=lambda cell: cell[1])
    text = "".join(f"{look}{''.join(char for char, _ in part)}" for look, part in looks)
    return text if cells[-1][1] is Look.PLAIN else f"{text}{Look.PLAIN}"
