"""Journals that earlier versions have written: the present one reads them, and writes on."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wanfailover.core import entries as log
from wanfailover.errors import JournalError
from wanfailover.journal.memory import last_active, remember, usual_cost
from wanfailover.journal.reader import Reader
from wanfailover.journal.rows import SCHEMA_VERSION
from wanfailover.journal.writer import Inline, Journal

OLD = sorted((Path(__file__).parent / "old").glob("*.sql"))
LATER = datetime(2026, 11, 28, 6, 0, tzinfo=UTC)
"""Three hours after the first of their entries."""


@pytest.fixture(params=OLD, ids=lambda file: file.stem)
def path(request, tmp_path) -> Path:
    """The journal of a text that is kept, as the version of then had left it on the disk."""
    made = tmp_path / "journal.db"
    db = sqlite3.connect(made)
    db.executescript(request.param.read_text())
    db.execute("PRAGMA journal_mode=WAL")
    db.close()
    return made


def version(path: Path) -> int:
    db = sqlite3.connect(path)
    try:
        (found,) = db.execute("PRAGMA user_version").fetchone()
    finally:
        db.close()
    return found


def known(path: Path) -> tuple[object, ...]:
    """All that `status`, `history` and a restart take from it."""
    with Reader(path) as reader:
        entries = [record.entry for record in reader.records()]
        memory = remember(reader, 100.0, boot="another", wall=lambda: LATER)
        return entries, memory, usual_cost(reader), last_active(reader)


def test_it_is_read_as_it_lies_there(path):
    """While no agent runs, nobody changes it: each entry is one of ours, and all is remembered."""
    before = path.read_bytes()
    entries, memory, cost, (active, _) = known(path)
    assert all(type(entry).__module__.startswith("wanfailover") for entry in entries)
    assert {log.SwitchoverEnded, log.LineLearned, log.MailDrained} <= {type(e) for e in entries}
    assert (memory.hold.circuit, memory.hold.until) == ("backup", None)
    assert memory.pause is not None
    assert [(m.target, m.proved, m.failed) for m in memory.moves] == [
        ("backup", True, False),
        ("primary", False, True),
    ]
    assert memory.interrupted is None
    assert [day.seconds for day in memory.days["primary"]] == [7200.0]
    assert (cost, active) == (0.3, "backup")
    assert path.read_bytes() == before


async def test_it_is_written_on(path):
    """Opened by an agent it is of the present schema, has lost nothing, and takes entries."""
    before = known(path)
    journal = Journal(path, Inline(), wall=lambda: LATER, boot="another")
    await journal.append([log.AgentStarted("9.9.9", 1)], 100.0)
    journal.close()
    assert (journal.aside, version(path)) == (None, SCHEMA_VERSION)
    entries, *rest = known(path)
    assert entries == [*before[0], log.AgentStarted("9.9.9", 1)]
    assert tuple(rest) == before[1:]
    assert [file.name for file in path.parent.iterdir() if "damaged" in file.name] == []


def test_every_schema_that_ever_was_is_kept():
    """Whoever makes a new one keeps a journal of it here."""
    versions = {int(file.stem.removeprefix("schema-")) for file in OLD}
    assert set(range(1, SCHEMA_VERSION)) <= versions


def test_one_of_the_future_is_left_alone(path):
    """After a rollback across a schema: a sentence, and not a byte is changed."""
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    db.commit()
    db.close()
    with pytest.raises(JournalError, match="written by a newer version"):
        Journal(path, Inline())
    assert version(path) == SCHEMA_VERSION + 1
