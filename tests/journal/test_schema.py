"""Journals of every older schema go on as if nothing had been: ``old/schema-N.sql`` has them."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from wanfailover.core import entries as log
from wanfailover.journal import outbox
from wanfailover.journal.memory import last_active, remember
from wanfailover.journal.reader import Reader
from wanfailover.journal.rows import SCHEMA, SCHEMA_VERSION, STEPS
from wanfailover.journal.writer import Journal

OLD = sorted((Path(__file__).parent / "old").glob("schema-*.sql"))


@pytest.fixture(params=OLD, ids=lambda file: file.stem)
def old(request, tmp_path) -> Path:
    path = tmp_path / "journal.db"
    database = sqlite3.connect(path)
    database.executescript(request.param.read_text())
    database.close()
    return path


def entries(path: Path) -> list:
    with Reader(path) as reader:
        return [record.entry for record in reader.records()]


def shape(path: Path) -> set[str]:
    database = sqlite3.connect(path)
    made = {sql for (sql,) in database.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL")}
    made.add(f"version {database.execute('PRAGMA user_version').fetchone()[0]}")
    database.close()
    return {re.sub(r"\s+", " ", sql) for sql in made}


def test_there_is_one_of_each():
    """A change of the schema leaves one behind."""
    assert [file.stem for file in OLD] == [f"schema-{n}" for n in range(1, SCHEMA_VERSION)]
    assert len(STEPS) == SCHEMA_VERSION
    assert "".join(STEPS) == SCHEMA


async def test_an_old_journal_is_taken_over(old, tmp_path):
    """Whole: its entries, and what a restart remembers; its shape is a new one's."""
    before = entries(old)
    assert len(before) > 10
    journal = Journal(old)
    assert journal.aside is None
    posted = outbox.Posted("m1", "mail", "2026-11-28T03:00:00+00:00", "{}")
    journal_entry = log.AgentStarted("0.2.0", 9)
    await journal.write(journal.stamp([journal_entry], 1.0), [posted])
    assert await journal.outbox() == [posted]
    journal.close()
    assert entries(old) == [*before, journal_entry]
    with Reader(old) as reader:
        assert last_active(reader)[0] == "backup"
        assert remember(reader, 0.0).hold is not None
        assert outbox.rows(reader.db) == [posted]
    Journal(tmp_path / "new.db").close()
    assert shape(old) == shape(tmp_path / "new.db")


def test_an_old_journal_is_read_as_it_is(old):
    """By `status` and `history`, before an agent of this version has run."""
    before = shape(old)
    with Reader(old) as reader:
        assert outbox.rows(reader.db) == []
        assert len(list(reader.records())) > 10
    assert shape(old) == before


def test_half_a_migration_is_none(old, monkeypatch):
    """A disk that fills up meanwhile: the old journal is whole, and the next start tries again."""
    from wanfailover.journal import writer

    before = shape(old)
    monkeypatch.setattr(writer, "STEPS", (*STEPS[:-1], STEPS[-1] + "CREATE TABLE nonsense;"))
    journal = Journal(old)
    assert "cannot be opened" in journal.trouble
    journal.close()
    assert shape(old) == before
    monkeypatch.undo()
    journal = Journal(old)
    assert journal.trouble is None
    journal.close()


async def test_what_waits_outlives_a_damaged_journal(tmp_path):
    """It is set aside; messages that nobody has taken yet are not."""
    path = tmp_path / "journal.db"
    journal = Journal(path)
    rows = [outbox.Posted(f"m{n}", "mail", "2026-11-28T03:00:00+00:00", "{}") for n in range(2)]
    await journal.write([], rows, [outbox.Mark("m0", "mail", "sent")])
    journal.close()
    database = sqlite3.connect(path)
    database.execute("INSERT INTO entry VALUES (1, 'x', 'b', 1.0, 'AgentStarted', '{not json')")
    database.commit()
    database.close()
    journal = Journal(path)
    assert journal.aside is not None
    assert [row.letter for row in await journal.outbox()] == ["m1"]
    journal.close()
