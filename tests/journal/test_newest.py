"""Of what replaces itself, a year's journal has thousands: the newest of each are found quickly."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

from wanfailover.core.entries import LineLearned
from wanfailover.journal.reader import Reader
from wanfailover.journal.rows import rows
from wanfailover.journal.writer import Journal


def told(circuit: str, day: int, seconds: float) -> LineLearned:
    return LineLearned(circuit, day, seconds)


def test_the_newest_word_on_each_counts(tmp_path):
    """Also where it could not be written yet; and one row that is damaged costs no other."""
    journal = Journal(tmp_path / "journal.db")
    said = [told(c, day, hour) for day in range(3) for hour in range(24) for c in ("a", "b")]
    asyncio.run(journal.append(said, 1.0))
    journal.close()
    with closing(sqlite3.connect(tmp_path / "journal.db")) as db, db:
        db.execute("UPDATE entry SET data = '{' WHERE id = 1")
    spilled = rows([told("a", 2, 99.0)], "2026-11-28T08:00:00+00:00", "boot", 2.0)
    with Reader(tmp_path / "journal.db", spilled) as reader:
        found = [r.entry for r in reader.newest_of_each(LineLearned, "circuit", "day")]
    assert found == [
        told("a", 2, 99.0),
        *(told(circuit, day, 23.0) for day in (2, 1, 0) for circuit in ("b", "a")),
    ]
