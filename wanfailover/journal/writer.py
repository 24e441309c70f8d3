"""The agent's side of the journal: entries in, in order, on one thread.

Who has no use for a thread, as a simulation in virtual time, gives `Inline` in its place.

SQLite in WAL mode. Entries that a restart depends on (`entries.DURABLE`) are written with
``synchronous=FULL`` and awaited before the program goes on; the others with NORMAL, which may lose
the last of them in a power cut, but never the order or the file.

A journal that cannot be written stops nobody. What it could not take it owes: every later attempt
begins with that. One that is damaged is set aside, and a new one begun.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from wanfailover.entries import DURABLE, Entry
from wanfailover.errors import JournalError
from wanfailover.journal import damage, outbox, retention
from wanfailover.journal.eras import utc_now
from wanfailover.journal.outbox import Mark, Posted
from wanfailover.journal.reader import boot_id, holds
from wanfailover.journal.rows import SCHEMA_VERSION, STEPS, VITAL, Row, rows
from wanfailover.opening import closed_on_failure

P = ParamSpec("P")
T = TypeVar("T")

MOST_OWED = 1000
"""Entries that are kept in memory for a journal that cannot be written."""


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


class Journal:
    """Writes entries. `close` it: what is queued is written then.

    Args:
        executor: Where SQLite is at work, one thing at a time; a thread of the journal's own where
            none is given.

        wall: Tells the wall time, with zone.

        boot: The name of the boot that instants are of.

        spilled: Rows that an earlier run could not write, or did in its last moment: see `spill`.

        posted: Messages, likewise.

    Attributes:
        aside: Where a damaged journal was put, if one was found.

        damage: What was the matter with it.

        trouble: Why it cannot be written, as far as is known by now.

    Raises:
        JournalError: It was written by a newer version. Nothing else: a journal that cannot be
            opened now is tried again with every entry.
    """

    def __init__(
        self,
        path: Path,
        executor: Executor | None = None,
        *,
        wall: Callable[[], datetime] = utc_now,
        boot: str | None = None,
        spilled: Sequence[Row] = (),
        posted: Sequence[Posted] = (),
    ) -> None:
        self.path = path
        self.aside: Path | None = None
        self.damage = ""
        self.trouble: str | None = None
        self._wall = wall
        self._boot = boot_id() if boot is None else boot
        self._thread = executor or ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._db: sqlite3.Connection | None = None
        self._inherited, self._letters = list(spilled), list(posted)
        self._owed: list[Row] = []
        self._unposted: list[Posted] = []
        self._unmarked: list[Mark] = []
        self._queued = 0
        try:
            self._thread.submit(self._opened).result()
        except JournalError:
            self._thread.shutdown()
            raise
        except (sqlite3.Error, OSError) as error:
            self.trouble = f"the journal {path} cannot be opened: {error}"

    def stamp(self, entries: Sequence[Entry], mono: float) -> list[Row]:
        """Give *entries* the wall time, and *mono*."""
        at = self._wall().astimezone(UTC).isoformat(timespec="milliseconds")
        return rows(entries, at, self._boot, mono)

    async def append(self, entries: Sequence[Entry], mono: float) -> None:
        """Write *entries*, stamped, as `write` does."""
        await self.write(self.stamp(entries, mono))

    async def write(
        self, stamped: Sequence[Row], posted: Sequence[Posted] = (), marks: Sequence[Mark] = ()
    ) -> None:
        """Write what is owed, and then these, in one transaction.

        Args:
            stamped: Entries.

            posted: Messages that tell of them.

            marks: What became of earlier ones.

        Raises:
            JournalError: The disk is full, or the file is damaged or gone. They are owed from now
                on.
        """
        self._queued += 1
        try:
            await self._do(lambda: self._write(stamped, posted, marks))
        finally:
            self._queued -= 1

    async def prune(self, keep: float, mono: float) -> int:
        """Delete some of what is older than *keep* seconds at *mono*; give how many rows.

        Raises:
            JournalError: It cannot be written.
        """
        return await self._do(lambda: retention.prune(self._opened(), keep, self._boot, mono))

    async def outbox(self) -> list[Posted]:
        """Give all messages that are kept, oldest first.

        Raises:
            JournalError: It cannot be read.
        """
        return await self._do(lambda: outbox.rows(self._opened()))

    @property
    def owes(self) -> bool:
        """It has been told of entries that are not on the disk."""
        owed = self._owed or self._unposted or self._inherited or self._letters
        return self._queued > 0 or bool(owed)

    def close(self, within: float = 5.0) -> None:
        """Write what is queued and let go of the file; a disk that hangs is not waited for."""
        with suppress(sqlite3.Error, OSError, TimeoutError):
            self._thread.submit(self._close).result(within)
        self._thread.shutdown(wait=False)

    async def _do(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"the journal {self.path} cannot be written: {error}") from error

    # On the thread.

    def _write(
        self, stamped: Sequence[Row], posted: Sequence[Posted], marks: Sequence[Mark]
    ) -> None:
        self._owed += stamped
        self._unposted += posted
        self._unmarked += marks
        try:
            _insert(self._opened(), self._owed, self._unposted, self._unmarked)
        except (sqlite3.Error, OSError) as error:
            self.trouble = f"the journal {self.path} cannot be written: {error}"
            if isinstance(error, sqlite3.Error) and damage.damaged(error):
                self._close()  # the next attempt finds it damaged, and sets it aside
            self._owed = _most(self._owed)
            self._unposted = self._unposted[-MOST_OWED:]
            self._unmarked = self._unmarked[-MOST_OWED:]
            raise
        self._owed, self._unposted, self._unmarked, self.trouble = [], [], [], None

    def _close(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def _opened(self) -> sqlite3.Connection:
        """The database; opened, or opened anew where its file is no longer in its place."""
        if self._db is not None and not self.path.exists():
            self._close()
        if self._db is None:
            try:
                self._db = _open(self.path)
            except sqlite3.Error as error:
                if not damage.damaged(error):
                    raise
                self._db = self._begin_anew(error)
        if self._inherited or self._letters:
            rows = [row for row in self._inherited if not holds(self._db, row)]
            _insert(self._db, rows, self._letters)
            self._inherited, self._letters = [], []
        return self._db

    def _begin_anew(self, why: sqlite3.Error) -> sqlite3.Connection:
        self.aside = damage.set_aside(self.path, self._wall().astimezone(UTC))
        self.damage = str(why)
        saved, waiting = damage.salvage(self.aside), damage.salvage_outbox(self.aside)
        db = _open(self.path)
        if saved or waiting:
            _insert(db, saved, waiting)
        return db


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=5.0, check_same_thread=True)
    with closed_on_failure(db):
        db.execute("PRAGMA journal_mode=WAL")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        _check_version(path, version)
        if version < SCHEMA_VERSION:
            _migrate(db, version)
        _check(db)
    return db


def _check_version(path: Path, version: int) -> None:
    if version > SCHEMA_VERSION:
        raise JournalError(
            f"the journal {path} cannot be used: it was written by a newer version (schema "
            f"{version}, known {SCHEMA_VERSION}); move it aside to begin a new one"
        )


def _check(db: sqlite3.Connection) -> None:
    (sound,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if sound != "ok":
        raise damage.Damaged(sound)
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    if not {"entry", "outbox"} <= tables:
        raise damage.Damaged("it has no entries")
    if db.execute("SELECT 1 FROM entry WHERE NOT json_valid(data) LIMIT 1").fetchone():
        raise damage.Damaged("an entry cannot be read")


def _migrate(db: sqlite3.Connection, version: int) -> None:
    """All at once: a disk that fills up meanwhile leaves nothing half made."""
    steps = "".join(STEPS[version:])
    try:
        db.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
    except sqlite3.Error:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def _insert(
    db: sqlite3.Connection,
    stamped: Sequence[Row],
    posted: Sequence[Posted] = (),
    marks: Sequence[Mark] = (),
) -> None:
    durable = any(row.kind in _DURABLE for row in stamped)
    db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
    with db:
        db.executemany(
            "INSERT INTO entry (at, boot, mono, kind, data) VALUES (?, ?, ?, ?, ?)", stamped
        )
        outbox.insert(db, posted)
        outbox.mark(db, marks)


def _most(owed: list[Row]) -> list[Row]:
    """What a restart must know is owed for ever, of the rest the latest."""
    rest = [row for row in owed if row.kind not in VITAL][:-MOST_OWED]
    old = set(map(id, rest))
    return [row for row in owed if id(row) not in old]


_DURABLE = frozenset(kind.__name__ for kind in DURABLE)
