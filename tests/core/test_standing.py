"""Where the router stands, and what is unsettled about it: in each way that it is read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scenarios.world import holds, site
from wanfailover.core import entries as log
from wanfailover.core.facts import Ending, Outcome, RouterView
from wanfailover.core.ledger import KEPT, Move
from wanfailover.core.memory import Memory
from wanfailover.core.requests import News, Requests
from wanfailover.core.situation import RESTORED_WITHIN, Hold
from wanfailover.core.standing import Standing
from wanfailover.core.unsettled import Interrupted, Stuck

OFFICE = site()
LEFT_OPEN = Interrupted("s1", "primary", "backup")
MOVED = "the router says so, and it was not our doing"
MENDED = "another hand has put it there, or the router itself"
MOVED_AWAY = "found so: moved while no agent ran"


class Office:
    """A router's standing, and what is said of it."""

    def __init__(self, drift: str = "report", **memory: object) -> None:
        self.site = site(drift=drift)
        self.standing = Standing(self.site, Memory(**memory))
        self.requests = Requests("primary", None, None)

    def find(self, active: str | None, now: float) -> list[log.Entry]:
        news = News()
        self.standing.find(active, now, self.requests, news)
        return news.entries

    def see(self, active: str | None, now: float, **view: object) -> list[log.Entry]:
        news = News()
        held = replace(holds(self.site, active, now), **view)
        self.standing.see(held, active, now, self.requests, news)
        return news.entries

    def move(self, active: str | None, now: float) -> None:
        """The engine has taken note of where it is."""
        self.standing.active, self.standing.changed = active, now


def outcome(ending: Ending, rule: str = "active-down", **how: object) -> Outcome:
    view = how.pop("view", holds(OFFICE, None, 0.0))
    assert view is None or isinstance(view, RouterView)
    return Outcome("s1", "primary", "backup", rule, ending, 0.3, "no answer", view=view, **how)


@pytest.mark.parametrize(
    ("left", "ours"), [(None, None), ("backup", "backup"), ("gone from the profile", None)]
)
def test_before_it_is_read_it_is_where_it_was_left(left: str | None, ours: str | None):
    """As far as the profile still has that circuit; and is claimed to be on none."""
    standing = Office(active=left).standing
    assert (standing.ours, standing.active, standing.changed) == (ours, None, None)
    assert (standing.stuck, standing.interrupted) == (None, None)


@pytest.mark.parametrize(
    ("left", "interrupted", "found", "ours"),
    [
        (None, None, "primary", "primary"),
        ("backup", None, "backup", "backup"),
        (None, None, None, None),
        ("primary", LEFT_OPEN, "backup", "backup"),
        ("primary", LEFT_OPEN, None, "primary"),
    ],
)
def test_it_is_found_where_it_may_be(left, interrupted, found, ours):
    """Where it was left, or between two circuits that a switchover was cut off on: no drift."""
    office = Office("adopt", active=left, interrupted=interrupted)
    assert office.find(found, 7.0) == [log.ActiveChanged(None, found, "found so")]
    assert (office.standing.active, office.standing.ours) == (found, ours)
    assert office.requests.hold is None


def test_it_has_been_there_since_the_last_switch_that_was_proved_there():
    """Where none is known, since it was found."""
    came = Move(10.0, "primary", "backup", "active-down", proved=True)
    again = replace(came, at=20.0)
    failed = replace(came, at=30.0, proved=False)
    back = Move(15.0, "backup", "primary", "preferred-recovered", proved=True)
    moves = (came, back, again, failed)
    for found, since in (("backup", 20.0), ("primary", 15.0), (None, 50.0)):
        office = Office(active=found, moves=moves)
        office.find(found, 50.0)
        assert office.standing.changed == since


@pytest.mark.parametrize(
    ("drift", "ours", "hold"),
    [("report", "backup", None), ("adopt", "backup", "backup"), ("restore", "primary", None)],
)
def test_what_another_hand_has_moved_is_followed_held_or_put_back(drift, ours, hold):
    """As the profile has it; while no agent ran, or before its eyes."""
    while_away = Office(drift, active="primary")
    moved = log.ActiveChanged("primary", "backup", MOVED_AWAY)
    assert while_away.find("backup", 7.0)[0] == moved
    assert while_away.standing.changed == 7.0
    seen = Office(drift, active="primary")
    seen.find("primary", 7.0)
    assert seen.see("primary", 8.0) == []
    assert seen.see("backup", 9.0)[0] == log.ActiveChanged("primary", "backup", MOVED)
    for office in (while_away, seen):
        assert office.standing.ours == ours
        assert office.requests.hold == (hold and Hold(hold))


def test_moved_to_neither_it_is_still_wanted_where_it_was():
    """Nobody adopts what is no circuit."""
    office = Office("adopt", active="primary")
    office.find("primary", 7.0)
    assert office.see(None, 8.0) == [log.ActiveChanged("primary", None, MOVED)]
    assert (office.standing.ours, office.requests.hold) == ("primary", None)


def test_what_was_not_put_back_for_a_minute_is_left_there():
    """It works; and what is on neither circuit is never left so."""
    office = Office("restore", active="primary")
    assert office.find("backup", 100.0)
    for seconds, ours in ((1.0, "primary"), (RESTORED_WITHIN, "primary")):
        assert office.see("backup", 100.0 + seconds) == []
        assert office.standing.ours == ours
    office.see("backup", 100.1 + RESTORED_WITHIN)
    assert office.standing.ours == "backup"
    office.move(None, 200.0)
    office.see(None, 300.0)
    assert office.standing.ours == "backup"
    unread = Standing(OFFICE, Memory(active="primary"))
    unread.see(holds(OFFICE, None, 1.0), None, 900.0, office.requests, News())
    assert unread.ours == "primary", "nobody knows since when"


def test_where_a_switch_has_left_it_is_no_other_hands_doing():
    """Stuck it was on neither, as far as anybody knew; it ends when the router is whole."""
    office = Office("adopt", active="primary")
    office.find("primary", 1.0)
    office.standing.take(outcome(Ending.STUCK, view=None), 2.0)
    office.move(None, 2.0)
    because = "a switch has left it so"
    half = office.see("backup", 3.0, unfinished="half")
    assert half == [log.ActiveChanged(None, "backup", because)]
    assert (office.standing.ours, office.requests.hold) == ("backup", None)
    assert office.standing.stuck is not None
    office.move("backup", 3.0)
    assert office.see(None, 4.0) == [log.ActiveChanged("backup", None, MENDED)]
    assert office.standing.ours == "backup"
    office.move(None, 4.0)
    assert office.see("backup", 5.0) == [log.ActiveChanged(None, "backup", MENDED)]
    assert office.standing.stuck is None


def test_who_moves_it_while_it_is_stuck_is_told_to_have_done_so():
    """It was seen elsewhere, and no switch has run since; that it was wanted is no drift.

    Where the last that was tried has left it unseen, that may have done it.
    """
    for view, because in ((holds(OFFICE, None, 2.0), MENDED), (None, "a switch has left it so")):
        office = Office("adopt", active="primary")
        office.find("primary", 1.0)
        office.standing.take(outcome(Ending.STUCK, view=view), 2.0)
        office.move(None, 2.0)
        assert office.see("primary", 3.0) == [log.ActiveChanged(None, "primary", because)]
        assert office.standing.stuck is None
        assert (office.standing.ours, office.requests.hold) == ("primary", None)
        office.move("primary", 3.0)
        assert office.see("backup", 4.0)[0] == log.ActiveChanged("primary", "backup", MOVED)


def test_what_was_left_open_is_closed_where_the_router_is_on_its_source():
    """Told as undone, once; on the target, or on neither, it stays open."""
    for found in ("backup", None):
        office = Office(interrupted=LEFT_OPEN)
        office.find(found, 1.0)
        news = News()
        office.standing.resume(news)
        assert (news.entries, office.standing.interrupted) == ([], LEFT_OPEN)
    office = Office(interrupted=LEFT_OPEN)
    office.find("primary", 1.0)
    news = News()
    office.standing.resume(news)
    because = "it was left open, and the router is on primary, whole"
    ended = log.SwitchoverEnded(
        "s1", "primary", "backup", "finish-interrupted", "undone", 0.0, because
    )
    assert news.entries == [ended]
    assert office.standing.interrupted is None
    office.standing.resume(news)
    assert news.entries == [ended]


def test_moves_are_kept_for_a_day():
    """Those that touched the router."""
    old, young = (Move(at, "primary", "backup", "dwell", proved=True) for at in (100.0, 100.1))
    standing = Standing(OFFICE, Memory(moves=(old, young), interrupted=LEFT_OPEN))
    now = 100.0 + KEPT
    standing.take(outcome(Ending.UNDONE, changed=False), now)
    assert (standing.moves, standing.interrupted) == ([old, young], LEFT_OPEN)
    standing.take(outcome(Ending.UNDONE, automatic=False, proof_failed=True), now)
    failed = Move(now, "primary", "backup", "active-down", False, automatic=False, failed=True)
    assert (standing.moves, standing.interrupted) == ([young, failed], None)
    standing.take(outcome(Ending.PROVED, view=holds(OFFICE, "backup", 0.0)), now)
    assert standing.moves[-1] == Move(now, "primary", "backup", "active-down", proved=True)
    assert standing.stuck is None


def test_a_router_that_is_left_half_changed_is_stuck_between_the_two():
    """Until it is whole. What could not be tried does not count, but the wait begins anew."""
    standing = Standing(OFFICE, Memory())
    standing.take(outcome(Ending.STUCK), 10.0)
    assert standing.stuck == Stuck("no answer", ("primary", "backup"), 10.0, seen=True)
    standing.take(outcome(Ending.UNDONE, "stuck", changed=False), 20.0)
    assert standing.stuck == Stuck("no answer", ("primary", "backup"), 20.0, seen=True)
    standing.take(replace(outcome(Ending.UNDONE, "stuck", view=None), because="no prompt"), 30.0)
    assert standing.stuck == Stuck("no prompt", ("primary", "backup"), 30.0, tries=1), "unseen"
    standing.take(outcome(Ending.STUCK, "operator-asked"), 40.0)
    another = Stuck("no answer", ("primary", "backup"), 40.0, seen=True)
    assert standing.stuck == another
    standing.take(outcome(Ending.PROVED, "stuck", view=holds(OFFICE, "primary", 41.0)), 41.0)
    assert standing.stuck is None


def test_an_undone_switch_leaves_a_foreign_state_as_it_was():
    """It was not our doing; one that mends what we have begun is answerable for it."""
    standing = Standing(OFFICE, Memory())
    standing.take(outcome(Ending.UNDONE, "operator-asked"), 10.0)
    assert standing.stuck is None
    source = replace(outcome(Ending.UNDONE, "finish-interrupted"), source=None)
    standing.take(source, 11.0)
    assert standing.stuck == Stuck("no answer", ("backup",), 11.0, seen=True)
