"""Where the router is: whoever reads the journal takes it from the same entries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from wanfailover.core import entries as log
from wanfailover.core.facts import Ending
from wanfailover.entries import whereabouts
from wanfailover.journal.memory import last_active
from wanfailover.journal.reader import Reader
from wanfailover.journal.writer import Inline, Journal
from wanfailover.notify.incidents import Incidents, Office
from wanfailover.outages import account
from wanfailover.page.timeline import Timeline

START = datetime(2026, 11, 28, 12, tzinfo=UTC)
ON = log.ActiveChanged(None, "primary", "read from the router")
LEADS = {
    Ending.PROVED: "backup",
    Ending.UNPROVED: "backup",
    Ending.UNDONE: "primary",
    Ending.STUCK: None,
}


def ended(ending: Ending) -> log.SwitchoverEnded:
    return log.SwitchoverEnded("s", "primary", "backup", "active-down", ending, 1.0, "so")


@pytest.mark.parametrize("ending", sorted(set(Ending) - {Ending.RUNNING}))
async def test_every_reader_agrees_where_a_switchover_left_it(tmp_path, ending):
    """The next agent's memory, the page's bar, the outages, and the messages."""
    minutes = count()
    wall = lambda: START + timedelta(minutes=next(minutes))  # noqa: E731
    journal = Journal(tmp_path / "journal.db", Inline(), wall=wall)
    seen = log.HealthChanged("backup", "unknown", "up", "answering")
    story = [log.AgentStarted("1", 1), seen, ON, ended(ending)]
    for entry in story:
        await journal.append([entry], 1.0)
    journal.close()
    with Reader(journal.path) as reader:
        records = list(reader.records())
        assert last_active(reader)[0] == LEADS[ending]
    end = records[-1].at + timedelta(minutes=30)

    line = Timeline(START.timestamp(), ("primary", "backup"))
    for record in records:
        line.take(record)
    stays = line.told(end.timestamp())["active"]
    now = next((name for _, until, name in stays if until == end.timestamp()), None)
    assert now == LEADS[ending]

    used = account(records, end).totals["backup"].used
    assert used == (30 * 60 if LEADS[ending] == "backup" else 0)

    dear = Incidents(Office("office", ("primary", "backup"), frozenset({"backup"})))
    dear.told(story, end)
    reminded = dear.reminder(end + timedelta(days=1), 3600)
    assert bool(reminded) == (LEADS[ending] == "backup")


@pytest.mark.parametrize("entry", [log.AgentStarted("1", 1), ended(Ending.UNDONE)])
def test_most_entries_tell_nothing_of_it(entry):
    assert [*whereabouts(entry)] == []
