"""A journal that cannot be read any more: set aside, never deleted, and searched for what matters.

What an agent needs of it is little: an open switchover, a hold, a pause. The router knows the rest.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from wanfailover.journal import outbox
from wanfailover.journal.outbox import Posted
from wanfailover.journal.rows import STATES, Row

WITH = ("", "-wal", "-shm")
"""SQLite's files for one database; what is only in the -wal is lost without it."""

_CODES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class Damaged(sqlite3.DatabaseError):
    """Sound for SQLite, and no journal."""


def damaged(error: sqlite3.Error) -> bool:
    """Tell a file that is broken from one that only cannot be written now."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, Damaged) or (code is not None and code & 0xFF in _CODES)


def set_aside(path: Path, at: datetime) -> Path:
    """Rename the journal, with its date; give its new place.

    Raises:
        OSError: It cannot be renamed.
    """
    dated = f"{path.name}.damaged-{at:%Y%m%dT%H%M%SZ}"
    taken = {other.name for other in path.parent.iterdir()}
    while dated in taken:
        dated += "+"
    for suffix in WITH:
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(path.with_name(dated + suffix))
    return path.with_name(dated)


def salvage(path: Path) -> list[Row]:
    """The newest entry of each state, where it can still be read, in their order."""
    found: list[tuple[int, Row]] = []
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as db:
        for kinds in STATES:
            found += _newest(db, tuple(kind.__name__ for kind in kinds))
    return [row for _, row in sorted(found)]


def salvage_outbox(path: Path) -> list[Posted]:
    """The messages that still wait, where they can be read."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as db:
        return [row for row in outbox.rows(db) if row.done is None]
    return []


def _newest(db: sqlite3.Connection, names: tuple[str, ...]) -> list[tuple[int, Row]]:
    query = "SELECT id, at, boot, mono, kind, data FROM entry NOT INDEXED WHERE kind IN (?, ?) ORDER BY id DESC"  # noqa: E501
    with suppress(sqlite3.Error):
        for id_, *rest in db.execute(query, names):
            row = Row(*rest)
            with suppress(ValueError, TypeError):
                json.loads(row.data), datetime.fromisoformat(row.at)
                return [(int(id_), row)]
    return []
