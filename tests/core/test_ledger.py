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


def test_only_automation_spends_the_budget_and_only_for_an_hour():
    """What an operator did is not counted, nor what is an hour old."""
    moves = [left(0.0), left(10.0, automatic=False), left(20.0)]
    assert ledger.spent(moves, 30.0) == 2
    assert ledger.spent(moves, HOUR) == 1
    assert ledger.freed(moves, 30.0) == HOUR
    assert ledger.freed(moves, HOUR) == HOUR + 20.0
    assert ledger.freed(moves, 2 * HOUR) is None
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
