"""The rows on the disk: an SQLite file beside the journal, of which nothing else depends.

A minute has a row for each run of the agent that saw some of it, so whatever is written again takes
the place of what it was. An hour is made of its minutes, in the transaction that writes them.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from wanfailover.opening import closed_on_failure
from wanfailover.rollups.fold import Row
from wanfailover.rollups.histogram import Buckets, add, quantile, to_bytes

NAME = "rollups.db"
HOUR = 3600
DAY = 86400.0

MINUTES = 35 * DAY
"""Seconds for which minutes are kept: a month at a glance, and what led up to it."""

AT_ONCE = 2000
"""Rows of either kind deleted in an hour, some ten times what comes in: a clock that jumps ahead
for an hour costs no more than that."""

BUSY = 10.0
"""Seconds to wait for whoever else writes: a catch-up."""

VERSION = 1

_FIGURES = """
    sent INTEGER NOT NULL, lost INTEGER NOT NULL, p50 REAL, p95 REAL, longest REAL,
    down REAL NOT NULL, seen REAL NOT NULL, active REAL NOT NULL, buckets BLOB NOT NULL
"""
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS minute (
    circuit TEXT NOT NULL, t INTEGER NOT NULL, run TEXT NOT NULL, {_FIGURES},
    PRIMARY KEY (circuit, t, run)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hour (
    circuit TEXT NOT NULL, t INTEGER NOT NULL, {_FIGURES}, PRIMARY KEY (circuit, t)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS run (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS horizon (one INTEGER PRIMARY KEY, t INTEGER NOT NULL);
PRAGMA user_version={VERSION};
"""

_WHICH = "WHERE circuit = ? AND t >= ? AND t < ? ORDER BY t"
_COLUMNS = "t, sent, lost, p50, p95, longest, down, seen, active, buckets"
SELECT_MINUTES = f"SELECT {_COLUMNS} FROM minute {_WHICH}"  # noqa: S608 - all of it is ours
SELECT_HOURS = f"SELECT {_COLUMNS} FROM hour {_WHICH}"  # noqa: S608
"""The beginning of each, and `Figures`."""

_PUT_MINUTE = "INSERT OR REPLACE INTO minute VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PUT_HOUR = "INSERT OR REPLACE INTO hour VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_OLD_MINUTES = """
DELETE FROM minute WHERE (circuit, t, run) IN
    (SELECT circuit, t, run FROM minute WHERE t < ? ORDER BY t LIMIT ?)
"""
_OLD_HOURS = """
DELETE FROM hour WHERE (circuit, t) IN (SELECT circuit, t FROM hour WHERE t < ? ORDER BY t LIMIT ?)
"""

Figures = Sequence[Any]
"""Sent, lost, p50, p95, longest, down, seen, active, buckets: see `fold.Row`."""


def opened(path: Path) -> sqlite3.Connection:
    """Open it to write, and make it where it is missing.

    Raises:
        sqlite3.Error: That cannot be done.
    """
    db = sqlite3.connect(path, timeout=BUSY, check_same_thread=False)
    with closed_on_failure(db):
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("PRAGMA journal_size_limit=1000000")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise sqlite3.DatabaseError(f"it is of version {version}, known is {VERSION}")
        db.executescript(_SCHEMA)
    return db


def merged(many: Iterable[Figures], *, whole: bool = True) -> Figures:
    """Make one row of several; one that is not *whole* goes without its buckets."""
    sent = lost = 0
    longest: float | None = None
    down = seen = active = 0.0
    buckets: Buckets = Counter()
    for row in many:
        sent, lost = sent + row[0], lost + row[1]
        longest = row[4] if longest is None else max(longest, row[4] or 0.0)
        down, seen, active = down + row[5], seen + row[6], active + row[7]
        add(row[8], buckets)
    figures = _figures(sent, lost, longest, down, seen, active, buckets)
    return (*figures, to_bytes(buckets)) if whole else (*figures, b"")


def write(db: sqlite3.Connection, run: str, rows: Sequence[Row]) -> None:
    """Write minutes of a run, and the hours that they are in, or neither.

    Raises:
        sqlite3.Error: The disk is full, or the like.
    """
    with db:
        db.executemany(_PUT_MINUTE, [(row.circuit, row.t, run, *_of(row)) for row in rows])
        for circuit, t in sorted({(row.circuit, whole_hours(row.t)) for row in rows}):
            minutes = db.execute(SELECT_MINUTES, (circuit, t, t + HOUR))
            db.execute(_PUT_HOUR, (circuit, t, *merged(figures for _, *figures in minutes)))


def prune(db: sqlite3.Connection, now: float, keep: float) -> None:
    """Delete what is older than it is kept for, a bounded part of it at a time.

    Args:
        db: The store.

        now: Wall time, seconds since the epoch.

        keep: Seconds for which hours are kept; minutes are for `MINUTES`, if that is less.
    """
    minutes = whole_hours(now - min(keep, MINUTES))
    with db:
        db.execute(_OLD_MINUTES, (minutes, AT_ONCE))
        db.execute(_OLD_HOURS, (whole_hours(now - keep), AT_ONCE))
        db.execute("INSERT OR REPLACE INTO horizon VALUES (1, ?)", (minutes,))


def horizon(db: sqlite3.Connection) -> int:
    """Since when there are minutes: before that, hours alone."""
    known = db.execute("SELECT t FROM horizon").fetchone()
    return int(known[0]) if known else 0


def whole_hours(seconds: float) -> int:
    """The beginning of an hour: only whole ones are forgotten, or they could not be made anew."""
    return int(seconds // HOUR) * HOUR


def complete(db: sqlite3.Connection, run: str) -> None:
    """Note that nothing of *run* is missing."""
    with db:
        db.execute("INSERT OR IGNORE INTO run VALUES (?)", (run,))


def is_complete(db: sqlite3.Connection, run: str) -> bool:
    """Tell whether it has been noted."""
    return db.execute("SELECT 1 FROM run WHERE name = ?", (run,)).fetchone() is not None


def forget_runs(db: sqlite3.Connection, but: Collection[str]) -> None:
    """Forget that runs are complete of which there is no recording any more."""
    with db:
        for (run,) in db.execute("SELECT name FROM run").fetchall():
            if run not in but:
                db.execute("DELETE FROM run WHERE name = ?", (run,))


def minutes_of(db: sqlite3.Connection, run: str) -> set[int]:
    """Give the minutes of *run* that were written."""
    return {int(t) for (t,) in db.execute("SELECT t FROM minute WHERE run = ?", (run,))}


def _of(row: Row) -> Figures:
    figures = _figures(row.sent, row.lost, row.longest, row.down, row.seen, row.active, row.buckets)
    return (*figures, to_bytes(row.buckets))


def _figures(
    sent: int,
    lost: int,
    longest: float | None,
    down: float,
    seen: float,
    active: float,
    buckets: Buckets,
) -> Figures:
    p50, p95 = (quantile(buckets, share) for share in (0.5, 0.95))
    return sent, lost, p50, p95, longest, down, seen, active
