"""What the screen is to show: 24 rows of 80 characters, each plain, bold or reversed."""

from __future__ import annotations

import re
from enum import StrEnum

ROWS, COLUMNS = 24, 80

_UNPRINTABLE = re.compile("[^ -~]")


class Look(StrEnum):
    """How a character looks, as the SGR sequences that make it so."""

    PLAIN = "\x1b[m"
    BOLD = "\x1b[m\x1b[1m"
    REVERSE = "\x1b[m\x1b[7m"


Cell = tuple[str, Look]
BLANK: Cell = (" ", Look.PLAIN)


class Frame:
    """A picture in the making."""

    def __init__(self) -> None:
        self.rows: list[list[Cell]] = [[BLANK] * COLUMNS for _ in range(ROWS)]
        self.cursor: tuple[int, int] | None = None

    def put(self, row: int, column: int, text: str, look: Look = Look.PLAIN) -> None:
        """Write *text*; what does not fit is cut off."""
        text = _UNPRINTABLE.sub("?", text[: COLUMNS - column])
        self.rows[row][column : column + len(text)] = [(char, look) for char in text]

    def centre(self, row: int, text: str, look: Look = Look.PLAIN) -> None:
        """Write *text* in the middle."""
        self.put(row, (COLUMNS - len(text)) // 2, text, look)

    def box(self, row: int, column: int, height: int, width: int) -> None:
        """Draw a frame, and wipe what it encloses; sizes are those of the inside."""
        edge = f"+{'-' * width}+"
        self.put(row, column, edge)
        for line in range(row + 1, row + 1 + height):
            self.put(line, column, f"|{' ' * width}|")
        self.put(row + 1 + height, column, edge)
