"""The questions that the rules ask of how things stand, to the second."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.test_rules import reading, situation
from tests.scenarios.world import site
from wanfailover.core.layers import Layer
from wanfailover.core.ledger import Move
from wanfailover.core.reading import State
from wanfailover.core.situation import DEGRADED_FOR, RETURN_LOSS, Return, Situation
from wanfailover.core.unsettled import Stuck

THREE = ("primary", "backup", "lte")


def on_backup(primary: State = State.UP, seen: tuple[str, ...] = ("primary",), **facts):
    return situation(primary, State.UP, "backup", seen=seen, **facts)


def with_primary(s: Situation, **signs: object) -> Situation:
    changed = replace(s.readings["primary"], **signs)
    return replace(s, readings={**s.readings, "primary": changed})


def test_on_no_circuit_none_is_better():
    """Nor is anything down, or to be left."""
    lost = situation(State.DOWN, State.DOWN, None, policy={"degraded": "switch"})
    assert (lost.better, lost.active_down, lost.wants_off) == ([], False, False)
    assert lost.state(None) is State.UNKNOWN
    assert lost.why(None) == "the router is on neither circuit"
    odd = replace(lost, readings={**lost.readings, "": reading(State.UP)})
    assert odd.why("gone") == "the router is on neither circuit"


def test_nothing_is_mended_or_regained_that_nobody_knows_of():
    """A router that was never read may be whole; and without a hold no circuit is wanted back."""
    stuck = Stuck("no way", ("primary", "backup"), 900.0)
    lost = situation(active=None, stuck=stuck, viewed=901.0)
    assert lost.mends == "primary"
    assert replace(lost, viewed=None).mends is None
    assert lost.regains is None


@pytest.mark.parametrize(("seconds", "left"), [(DEGRADED_FOR, True), (DEGRADED_FOR - 0.5, False)])
def test_a_degraded_circuit_is_left_after_a_while(seconds: float, left: bool):
    """Where the profile says so."""
    s = with_primary(situation(State.DEGRADED, policy={"degraded": "switch"}), since=1000 - seconds)
    assert s.wants_off is left
    assert not replace(s, site=site()).wants_off


@pytest.mark.parametrize(("allowed", "well", "down"), [(1, 1, 1), (2, 1, 2), (3, 2, 3), (6, 5, 6)])
def test_the_last_of_the_budget_is_for_a_dead_circuit(allowed: int, well: int, down: int):
    """Of one there is none to keep."""
    policy = {"switches_per_hour": allowed}
    assert situation(policy=policy).budget == well
    assert situation(State.DOWN, policy=policy).budget == down


def test_a_return_waits_from_the_last_trouble():
    """From when it was quiet, or from the switch; and twice as long after a relapse."""
    assert on_backup().way_back == Return("primary", trial=False, due=300.0, waits=300.0)
    assert on_backup(changed=500.0).way_back == Return("primary", False, 800.0, 300.0)
    loud = with_primary(on_backup(), quiet_since=None).way_back
    assert loud == Return("primary", False, 1300.0, 300.0)
    relapsed = [
        Move(100.0, "backup", "primary", "preferred-recovered", proved=True),
        Move(200.0, "primary", "backup", "active-down", proved=True),
    ]
    assert on_backup(moves=relapsed).way_back == Return("primary", False, 600.0, 600.0)
    well_since = [*relapsed, Move(300.0, "backup", "primary", "operator-asked", proved=True)]
    assert on_backup(moves=well_since, now=3900.0).way_back == Return(
        "primary", False, 600.0, 600.0
    )
    assert on_backup(moves=well_since, now=3901.0).way_back == Return(
        "primary", False, 300.0, 300.0
    )


def test_what_loses_too_much_or_may_be_astray_is_looked_at_again():
    """In a second; a fiftieth lost is still borne, and a look just as it is due is in time."""
    assert with_primary(on_backup(), quiet_loss=RETURN_LOSS).way_back.due == 300.0
    assert with_primary(on_backup(), quiet_loss=RETURN_LOSS + 0.01).way_back.due == 1001.0
    marked = replace(on_backup(), site=site(seen=(), marked=("primary",)))
    assert marked.way_back.due == 1001.0
    assert replace(marked, marked={"primary": 299.0}).way_back.due == 1001.0
    assert replace(marked, marked={"primary": 300.0}).way_back.due == 300.0


def test_a_trial_waits_from_the_switch_or_from_the_trial_before():
    """Where nobody knows when the router went there: from now."""
    unseen = on_backup(State.UNKNOWN, seen=())
    assert unseen.way_back == Return("primary", True, 2800.0, 1800.0)
    assert replace(unseen, changed=100.0).way_back == Return("primary", True, 1900.0, 1800.0)
    failed = Move(400.0, "backup", "primary", "trial-failback", proved=False)
    other = Move(900.0, "primary", "backup", "operator-asked", proved=False)
    again = replace(unseen, changed=100.0, moves=[failed, other]).way_back
    assert again == Return("primary", True, 400.0 + 3600.0, 3600.0)
    modem = with_primary(replace(unseen, changed=100.0), device=1700.0).way_back
    assert modem == Return("primary", True, 2000.0, 1900.0)


def test_of_two_that_must_be_tried_the_first_that_is_due():
    """Not the more preferred."""
    unseen = reading(State.UNKNOWN)
    third = replace(
        situation(active="lte", changed=100.0),
        site=site(seen=(), names=THREE),
        readings={"primary": replace(unseen, device=1900.0), "backup": unseen, "lte": unseen},
    )
    assert third.way_back == Return("backup", True, 1900.0, 1800.0)


@pytest.mark.parametrize(
    ("in_sight", "since", "tried"),
    [(False, 700.0, True), (False, 700.1, False), (True, 0.0, False)],
)
def test_a_circuit_that_its_vantage_sees_no_more_is_tried(in_sight, since, tried):
    """When it has been out of sight for as long as it would have to be good."""
    s = with_primary(on_backup(State.UNKNOWN), in_sight=in_sight, since=since)
    assert (s.way_back is not None) is tried


def test_evidence_is_told_with_the_part_that_fails():
    """Of one that is down, the fault; of one that is not, what fails all the same."""
    down = with_primary(situation(State.DOWN), layer=Layer.LINE)
    assert down.why("primary") == "primary is down (said so; the fault is the line)"
    up = with_primary(situation(State.UP), layer=Layer.DNS)
    assert up.why("primary") == "primary is up (said so; failing: DNS)"
    assert up.why("backup") == "backup is unknown (said so)"
