"""What the journal forgets: entries older than the profile's `keep.history`.

Their age is what the journal has seen go by (`eras`), so a clock that jumps ahead costs no history;
where the agent was away, entries are kept for longer.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress

from wanfailover.errors import JournalError
from wanfailover.journal import outbox
from wanfailover.journal.eras import Eras

SETTLED, DAY = 3600.0, 86400.0
"""Seconds after a start, and from then on, until old history is deleted."""

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


async def daily(forget: Callable[[], Awaitable[object]]) -> None:
    """Have old history deleted by *forget* once a day, until cancelled."""
    await asyncio.sleep(SETTLED)
    while True:
        with suppress(JournalError):  # told with the next entry
            await forget()
        await asyncio.sleep(DAY)
