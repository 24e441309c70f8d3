"""The recorder: a journal that fails or hangs never stops a failover."""

from __future__ import annotations

import os
import sqlite3
import time

import pytest

from wanfailover.core import entries as log
from wanfailover.journal.reader import Reader
from wanfailover.journal.writer import Journal
from wanfailover.recorder import PATIENCE, Recorder

INTENT = log.SwitchoverIntended("s1", "primary", "backup", "active-down", "down", True)


async def test_a_full_disk_is_told_and_passed_over(tmp_path):
    """The entry is lost, the trouble is kept for `status`, and the caller goes on."""
    journal = Journal(tmp_path / "journal.db")
    journal._thread.submit(journal._db.execute, "PRAGMA max_page_count=1").result()
    record = Recorder(journal)
    await record(log.AgentStopped("x" * 100_000))
    assert "cannot be written" in record.trouble
    journal.close()


async def test_a_disk_that_hangs_costs_a_failover_half_a_second(tmp_path):
    """Another process holds the file: we go on, and the entry is written when it lets go."""
    journal = Journal(tmp_path / "journal.db")
    record = Recorder(journal)
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    await record(INTENT)
    assert time.monotonic() - began < 2 * PATIENCE
    assert "has not answered" in record.trouble
    other.execute("ROLLBACK")
    other.close()
    await record(log.ActionBegun("s1", "apply"))
    assert record.trouble is None
    with Reader(journal.path) as reader:
        kinds = [type(entry.entry) for entry in reader.records()]
    assert kinds == [log.SwitchoverIntended, log.ActionBegun]
    journal.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
async def test_the_group_may_read_when_no_agent_runs(tmp_path):
    """Who may read the directory and not write to it reads a journal that was closed cleanly."""
    path = tmp_path / "journal.db"
    journal = Journal(path)
    await Recorder(journal)(INTENT)
    journal.close()
    for directory in path.parents:
        if not directory.stat().st_mode & 0o001:
            directory.chmod(0o755)
    os.seteuid(65534)
    try:
        with Reader(path) as reader:
            assert [record.entry for record in reader.records()] == [INTENT]
    finally:
        os.seteuid(0)
