"""The journal: written by one, read by others, remembered by the next."""

from __future__ import annotations

import sqlite3
import stat
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import virtual_time
from wanfailover.core import entries as log
from wanfailover.core.patience import Day
from wanfailover.core.unsettled import Interrupted
from wanfailover.errors import JournalError
from wanfailover.journal import plain as plains
from wanfailover.journal.memory import last_active, remember, usual_cost
from wanfailover.journal.reader import Reader
from wanfailover.journal.writer import Inline, Journal
from wanfailover.recorder import Recorder

INTENT = log.SwitchoverIntended(
    "s1", "primary", "backup", "active-down", "down", True,
    (("apply", "set it", ("ip addr", "ip route"), ("back",)),),
)  # fmt: skip
ENDED = log.SwitchoverEnded("s1", "primary", "backup", "active-down", "proved", 0.2, "answered")


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "journal.db")
    yield journal
    journal.close()


def read(journal, *kinds):
    with Reader(journal.path) as reader:
        return [record.entry for record in reader.records(*kinds)]


async def test_what_goes_in_comes_out(journal):
    """Entries come back equal and in order, while the writer still holds the file."""
    written = [log.AgentStarted("0.1", 7), INTENT, log.ActionBegun("s1", "apply"), ENDED]
    await journal.append(written[:2], 1.0)
    await journal.append(written[2:], 2.0)
    assert read(journal) == written
    assert read(journal, log.SwitchoverEnded) == [ENDED]


@given(st.sampled_from(list(plains.KINDS.values())), st.data())
def test_every_kind_survives_the_way_through_data(kind, data):
    """Any entry is itself again after data and back, and fields unknown here are left out."""
    entry = data.draw(st.builds(kind))
    plain = plains.to_data(entry) | {"added_by_a_newer_version": 1}
    assert plains.from_data(kind.__name__, plain) == entry


def test_no_journal_is_a_sentence(tmp_path):
    """A missing file, a damaged one and one of a newer version: one sentence each."""
    with pytest.raises(JournalError, match="cannot be read"):
        Reader(tmp_path / "none.db")
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"this is no database at all, not even nearly" * 100)
    with pytest.raises(JournalError, match="cannot be read"):
        Reader(damaged)
    newer = tmp_path / "newer.db"
    database = sqlite3.connect(newer)
    database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(JournalError, match="newer version"):
        Journal(newer)


async def test_a_hold_is_remembered_for_its_remaining_time(journal):
    """Given for 100 s and 40 s ago: 60 s are left, on whatever clock the next start has."""
    now = time.monotonic()
    await journal.append([log.HoldBegan("backup", 100.0, "ann", "")], now - 40)
    with Reader(journal.path) as reader:
        hold = remember(reader, now).hold
    assert hold is not None
    assert hold.until == pytest.approx(now + 60, abs=1)


async def test_whose_hold_and_whose_switch_it_was_is_remembered(journal):
    """A drill's are a drill's after a restart, too: else its way home would be an operator's."""
    now = time.monotonic()
    for seconds in (100.0, None):
        await journal.append([log.HoldBegan("backup", seconds, "ann", "", drill=True)], now)
        with Reader(journal.path) as reader:
            assert remember(reader, now).hold.drill
    for rule, drill in (("drill", True), ("operator-asked", False), ("finish-interrupted", True)):
        meant = log.SwitchoverIntended(
            rule, "primary", "backup", rule, "", False, who="ann", drill=drill
        )
        await journal.append([meant], now)
        with Reader(journal.path) as reader:
            assert remember(reader, now).interrupted.request.drill is drill


async def test_a_hold_that_ended_is_not_remembered(journal):
    """Ended by hand or by its time: gone. Without an end: kept."""
    now = time.monotonic()
    await journal.append([log.HoldBegan("backup", 10.0, "ann", "")], now - 40)
    with Reader(journal.path) as reader:
        assert remember(reader, now).hold is None
    await journal.append([log.HoldBegan("backup", None, "ann", "")], now)
    with Reader(journal.path) as reader:
        assert remember(reader, now).hold.until is None
    await journal.append([log.HoldEnded("backup", "auto")], now)
    with Reader(journal.path) as reader:
        assert remember(reader, now).hold is None


async def test_the_moves_of_a_day_are_remembered(journal):
    """Who moved, whence, where to and whether it was proved: what budget and hold-down rest on."""
    now = time.monotonic()
    by_hand = log.SwitchoverIntended("s2", "backup", "primary", "operator-asked", "", False)
    await journal.append([INTENT], now - 10)
    await journal.append([ENDED], now - 9)
    await journal.append([by_hand], now - 5)
    with Reader(journal.path) as reader:
        first, second = remember(reader, now).moves
    assert first.at == pytest.approx(now - 9, abs=1)
    assert (first.source, first.target, first.rule) == ("primary", "backup", "active-down")
    assert (first.proved, first.automatic) == (True, True)
    assert (second.target, second.proved, second.automatic) == ("primary", False, False)


async def test_a_pause_keeps_what_is_left_of_it(journal):
    """A restart neither ends a pause nor begins it anew; an end ends it."""
    now = time.monotonic()
    await journal.append([log.PauseBegan(100.0, "ann")], now - 40)
    with Reader(journal.path) as reader:
        assert remember(reader, now).pause.until == pytest.approx(now + 60, abs=1)
        assert remember(reader, now + 61).pause is None
    await journal.append([log.PauseBegan(None, "ann")], now)
    with Reader(journal.path) as reader:
        assert remember(reader, now).pause.until is None
    await journal.append([log.PauseEnded("ann ended it")], now)
    with Reader(journal.path) as reader:
        assert remember(reader, now).pause is None


async def test_what_lines_have_taught_is_remembered(journal):
    """Of each circuit and day the newest word counts, in the order of the days."""
    for seconds, silences in ((60.0, ()), (3600.0, (2.5,))):
        await journal.append([log.LineLearned("primary", 1, seconds, silences)], 0.0)
    await journal.append([log.LineLearned("primary", 0, 86400.0, (3.1, 1.2), (4.0,))], 0.0)
    await journal.append([log.LineLearned("backup", 0, 10.0)], 0.0)
    with Reader(journal.path) as reader:
        days = remember(reader, 1.0).days
    assert days["primary"] == (Day(0, 86400.0, (3.1, 1.2), (4.0,)), Day(1, 3600.0, (2.5,)))
    assert days["backup"] == (Day(0, 10.0),)


async def test_a_circuit_watched_seldom_is_not_forgotten_for_one_watched_daily(journal):
    """What the backup taught long ago stands behind a month and more of the primary's days."""
    await journal.append([log.LineLearned("backup", 0, 60.0, (2.0,))], 0.0)
    daily = [log.LineLearned("primary", day, 86400.0) for day in range(40)]
    await journal.append(daily, 0.0)
    with Reader(journal.path) as reader:
        days = remember(reader, 1.0).days
    assert days["backup"] == (Day(0, 60.0, (2.0,)),)
    assert [day.number for day in days["primary"]] == list(range(10, 40))


async def test_the_cost_of_a_switch_is_what_the_last_ones_took(journal):
    """The median of those that were proved; nothing where none was."""
    with Reader(journal.path) as reader:
        assert usual_cost(reader) is None
    for seconds in (2.0, 3.0, 90.0):
        await journal.append([replace(ENDED, seconds=seconds)], 0.0)
    await journal.append([replace(ENDED, ending="undone", seconds=400.0)], 0.0)
    with Reader(journal.path) as reader:
        assert usual_cost(reader) == 3.0


async def test_an_open_switchover_is_remembered(journal):
    """An intent without an end is what a crash leaves behind."""
    await journal.append([INTENT], 0.0)
    with Reader(journal.path) as reader:
        assert remember(reader, 1.0).interrupted == Interrupted("s1", "primary", "backup")
    await journal.append([ENDED], 1.0)
    with Reader(journal.path) as reader:
        assert remember(reader, 1.0).interrupted is None


async def test_a_switchover_that_ended_stuck_is_still_open(journal):
    """Neither state was reached: the next start has to put it right, as after a crash."""
    await journal.append([INTENT], 0.0)
    await journal.append([replace(ENDED, ending="stuck")], 1.0)
    with Reader(journal.path) as reader:
        assert remember(reader, 1.0).interrupted == Interrupted("s1", "primary", "backup")


@pytest.mark.parametrize(
    "later",
    [
        [("s2", {"rule": "operator-asked", "source": None, "ending": "undone", "whole": False})],
        [("s2", {"rule": "operator-asked", "ending": "undone", "changed": False})],
        [("s2", {"rule": "stuck", "source": None, "ending": "undone", "whole": False})],
        [("s2", {"rule": "finish-interrupted", "ending": "undone", "whole": False})],
        [("s2", {"rule": "finish-interrupted", "ending": "undone", "changed": False})],
    ],
)
async def test_what_did_not_make_it_whole_does_not_close_it(journal, later):
    """A try that touched nothing, or took back to the half that it had found, ends nothing."""
    await journal.append([INTENT], 0.0)
    await journal.append([replace(ENDED, ending="stuck", whole=False)], 1.0)
    for id_, how in later:
        await journal.append([replace(INTENT, id=id_), replace(ENDED, id=id_, **how)], 2.0)
    with Reader(journal.path) as reader:
        assert remember(reader, 3.0).interrupted is not None
        assert last_active(reader)[0] is None, "nobody knows where it is"
    await journal.append([replace(INTENT, id="s9"), replace(ENDED, id="s9")], 4.0)
    with Reader(journal.path) as reader:
        assert remember(reader, 5.0).interrupted is None
        assert last_active(reader)[0] == "backup"


async def test_an_operators_try_from_a_strange_router_leaves_it_strange(journal):
    """It was on neither before and is on neither again: nothing of ours is open."""
    undone = replace(ENDED, rule="operator-asked", source=None, ending="undone", whole=False)
    await journal.append([replace(INTENT, rule="operator-asked", source=None), undone], 0.0)
    with Reader(journal.path) as reader:
        assert remember(reader, 1.0).interrupted is None


async def test_where_the_router_was_left_is_remembered(journal):
    """So that an agent that starts can tell whether it was moved meanwhile."""
    await journal.append([log.ActiveChanged(None, "primary", "found so")], 0.0)
    await journal.append([INTENT, replace(ENDED, ending="unproved")], 1.0)
    with Reader(journal.path) as reader:
        assert remember(reader, 2.0).active == "backup"
    await journal.append([log.ActiveChanged("backup", None, "not our doing")], 3.0)
    with Reader(journal.path) as reader:
        assert remember(reader, 4.0).active == "backup"
        assert last_active(reader)[0] is None


async def test_a_full_disk_is_an_error_of_ours(journal):
    """What SQLite raises stops at the journal."""
    journal._thread.submit(journal._db.execute, "PRAGMA max_page_count=1").result()
    with pytest.raises(JournalError, match="cannot be written"):
        await journal.append([log.AgentStopped("x" * 100_000)], 0.0)


def test_the_file_is_not_for_everybody(tmp_path):
    """The journal lies in a directory that only owner and group may enter."""
    from wanfailover.sites import make

    site = make(tmp_path, "office")
    assert stat.S_IMODE(site.path.stat().st_mode) & 0o007 == 0


def test_a_journal_needs_no_thread_and_no_clock(tmp_path):
    """In a simulation it writes in the caller's thread, with the times it is told."""
    then = datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=2)))

    @virtual_time
    async def story():
        journal = Journal(tmp_path / "journal.db", Inline(), wall=lambda: then, boot="a")
        await Recorder(journal, lambda: 7.0)(INTENT, ENDED)
        assert not any(each.name.startswith("journal") for each in threading.enumerate())
        journal.close()

    story()
    with Reader(tmp_path / "journal.db") as reader:
        records = [(r.at, r.boot, r.mono, r.entry) for r in reader.records()]
    assert records == [(then, "a", 7.0, INTENT), (then, "a", 7.0, ENDED)]
