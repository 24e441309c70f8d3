"""The agent's side of the journal: entries in, in order, on one thread.

Who has no use for a thread, as a simulation in virtual time, gives `Inline` in its place.

SQLite in WAL mode. Entries that a restart depends on (`entries.DURABLE`) are written with
``synchronous=FULL`` and awaited before the program goes on; the others with NORMAL, which may lose
the last of them in a power cut, but never the order or the file.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from wanfailover.core.entries import DURABLE, Entry, to_data
from wanfailover.errors import JournalError
from wanfailover.journal.reader import boot_id

P = ParamSpec("P")
T = TypeVar("T")

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE entry (
    id    INTEGER PRIMARY KEY,
    at    TEXT NOT NULL,     -- wall time, RFC 3339, UTC
    boot  TEXT NOT NULL,     -- the kernel's boot id: instants compare within one boot
    mono  REAL NOT NULL,     -- seconds on that boot's monotonic clock
    kind  TEXT NOT NULL,
    data  TEXT NOT NULL      -- JSON, the entry's fields
);
CREATE INDEX entry_kind ON entry (kind, id);
"""


class Inline(Executor):
    """Does at once, and in the caller's own thread, what it is given."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Give a future that is done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - it is the future's to raise
            future.set_exception(error)
        return future


def utc_now() -> datetime:
    """The wall time."""
    return datetime.now(UTC)


class Journal:
    """Writes entries. `close` it: what is queued is written then.

    Args:
        executor: Where SQLite is at work, one thing at a time; a thread of the journal's own where
            none is given.

        wall: Tells the wall time, with zone.

        boot: The name of the boot that instants are of.

    Raises:
        JournalError: The file cannot be opened, is no journal, or cannot be written.
    """

    def __init__(
        self,
        path: Path,
        executor: Executor | None = None,
        *,
        wall: Callable[[], datetime] = utc_now,
        boot: str | None = None,
    ) -> None:
        self.path = path
        self._wall = wall
        self._boot = boot_id() if boot is None else boot
        self._thread = executor or ThreadPoolExecutor(1, thread_name_prefix="journal")
        try:
            self._db: sqlite3.Connection = self._thread.submit(_open, path).result()
        except sqlite3.Error as error:
            self._thread.shutdown()
            raise JournalError(
                f"the journal {path} cannot be opened ({error}): move it aside to begin a new one"
            ) from error

    async def append(self, entries: Sequence[Entry], mono: float) -> None:
        """Write *entries* in one transaction, stamped with *mono* and the wall time.

        Raises:
            JournalError: The disk is full, or the file is damaged or gone.
        """
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._write, entries, mono)
        except sqlite3.Error as error:
            raise JournalError(f"the journal {self.path} cannot be written: {error}") from error

    def _write(self, entries: Sequence[Entry], mono: float) -> None:
        durable = any(isinstance(entry, DURABLE) for entry in entries)
        self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        at = self._wall().astimezone(UTC).isoformat(timespec="milliseconds")
        rows = [
            (at, self._boot, mono, type(entry).__name__, json.dumps(to_data(entry)))
            for entry in entries
        ]
        with self._db:
            self._db.executemany(
                "INSERT INTO entry (at, boot, mono, kind, data) VALUES (?, ?, ?, ?, ?)", rows
            )

    def close(self) -> None:
        """Write what is queued and let go of the file."""
        self._thread.submit(self._db.close).result()
        self._thread.shutdown()


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=5.0, check_same_thread=True)
    db.execute("PRAGMA journal_mode=WAL")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0:
        with db:
            db.executescript(SCHEMA)
            db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    elif version > SCHEMA_VERSION:
        db.close()
        message = f"it was written by a newer version (schema {version}, known {SCHEMA_VERSION})"
        raise sqlite3.DatabaseError(message)
    return db
