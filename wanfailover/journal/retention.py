"""What the journal forgets: entries older than the profile's `keep.history`.

Their age is what the journal has seen go by (`eras`), so a clock that jumps ahead costs no history;
where the agent was away, entries are kept for longer.
"""

from __future__ import annotations

import sqlite3

from wanfailover.journal import outbox
from wanfailover.journal.eras import Eras

AT_ONCE = 5000
"""Rows deleted at a time: a twentieth of a second, for a failover may be waiting for the disk."""

ALWAYS = 20
"""Entries of each kind that stay however old they are: among them an open switchover, a hold, a
pause, and what the last switches took."""

_OLD = """
DELETE FROM entry WHERE id IN (
    SELECT id FROM entry WHERE boot = ? AND mono <= ?
    AND id NOT IN (SELECT id FROM (
        SELECT id, ROW_NUMBER() OVER (PARTITION BY kind ORDER BY id DESC) AS nth FROM entry
    ) WHERE nth <= ?)
    AND id NOT IN (
        SELECT MAX(id) FROM entry WHERE kind = 'LineLearned'
        GROUP BY json_extract(data, '$.circuit'), json_extract(data, '$.day')
    )
    ORDER BY id LIMIT ?
)
"""
"""The last word on what a day of watching has taught stays, too."""


def prune(db: sqlite3.Connection, keep: float, boot: str, mono: float) -> int:
    """Delete a bounded number of entries older than *keep* seconds at *mono* of *boot*.

    Returns:
        How many.
    """
    deleted = 0
    with db:
        outbox.prune(db)
        for name, until in reversed(Eras(db, boot, mono).before(keep)):
            if deleted < AT_ONCE:
                deleted += db.execute(_OLD, (name, until, ALWAYS, AT_ONCE - deleted)).rowcount
    return deleted
