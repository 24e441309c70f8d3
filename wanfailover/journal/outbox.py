"""Messages that wait to be sent: in the journal's own file, a row for each message and path.

A message is written in the same transaction as the entries that it tells of, so neither is ever
there without the other; and it waits until the path has taken it and that is written, too. Killed
in between, it is sent once more, under the same id.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

SCHEMA = """
CREATE TABLE outbox (
    id      INTEGER PRIMARY KEY,
    letter  TEXT NOT NULL,   -- the message's id, by which a receiver drops a double
    path    TEXT NOT NULL,   -- one of the profile's `notify`, by its name
    at      TEXT NOT NULL,   -- wall time of what it tells of, RFC 3339, UTC
    data    TEXT NOT NULL,   -- JSON, the message
    done    TEXT,            -- NULL while it waits; else what became of it
    UNIQUE (letter, path)
);
CREATE INDEX outbox_waiting ON outbox (path) WHERE done IS NULL;
"""

KEPT = 2000
"""Rows of messages that are done with and stay: what follows must find what it follows."""


class Posted(NamedTuple):
    """A message for one path, as it is stored."""

    letter: str
    path: str
    at: str
    data: str
    done: str | None = None


class Mark(NamedTuple):
    """What became of a message on a path."""

    letter: str
    path: str
    done: str


def insert(db: sqlite3.Connection, posted: Iterable[Posted]) -> None:
    """Add what waits; who is there already stays as he is."""
    db.executemany(
        "INSERT OR IGNORE INTO outbox (letter, path, at, data, done) VALUES (?, ?, ?, ?, ?)", posted
    )


def mark(db: sqlite3.Connection, marks: Sequence[Mark]) -> None:
    """Note what became of some."""
    db.executemany(
        "UPDATE outbox SET done = ? WHERE letter = ? AND path = ?",
        [(mark.done, mark.letter, mark.path) for mark in marks],
    )


def rows(db: sqlite3.Connection) -> list[Posted]:
    """All that are kept, oldest first; none where the journal is of an older schema."""
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'outbox'").fetchone():
        return []
    query = "SELECT letter, path, at, data, done FROM outbox ORDER BY id"
    return [Posted(*row) for row in db.execute(query)]


def prune(db: sqlite3.Connection) -> None:
    """Delete the oldest of what is done with."""
    db.execute(
        "DELETE FROM outbox WHERE done IS NOT NULL AND id <= (SELECT MAX(id) FROM outbox) - ?",
        (KEPT,),
    )
