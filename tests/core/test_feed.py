"""What the engine makes of each kind of fact, and when it asks to be told again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scenarios.world import CONTROL, holds, site
from wanfailover.core import entries as log
from wanfailover.core.engine import Engine
from wanfailover.core.facts import (
    Ending,
    Fact,
    Outcome,
    ProbeSample,
    Result,
    Role,
    RouterUnread,
    SwitchoverStarted,
    SwitchRequest,
    Tick,
    WindowTold,
)
from wanfailover.core.ledger import Move
from wanfailover.core.memory import Memory
from wanfailover.core.reading import State
from wanfailover.core.situation import Hold
from wanfailover.core.unsettled import Interrupted

FAILED = {
    name: Move(0.0, None, name, "operator-asked", proved=False, automatic=False, failed=True)
    for name in ("primary", "backup")
}
LEFT_OPEN = Interrupted("s1", "primary", "backup")
NONE_TO_SEE = {"seen": ()}


class Told:
    """An engine that is told fact by fact; the router was found *on* a circuit at the beginning."""

    def __init__(
        self, on: str | None = "primary", memory: Memory | None = None, **profile: object
    ) -> None:
        self.site = site(**profile)
        self.engine = Engine(self.site, [CONTROL], memory)
        self.entries: list[log.Entry] = []
        self.tell(holds(self.site, on, 0.0), 0.0)

    def tell(self, fact: Fact, now: float) -> list[log.Entry]:
        entries, _ = self.engine.feed(fact, now)
        self.entries += entries
        return entries

    def probe(
        self,
        circuit: str | None,
        sent: float,
        result: Result = Result.ANSWERED,
        role: Role = Role.FAR,
        detail: str = "",
        epoch: int | None = None,
    ) -> list[log.Entry]:
        """A far target over a circuit, or a control over none; it is told as soon as it is sent."""
        name = CONTROL.name if role is Role.CONTROL else "icmp 192.0.2.10"
        epoch = self.engine.epoch if epoch is None else epoch
        rtt = 0.0 if result is Result.ANSWERED else None
        return self.tell(
            ProbeSample(circuit, name, role, sent, result, rtt, detail=detail, epoch=epoch), sent
        )

    def watch(self, begin: float, end: float, *circuits: str, result=Result.ANSWERED) -> None:
        """Twice a second."""
        for half in range(round(2 * begin), round(2 * end) + 1):
            for circuit in circuits:
                self.probe(circuit, half / 2, result)
            self.tell(Tick(), half / 2)

    def see(self, on: str | None, now: float, *marks: str) -> list[log.Entry]:
        return self.tell(replace(holds(self.site, on, now), marks=frozenset(marks)), now)

    def start(self, now: float, target: str = "backup", rule: str = "active-down") -> None:
        self.tell(SwitchoverStarted("s1", self.engine.active, target, rule), now)

    def end(self, now: float, ending: Ending, **how: object) -> None:
        begun = self.engine.switchover
        assert begun is not None
        self.tell(
            Outcome(begun.id, begun.source, begun.target, begun.rule, ending, 0.3, "no", **how),
            now,
        )

    def switch(self, now: float, target: str, ending: Ending, on: str | None, **how: object):
        self.start(now, target)
        self.end(now + 0.3, ending, view=holds(self.site, on, now + 0.3), **how)

    @property
    def rule(self) -> str:
        return self.engine.decision.rule

    def state(self, circuit: str) -> State:
        return self.engine.readings[circuit].state


# When it is to be told again.


def test_it_comes_back_twice_a_second_and_ten_times_where_something_is_amiss():
    """Or sooner, where a hold ends; not for one that has ended."""
    told = Told(memory=Memory(hold=Hold("primary", 5.2)))
    told.probe("primary", 4.5)
    told.tell(Tick(), 5.0)
    assert told.engine.next_deadline(5.0) == 5.2
    assert told.engine.next_deadline(5.2) == 5.5
    told.probe("primary", 5.1, Result.LOST)
    assert told.engine.fast
    assert told.engine.next_deadline(5.2) == pytest.approx(5.2)


def test_what_is_usual_is_not_judged():
    """An answer of a circuit that is well, and of the router's inside: the next tick will do."""
    told = Told()
    told.probe("primary", 1.0)
    told.tell(Tick(), 1.2)
    assert told.engine.next_deadline(1.2) == 1.7
    told.probe("primary", 1.3)
    told.probe(None, 1.4, role=Role.CONTROL)
    assert told.engine.next_deadline(1.4) == 1.7
    told.probe("primary", 1.5, Result.LOST)
    assert told.engine.next_deadline(1.5) == pytest.approx(1.6)


def test_a_decision_that_stays_is_kept_once_an_hour():
    """With the figures of the hour, and as nothing new."""
    told = Told()
    told.entries.clear()
    for minute in range(1, 60):
        told.tell(Tick(), 60.0 * minute)
    told.tell(Tick(), 3599.9)
    assert not [entry for entry in told.entries if isinstance(entry, log.DecisionMade)]
    (again,) = told.tell(Tick(), 3600.0)
    assert isinstance(again, log.DecisionMade)
    assert (again.rule, again.again) == ("steady", True)
    assert told.tell(Tick(), 7199.9) == []
    assert len(told.tell(Tick(), 7200.0)) == 1


# Our own eyes and ears.


def test_a_stalled_agent_was_deaf():
    """A minute without a fact is no silence of the line, and its evidence is as fresh as it was."""
    told = Told()
    told.watch(0.0, 10.0, "primary")
    told.tell(Tick(), 70.0)
    assert told.state("primary") is State.UP
    told.watch(71.0, 71.0, "primary")
    told.tell(Tick(), 72.1)
    assert told.engine.readings["primary"].heard == pytest.approx(72.1), "1.1 s are a stall, too"


def test_while_it_was_deaf_the_inside_did_not_fall_silent():
    """Nor is it trusted for longer than usual afterwards."""
    told = Told(silence=3.0)
    for second in range(100):
        told.probe(None, float(second), role=Role.CONTROL)
        told.watch(second, second, "primary")
    told.tell(Tick(), 160.0)
    told.watch(160.0, 162.5, "primary", result=Result.LOST)
    assert told.rule != "prober-sick"
    told.watch(163.0, 168.0, "primary", result=Result.LOST)
    assert told.rule == "prober-sick"


def test_probes_that_cannot_leave_stop_automation():
    """Whatever is wrong with our own host, no other circuit cures it."""
    told = Told()
    told.watch(0.0, 5.0, "primary")
    for half in range(11, 40):
        told.probe("primary", half / 2, Result.UNSENT, detail="no route to host")
    assert told.engine.decision.rule == "prober-sick"
    assert told.engine.decision.because == "probes cannot leave this host: no route to host"


# What it brings along.


@pytest.mark.parametrize("name", ["primary", "backup"])
def test_a_proof_that_failed_before_the_restart_counts(name: str):
    """Of that circuit, for as long as it would have."""
    told = Told(memory=Memory(moves=(FAILED[name],)))
    assert told.state(name) is State.DOWN
    assert told.engine.readings[name].because == "a switch to it could not be proved"
    assert told.state({"primary": "backup", "backup": "primary"}[name]) is State.UNKNOWN


def test_a_return_is_permitted_until_the_calendar_says_otherwise():
    """And it is told when that is."""
    told = Told("backup", return_after=1.0)
    told.watch(0.5, 0.5, "primary", "backup")
    assert dict(told.engine.explain(0.5).thresholds)["return permitted"] == "now"
    told.tell(WindowTold(is_open=False, until=900.0), 0.6)
    assert dict(told.engine.explain(0.6).thresholds)["return permitted"] == "in the window only"
    told.watch(1.0, 70.0, "primary", "backup")
    assert (told.rule, told.engine.decision.until) == ("outside-window", 900.0)


def test_found_elsewhere_it_has_moved_just_now():
    """From when it was found a return has to wait; and it is held there where the profile says."""
    told = Told("backup", Memory(active="primary"), drift="report")
    told.watch(0.5, 5.0, "primary", "backup")
    assert told.rule == "returning-too-soon"
    late = Engine(told.site, memory=Memory(active="primary"))
    for half in range(20):
        sample = ProbeSample("primary", "icmp 192.0.2.10", Role.FAR, half / 2, Result.ANSWERED, 0.0)
        late.feed(sample, half / 2)
    late.feed(holds(told.site, "backup", 9.5), 9.5)
    assert (late.decision.rule, late.decision.until) == ("returning-too-soon", 309.5)
    held = Told("backup", Memory(active="primary"), drift="adopt")
    assert held.engine.hold == Hold("backup")
    seen = Told("primary", drift="adopt")
    seen.see("backup", 1.0)
    assert seen.engine.hold == Hold("backup")


# What was interrupted.


def test_what_an_operator_had_asked_for_is_still_being_done():
    """His hold begins when it is finished, and only there where he wanted it."""
    request = SwitchRequest("r1", "backup", hold=60.0, who="ann")
    left = replace(LEFT_OPEN, request=request)
    told = Told("backup", Memory(interrupted=left))
    assert told.engine.request == request
    told.switch(1.0, "backup", Ending.PROVED, "backup")
    assert (told.engine.hold, told.engine.request) == (Hold("backup", 61.3), None)
    other = Told("backup", Memory(interrupted=left))
    other.switch(1.0, "primary", Ending.PROVED, "primary")
    assert other.engine.hold is None


@pytest.mark.parametrize(
    ("on", "dead", "leaves"),
    [
        ("backup", "primary", True),
        ("backup", "backup", False),
        (None, "primary", False),
    ],
)
def test_a_switchover_that_needs_but_its_proof_leaves_what_it_had_left(on, dead, leaves):
    """Its source, dead or not; otherwise it leaves what the router is on."""
    told = Told(on, Memory(interrupted=LEFT_OPEN, moves=(FAILED[dead],)))
    assert told.state(dead) is State.DOWN
    assert told.engine.leaves_dead is leaves


def test_without_one_it_leaves_what_the_router_is_on():
    """Dead or not."""
    assert Told("backup", Memory(moves=(FAILED["backup"],))).engine.leaves_dead
    assert not Told("backup", Memory(moves=(FAILED["primary"],))).engine.leaves_dead


# The router.


def test_a_router_that_cannot_be_read_is_said_to_be_so():
    """With the reason."""
    told = Told()
    told.tell(RouterUnread(1.0, "no answer"), 1.0)
    assert told.rule == "router-unreachable"
    assert told.engine.decision.because == "no answer"


@pytest.mark.parametrize(
    ("profile", "pace"), [({}, 60.0), ({"seen": (), "marked": ("backup",)}, 5.0)]
)
def test_a_router_is_read_more_often_where_probes_depend_on_its_marks(profile, pace):
    """And never while it is being changed."""
    told = Told(reconcile_every=60.0, **profile)
    told.see("primary", 0.0, *profile.get("marked", ()))
    assert [told.engine.wants_view(at) for at in (pace - 0.1, pace)] == [False, True]
    told.start(1.0)
    assert not told.engine.wants_view(900.0)


def test_a_stuck_router_is_looked_at_closely():
    """Somebody may put it right."""
    told = Told(reconcile_every=60.0)
    told.switch(1.0, "backup", Ending.STUCK, None)
    assert told.rule == "stuck"
    assert [told.engine.wants_view(at) for at in (6.2, 6.3)] == [False, True]


MARKED = {"seen": (), "marked": ("primary", "backup")}


def test_a_router_must_know_the_marks_of_idle_circuits():
    """But not while it is being changed."""
    told = Told(**MARKED)
    assert [circuit.name for circuit in told.engine.marks] == ["backup"]
    assert told.engine.marks_differ
    told.see("primary", 1.0, "backup")
    assert not told.engine.marks_differ
    told.see("primary", 2.0)
    assert told.engine.marks_differ
    told.start(3.0)
    assert not told.engine.marks_differ


def test_what_is_seen_by_a_mark_is_heeded_while_the_mark_is_known():
    """For a quarter of a minute after each look; a mark that is gone makes all of it void."""
    told = Told(**MARKED)
    told.see("primary", 1.0, "backup")
    sample = ProbeSample("backup", "icmp 192.0.2.10", Role.FAR, 16.0, Result.ANSWERED, 0.0)
    assert told.engine.heeds(sample)
    assert not told.engine.heeds(replace(sample, sent=16.1))
    told.watch(1.5, 2.0, "backup")
    assert told.state("backup") is State.UP
    told.see("primary", 2.1)
    reading = told.engine.readings["backup"]
    assert (reading.state, reading.because) == (State.UNKNOWN, "out of sight now")


def test_a_return_by_marks_takes_a_look_that_is_late_enough():
    """The mark was there when the circuit had been good for long enough."""
    told = Told("backup", return_after=2.0, dwell=0.0, **MARKED)
    told.see("backup", 0.1, "primary")
    told.watch(0.5, 3.5, "primary", "backup")
    assert told.rule == "returning-too-soon"
    told.see("backup", 3.6, "primary")
    assert (told.rule, told.engine.decision.target) == ("preferred-recovered", "primary")


def test_a_switch_that_is_refused_again_and_again_wakes_somebody():
    """The third time in a row; each is told as what it is."""
    told = Told()
    for number in range(1, 4):
        told.switch(10.0 * number, "backup", Ending.UNDONE, "primary")
        assert (told.rule, told.engine.decision.page) == ("router-unreachable", number == 3)


def test_before_a_dead_circuit_is_left_the_router_is_read():
    """It may have rebooted; what it was before says nothing of now."""
    told = Told(silence=3.0)
    told.watch(0.0, 5.0, "primary")
    told.watch(5.5, 10.0, "primary", result=Result.LOST)
    assert told.rule == "router-unreachable"
    because = "the router has not been read since the circuit failed; reading it now"
    assert told.engine.decision.because == because
    told.see("primary", 10.1)
    assert told.rule == "active-down"
