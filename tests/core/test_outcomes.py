"""What the engine makes of a switchover, under way and ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.test_feed import FAILED, NONE_TO_SEE, Told
from wanfailover.core.facts import Ending, Result, SwitchRequest, Tick
from wanfailover.core.memory import Memory
from wanfailover.core.reading import State
from wanfailover.core.situation import Hold


def test_while_it_switches_nothing_else_is_decided():
    """And it says what is under way."""
    told = Told()
    told.start(1.0)
    assert told.rule == "switchover-running"
    assert told.engine.decision.because == "switching from primary to backup"
    made = told.engine.explain(1.0)
    assert made.health[0] == ("primary", "unknown", "not seen yet")
    assert ("dwell", "60 s between automatic switches") in made.thresholds


def test_what_is_in_flight_over_any_switchover_is_void():
    """Each begins another epoch, and so does its end, whatever comes of it."""
    told = Told()
    epochs = [told.engine.epoch]
    for number in range(3):
        told.start(10.0 * number)
        epochs.append(told.engine.epoch)
        told.end(10.0 * number + 1.0, Ending.UNDONE, changed=False)
        epochs.append(told.engine.epoch)
    for number, on in enumerate(("backup", "primary", "backup")):
        told.switch(30.0 + number, on, Ending.PROVED, on)
        epochs.append(told.engine.epoch)
    told.see("primary", 35.0)
    epochs.append(told.engine.epoch)
    assert len({*epochs}) == len(epochs)
    heard = told.engine.readings["primary"].heard
    told.probe("primary", 35.5, epoch=epochs[1])
    told.tell(Tick(), 35.6)
    assert told.engine.readings["primary"].heard == heard


def test_while_it_switches_nobody_is_asked():
    """That is no time in which a circuit was good; what was before is no older for it."""
    told = Told(seen=("primary", "backup"))
    told.watch(0.5, 5.0, "primary", "backup")
    told.start(5.0)
    told.end(6.0, Ending.UNDONE, changed=False)
    backup = told.engine.readings["backup"]
    assert (backup.heard, backup.quiet_since) == (6.0, 1.5)


def test_what_was_switched_lately_is_remembered():
    """Which proofs failed, and how much of the hour's budget is spent."""
    failed = replace(FAILED["backup"], automatic=True)
    told = Told(memory=Memory(moves=(failed,)), silence=3.0)
    assert dict(told.engine.explain(0.0).thresholds)["switches within the hour"].startswith("1 of")
    told.watch(60.0, 65.0, "primary")
    told.watch(65.5, 70.0, "primary", result=Result.LOST)
    told.see("primary", 70.1)
    assert (told.rule, told.engine.decision.target) == ("try-other", "backup")


def test_an_answer_by_the_routers_own_way_acquits_a_circuit():
    """One by a way of our own does not: there a proof has failed."""
    told = Told("backup", Memory(moves=(FAILED["primary"], FAILED["backup"])))
    told.watch(1.0, 2.0, "primary", "backup")
    assert (told.state("primary"), told.state("backup")) == (State.DOWN, State.DEGRADED)


def test_an_operator_may_want_it_where_another_hand_has_put_it():
    """Then that is where it was left by our knowing, also after a restart."""
    told = Told(drift="restore")
    told.see("backup", 1.0)
    assert told.engine.memory().active == "primary"
    told.tell(SwitchRequest("r1", "backup"), 1.1)
    assert told.engine.memory().active == "backup"


def test_where_a_switch_has_put_it_is_where_it_was_left():
    """Also where it was undone; but not on neither."""
    told = Told()
    told.switch(1.0, "backup", Ending.PROVED, "backup")
    assert told.engine.memory().active == "backup"
    told.switch(2.0, "primary", Ending.STUCK, None)
    assert told.engine.memory().active == "backup"


def test_a_router_without_a_way_out_is_on_no_circuit_where_a_switch_has_left_it_so():
    """Otherwise it is on the one that it was on, and cannot leave by it."""
    stuck, undone = Told(**NONE_TO_SEE), Told(**NONE_TO_SEE)
    stuck.switch(1.0, "backup", Ending.STUCK, "nowhere")
    assert (stuck.engine.active, stuck.rule) == (None, "stuck")
    undone.switch(1.0, "backup", Ending.UNDONE, "nowhere")
    assert undone.engine.active == "primary"
    assert undone.engine.readings["primary"].because == "the router has no default route"


def test_after_a_switchover_from_a_router_without_a_way_out_both_are_watched_anew():
    """What the router lacked is no circuit's fault."""
    told = Told(return_after=1000.0)
    told.see("nowhere", 1.0)
    assert told.state("primary") is State.DOWN
    told.switch(2.0, "backup", Ending.PROVED, "backup")
    assert told.state("primary") is State.UNKNOWN
    told.watch(3.0, 3.5, "primary")
    assert told.state("primary") is State.UP


def test_a_router_that_was_left_unseen_is_watched_when_it_is_found():
    """What was asked meanwhile is evidence of neither circuit."""
    told = Told(**NONE_TO_SEE)
    told.watch(0.5, 1.0, "primary")
    told.start(1.0)
    told.end(2.0, Ending.STUCK)
    assert told.engine.active is None
    assert told.state("primary") is State.UNKNOWN
    told.see("primary", 3.0)
    told.watch(3.5, 4.0, "primary")
    assert told.state("primary") is State.UP


def test_what_is_left_of_a_decision_is_told_in_seconds():
    """Down to the last of them."""
    told = Told(memory=Memory(hold=Hold("primary", 5.2)))
    told.tell(Tick(), 5.0)
    assert told.engine.explain(5.0).until == pytest.approx(0.2)
    assert told.engine.explain(6.0).until == 0.0
