"""The journal as others read it: `status` and `history`, and an agent that restarts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Self

from wanfailover.entries import Entry
from wanfailover.errors import JournalError
from wanfailover.journal.plain import KINDS, from_data
from wanfailover.journal.rows import SCHEMA, Row
from wanfailover.journal.spill import Spill
from wanfailover.opening import closed_on_failure
from wanfailover.sites import SiteDir

_SELECT = "SELECT id, at, boot, mono, kind, data FROM entry"

LATER = 1 << 62
"""Numbers of rows that are not in the journal come after all that are."""

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


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

    Args:
        beside: Rows that the journal could not take, newer than all it holds: see `spill`.

        lenient: Whether what cannot be read, be it the whole journal, is as if it were not there.

    Raises:
        JournalError: There is no journal, or it cannot be read.
    """

    def __init__(self, path: Path, beside: Sequence[Row] = (), *, lenient: bool = False) -> None:
        self.path = path
        self._lenient = lenient
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        try:
            self.db = self._open()
        except (sqlite3.Error, OSError) as error:
            if not lenient:
                raise JournalError(f"the journal {path} cannot be read: {error}") from error
            self.db = sqlite3.connect(":memory:")
            self.db.executescript(SCHEMA)
        self._beside = [row for row in beside if not holds(self.db, row)]

    @classmethod
    def of(cls, site: SiteDir) -> Self:
        """All that is known of a *site*: its journal, and what that could not take so far."""
        return cls(site.journal, Spill(site.spill).rows())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()
        if self._copy is not None:
            self._copy.cleanup()

    def records(self, *kinds: type[Entry], newest_first: bool = False) -> Iterator[Record]:
        """Yield the entries of *kinds* (all, if none is named); kinds unknown here are left out."""
        names = [kind.__name__ for kind in kinds] or list(KINDS)
        marks = ",".join("?" * len(names))
        order = "DESC" if newest_first else "ASC"
        query = f"{_SELECT} WHERE kind IN ({marks}) ORDER BY id {order}"
        yield from self._read(query, names, names, newest_first=newest_first)

    def newest_of_each(self, kind: type[Entry], *fields: str) -> Iterator[Record]:
        """Yield the newest of *kind* for each value of *fields*, and maybe more: newest first.

        Where one replaces another, a year has many and few count.
        """
        each = ", ".join(f"json_extract(data, '$.{field}')" for field in fields)
        newest = f"SELECT MAX(id) FROM entry WHERE kind = ? AND json_valid(data) GROUP BY {each}"  # noqa: S608 - fields are ours
        query = f"{_SELECT} WHERE id IN ({newest}) ORDER BY id DESC"
        name = kind.__name__
        yield from self._read(query, [name], [name], newest_first=True)

    def _read(
        self, query: str, values: Sequence[str], names: Collection[str], *, newest_first: bool
    ) -> Iterator[Record]:
        """Yield what a query finds, and what of *names* is not in the journal yet."""
        numbered = enumerate(self._beside, LATER)
        late = [(id_, *row) for id_, row in numbered if row.kind in names]
        try:
            stored = self.db.execute(query, values)
            for row in chain(reversed(late), stored) if newest_first else chain(stored, late):
                yield _record(*row)
        except (sqlite3.Error, ValueError, TypeError) as error:
            if self._lenient:
                return
            raise JournalError(f"the journal {self.path} cannot be read: {error}") from error

    def last(self, *kinds: type[Entry]) -> Record | None:
        """Give the newest entry of *kinds*."""
        return next(self.records(*kinds, newest_first=True), None)

    def _open(self) -> sqlite3.Connection:
        """Open it; a copy in memory's file system, where a full disk does not let it be read."""
        try:
            return _connect(_address(self.path))
        except sqlite3.OperationalError:
            if not self.path.exists():
                raise
        self._copy = tempfile.TemporaryDirectory(
            dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
        )
        copy = Path(self._copy.name) / self.path.name
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(f"{self.path}{suffix}", f"{copy}{suffix}")
        return _connect(_address(copy))


def holds(db: sqlite3.Connection, row: Row) -> bool:
    """Tell whether the journal has *row*."""
    same = "SELECT 1 FROM entry WHERE kind = ? AND boot = ? AND mono = ? AND data = ?"
    return bool(db.execute(same, (row.kind, row.boot, row.mono, row.data)).fetchone())


def _connect(address: str) -> sqlite3.Connection:
    """Open it, and see that it can be read."""
    db = sqlite3.connect(address, uri=True, timeout=1.0)
    with closed_on_failure(db):
        db.execute("PRAGMA query_only=1")
        db.execute("SELECT 1 FROM entry LIMIT 1").fetchone()
    return db


def _record(id_: int, at: str, boot: str, mono: float, kind: str, data: str) -> Record:
    return Record(id_, datetime.fromisoformat(at), boot, mono, from_data(kind, json.loads(data)))


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
