"""Messages in the journal: with their entries or not at all, and not for ever."""

from __future__ import annotations

import pytest

from wanfailover.core import entries as log
from wanfailover.errors import JournalError
from wanfailover.journal import outbox
from wanfailover.journal.outbox import KEPT, Mark, Posted
from wanfailover.journal.reader import Reader
from wanfailover.journal.writer import Inline, Journal

AT = "2026-11-28T03:00:00+00:00"


async def test_old_ones_that_are_done_with_go(tmp_path):
    """What waits stays, however old."""
    journal = Journal(tmp_path / "journal.db", Inline())
    many = [Posted(f"m{n}", "mail", AT, "{}", None if n == 3 else "sent") for n in range(KEPT + 50)]
    await journal.write([], many)
    await journal.prune(1e9, 0.0)
    left = [row.letter for row in await journal.outbox()]
    assert left == ["m3", *(f"m{n}" for n in range(50, KEPT + 50))]
    journal.close()


async def test_a_message_and_its_entry_are_one(tmp_path):
    """Where the entry cannot be written, neither is the message; both are owed, and come."""
    journal = Journal(tmp_path / "journal.db", Inline())
    journal._db.execute(
        "CREATE TRIGGER t BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    rows = journal.stamp([log.AgentStarted("0.2.0", 1)], 1.0)
    with pytest.raises(JournalError, match="full"):
        await journal.write(rows, [Posted("m1", "mail", AT, "{}")], [Mark("m1", "mail", "sent")])
    with Reader(journal.path) as reader:
        assert list(reader.records()) == []
    assert journal.owes
    journal._db.execute("DROP TRIGGER t")
    await journal.write([])
    with Reader(journal.path) as reader:
        assert [record.entry for record in reader.records()] == [log.AgentStarted("0.2.0", 1)]
        assert [row.done for row in outbox.rows(reader.db)] == ["sent"]
    assert not journal.owes
    journal.close()


async def test_the_same_twice_is_once(tmp_path):
    """As when the runtime directory has what the journal took in its last moment."""
    journal = Journal(tmp_path / "journal.db", Inline())
    row = Posted("m1", "mail", AT, "{}")
    await journal.write([], [row], [Mark("m1", "mail", "sent")])
    await journal.write([], [row])
    assert [each.done for each in await journal.outbox()] == ["sent"]
    journal.close()
