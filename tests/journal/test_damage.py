"""Journals that cannot be opened, read or written: what is made of them."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.journal.test_journal import ENDED, INTENT
from wanfailover.core import entries as log
from wanfailover.errors import JournalError
from wanfailover.journal.memory import remember
from wanfailover.journal.reader import Reader
from wanfailover.journal.spill import Spill
from wanfailover.journal.writer import Inline, Journal
from wanfailover.recorder import Recorder
from wanfailover.sites import SiteDir

HOLD = log.HoldBegan("backup", None, "ann", "")


async def written(path: Path, *entries: log.Entry) -> None:
    journal = Journal(path)
    for entry in entries:
        await journal.append([entry], 1.0)
    journal.close()


def spoil(path: Path, how: str) -> None:
    """Damage a journal so that what matters in it can still be read."""
    with sqlite3.connect(path) as db:
        match how:
            case "no JSON":
                db.execute("UPDATE entry SET data = '{' WHERE kind = 'AgentStopped'")
            case "no index":
                db.execute("PRAGMA writable_schema=1")
                db.execute("UPDATE sqlite_master SET rootpage = 2 WHERE name = 'entry_kind'")
            case "a page":
                page = path.stat().st_size // 4096 - 1
    db.close()
    if how == "a page":
        with path.open("r+b") as file:
            file.seek(page * 4096)
            file.write(b"\xff" * 4096)


@pytest.mark.parametrize("how", ["no JSON", "no index", "a page"])
async def test_an_open_switchover_and_a_hold_are_found_in_what_is_set_aside(tmp_path, how):
    """It is renamed with its date, with all it held; and what a restart must know is taken over."""
    path = tmp_path / "journal.db"
    await written(path, *[log.AgentStopped("x" * 500)] * 100, HOLD, INTENT)
    spoil(path, how)
    before = path.read_bytes()
    journal = Journal(path, wall=lambda: datetime(2026, 3, 29, 1, 2, 3, tzinfo=UTC))
    assert journal.aside == tmp_path / "journal.db.damaged-20260329T010203Z"
    assert len(journal.aside.read_bytes()) == len(before)
    with Reader(path) as reader:
        memory = remember(reader, 2.0)
    journal.close()
    if how != "a page":  # which it was is the file system's choice
        assert memory.interrupted is not None
        assert memory.hold.circuit == "backup"


async def test_a_second_one_does_not_take_the_place_of_the_first(tmp_path):
    """Within the same second: nothing is ever deleted."""
    path, then = tmp_path / "journal.db", datetime(2026, 3, 29, tzinfo=UTC)
    for words in (b"first" * 999, b"second" * 999):
        path.write_bytes(words)
        Journal(path, wall=lambda: then).close()
    kept = {file.read_bytes() for file in tmp_path.iterdir() if ".damaged-" in file.name}
    assert kept == {b"first" * 999, b"second" * 999}


async def test_one_that_is_damaged_while_in_use_is_set_aside_as_well(tmp_path):
    """What is written then goes into the new one, and the history begins with why."""
    path = tmp_path / "journal.db"
    journal = Journal(path)
    record = Recorder(journal)
    await record(log.AgentStarted("1", 1))
    journal._thread.submit(journal._db.execute, "PRAGMA wal_checkpoint(TRUNCATE)").result()
    path.write_bytes(b"\xff" * path.stat().st_size)
    journal._thread.submit(journal._db.execute, "PRAGMA shrink_memory").result()
    for _ in range(3):
        await record(INTENT)
    assert journal.aside is not None
    assert record.trouble is None
    with Reader(path) as reader:
        kinds = [type(each.entry) for each in reader.records()]
    assert kinds.count(log.SwitchoverIntended) == 3
    assert log.JournalSetAside in kinds
    journal.close()


async def test_one_of_a_newer_version_is_left_alone(tmp_path):
    """It is not damaged, and not ours to set aside."""
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(JournalError, match="newer version"):
        Journal(path)
    assert [file.name for file in tmp_path.iterdir()] == ["journal.db"]


async def test_what_is_removed_under_its_hands_is_begun_anew(tmp_path):
    """Somebody has deleted the file: nothing is written into the void."""
    path = tmp_path / "journal.db"
    journal = Journal(path)
    await journal.append([INTENT], 1.0)
    path.unlink()
    await journal.append([ENDED], 2.0)
    with Reader(path) as reader:
        assert [each.entry for each in reader.records()] == [ENDED]
    journal.close()


async def test_an_entry_is_in_the_journal_once_though_it_was_in_both(tmp_path):
    """Killed between the two: the disk was slow, and had it after all."""
    path, spill = tmp_path / "journal.db", Spill(tmp_path / "run" / "x.jsonl")
    journal = Journal(path)
    rows = journal.stamp([INTENT, ENDED], 1.0)
    await journal.write(rows[:1])
    spill.keep(rows)
    journal.close()
    with Reader(path, spill.rows()) as reader:
        assert [each.entry for each in reader.records()] == [INTENT, ENDED]
        assert remember(reader, 2.0).interrupted is None
    journal = Journal(path, spilled=spill.rows())
    Recorder(journal, spill=spill)
    assert spill.rows() == []
    with Reader(path, rows) as reader:
        assert [each.entry for each in reader.records(newest_first=True)] == [ENDED, INTENT]
    journal.close()


def test_a_torn_line_is_passed_over(tmp_path):
    """The last line of a file that was being written when the power went."""
    file = tmp_path / "x.jsonl"
    journal = Journal(tmp_path / "journal.db", Inline())
    spill = Spill(file)
    assert spill.keep(journal.stamp([INTENT], 1.0))
    assert not spill.keep(journal.stamp([log.AgentStopped("of no importance")], 1.0))
    file.write_text(file.read_text() + file.read_text()[:40] + "\n\xff[1]\n[]\n")
    assert [row.kind for row in spill.rows()] == ["SwitchoverIntended"]
    journal.close()


def test_where_it_spills(tmp_path, monkeypatch):
    """RUNTIME_DIRECTORY, /run for root, XDG_RUNTIME_DIR; two state directories, two files."""
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    site = SiteDir(tmp_path / "a" / "office")
    assert site.spill is None
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1000")
    assert site.spill.parent == Path("/run/user/1000/wanfailover/office")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert site.spill.parent == Path("/run/wanfailover/office")
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/wanfailover/hq:/run/other")
    assert site.spill.parent == Path("/run/wanfailover/hq")
    assert site.spill != SiteDir(tmp_path / "b" / "office").spill
    assert site.spill.suffix == ".jsonl"


async def test_nowhere_to_spill_is_told_and_stops_nobody(tmp_path):
    """A full disk and no runtime directory: one sentence says both."""
    journal = Journal(tmp_path / "journal.db")
    journal._thread.submit(journal._db.execute, "PRAGMA max_page_count=1").result()
    record = Recorder(journal)
    await record(INTENT, log.AgentStopped("x" * 100_000))
    assert "cannot be written" in record.trouble
    assert "nor can a runtime directory" in record.trouble
    journal.close()
