"""What is drawn over a screen: lists to choose from, questions, notices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wanfailover_netopia.virtual.frame import Frame, Look


class PopUp:
    """A list to choose from: arrows move, Return chooses, Escape leaves.

    Args:
        rows: To choose from; there may be none.

        choose: Is given the chosen one's number, after the list has been closed.

        leave: Closes it.

        top: Its first row on the screen.

        head: A line over the rows.

        at: Which row is highlighted at first.
    """

    full = False

    def __init__(
        self,
        rows: Sequence[str],
        choose: Callable[[int], object],
        leave: Callable[[], object],
        *,
        top: int = 6,
        head: str = "",
        at: int = 0,
    ) -> None:
        self._rows = tuple(rows)
        self._choose = choose
        self._leave = leave
        self._head = (f"-{head}",) if head else ()
        self._top = min(top, max(1, 18 - len(rows)))
        self._at = at

    def draw(self, frame: Frame, *, reverse: bool) -> None:
        """Draw it over what *frame* holds."""
        lines = (*self._head, *self._rows)
        width = max(map(len, ("", *lines))) + 2
        left = (78 - width) // 2
        frame.box(self._top, left, max(len(lines), 1), width)
        for row, line in enumerate(lines, self._top + 1):
            frame.put(row, left + 2, line)
        if self._rows:
            row = self._top + 1 + len(self._head) + self._at
            look = Look.REVERSE if reverse else Look.PLAIN
            frame.put(row, left + 2, self._rows[self._at], look)
            frame.cursor = (row, left + 2)

    def press(self, key: str) -> None:
        """Take a key."""
        if key == "Up":
            self._at = max(0, self._at - 1)
        elif key == "Down":
            self._at = min(len(self._rows) - 1, self._at + 1) if self._rows else 0
        elif key == "Escape":
            self._leave()
        elif key == "Return":
            self._leave()
            if self._rows:
                self._choose(self._at)


class Question:
    """CANCEL or CONTINUE: arrows choose, Return does it, Escape cancels.

    Args:
        lines: What it asks.

        answer: Is given whether to continue, after the box has been closed.

        leave: Closes it.
    """

    full = False
    _WIDTH = 58

    def __init__(
        self,
        lines: Sequence[str],
        answer: Callable[[bool], object],
        leave: Callable[[], object],
    ) -> None:
        self._lines = tuple(lines)
        self._answer = answer
        self._leave = leave
        self._continue = False

    def draw(self, frame: Frame, *, reverse: bool) -> None:
        """Draw it over what *frame* holds."""
        left = (78 - self._WIDTH) // 2
        frame.box(7, left, len(self._lines) + 4, self._WIDTH)
        for row, line in enumerate(self._lines, 9):
            frame.centre(row, line)
        row = 10 + len(self._lines)
        for column, word in ((left + 14, "CANCEL"), (left + 38, "CONTINUE")):
            chosen = (word == "CONTINUE") == self._continue
            frame.put(row, column, word, Look.REVERSE if chosen and reverse else Look.PLAIN)
            if chosen:
                frame.cursor = (row, column)

    def press(self, key: str) -> None:
        """Take a key."""
        if key in {"Left", "Up"}:
            self._continue = False
        elif key in {"Right", "Down"}:
            self._continue = True
        elif key == "Tab":
            self._continue = not self._continue
        elif key in {"Return", "Escape"}:
            self._leave()
            self._answer(key == "Return" and self._continue)


class Notice:
    """Words that any key takes away.

    Args:
        lines: The words.

        leave: Closes it.
    """

    full = False

    def __init__(self, lines: Sequence[str], leave: Callable[[], object]) -> None:
        self._lines = tuple(lines)
        self._leave = leave

    def draw(self, frame: Frame, *, reverse: bool) -> None:
        """Draw it over what *frame* holds."""
        del reverse
        width = max(map(len, self._lines)) + 4
        frame.box(8, (78 - width) // 2, len(self._lines) + 2, width)
        for row, line in enumerate(self._lines, 10):
            frame.put(row, (78 - width) // 2 + 3, line)
        frame.cursor = (9 + len(self._lines), (78 - width) // 2 + 3)

    def press(self, key: str) -> None:
        """Take a key, whichever it is."""
        del key
        self._leave()
