"""What an operator reads at three in the morning: each row's sentence, and why others do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.test_rules import moves, reading, situation
from tests.scenarios.world import site
from wanfailover.core.explain import passed_over, thresholds
from wanfailover.core.facts import SwitchRequest, WindowTold
from wanfailover.core.ledger import Move
from wanfailover.core.policy import decide
from wanfailover.core.reading import State
from wanfailover.core.situation import Hold, Pause
from wanfailover.core.unsettled import Stuck

ON_BACKUP = {"active": "backup", "backup": State.UP}
DEAD = {"primary": State.DOWN, "backup": State.UP}
BOTH = {"primary": State.DOWN, "backup": State.DOWN}
UNSEEN = {**ON_BACKUP, "primary": State.UNKNOWN, "seen": ()}
MANUAL = {"policy": {"failback": "manual"}}
EVIDENCE = {"policy": {"failback": "evidence"}}
TRIAL = {"policy": {"failback": "trial"}}
LEAVE = {"policy": {"degraded": "switch"}, "primary": State.DEGRADED, "backup": State.UP}
ONCE = {"policy": {"switches_per_hour": 1}}
TWICE = {"policy": {"switches_per_hour": 2}}
SHUT = WindowTold(is_open=False, until=5000.0)
HELD = {"hold": Hold("primary")}
COST = "at most 20 s and two switches without Internet, and back if it is not proved"


@pytest.mark.parametrize(
    ("facts", "rule", "because"),
    [
        ({}, "steady", "primary is up (said so) and preferred"),
        ({**ON_BACKUP, **MANUAL}, "steady", "backup is up (said so); returning is by hand: wanfailover switch primary"),  # noqa: E501
        ({**UNSEEN, **EVIDENCE}, "steady", "backup is up (said so); primary is not seen now; returning is by hand: wanfailover switch primary"),  # noqa: E501
        ({**ON_BACKUP, **EVIDENCE, "primary": State.DOWN}, "steady", "backup is up (said so); primary is down (said so)"),  # noqa: E501
        ({**ON_BACKUP, "primary": State.DOWN}, "steady", "backup is up (said so); primary is down (said so)"),  # noqa: E501
        ({"request": SwitchRequest("1", "backup")}, "operator-asked", "an operator asked"),
        ({"request": SwitchRequest("1", "backup", who="ann")}, "operator-asked", "ann asked"),
        ({"request": SwitchRequest("1", "backup", who="ann", reason="works")}, "operator-asked", "ann asked: works"),  # noqa: E501
        ({"request": SwitchRequest("1", "backup", who="ann", reason="a drill", drill=True)}, "drill", "ann asked: a drill"),  # noqa: E501
        ({"hold": Hold("primary", drill=True)}, "held-by-operator", "a drill holds primary"),
        ({"pause": Pause()}, "paused", "an operator has paused automation; it goes on with: wanfailover resume"),  # noqa: E501
        ({"pause": Pause(), **DEAD}, "paused", "an operator has paused automation although primary is down (said so); it goes on with: wanfailover resume"),  # noqa: E501
        (HELD, "held-by-operator", "an operator holds primary"),
        ({**HELD, **BOTH}, "held-by-operator", "an operator holds primary"),
        ({**HELD, **DEAD}, "held-by-operator", "an operator holds primary although primary is down (said so); end the hold with: wanfailover auto"),  # noqa: E501
        ({**HELD, **ON_BACKUP}, "held-by-operator", "an operator holds primary, but the router is on backup"),  # noqa: E501
        ({**HELD, "active": None}, "held-by-operator", "an operator holds primary, but the router is on neither circuit"),  # noqa: E501
        ({**HELD, "active": None, "ours": "primary", "policy": {"drift": "restore"}}, "held-by-operator", "an operator holds primary, but the router is on neither circuit"),  # noqa: E501
        ({**HELD, "active": None, "router_unread": "away"}, "held-by-operator", "an operator holds primary; away"),  # noqa: E501
        (DEAD, "active-down", "primary is down (said so)"),
        (BOTH, "both-down", "primary is down (said so); backup is down (said so)"),
        ({**ONCE, **DEAD, "moves": moves(1)}, "switch-budget-spent", "primary is down (said so); 1 automatic switchover within the hour, and no more are allowed; by hand: wanfailover switch backup"),  # noqa: E501
        ({**TWICE, **DEAD, "moves": moves(2)}, "switch-budget-spent", "primary is down (said so); 2 automatic switchovers within the hour, and no more are allowed; by hand: wanfailover switch backup"),  # noqa: E501
        ({**TWICE, **ON_BACKUP, "moves": moves(1, 500.0)}, "switch-budget-spent", "1 automatic switchover within the hour; the last that is allowed is kept for a circuit that is down"),  # noqa: E501
        ({**ON_BACKUP, "moves": moves(1)}, "dwell", "switched 10 s ago; primary must wait"),
        ({**LEAVE, "moves": moves(1)}, "dwell", "switched 10 s ago; backup must wait"),
        (LEAVE, "active-degraded", "primary is degraded (said so); backup is up (said so)"),
        ({**ON_BACKUP, "changed": 990.0}, "returning-too-soon", "primary is back and must stay quiet for 300 s"),  # noqa: E501
        ({**UNSEEN, "changed": 990.0}, "returning-too-soon", f"primary cannot be seen from here, so it will be tried: {COST}"),  # noqa: E501
        ({**ON_BACKUP, **TRIAL, "changed": 990.0}, "returning-too-soon", f"primary will be tried: {COST}"),  # noqa: E501
        ({**ON_BACKUP, "window": SHUT}, "outside-window", "primary may be returned to in the window only"),  # noqa: E501
        ({**LEAVE, "backup": State.DEGRADED}, "standby-not-better", "primary is degraded (said so); backup is degraded (said so)"),  # noqa: E501
        ({**BOTH, "backup": State.UNKNOWN, "tried": {"backup"}}, "try-other", "primary is down (said so); backup failed before and may have recovered"),  # noqa: E501
        ({"prober_sick": "sick"}, "prober-sick", "sick"),
        ({"router_unread": "away"}, "router-unreachable", "away"),
        ({"running": "switching"}, "switchover-running", "switching"),
        (ON_BACKUP, "preferred-recovered", "primary is up (said so), quiet for 300 s, and preferred"),  # noqa: E501
        ({**UNSEEN, "changed": -900.0}, "trial-failback", "primary is unknown (said so), left alone for 1800 s, and preferred: proved within 20 s, or back to backup"),  # noqa: E501
    ],
)  # fmt: skip
def test_the_row_that_decides_says_why(facts: dict, rule: str, because: str):
    """By the facts, and by what to type where something is to be typed."""
    decision = decide(situation(**facts))
    assert (decision.rule, decision.because) == (rule, because)


@pytest.mark.parametrize(
    ("facts", "row", "why"),
    [
        ({}, "switchover-running", "no switchover is under way"),
        ({}, "returning-too-soon", "primary is preferred to all others"),
        ({}, "preferred-recovered", "primary is preferred to all others"),
        ({}, "dwell", "automation switched nothing within 60 s"),
        ({"moves": moves(1)}, "dwell", "nothing is to be switched"),
        ({"moves": moves(1, 940.0)}, "dwell", "automation switched nothing within 60 s"),
        ({**ON_BACKUP, **MANUAL}, "trial-failback", "returning is by hand"),
        ({**ON_BACKUP, **MANUAL}, "returning-too-soon", "returning is by hand"),
        ({**ON_BACKUP, "primary": State.DOWN}, "trial-failback", "primary is down (said so)"),
        (ON_BACKUP, "returning-too-soon", "primary was quiet for 300 s"),
        ({**UNSEEN, "changed": -900.0}, "returning-too-soon", "primary was left alone for 1800 s"),
        ({**UNSEEN, "changed": -900.0}, "preferred-recovered", "primary has to be tried"),
        ({**DEAD, "tried": ()}, "try-other", "backup has not failed before"),
        (DEAD, "both-down", "backup is up (said so)"),
        ({}, "both-down", "primary is up (said so)"),
        ({}, "foreign-state", "the router is on primary"),
        ({"active": None, "interrupted": "backup"}, "foreign-state", "the router is on neither circuit, and that is our own doing"),  # noqa: E501
        ({}, "try-other", "primary is up (said so)"),
        ({}, "standby-not-better", "primary is up (said so); backup is unknown (said so)"),
        (ON_BACKUP, "outside-window", "a return is permitted now"),
        ({"window": SHUT}, "outside-window", "no return is due"),
        ({}, "active-degraded", "primary is up (said so)"),
        ({"moves": moves(1)}, "switch-budget-spent", "1 automatic switchover within the hour, of 5 that are allowed"),  # noqa: E501
    ],
)  # fmt: skip
def test_a_row_that_does_not_hold_says_why_not(facts: dict, row: str, why: str):
    """Each by what it would have taken."""
    assert dict(passed_over(situation(**facts)))[row] == why


def test_all_that_are_preferred_are_named():
    """On the third circuit, two are better and neither is well."""
    down = reading(State.DOWN)
    third = replace(
        situation(active="lte"),
        site=site(seen=(), names=("primary", "backup", "lte")),
        readings={"primary": down, "backup": down, "lte": reading(State.UP)},
    )
    both = "primary is down (said so); backup is down (said so)"
    assert dict(passed_over(third))["trial-failback"] == both


def test_what_loses_probes_is_told_by_how_much():
    """More than a fiftieth keeps a circuit from being returned to."""
    said = {}
    for loss in (0.02, 0.05):
        s = situation(**ON_BACKUP)
        lossy = replace(s.readings["primary"], quiet_loss=loss)
        said[loss] = decide(replace(s, changed=990.0, readings={**s.readings, "primary": lossy}))
    text = "primary is back and must stay quiet for 300 s"
    assert said[0.02].because == text
    assert said[0.05].because == f"{text}; it loses 5% of its probes"


@pytest.mark.parametrize(
    ("facts", "until", "page"),
    [
        ({"pause": Pause(1200.0)}, 1200.0, False),
        ({"pause": Pause()}, None, False),
        ({"hold": Hold("primary", 1300.0)}, 1300.0, False),
        ({"hold": Hold("primary", 1300.0), **DEAD}, 1300.0, True),
        ({**HELD, **BOTH}, None, False),
        (BOTH, None, True),
        ({**ONCE, **DEAD, "moves": moves(1)}, 4590.0, True),
        ({**TWICE, **ON_BACKUP, "moves": moves(1, 500.0)}, 4100.0, False),
        ({**ON_BACKUP, "window": SHUT}, 5000.0, False),
        ({**ON_BACKUP, "moves": moves(1)}, 1050.0, False),
        ({**ON_BACKUP, "changed": 990.0}, 1290.0, False),
    ],
)
def test_a_row_tells_its_end_and_whom_to_wake(facts: dict, until: float | None, page: bool):
    """Nobody is woken for what ends by itself; somebody is where no circuit is left."""
    decision = decide(situation(**facts))
    assert (decision.until, decision.page) == (until, page)


def test_what_a_decision_was_measured_by():
    """Names and values, as one would say them."""
    s = situation(**ON_BACKUP, changed=990.0, moves=moves(2, 980.0))
    learned = replace(s.readings["primary"], patience=4.25, learned="by itself")
    measured = thresholds(replace(s, readings={**s.readings, "primary": learned}))
    assert list(measured) == [
        ("primary is called down", "after 4.2 s of silence (by itself)"),
        ("backup is called down", "after 0.0 s of silence ()"),
        ("switches within the hour", "2 of 5, and one more away from a dead circuit"),
        ("dwell", "60 s between automatic switches"),
        ("primary must be good", "300 s"),
        ("return permitted", "now"),
    ]
    assert dict(thresholds(situation(**DEAD)))["switches within the hour"] == "0 of 6"
    blind = dict(thresholds(situation(**UNSEEN, changed=990.0, window=SHUT)))
    assert blind["primary must be left alone"] == "1800 s"
    assert blind["return permitted"] == "in the window only"
    assert len(list(thresholds(situation()))) == 4, "there is nothing to return to"


def test_the_dwell_names_whom_it_keeps_waiting():
    """The preferred one, which has to be tried, and not the third, which is seen to be well."""
    third = replace(
        situation(**UNSEEN, moves=moves(1)),
        site=site(seen=(), names=("primary", "backup", "lte")),
        readings={
            "primary": reading(State.UNKNOWN),
            "backup": reading(State.UP),
            "lte": reading(State.UP),
        },
    )
    decision = decide(third)
    assert (decision.rule, decision.because) == ("dwell", "switched 10 s ago; primary must wait")


@pytest.mark.parametrize(("now", "rule"), [(1059.9, "both-down"), (1060.0, "try-other")])
def test_what_failed_is_tried_again_when_that_is_due(now: float, rule: str):
    """A minute after its proof has failed, all else being dead."""
    failed = [Move(1000.0, "primary", "backup", "active-down", proved=False, failed=True)]
    facts = {"primary": State.DOWN, "backup": State.UNKNOWN, "tried": {"backup"}}
    assert decide(situation(**facts, moves=failed, now=now)).rule == rule


@pytest.mark.parametrize(("now", "rule"), [(299.9, "returning-too-soon"), (300.0, "back")])
def test_a_return_is_made_when_it_is_due(now: float, rule: str):
    """To the tick: that is when the engine comes back."""
    decision = decide(situation(**ON_BACKUP, now=now))
    assert decision.rule == ("preferred-recovered" if rule == "back" else rule)


@pytest.mark.parametrize("changed", [990.0, -900.0])
def test_a_trial_tells_what_it_may_cost(changed: float):
    """The time that the profile gives to trials, and not to other proofs."""
    facts = {**UNSEEN, "changed": changed, "policy": {"trial_within": 15.0}}
    assert " 15 s" in decide(situation(**facts)).because


def test_all_is_well_has_a_sentence_for_each_row():
    """Whoever asks why nothing happens reads what would have had to be so."""
    well = dict(passed_over(situation()))
    assert {name: why for name, why in well.items() if "primary" not in why} == {
        "switchover-running": "no switchover is under way",
        "stuck": "no switchover was left undecided",
        "operator-asked": "no operator asked for anything",
        "paused": "automation is not paused",
        "held-by-operator": "no operator holds a circuit",
        "prober-sick": "our own host and the LAN are sound",
        "router-unreachable": "the router has been read",
        "finish-interrupted": "no switchover was left open",
        "switch-budget-spent": "0 automatic switchovers within the hour, of 5 that are allowed",
        "dwell": "automation switched nothing within 60 s",
        "drill": "no failover is rehearsed",
        "outside-window": "a return is permitted now",
    }
    assert well["active-down"] == well["active-degraded"] == "primary is up (said so)"


STUCK = Stuck("no way", ("primary", "backup"), 990.0)
FOREIGN = {"active": None, "foreign": "odd", "ours": "primary"}


@pytest.mark.parametrize(
    ("facts", "until", "page"),
    [
        ({"stuck": STUCK, "active": None, "now": 999.0, "viewed": 991.0}, 1000.0, True),
        ({"stuck": STUCK, "active": None, "viewed": 991.0}, None, True),
        ({"router_unread": "away", "refusals": 2}, None, False),
        ({"router_unread": "away", "refusals": 3}, None, True),
        (FOREIGN, None, True),
        ({**FOREIGN, "policy": {"drift": "restore"}}, None, False),
        ({**ON_BACKUP, "moves": moves(1, 940.1)}, 1000.1, False),
        ({**ON_BACKUP, "moves": moves(1, 940.0)}, None, False),
    ],
)
def test_who_is_woken_by_the_router(facts: dict, until: float | None, page: bool):
    """For one that is on neither circuit, unless it is put back; or refuses time and again."""
    decision = decide(situation(**facts))
    assert (decision.until, decision.page) == (until, page)


def test_a_failure_that_nobody_can_check_is_over_some_time():
    """Then the other one may be tried."""
    s = situation(**BOTH)
    old = replace(s.readings["backup"], expires=1100.0)
    decision = decide(replace(s, readings={**s.readings, "backup": old}))
    assert (decision.rule, decision.until) == ("both-down", 1100.0)
