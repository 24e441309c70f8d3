"""Where entries go that the journal cannot take: a small file in the runtime directory.

That is another file system, in memory, so it takes them when the disk is full or broken. Only what
a restart must know is kept, a line an entry, each on its medium before the program goes on; and
what is to be told to people, so that none of it is lost. The next journal that can be written takes
them up, and the file goes.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path

from wanfailover.journal.outbox import Posted
from wanfailover.journal.rows import VITAL, Row


class Spill:
    """One site's file; *path* is None where there is no place for one."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def rows(self) -> list[Row]:
        """What lies there, oldest first; lines that cannot be read, such as a torn one, do not."""
        return [row for line in self._lines() if (row := _read(line)) is not None]

    def posted(self) -> list[Posted]:
        """The messages that lie there, likewise; what became of them meanwhile is not known."""
        return [row for line in self._lines() if (row := _read_posted(line)) is not None]

    def keep(self, rows: Sequence[Row], posted: Sequence[Posted] = ()) -> bool:
        """Add those of *rows* that a restart must know, and messages; tell whether there are any.

        Raises:
            OSError: They cannot be kept here either.
        """
        vital: list[object] = [row for row in rows if row.kind in VITAL]
        vital += [row._asdict() for row in posted]
        if not vital:
            return False
        if self.path is None:
            raise OSError(errno.ENOENT, "there is none")
        self.path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            # Each on a line of its own, whatever half of one a full disk has left before.
            file.write("".join(f"\n{json.dumps(row)}\n" for row in vital))
            file.flush()
            os.fsync(file.fileno())
        return True

    def clear(self) -> None:
        """The journal has them all."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _lines(self) -> list[str]:
        if self.path is None:
            return []
        try:
            return self.path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return []


def _read_posted(line: str) -> Posted | None:
    try:
        return Posted(**json.loads(line))
    except (ValueError, TypeError):
        return None


def _read(line: str) -> Row | None:
    try:
        at, boot, mono, kind, data = json.loads(line)
        row = Row(str(at), str(boot), float(mono), str(kind), str(data))
        json.loads(row.data)
    except (ValueError, TypeError):
        return None
    return row
