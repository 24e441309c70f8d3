"""What operators are answered, and what the journal keeps of their wishes, word by word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scenarios.world import holds, site
from wanfailover.core import entries as log
from wanfailover.core.engine import Engine
from wanfailover.core.facts import (
    AutoRequest,
    Ending,
    Fact,
    Outcome,
    PauseRequest,
    ResumeRequest,
    SwitchoverStarted,
    SwitchRequest,
    Tick,
)
from wanfailover.core.requests import Answer
from wanfailover.core.situation import Hold

OFFICE = site(names=("primary", "backup", "lte"))
WISHES = (
    log.RequestRefused, log.HoldBegan, log.HoldEnded, log.PauseBegan, log.PauseEnded,
)  # fmt: skip
ASKED = SwitchRequest("r1", "backup", hold=60.0, reason="works on the line", who="ann")


def on(circuit: str = "primary") -> Engine:
    engine = Engine(OFFICE)
    engine.feed(holds(OFFICE, circuit, 0.0), 0.0)
    return engine


def told(engine: Engine, fact: Fact, now: float = 1.0) -> tuple[list[log.Entry], list[Answer]]:
    """The wishes among what is new, and the answers."""
    entries, answers = engine.feed(fact, now)
    return [entry for entry in entries if isinstance(entry, WISHES)], answers


def switched(engine: Engine, request: SwitchRequest, ending: Ending = Ending.PROVED, **how):
    """What is told when a request's switchover has ended."""
    assert told(engine, request) == ([], [])
    source, target = engine.active, request.circuit
    engine.feed(SwitchoverStarted("s1", source, target, "operator-asked"), 1.0)
    on_it = target if ending is Ending.PROVED else source
    outcome = Outcome(
        "s1", source, target, "operator-asked", ending, 0.25, "said so", automatic=False,
        view=holds(OFFICE, on_it, 1.2),
    )  # fmt: skip
    return told(engine, replace(outcome, **how), 1.25)


def test_a_hold_is_told_with_its_end_and_its_reason():
    """It counts from the proof, and the operator is told how to end it."""
    engine = on()
    assert switched(engine, ASKED) == (
        [log.HoldBegan("backup", 60.0, "ann", "works on the line")],
        [
            Answer(
                "r1",
                "the router is on backup, proved after 0.2 s: said so; backup is held, wanfailover "
                "auto ends it",
            )
        ],
    )
    assert engine.hold == Hold("backup", 61.25)
    assert told(engine, Tick(), 61.2) == ([], [])
    assert told(engine, Tick(), 61.25) == ([log.HoldEnded("backup", "its time is over")], [])
    assert engine.hold is None


def test_a_hold_without_an_end_stays():
    """Until `auto`."""
    engine = on()
    switched(engine, replace(ASKED, hold=None))
    assert engine.hold == Hold("backup", None)
    assert told(engine, Tick(), 1e6) == ([], [])


def test_whoever_switches_once_holds_nothing():
    """And ends what he has held."""
    engine = on()
    once = Answer("r1", "the router is on backup, proved after 0.2 s: said so")
    assert switched(engine, replace(ASKED, hold=None, once=True)) == ([], [once])
    engine = on("backup")
    told(engine, replace(ASKED, circuit="backup"))
    assert engine.hold == Hold("backup", 61.0)
    third = Answer("r1", "the router is on lte, proved after 0.2 s: said so")
    ended = log.HoldEnded("backup", "an operator has switched once, without a hold")
    assert switched(engine, SwitchRequest("r1", "lte", once=True)) == ([ended], [third])
    engine = on("backup")
    told(engine, replace(ASKED, circuit="backup"))
    ended = log.HoldEnded("backup", "primary is the preferred circuit")
    back = Answer("r1", "the router is on primary, proved after 0.2 s: said so")
    assert switched(engine, replace(ASKED, circuit="primary", hold=None)) == ([ended], [back])


@pytest.mark.parametrize(
    ("how", "answer"),
    [
        (
            {},
            Answer("r1", "the switch to backup is undone after 0.2 s: said so", "operator-asked"),
        ),
        ({"changed": False, "view": None}, Answer("r1", "said so", "router-unreachable")),
    ],
)
def test_a_switch_that_fails_names_its_rule(how: dict, answer: Answer):
    """And leaves no hold."""
    engine = on()
    assert switched(engine, ASKED, Ending.UNDONE, **how) == ([], [answer])
    assert engine.hold is None


def test_what_is_so_already_changes_only_the_hold():
    """Asked for where the router is: on the preferred circuit nothing needs a hold."""
    met = "the router is on primary already; nothing was changed"
    engine = on()
    entries, answers = told(engine, SwitchRequest("r1", "primary", who="ann"))
    assert (entries, answers) == ([], [Answer("r1", met)])
    began = log.HoldBegan("primary", 60.0, "ann", "works on the line")
    held = Answer("r1", f"{met}; primary is held, wanfailover auto ends it")
    assert told(engine, replace(ASKED, circuit="primary")) == ([began], [held])
    assert engine.hold == Hold("primary", 61.0)
    ended = log.HoldEnded("primary", "primary is the preferred circuit")
    assert told(engine, SwitchRequest("r2", "primary")) == ([ended], [Answer("r2", met)])


def test_a_refusal_names_who_asked_for_what_and_why_not():
    """In the journal and to the operator alike."""
    engine = on()
    engine.feed(SwitchoverStarted("s1", "primary", "backup", "active-down"), 1.0)
    why = "switching from primary to backup"
    assert told(engine, ASKED, 1.1) == (
        [log.RequestRefused("switchover-running", "backup", why, "ann")],
        [Answer("r1", why, "switchover-running")],
    )


def test_auto_ends_a_hold_and_says_so():
    """Or that there was none."""
    engine = on()
    nothing = Answer("a1", "nothing was held: automation decides, as before")
    assert told(engine, AutoRequest("a1", "ann")) == ([], [nothing])
    told(engine, replace(ASKED, circuit="primary"))
    ended = log.HoldEnded("primary", "an operator ended it")
    done = Answer("a1", "primary is no longer held: automation decides again")
    assert told(engine, AutoRequest("a1", "ann")) == ([ended], [done])
    assert engine.hold is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.5, "for 0.5 s"), (59.0, "for 59 s"), (60.0, "for 1 min"), (90.0, "for 90 s"),
        (1800.0, "for 30 min"), (3600.0, "for 1 h"), (5400.0, "for 90 min"),
        (7200.0, "for 2 h"), (None, "until: wanfailover resume"),
    ],
)  # fmt: skip
def test_a_pause_is_told_in_its_largest_whole_unit(seconds: float | None, words: str):
    """And ends by itself where it has an end."""
    engine = on()
    paused = Answer("p1", f"automation is paused {words}")
    began = log.PauseBegan(seconds, "ann")
    assert told(engine, PauseRequest("p1", seconds, "ann")) == ([began], [paused])
    assert engine.decision.rule == "paused"
    if seconds is not None:
        assert told(engine, Tick(), 1.0 + seconds - 0.1) == ([], [])
        ended = log.PauseEnded("its time is over")
        assert told(engine, Tick(), 1.0 + seconds) == ([ended], [])
        assert engine.decision.rule != "paused"


def test_resume_ends_a_pause_and_says_so():
    """By whom is kept; where nothing was paused nothing is."""
    engine = on()
    nothing = Answer("p2", "automation was not paused; it goes on as before")
    assert told(engine, ResumeRequest("p2", "ann")) == ([], [nothing])
    for who, named in (("ann", "ann"), ("", "an operator")):
        told(engine, PauseRequest("p1", None, "ann"))
        ended = log.PauseEnded(f"{named} ended it")
        done = Answer("p2", "automation goes on")
        assert told(engine, ResumeRequest("p2", who)) == ([ended], [done])
        assert engine.pause is None
