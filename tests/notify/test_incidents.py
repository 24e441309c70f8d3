"""What is worth a message, and to which incident it belongs."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.notify.story import BACK, DOWN, FOUND, HOME, LEFT, OFFICE, PROVED, START, STEADY, UP
from wanfailover.core import entries as log
from wanfailover.core.standing import MENDED
from wanfailover.entries import DrillBegan, DrillEnded, PreflightDone
from wanfailover.notify.incidents import Incidents
from wanfailover.notify.letter import Severity, dumped, loaded


class Fold:
    """Incidents over a list of entries, a second apart; what was told is in *letters*."""

    def __init__(self, known=(), active="primary") -> None:
        numbers = count(len(known) + 1)
        self.letters = list(known)
        self.at = START
        self.incidents = Incidents(OFFICE, known, active, START, new_id=lambda: f"m{next(numbers)}")

    def tell(self, *entries, after: float = 1.0) -> list[str]:
        self.at += timedelta(seconds=after)
        new = self.incidents.told(entries, self.at)
        self.letters += new
        return [letter.key for letter in new]

    def again(self) -> Fold:
        """As after a restart: all that is known is the messages."""
        known = [loaded(dumped(letter)) for letter in self.letters]
        fold = Fold(known, self.incidents._active)
        fold.at = self.at
        return fold


def page(rule: str, because: str = "so it is", **more) -> log.DecisionMade:
    return log.DecisionMade(rule, False, None, because, page=True, **more)


PAGES = ["stuck", "held-by-operator", "router-unreachable", "foreign-state", "both-down",
    "switch-budget-spent"]  # fmt: skip


@pytest.mark.parametrize("rule", PAGES)
def test_what_calls_for_a_person_is_told_once(rule):
    """As critical, with the rule's sentence; and again after an hour of it."""
    fold = Fold()
    assert fold.tell(page(rule)) == [f"rule {rule}"]
    assert (fold.letters[0].severity, fold.letters[0].rule) == (Severity.CRITICAL, rule)
    assert fold.letters[0].subject == f"{rule}: so it is"
    assert fold.tell(page(rule, "in other words")) == []
    assert fold.tell(page(rule, again=True), after=3600) == [f"rule {rule}"]
    assert fold.tell(STEADY) == ["steady"]
    assert [letter.incident for letter in fold.letters] == ["m1"] * 3
    assert fold.tell(page(rule)) == [f"rule {rule}"]
    assert fold.letters[-1].incident == fold.letters[-1].id != "m1"


@pytest.mark.parametrize("rule", ["paused", "prober-sick", "router-unreachable"])
def test_a_better_circuit_refused_is_told(rule):
    """The active one is dead, another is up, and a rule keeps us on it."""
    health = (("primary", "down", "silent"), ("backup", "up", "answering"))
    fold = Fold()
    assert fold.tell(log.DecisionMade(rule, False, None, "why", health=health)) == [f"rule {rule}"]
    assert fold.letters[0].lines == ("primary is down: silent", "backup is up: answering")


@pytest.mark.parametrize(
    "made",
    [
        STEADY,
        log.DecisionMade("returning-too-soon", False, None, "wait"),
        log.DecisionMade("active-down", True, "backup", "dead",
            health=(("primary", "down", "x"), ("backup", "up", "y"))),
        log.DecisionMade("switchover-running", False, None, "switching",
            health=(("primary", "down", "x"), ("backup", "up", "y"))),
        log.DecisionMade("standby-not-better", False, None, "both are bad",
            health=(("primary", "degraded", "x"), ("backup", "down", "y"))),
    ],
)  # fmt: skip
def test_what_needs_nobody_is_not_told(made):
    assert Fold().tell(made) == []


def test_an_operators_switch_is_an_incident_of_its_own():
    """For information, with his name in its sentence."""
    asked = log.SwitchoverIntended(
        "s3", "primary", "backup", "operator-asked", "ann asked: works", False
    )
    fold = Fold()
    assert fold.tell(asked) == ["left"]
    assert fold.letters[0].severity is Severity.INFO
    assert fold.letters[0].subject == "operator-asked: ann asked: works"
    assert fold.letters[0].lines == ("switching from primary to backup (operator-asked)",)


def test_a_failed_switch_and_one_that_is_stuck():
    """Undone is a warning, told once an hour however often it is tried; stuck is critical."""
    undone = log.SwitchoverEnded("s1", "primary", "backup", "active-down", "undone", 4.0, "refused")
    stuck = log.SwitchoverEnded("s1", "primary", "backup", "active-down", "stuck", 4.0, "broken")
    fold = Fold()
    assert fold.tell(LEFT) == ["left"]
    assert fold.tell(undone) == ["undone backup"]
    assert fold.tell(LEFT, undone) == []
    assert fold.tell(LEFT, undone, after=3600) == ["undone backup"]
    assert fold.tell(stuck) == ["stuck backup"]
    assert fold.letters[-1].severity is Severity.CRITICAL
    assert {letter.incident for letter in fold.letters} == {"m1"}


def test_drift_is_told_and_ends_when_it_is_back():
    fold = Fold()
    moved = log.ActiveChanged("primary", None, "somebody else has changed it")
    assert fold.tell(moved, page("foreign-state")) == ["drift", "rule foreign-state"]
    assert "no longer on primary: somebody else has changed it" in fold.letters[0].subject
    back = log.ActiveChanged(None, "primary", "found so")
    assert fold.tell(back, STEADY) == ["steady"]
    assert fold.tell(STEADY) == []


def test_a_router_that_was_stuck_and_is_put_in_order_by_hand_is_told():
    """To whoever was paged for it; the incident goes on where that is not the circuit preferred."""
    for active, then in (("backup", []), ("primary", ["steady"])):
        fold = Fold()
        stuck = log.SwitchoverEnded("s", "primary", "backup", "active-down", "stuck", 4.0, "broken")
        fold.tell(LEFT, stuck, page("stuck"))
        mended = log.ActiveChanged(None, active, MENDED)
        assert fold.tell(mended, STEADY) == ["mended", *then]
        told = [letter for letter in fold.letters if letter.key == "mended"]
        assert told[0].subject == f"the router is on {active}: {MENDED}"
        assert (told[0].severity, told[0].stage) == (Severity.INFO, "followed")


def test_a_restart_goes_on_with_what_is_open():
    """The thread, what was told in it, and its end."""
    fold = Fold()
    fold.tell(FOUND, DOWN, LEFT, PROVED)
    fold.tell(page("both-down"))
    fold = fold.again()
    assert fold.tell(page("both-down")) == []
    assert fold.tell(UP, BACK, HOME) == ["proved primary"]
    last = fold.letters[-1]
    assert (last.incident, last.follows) == ("m1", ("m1", "m3"))
    assert fold.again().tell(LEFT) == ["left"]


def test_a_dead_tunnel_is_told_by_itself():
    """In an incident of its own; back up, that ends."""
    fold = Fold()
    assert fold.tell(log.TunnelChanged("a", "up", "down", "no answer")) == ["tunnel a down"]
    assert fold.tell(log.TunnelChanged("b", "up", "renewing", "no answer yet")) == []
    assert fold.tell(log.TunnelChanged("a", "down", "up", "answering")) == ["tunnel a up"]
    assert [letter.topic for letter in fold.letters] == ["tunnel a"] * 2
    assert fold.tell(log.TunnelChanged("a", "unknown", "up", "answering")) == []


def test_a_dead_tunnel_in_an_outage_belongs_to_that():
    fold = Fold()
    fold.tell(LEFT, PROVED)
    down, failed = log.TunnelChanged("a", "renewing", "down", "x"), log.TunnelsFailed("backup", "y")
    assert fold.tell(down, failed) == ["tunnel a down", "tunnels"]
    assert fold.tell(log.TunnelChanged("a", "down", "up", "answering")) == ["tunnel a up"]
    assert {letter.incident for letter in fold.letters} == {"m1"}
    assert fold.tell(HOME) == ["proved primary"]


def test_mail_that_waits_is_told():
    waits = log.MailNotDrained("s1", 900.0, "the backup MX does not answer")
    drained = log.MailDrained("s2", 1.0, "it has begun to deliver")
    fold = Fold()
    assert fold.tell(drained) == []
    assert fold.tell(waits) == ["mail"]
    assert "left to its schedule: the backup MX does not answer" in fold.letters[0].subject
    assert fold.tell(drained) == ["drained"]
    fold.tell(LEFT)
    assert fold.tell(waits) == ["mail"]
    assert fold.letters[-1].topic == "circuits"


def test_a_canary_that_does_not_arrive_is_told():
    """Until one does."""
    came = log.CanaryArrived(3.0, "the canary came")
    fold = Fold()
    assert fold.tell(came) == []
    assert fold.tell(log.CanaryLost("looped", 9.0, "the canary loops")) == ["canary looped"]
    assert fold.tell(log.CanaryLost("looped", 9.0, "the canary loops")) == []
    assert fold.letters[0].subject == "mail: the canary loops"
    assert fold.tell(came) == ["arrived"]
    assert fold.letters[-1].stage == "ended"


def test_a_damaged_journal_is_told():
    fold = Fold()
    assert fold.tell(log.JournalSetAside("journal.db.damaged-1", "malformed")) == ["aside"]
    assert fold.letters[0].stage == "alone"


def test_a_red_preflight_is_told_until_it_is_not():
    """The same rows once; others anew."""
    red = PreflightDone("red", 2.0, (("router", "red", "cannot be reached", "look"),))
    worse = PreflightDone("red", 2.0, (*red.rows, ("ping", "red", "may not ping", "sysctl")))
    fold = Fold()
    assert fold.tell(PreflightDone("yellow", 2.0)) == []
    assert fold.tell(red) == ["red router"]
    assert fold.letters[0].subject == "preflight is red; router: cannot be reached"
    assert fold.tell(red) == []
    assert fold.tell(worse) == ["red ping, router"]
    assert fold.tell(PreflightDone("green", 2.0)) == ["over"]
    assert {letter.incident for letter in fold.letters} == {"m1"}


def test_a_drill_is_one_incident():
    """With its switchovers in it."""
    began = DrillBegan("d1", "primary", "backup", 300.0, "schedule")
    steps = (("switch to backup", "done", "proved"), ("switch to primary", "done", "proved"))
    ended = DrillEnded("d1", "passed", "there and back", 310.0, steps)
    fold = Fold()
    assert fold.tell(began) == ["drill"]
    assert fold.tell(LEFT, PROVED) == ["proved backup"]
    fold = fold.again()
    assert fold.tell(BACK, HOME, STEADY, ended) == ["proved primary", "drilled"]
    assert {letter.incident for letter in fold.letters} == {"m1"}
    assert fold.letters[-1].stage == "ended"
    assert fold.letters[-1].lines[0] == "switch to backup: done: proved"


def test_a_drill_that_ended_away_is_over_once_all_is_as_it_was():
    """It failed, and the rules went back later: the next outage is one of its own."""
    fold = Fold()
    fold.tell(DrillBegan("d1", "primary", "backup", 300.0, "schedule"), LEFT, PROVED)
    assert fold.tell(DrillEnded("d1", "failed", "the rules decide from here", 9.0)) == ["drilled"]
    fold.tell(BACK, HOME, STEADY)
    assert fold.letters[-1].stage == "ended"
    assert fold.tell(LEFT) == ["left"]
    assert fold.letters[-1].stage == "began"


ALPHABET = [
    LEFT, PROVED, BACK, HOME, UP, DOWN, STEADY, page("both-down"), page("stuck"),
    log.SwitchoverEnded("s1", "primary", "backup", "active-down", "undone", 4.0, "refused"),
    log.SwitchoverEnded("s1", "primary", "backup", "active-down", "stuck", 4.0, "broken"),
    log.ActiveChanged("primary", None, "moved"), log.ActiveChanged(None, "primary", "back"),
    log.TunnelChanged("a", "up", "down", "x"), log.TunnelChanged("a", "down", "up", "answering"),
    log.TunnelsFailed("backup", "none came up"), log.MailNotDrained("s1", 9.0, "y"),
    log.MailDrained("s1", 1.0, "z"), log.JournalSetAside("f", "b"),
    PreflightDone("red", 1.0, (("ping", "red", "no", "do"),)), PreflightDone("green", 1.0),
    DrillBegan("d", "primary", "backup", 1.0, "ann"), DrillEnded("d", "passed", "so", 1.0),
]  # fmt: skip
FEW = st.sets(st.integers(0, len(ALPHABET) - 1), min_size=1, max_size=4).map(sorted)
STEPS = FEW.flatmap(
    lambda few: st.lists(
        st.tuples(
            st.sampled_from([ALPHABET[n] for n in few]), st.sampled_from([1.0, 900.0, 4000.0])
        ),
        max_size=15,
    )
)
"""Of a few kinds at a time, so that the same comes again and again."""


@given(STEPS)
@example([(entry, 1.0) for entry in (LEFT, *ALPHABET[13:15], ALPHABET[13])])
def test_a_restart_changes_nothing(steps):
    """Whenever it comes: the messages alone tell which incidents are open, and what was told."""
    through, again = Fold(), Fold()
    for entry, after in steps:
        through.tell(entry, after=after)
        again = again.again()
        again.tell(entry, after=after)
    assert again.letters == through.letters


@given(STEPS)
def test_incidents_hold_together(steps):
    """Each begins once and ends once, and what follows names what it follows."""
    fold = Fold()
    for entry, after in steps:
        fold.tell(entry, after=after)
    stages: dict[str, list[str]] = {}
    for letter in fold.letters:
        before = stages.setdefault(letter.incident, [])
        earlier = [each.id for each in fold.letters if each.incident == letter.incident]
        earlier = earlier[: earlier.index(letter.id)]
        assert letter.follows == tuple(dict.fromkeys(earlier[:1] + earlier[-1:]))
        assert (letter.id == letter.incident) is (before == [])
        before.append(str(letter.stage))
    for told in stages.values():
        assert told[0] in {"began", "alone"}
        assert "followed" not in told[:1]
        assert not {"ended", "alone"} & set(told[:-1])


def test_conditions_must_last():
    """A disk that hangs for seconds is nobody's business."""
    fold = Fold()
    amiss = {"journal": "the disk is full"}

    def look(now, after: float) -> list[str]:
        fold.at += timedelta(seconds=after)
        return [letter.subject for letter in fold.incidents.conditions(now, fold.at, 60.0)]

    assert look(amiss, 0) == look(amiss, 30) == look({}, 10) == look(amiss, 10) == []
    assert look(amiss, 60) == ["journal: the disk is full"]
    assert look(amiss, 60) == []
    assert look({}, 60) == ["journal: the trouble is over"]
    assert look({}, 60) == []
