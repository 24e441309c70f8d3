"""The engine, fact by fact, where a timeline would not show it."""

from __future__ import annotations

import copy
from dataclasses import fields, replace

import pytest

from tests.scenarios.world import CONTROL, World, holds, site
from wanfailover.core import entries as log
from wanfailover.core.engine import Engine
from wanfailover.core.facts import (
    AutoRequest,
    Ending,
    Outcome,
    PauseRequest,
    ProbeSample,
    Result,
    Role,
    RouterUnread,
    SwitchoverStarted,
    SwitchRequest,
    Tick,
)
from wanfailover.core.ledger import Move
from wanfailover.core.memory import Memory
from wanfailover.core.patience import Day
from wanfailover.core.reading import State
from wanfailover.core.site import Site
from wanfailover.core.situation import Hold, Pause
from wanfailover.core.unsettled import Interrupted, Stuck


def sample(target: str, sent: float, result: Result, role=Role.FAR, circuit="primary", epoch=0):
    rtt = 0.01 if result is Result.ANSWERED else None
    return ProbeSample(circuit, target, role, sent, result, rtt, epoch=epoch)


LEFT_OPEN = Interrupted("s1", "primary", "backup")


def test_without_probes_the_gateway_decides():
    """A profile without far targets: the active circuit's gateway is all there is to go by."""
    bare = Site("office", site().circuits)
    engine = Engine(bare)
    engine.feed(holds(bare, "primary", 0.0), 0.0)
    gateway = bare.circuits[0].gateway_target.name
    now = 0.0
    for now in range(1, 10):
        engine.feed(sample(gateway, now, Result.ANSWERED, Role.GATEWAY), now + 0.01)
    assert engine.readings["primary"].state is State.UP
    for now in range(10, 16):
        engine.feed(sample(gateway, now, Result.LOST, Role.GATEWAY), now + 0.99)
    assert engine.readings["primary"].state is State.DOWN


@pytest.mark.parametrize(
    ("router", "rule", "target"),
    [
        ("backup", "finish-interrupted", "backup"),
        (None, "finish-interrupted", "backup"),
        ("primary", "steady", None),
    ],
)
def test_an_interrupted_switchover_is_put_right(router, rule, target):
    """On the target or on neither: finish there, with proof. On the source: it had not begun."""
    office = site()
    engine = Engine(office, memory=Memory(interrupted=LEFT_OPEN))
    assert engine.decision.rule == "router-unreachable"
    entries, _ = engine.feed(holds(office, router, 1.0), 1.0)
    assert (engine.decision.rule, engine.decision.target) == (rule, target)
    ended = [entry for entry in entries if isinstance(entry, log.SwitchoverEnded)]
    assert [entry.ending for entry in ended] == (["undone"] if router == "primary" else [])


HALF = "after a restart: address 198.51.100.77"


def test_half_of_a_change_keeps_a_switchover_open():
    """The router runs its source, and would not after its next restart: it is not as it was."""
    office = site()
    engine = Engine(office, memory=Memory(interrupted=LEFT_OPEN))
    half = replace(holds(office, "primary", 1.0), unfinished=HALF)
    entries, _ = engine.feed(half, 1.0)
    assert not [entry for entry in entries if isinstance(entry, log.SwitchoverEnded)]
    assert (engine.decision.rule, engine.decision.target) == ("finish-interrupted", "backup")
    assert engine.router.unfinished == HALF


def test_half_of_a_change_is_put_right_by_an_operators_switch():
    """To ask for the circuit that runs is a no-op only where it is whole."""
    office = site()
    engine = Engine(office)
    request = SwitchRequest("r1", "primary")
    engine.feed(replace(holds(office, "primary", 1.0), unfinished=HALF), 1.0)
    assert engine.feed(request, 1.1)[1] == []
    assert (engine.decision.rule, engine.decision.target) == ("operator-asked", "primary")
    whole = Engine(office)
    whole.feed(holds(office, "primary", 1.0), 1.0)
    assert len(whole.feed(request, 1.1)[1]) == 1


def test_an_operator_may_end_what_was_interrupted():
    """Half of our own change is no foreign state; somebody else's still is."""
    office = site()
    request = SwitchRequest("r1", "primary")
    engine = Engine(office, memory=Memory(interrupted=LEFT_OPEN))
    engine.feed(holds(office, None, 1.0), 1.0)
    assert engine.refusal(request, 1.1) is None
    strange = Engine(office)
    strange.feed(holds(office, None, 1.0), 1.0)
    refused = strange.refusal(request, 1.1)
    assert refused is not None
    assert refused.rule == "foreign-state"


def stuck_engine(now: float = 1.0) -> Engine:
    """A switchover from primary to backup has ended on neither."""
    office = site()
    engine = Engine(office)
    engine.feed(holds(office, "primary", 0.0), 0.0)
    feed_outcome(engine, now, Ending.STUCK, "active-down")
    assert engine.decision.rule == "stuck"
    return engine


def feed_outcome(engine: Engine, now: float, ending: Ending, rule: str, *, changed: bool = True):
    """A switchover to the backup ends; the router is left on neither circuit, or was not read."""
    view = holds(engine.site, None, now) if changed else None
    engine.feed(SwitchoverStarted("s", engine.active, "backup", rule), now)
    engine.feed(
        Outcome("s", engine.active, "backup", rule, ending, 0.1, "no", changed=changed, view=view),
        now,
    )


def test_what_cannot_be_reached_is_not_tried_in_vain():
    """A stuck router that does not answer has not been tried; it is stuck all the same."""
    engine = stuck_engine()
    engine.feed(holds(engine.site, None, 11.0), 11.0)
    assert (engine.decision.rule, engine.decision.target) == ("stuck", "primary")
    feed_outcome(engine, 11.0, Ending.UNDONE, "stuck", changed=False)
    assert (engine.decision.rule, engine.decision.target) == ("stuck", None)
    engine.feed(Tick(), 60.0)
    assert engine.decision.target is None, "nobody has read it since"
    engine.feed(holds(engine.site, None, 60.0), 60.0)
    assert engine.decision.target == "primary", "the first of the two, as if it had not been tried"
    feed_outcome(engine, 60.0, Ending.STUCK, "stuck")
    assert engine.decision.until == 80.0
    engine.feed(Tick(), 80.0)
    assert engine.decision.target is None, "somebody may have put it right since it was read"
    engine.feed(holds(engine.site, None, 80.1), 80.1)
    assert (engine.decision.rule, engine.decision.target) == ("stuck", "backup")


@pytest.mark.parametrize("ending", [Ending.UNDONE, Ending.STUCK])
def test_a_switch_that_breaks_off_is_tried_again_more_and_more_seldom(ending: Ending):
    """The router is whole on the circuit that it came from, and a bad minute is not the budget."""
    engine = Engine(site())
    engine.feed(holds(engine.site, "primary", 0.0), 0.0)
    for number in (1, 2, 3):
        now = 100.0 * number
        engine.feed(SwitchoverStarted("s", "primary", "backup", "active-down"), now)
        view = holds(engine.site, "primary", now)
        broken = Outcome("s", "primary", "backup", "active-down", ending, 0.1, "no", view=view)
        engine.feed(broken, now)
        assert (engine.decision.rule, engine.router.refusals) == ("router-unreachable", number)
        wait = 2.0**number
        assert not engine.wants_view(now + wait - 0.1)
        assert engine.wants_view(now + wait)
    proved = replace(broken, ending=Ending.PROVED, view=holds(engine.site, "backup", 400.0))
    engine.feed(SwitchoverStarted("s", "primary", "backup", "active-down"), 400.0)
    engine.feed(proved, 400.0)
    assert engine.router.refusals == 0


def test_a_router_that_was_left_unseen_is_on_no_circuit_until_it_is_read():
    """What is asked through it meanwhile is evidence of neither; and where it is, is our doing."""
    engine = Engine(site(drift="adopt"))
    engine.feed(holds(engine.site, "primary", 0.0), 0.0)
    engine.feed(SwitchoverStarted("s", "primary", "backup", "active-down"), 1.0)
    lost = Outcome("s", "primary", "backup", "active-down", Ending.STUCK, 1.0, "nobody answers")
    engine.feed(lost, 2.0)
    assert (engine.active, engine.decision.rule) == (None, "stuck")
    entries, _ = engine.feed(holds(engine.site, "backup", 3.0), 3.0)
    assert engine.active == "backup"
    assert [e.because for e in entries if isinstance(e, log.ActiveChanged)] == [
        "a switch has left it so"
    ]
    assert engine.hold is None, "nobody has asked for it"


def test_a_router_that_is_whole_is_not_stuck():
    """Whoever has mended it."""
    engine = stuck_engine()
    half = replace(holds(engine.site, "backup", 5.0), unfinished=HALF)
    engine.feed(half, 5.0)
    assert engine.decision.rule == "stuck"
    engine.feed(holds(engine.site, "backup", 6.0), 6.0)
    assert engine.decision.rule != "stuck"


def test_what_was_interrupted_and_is_taken_back_to_half_of_it_is_stuck():
    """Undone means as it was, and it was on neither circuit."""
    office = site()
    engine = Engine(office, memory=Memory(interrupted=LEFT_OPEN))
    engine.feed(holds(office, None, 1.0), 1.0)
    feed_outcome(engine, 2.0, Ending.UNDONE, "finish-interrupted")
    assert engine.interrupted is None
    assert engine.decision.rule == "stuck"
    assert engine.decision.page


def test_an_operators_switch_that_is_taken_back_to_a_foreign_state_is_not_stuck():
    """He was told so; it was not our doing that it is on neither."""
    office = site()
    engine = Engine(office)
    engine.feed(holds(office, None, 1.0), 1.0)
    feed_outcome(engine, 2.0, Ending.UNDONE, "operator-asked")
    engine.feed(holds(office, None, 3.0), 3.0)
    assert engine.decision.rule == "foreign-state"


def test_what_an_operator_wants_where_the_router_is_already_is_no_drift():
    """He may confirm what another hand has done."""
    office = site(drift="restore", switches_per_hour=9)
    engine = Engine(office)
    engine.feed(holds(office, "primary", 0.0), 0.0)
    engine.feed(holds(office, "backup", 10.0), 10.0)
    assert (engine.decision.rule, engine.decision.target) == ("foreign-state", "primary")
    engine.feed(SwitchRequest("r", "backup"), 10.1)
    assert engine.decision.rule != "foreign-state"


def test_a_hold_from_before_the_restart_ends_in_its_time():
    """The remaining time counts, not the whole."""
    office = site()
    engine = Engine(office, memory=Memory(hold=Hold("backup", 10.0)))
    engine.feed(holds(office, "backup", 1.0), 1.0)
    assert engine.decision.rule == "held-by-operator"
    engine.feed(Tick(), 10.5)
    assert engine.hold is None


@pytest.mark.parametrize(
    ("hold", "sentence"),
    [
        (Hold("backup", None), "backup is no longer held: automation decides again"),
        (None, "nothing was held: automation decides, as before"),
    ],
)
def test_auto_says_whether_there_was_a_hold(hold: Hold | None, sentence: str):
    """Whoever ends what is not there learns that somebody, or time, was quicker."""
    engine = Engine(site(), memory=Memory(hold=hold))
    engine.feed(holds(site(), "backup", 0.0), 0.0)
    _, answers = engine.feed(AutoRequest("a", "ann"), 0.1)
    assert [answer.sentence for answer in answers] == [sentence]
    assert engine.hold is None


def test_a_switch_without_a_hold_ends_an_older_one():
    """Whoever asks for `--once` leaves no hold behind, not even one of before."""
    office = site()
    engine = Engine(office, memory=Memory(hold=Hold("primary", None)))
    engine.feed(holds(office, "primary", 0.0), 0.0)
    engine.feed(SwitchRequest("r1", "backup", once=True), 0.1)
    engine.feed(SwitchoverStarted("s1", "primary", "backup", "operator-asked"), 0.1)
    view = holds(office, "backup", 0.4)
    outcome = Outcome(
        "s1", "primary", "backup", "operator-asked", Ending.PROVED, 0.3, "", view=view
    )
    entries, _ = engine.feed(replace(outcome, automatic=False), 0.4)
    assert engine.hold is None
    assert [e.circuit for e in entries if isinstance(e, log.HoldEnded)] == ["primary"]


def test_a_hold_on_the_circuit_in_use_is_told():
    """Nothing is changed on the router, but automation is: the answer says so."""
    engine = Engine(site())
    engine.feed(holds(site(), "backup", 0.0), 0.0)
    _, answers = engine.feed(SwitchRequest("r1", "backup", hold=60.0), 0.1)
    assert answers[0].sentence.endswith(
        "nothing was changed; backup is held, wanfailover auto ends it"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(90.0, "for 90 s"), (1800.0, "for 30 min"), (7200.0, "for 2 h"), (None, "until: wanfail")],
)
def test_a_pause_is_told_as_one_speaks_of_time(seconds: float | None, words: str):
    """The largest unit that it is a whole number of."""
    engine = Engine(site())
    _, answers = engine.feed(PauseRequest("p", seconds, "ann"), 0.0)
    assert f"automation is paused {words}" in answers[0].sentence


def test_a_circuit_that_the_profile_has_no_more_is_not_finished():
    """An interrupted switchover to a circuit that is gone: the router alone tells."""
    office = site()
    engine = Engine(office, memory=Memory(interrupted=Interrupted("s1", "primary", "gone")))
    assert engine.router.unread is not None
    engine.feed(holds(office, "primary", 1.0), 1.0)
    assert engine.decision.rule == "steady"
    assert engine.router.unread is None


def test_a_reading_in_the_middle_of_a_switchover_is_void():
    """The router is between two circuits: the outcome brings a better view."""
    office = site()
    engine = Engine(office)
    engine.feed(holds(office, "primary", 0.0), 0.0)
    engine.feed(SwitchoverStarted("s1", "primary", "backup", "active-down"), 0.1)
    entries, _ = engine.feed(holds(office, None, 0.2), 0.2)
    assert entries == []
    assert (engine.active, engine.router.view.at) == ("primary", 0.0)


def test_what_an_engine_knows_its_successor_knows():
    """All that outlasts a restart or a reload, field by field: none may be forgotten on the way."""
    known = Memory(
        hold=Hold("backup", 90.0, drill=True),
        pause=Pause(60.0),
        moves=(Move(5.0, "primary", "backup", "active-down", True),),
        interrupted=Interrupted("s1", "primary", "backup"),
        stuck=Stuck("no way", ("primary", "backup"), 7.0, tries=2),
        heard={CONTROL.name: 8.0},
        epoch=4,
        active="primary",
        days={"primary": (Day(3, 50.0),), "backup": (Day(),)},
    )
    assert all(getattr(known, f.name) != getattr(Memory(), f.name) for f in fields(Memory))
    assert Engine(site(), [CONTROL], known).memory() == known


def test_what_another_profile_does_not_name_is_forgotten():
    """A circuit that is not there any more can be no end of a switch, nor a control be heard."""
    known = Memory(stuck=Stuck("no way", ("adsl", "backup"), 7.0), heard={"icmp 10.9.9.9": 8.0})
    told = Engine(site(), [CONTROL], known).memory()
    assert (told.stuck, told.heard) == (None, {})


def reloaded(engine: Engine, now: float) -> Engine:
    """As the agent does it: the new one is told what the router was last seen to hold."""
    fresh = Engine(engine.site, [CONTROL], replace(engine.memory(), epoch=engine.epoch + 1))
    fresh.feed(replace(engine.router.view, at=now), now)
    return fresh


def test_a_reload_leaves_a_stuck_router_to_be_mended():
    """It said that another hand had moved it, paged somebody, and tried nothing any more."""
    office = site()
    engine = Engine(office, [CONTROL])
    half = holds(office, None, 103.0)
    engine.feed(holds(office, "primary", 100.0), 100.0)
    engine.feed(SwitchoverStarted("s1", "primary", "backup", "active-down"), 101.0)
    engine.feed(
        Outcome("s1", "primary", "backup", "active-down", Ending.STUCK, 2.0, "no way", view=half),
        103.0,
    )
    assert engine.decision.rule == "stuck"
    fresh = Engine(office, [CONTROL], engine.memory())
    entries, _ = fresh.feed(replace(half, at=105.0), 105.0)
    (moved,) = [entry for entry in entries if isinstance(entry, log.ActiveChanged)]
    assert (moved.active, moved.because) == (None, "found so")
    assert fresh.decision.rule == "stuck"
    fresh.feed(replace(half, at=120.0), 120.0)
    assert (fresh.decision.rule, fresh.decision.target) == ("stuck", "primary")


def test_a_reload_does_not_forget_who_used_to_answer_inside():
    """The LAN is cut, the profile is read again: no control answers the new engine, ever."""
    world = World(site(seen=()))
    world.run(30)
    world.lan = False
    world.run(60)
    assert world.engine.decision.rule == "prober-sick"
    world.engine = reloaded(world.engine, world.now)
    world.run(90)
    assert world.engine.decision.rule == "prober-sick"
    world.lan = True
    world.run(120)
    assert world.switches == []
    assert world.engine.decision.rule == "steady"


def test_an_operators_try_that_is_taken_back_to_half_a_change_leaves_it_open():
    """As a restart has it: what a crash has left is still to be put right."""
    office = site()
    left = Interrupted("s0", "primary", "backup")
    engine = Engine(office, [CONTROL], Memory(interrupted=left, active="primary"))
    half = holds(office, None, 100.0)
    engine.feed(half, 100.0)
    engine.feed(SwitchoverStarted("s1", None, "backup", "operator-asked"), 101.0)
    outcome = Outcome(
        "s1", None, "backup", "operator-asked", Ending.UNDONE, 2.0, "no answer", automatic=False,
        view=replace(half, at=103.0), proof_failed=True,
    )  # fmt: skip
    engine.feed(outcome, 103.0)
    assert engine.interrupted == left
    assert engine.decision.rule == "finish-interrupted"


def test_a_drill_that_something_comes_before_in_the_same_moment_does_not_wait():
    """It was accepted by what was known, and what is judged then is another matter."""
    world = World(site(seen=()))
    world.run(30)
    world.lan = False
    while world.engine.decision.rule != "prober-sick":
        before = copy.deepcopy(world.engine)
        world.run(world.now + 0.05)
    _, (answer,) = before.feed(SwitchRequest("d", "backup", drill=True), world.now)
    assert (answer.rule, before.request) == ("prober-sick", None)


@pytest.mark.parametrize(
    ("broken", "layer"),
    [({"lan": False}, "our LAN"), ({"host": "no route to host"}, "our own host")],
)
def test_what_fails_on_this_side_is_told_and_moves_nothing(broken, layer):
    """Nothing inside answers either, or nothing leaves this host: that is no circuit's fault."""
    world = World(site())
    world.run(20)
    for name, value in broken.items():
        setattr(world, name, value)
    world.run(60)
    assert world.engine.readings["primary"].layer == layer
    assert world.engine.decision.rule == "prober-sick"
    assert not world.switches
    world.lan, world.host = True, ""
    world.run(100)
    assert world.engine.readings["primary"].layer is None


def test_a_missing_way_out_counts_while_it_is_missing():
    """However often it is read; and a switch that is undone leaves the router as it was: on it."""
    office = site(seen=())
    engine = Engine(office)
    engine.feed(holds(office, "primary", 0.0), 0.0)
    for second in range(1, 30):
        engine.feed(holds(office, "nowhere", second), second)
    assert engine.readings["primary"].because == "the router has no default route"
    engine.feed(SwitchoverStarted("s1", "primary", "backup", "active-down"), 30.1)
    undone = Outcome(
        "s1", "primary", "backup", "active-down", Ending.UNDONE, 1.0, "no proof",
        proof_failed=True, view=holds(office, "nowhere", 31.0),
    )  # fmt: skip
    engine.feed(undone, 31.0)
    assert (engine.active, engine.decision.rule) == ("primary", "both-down")
    engine.feed(holds(office, "primary", 40.0), 40.0)
    engine.feed(sample("icmp 192.0.2.10", 40.1, Result.ANSWERED, epoch=engine.epoch), 40.2)
    assert engine.readings["primary"].state is State.UP


def test_an_explanation_before_anything_is_known():
    """The rule in force is that the router has not been read."""
    made = Engine(site()).explain(0.0)
    assert (made.rule, made.because) == ("router-unreachable", "the router has not been read yet")
    assert made.passed_over[-1][0] == "prober-sick"


def test_a_request_during_a_switchover_is_refused_by_name():
    """One thing at a time, and the asker is told which."""
    office = site()
    engine = Engine(office)
    engine.feed(holds(office, "primary", 0.0), 0.0)
    engine.feed(SwitchoverStarted("s1", "primary", "backup", "active-down"), 0.1)
    _, answers = engine.feed(SwitchRequest("r1", "primary"), 0.2)
    assert [(answer.id, answer.rule) for answer in answers] == [("r1", "switchover-running")]


def test_samples_in_flight_over_a_switchover_are_void():
    """Sent before, answered after: it says nothing of the circuit that is active now."""
    office = site()
    engine = Engine(office)
    engine.feed(holds(office, "primary", 0.0), 0.0)
    old = engine.epoch
    engine.feed(SwitchoverStarted("s1", "primary", "backup", "operator-asked"), 0.1)
    outcome = Outcome(
        "s1", "primary", "backup", "operator-asked", Ending.PROVED, 0.2, "ok",
        automatic=False, view=holds(office, "backup", 0.3),
    )  # fmt: skip
    engine.feed(outcome, 0.3)
    late = sample("icmp 192.0.2.10", 0.05, Result.ANSWERED, circuit="primary", epoch=old)
    engine.feed(late, 0.4)
    assert engine.readings["primary"].heard is None
    assert engine.readings["backup"].state is State.UP


def test_a_router_that_cannot_be_read_for_a_switch_is_read_first():
    """A switch that ended before anything was touched is not tried again on the spot."""
    office = site()
    engine = Engine(office, [CONTROL])
    engine.feed(holds(office, "primary", 0.0), 0.0)
    engine.feed(SwitchoverStarted("s1", "primary", "backup", "active-down"), 0.1)
    outcome = Outcome(
        "s1", None, "backup", "active-down", Ending.UNDONE, 0.1, "nothing was changed: no answer",
        changed=False,
    )  # fmt: skip
    engine.feed(outcome, 0.2)
    assert engine.decision.rule == "router-unreachable"
    assert engine.active == "primary"
    assert engine.wants_view(5.0)


def test_an_operator_is_told_of_a_router_that_did_not_answer():
    """Nothing was changed: the refusal has the name of the rule that will keep it so."""
    office = site()
    engine = Engine(office)
    engine.feed(holds(office, "primary", 0.0), 0.0)
    engine.feed(SwitchRequest("r1", "backup"), 0.1)
    engine.feed(SwitchoverStarted("s1", "primary", "backup", "operator-asked"), 0.2)
    because = "nothing was changed: no answer"
    outcome = Outcome(
        "s1", None, "backup", "operator-asked", Ending.UNDONE, 0.1, because,
        automatic=False, changed=False,
    )  # fmt: skip
    _, answers = engine.feed(outcome, 0.3)
    assert [(a.id, a.rule, a.sentence) for a in answers] == [("r1", "router-unreachable", because)]
    assert engine.hold is None


def test_stuck_ends_when_the_router_is_whole_again():
    """Somebody put the router on one of its circuits: the page is over."""
    office = site()
    engine = Engine(office)
    engine.feed(holds(office, "primary", 0.0), 0.0)
    engine.feed(SwitchoverStarted("s1", "primary", "backup", "active-down"), 0.1)
    stuck = Outcome(
        "s1", "primary", "backup", "active-down", Ending.STUCK, 3.0, "neither new nor old",
        view=holds(office, None, 0.2),
    )  # fmt: skip
    engine.feed(stuck, 0.2)
    assert engine.decision.rule == "stuck"
    engine.feed(RouterUnread(0.5, "no answer"), 0.5)
    assert engine.decision.rule == "stuck"
    engine.feed(holds(office, "primary", 1.0), 1.0)
    assert engine.decision.rule == "steady"
