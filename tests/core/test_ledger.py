"""What follows from the list of moves: budget, dwell, hold-down, back-off."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from wanfailover.core import ledger
from wanfailover.core.ledger import HOUR, Move
from wanfailover.core.site import Policy

POLICY = Policy(return_after=300.0, trial_every=1800.0)


def left(at: float, *, automatic: bool = True) -> Move:
    """The primary died, or an operator left it."""
    rule = "active-down" if automatic else "operator-asked"
    return Move(at, "primary", "backup", rule, proved=True, automatic=automatic)


def returned(at: float, *, proved: bool = True, rule: str = "preferred-recovered") -> Move:
    return Move(at, "backup", "primary", rule, proved)


def unproved(at: float, target: str = "primary") -> Move:
    return replace(returned(at, proved=False), target=target, failed=True)


def test_a_circuit_whose_proof_failed_is_tried_more_and_more_seldom():
    """Whichever it is, for with all of them dead one is as good as another; a proof ends it."""
    policy = Policy(forget=60.0, dwell=30.0)
    assert ledger.try_due([], policy) == -inf
    assert ledger.try_due([unproved(0.0)], policy) == 60.0
    assert ledger.try_due([unproved(0.0), returned(5.0, proved=False)], policy) == 60.0
    assert ledger.try_due([unproved(0.0), unproved(60.0, "backup")], policy) == 180.0
    assert ledger.try_due([unproved(60.0 * n) for n in range(20)], policy) == 19 * 60 + 1800.0
    proved = [unproved(0.0), unproved(60.0), left(100.0), unproved(200.0)]
    assert ledger.try_due(proved, policy) == 260.0
    assert ledger.tried(proved) == {"primary"}
    assert ledger.tried([unproved(0.0), returned(5.0, proved=False)]) == {"primary"}
    assert ledger.tried(proved[:3]) == set()


def test_a_circuit_is_in_doubt_until_a_proof_succeeds_there():
    """One that was merely taken back by the router's doing says nothing."""
    assert ledger.failed_at([unproved(5.0), returned(9.0, proved=False)], "primary") == 5.0
    assert ledger.failed_at([unproved(5.0), returned(9.0)], "primary") is None
    assert ledger.failed_at([unproved(5.0), left(9.0)], "primary") == 5.0
    assert ledger.failed_at([left(9.0)], "primary") is None


def test_what_ends_a_switchover_costs_nothing_of_the_budget():
    """It was counted when it was begun; nor does it count as a restoration."""
    mended = [replace(left(10.0), rule=rule) for rule in ledger.MENDING]
    assert ledger.spent(mended, 20.0) == 0
    restored = [replace(returned(at), rule="foreign-state") for at in (0.0, 20.0)]
    assert ledger.spent(restored, 30.0) == 2
    assert ledger.restored([*mended, *restored], 30.0) == 2
    assert ledger.restored(restored, HOUR + 10.0) == 1


def test_only_automation_spends_the_budget_and_only_for_an_hour():
    """What an operator did is not counted, nor what is an hour old."""
    moves = [left(0.0), left(10.0, automatic=False), left(20.0)]
    assert ledger.spent(moves, 30.0) == 2
    assert ledger.spent(moves, HOUR) == 1
    assert ledger.freed(moves, 30.0, 2) == HOUR
    assert ledger.freed(moves, 30.0, 1) == HOUR + 20.0, "both must have left it"
    assert ledger.freed(moves, 30.0, 3) is None
    assert ledger.freed(moves, 2 * HOUR, 1) is None
    assert ledger.last_automatic(moves[:2]) == 0.0
    assert ledger.last_automatic([]) == -inf


@pytest.mark.parametrize(
    ("moves", "now", "seconds"),
    [
        ([], 0.0, 300.0),
        ([left(0.0)], 10.0, 300.0),
        ([left(0.0), returned(600.0), left(1200.0)], 1300.0, 600.0),
        ([returned(600.0), left(1200.0), returned(2000.0), left(2500.0)], 2600.0, 1200.0),
        ([left(0.0), returned(600.0), left(600.0 + HOUR + 1)], 600.0 + HOUR + 10, 300.0),
        ([left(0.0), returned(600.0), left(1200.0), returned(2000.0)], 2000.0 + HOUR + 1, 300.0),
        ([left(0.0), returned(600.0), left(1200.0), returned(2000.0)], 2000.0 + HOUR - 1, 600.0),
        ([returned(600.0), left(1200.0, automatic=False)], 1300.0, 300.0),
        ([returned(600.0, proved=False), left(1200.0)], 1300.0, 300.0),
        ([left(0.0), unproved(600.0)], 700.0, 600.0),
        ([returned(100.0 * n) if n % 2 else left(100.0 * n) for n in range(20)], 2000.0, 1800.0),
    ],
)  # fmt: skip
def test_the_hold_down_doubles_with_each_relapse(moves, now, seconds):
    """Within an hour of a return, by automation's doing; up to half an hour."""
    assert ledger.hold_down(moves, "primary", POLICY, now) == seconds


def test_a_profile_may_ask_for_more_than_half_an_hour():
    """What the profile says is never cut short."""
    patient = Policy(return_after=7200.0)
    assert ledger.hold_down([], "primary", patient, 0.0) == 7200.0


def test_trials_come_ever_more_seldom_but_four_times_a_day():
    """Each that fails doubles the wait, up to six hours; the last wait is the longest."""
    failed = [returned(float(n), proved=False, rule="trial-failback") for n in range(9)]
    waits = [ledger.trial_due(failed[:n], "primary", POLICY, -1.0) for n in range(9)]
    assert waits[0] == 1799.0
    assert [due - (n - 1) for n, due in enumerate(waits)][1:] == [
        3600.0, 7200.0, 14400.0, 21600.0, 21600.0, 21600.0, 21600.0, 21600.0,
    ]  # fmt: skip


def test_a_trial_that_is_proved_and_dies_within_the_hour_was_in_vain():
    """A line that answers once and dies again would else be tried every half hour for ever."""
    proved = returned(0.0, rule="trial-failback")
    died = ledger.Move(600.0, "primary", "backup", "active-down", proved=True)
    assert ledger.trial_due([proved, died], "primary", POLICY, 600.0) == 600.0 + 3600.0
    held = replace(died, at=4000.0)
    assert ledger.trial_due([proved, held], "primary", POLICY, 4000.0) == 4000.0 + 1800.0
    by_hand = replace(died, rule="operator-asked", automatic=False)
    assert ledger.trial_due([proved, by_hand], "primary", POLICY, 600.0) == 600.0 + 1800.0


def test_an_hour_is_an_hour():
    """What is just as old belongs to the budget no more, and to a relapse still."""
    moves = [replace(left(0.0), rule="foreign-state")]
    assert ledger.spent(moves, HOUR) == ledger.restored(moves, HOUR) == 0
    assert ledger.freed(moves, HOUR, 1) is None
    relapsed = [returned(0.0), left(HOUR)]
    assert ledger.hold_down(relapsed, "primary", POLICY, HOUR) == 600.0
    again = [*relapsed, returned(2 * HOUR)]
    assert ledger.hold_down(again, "primary", POLICY, 3 * HOUR) == 600.0
    assert ledger.hold_down([unproved(0.0), unproved(9.0)], "primary", POLICY, 10.0) == 1200.0
    assert ledger.KEPT == 86400.0


def test_a_trial_is_in_vain_only_where_it_was_proved_and_died_within_the_hour():
    """One that failed was proved at no time; what others were moved for says nothing of it."""
    tried = returned(1000.0, rule="trial-failback")
    failed = replace(tried, proved=False)
    died = left(1000.0 + HOUR)
    assert ledger.trial_due([tried, died], "primary", POLICY, 0.0) == 1000.0 + 3600.0
    assert ledger.trial_due([failed, left(1200.0)], "primary", POLICY, 0.0) == 1000.0 + 1800.0
    assert ledger.trial_due([failed, left(1200.0)], "lte", POLICY, 500.0) == 500.0 + 1800.0
    undone = replace(left(9000.0), proved=False)
    assert ledger.trial_due([failed, undone], "primary", POLICY, 0.0) == 1000.0 + 3600.0
    elsewhere = Move(9000.0, "lte", "backup", "active-down", proved=True)
    assert ledger.trial_due([failed, elsewhere], "primary", POLICY, 0.0) == 1000.0 + 3600.0
