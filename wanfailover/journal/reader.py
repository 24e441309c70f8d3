"""The journal as others read it: `status` and `history`, and an agent that restarts."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from wanfailover.core.entries import KINDS, Entry, from_data
from wanfailover.errors import JournalError


@dataclass(frozen=True, slots=True)
class Record:
    """One entry with its place in time.

    Args:
        at: Wall time, with zone.

        mono: Seconds on the monotonic clock of *boot*.
    """

    id: int
    at: datetime
    boot: str
    mono: float
    entry: Entry


class Reader:
    """Reads a journal that somebody else may be writing. A context manager.

    Raises:
        JournalError: There is no journal, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._db = sqlite3.connect(_address(path), uri=True, timeout=1.0)
            self._db.execute("PRAGMA query_only=1")
        except sqlite3.Error as error:
            raise JournalError(f"the journal {path} cannot be read: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def records(self, *kinds: type[Entry], newest_first: bool = False) -> Iterator[Record]:
        """Yield the entries of *kinds* (all, if none is named); kinds unknown here are left out."""
        names = [kind.__name__ for kind in kinds] or list(KINDS)
        marks = ",".join("?" * len(names))
        order = "DESC" if newest_first else "ASC"
        query = f"SELECT id, at, boot, mono, kind, data FROM entry WHERE kind IN ({marks}) ORDER BY id {order}"  # noqa: E501, S608
        try:
            for id_, at, boot, mono, kind, data in self._db.execute(query, names):
                entry = from_data(kind, json.loads(data))
                yield Record(id_, datetime.fromisoformat(at), boot, mono, entry)
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise JournalError(f"the journal {self.path} cannot be read: {error}") from error

    def last(self, *kinds: type[Entry]) -> Record | None:
        """Give the newest entry of *kinds*."""
        return next(self.records(*kinds, newest_first=True), None)


def _address(path: Path) -> str:
    """How to open the journal: a WAL needs its -shm, which only those who may write can make.

    Where the last writer is gone it has left no WAL, and nothing changes under a reader's eyes.
    """
    writable = os.access(path.parent, os.W_OK, effective_ids=True)
    quiet = not path.with_name(f"{path.name}-wal").exists()
    mode = "rw" if writable else "ro&immutable=1" if quiet else "ro"
    return f"{path.resolve().as_uri()}?mode={mode}"


def boot_id() -> str:
    """Name this boot of the machine, as Linux does; empty where it does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
