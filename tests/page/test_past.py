"""Stretches of time out of a journal: what is known, and where nobody looked."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.page.month import leave_behind
from wanfailover.core import entries as log
from wanfailover.journal.reader import Reader, Record
from wanfailover.page import timeline as timelines
from wanfailover.page.past import RANGES, Past
from wanfailover.page.timeline import Timeline, recent
from wanfailover.sites import SiteDir

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
BOTH = ("primary", "backup")


def at(minutes: float) -> float:
    return (NOON + timedelta(minutes=minutes)).timestamp()


def told(*entries, start: float = 0, now: float = 60):
    """A timeline of entries, each at so many minutes past noon."""
    line = Timeline(at(start), BOTH)
    for number, (when, entry) in enumerate(entries):
        line.take(Record(number, NOON + timedelta(minutes=when), "b", 0.0, entry))
    return line.told(at(now))


def health(made, circuit="primary"):
    (found,) = (each["health"] for each in made["circuits"] if each["name"] == circuit)
    return [((a - at(0)) / 60, (b - at(0)) / 60, what) for a, b, what in found]


def active(made):
    return [((a - at(0)) / 60, (b - at(0)) / 60, what) for a, b, what in made["active"]]


START = (0, log.AgentStarted("1", 1))
ON = (0, log.ActiveChanged(None, "primary", ""))


def changed(when, state, circuit="primary"):
    return when, log.HealthChanged(circuit, "", state, "")


def test_up_to_now_where_the_agent_lives():
    made = told(START, ON, changed(1, "up"), changed(20, "down"), changed(30, "up"))
    assert health(made) == [(1, 20, "up"), (20, 30, "down"), (30, 60, "up")]
    assert health(made, "backup") == []
    assert active(made) == [(0, 60, "primary")]


def test_no_further_than_it_lived():
    stopped = told(START, ON, changed(1, "up"), (10, log.AgentStopped("")))
    silent = told(START, ON, changed(1, "up"), changed(5, "up", "backup"), now=200)
    assert (health(stopped), active(stopped)) == ([(1, 10, "up")], [(0, 10, "primary")])
    assert (health(silent), active(silent)) == ([(1, 5, "up")], [(0, 5, "primary")])


def test_killed_and_begun_anew():
    """From its last word to the next start nobody looked; it is still on the same circuit then."""
    again = (30, log.AgentStarted("1", 2))
    made = told(START, ON, changed(1, "up"), changed(9, "down"), again, changed(31, "up"))
    assert health(made) == [(1, 9, "up"), (31, 60, "up")]
    assert active(made) == [(0, 9, "primary"), (30, 60, "primary")]


@pytest.mark.parametrize(
    ("ending", "stays"),
    [
        ("proved", [(0, 20, "primary"), (20, 60, "backup")]),
        ("unproved", [(0, 20, "primary"), (20, 60, "backup")]),
        ("undone", [(0, 60, "primary")]),
        ("stuck", [(0, 20, "primary")]),
    ],
)
def test_where_a_switchover_leaves_it(ending, stays):
    ended = log.SwitchoverEnded("x", "primary", "backup", "active-down", ending, 2.0, "")
    made = told(START, ON, (20, ended))
    assert active(made) == stays
    (move,) = made["switchovers"]
    assert (move["at"], move["outcome"], move["to"]) == (at(20), ending, "backup")


def test_what_came_before_counts_as_if_it_came_then():
    made = told(START, ON, changed(1, "up"), changed(40, "down"), start=30)
    assert health(made) == [(30, 40, "up"), (40, 60, "down")]
    assert active(made) == [(30, 60, "primary")]
    earlier = log.SwitchoverEnded("x", "backup", "primary", "steady", "proved", 2.0, "")
    assert told(START, ON, (5, earlier), start=30)["switchovers"] == []


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> SiteDir:
    folder = tmp_path_factory.mktemp("site") / "office"
    leave_behind(folder, datetime.now(UTC), days=9)
    return SiteDir(folder)


def test_the_beginning_of_a_range_is_known(site):
    """An hour without an entry of a circuit is told by the last before it."""
    start = datetime.now(UTC) - timedelta(minutes=30)
    with Reader.of(site) as reader:
        kinds = [type(each.entry).__name__ for each in recent(reader, start, BOTH)]
    assert kinds[:4] == ["AgentStarted", "HealthChanged", "HealthChanged", "SwitchoverEnded"]
    assert kinds.count("HealthChanged") == 2


def test_no_more_is_read_than_the_most(site, monkeypatch):
    monkeypatch.setattr(timelines, "MOST", 10)
    start = datetime.now(UTC) - RANGES["month"][0]
    with Reader.of(site) as reader:
        assert len(recent(reader, start, BOTH)) <= 10 + 2 + len(BOTH)


def test_a_month_is_quick(site):
    """What takes longer than a breath would be felt; the bench has the figures of a year."""
    past, began = Past(site), time.perf_counter()
    past.timeline("month", BOTH)
    past.samples("primary", "month")
    assert time.perf_counter() - began < 2
