"""The table of rules: its order is a contract, and each row says what it must."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.scenarios.world import World, site
from wanfailover.core.explain import passed_over
from wanfailover.core.facts import SwitchRequest, WindowTold
from wanfailover.core.ledger import Move
from wanfailover.core.policy import RULES, decide
from wanfailover.core.reading import Reading, State
from wanfailover.core.requests import refusal
from wanfailover.core.situation import Hold, Pause, Situation
from wanfailover.core.unsettled import TRIES, Stuck

STORIES = Path(__file__).parents[1] / "scenarios"
CONTRACT = [
    "switchover-running",
    "stuck",
    "operator-asked",
    "paused",
    "held-by-operator",
    "prober-sick",
    "router-unreachable",
    "foreign-state",
    "finish-interrupted",
    "both-down",
    "try-other",
    "standby-not-better",
    "switch-budget-spent",
    "active-down",
    "dwell",
    "active-degraded",
    "drill",
    "returning-too-soon",
    "outside-window",
    "preferred-recovered",
    "trial-failback",
    "steady",
]


def reading(state: State, quiet_since: float | None = None, in_sight: bool = True, **more):
    return Reading(
        state, 0.0, "said so", quiet_since=quiet_since, in_sight=in_sight, **more
    )  # fmt: skip


def situation(primary=State.UP, backup=State.UNKNOWN, active="primary", **facts) -> Situation:
    """An office whose primary is seen, at second 1000; *policy* goes to its profile."""
    readings = {"primary": reading(primary, 0.0), "backup": reading(backup)}
    office = site(seen=facts.pop("seen", ("primary",)), **facts.pop("policy", {}))
    return Situation(
        now=facts.pop("now", 1000.0), site=office, active=active, readings=readings, **facts
    )


def moves(number: int, at: float = 990.0) -> list[Move]:
    return [Move(at, "primary", "backup", "active-down", proved=True)] * number


def test_order_is_the_contract():
    """All rows, as they are called there, and in its order."""
    assert [rule.name for rule in RULES] == CONTRACT


STUCK = Stuck("no way", ("primary", "backup"), 1000.0)
ONCE = replace(STUCK, tries=1)
SPENT = replace(STUCK, tries=TRIES)
LOOKED = {"viewed": 1001.0}
RESTORE = {"policy": {"drift": "restore"}}
PUT_BACK = [Move(990.0, "backup", "primary", "foreign-state", proved=True)] * 3
FAILED = [Move(990.0, "primary", "backup", "active-down", proved=False, failed=True)]
CLOSED = WindowTold(is_open=False, until=5000.0)
LEAVE = {"degraded": "switch"}
DRILL, HOME = (SwitchRequest("1", to, drill=True) for to in ("backup", "primary"))
AWAY = {"active": "backup", "backup": State.UP, "moves": moves(6)}
UNSEEN = {"active": "backup", "backup": State.UP, "primary": State.UNKNOWN, "seen": ()}


@pytest.mark.parametrize(
    ("facts", "rule", "target"),
    [
        ({}, "steady", None),
        ({"running": "switching", "stuck": STUCK}, "switchover-running", None),
        ({"stuck": STUCK, "primary": State.DOWN}, "stuck", None),
        ({"stuck": STUCK, "active": None, "now": 1010.0, "primary": State.UNKNOWN, **LOOKED}, "stuck", "primary"),  # noqa: E501
        ({"stuck": ONCE, "active": None, "now": 1020.0, "primary": State.UNKNOWN, **LOOKED}, "stuck", "backup"),  # noqa: E501
        ({"stuck": ONCE, "active": None, "now": 1020.0, **LOOKED}, "stuck", "primary"),
        ({"stuck": STUCK, "active": None, "now": 1010.0, "viewed": 1000.0}, "stuck", None),
        ({"stuck": STUCK, "active": None, "now": 1010.0, "prober_sick": "sick", **LOOKED}, "stuck", None),  # noqa: E501
        ({"stuck": STUCK, "active": None, "now": 1010.0, "router_unread": "away"}, "stuck", None),
        ({"stuck": SPENT, "active": None, "now": 9999.0}, "stuck", None),
        ({"stuck": STUCK, "request": SwitchRequest("1", "backup")}, "operator-asked", "backup"),
        ({"pause": Pause(), "request": SwitchRequest("1", "backup")}, "operator-asked", "backup"),
        ({"pause": Pause(), "hold": Hold("primary"), "primary": State.DOWN}, "paused", None),
        ({"pause": Pause(), "active": None, "interrupted": "backup"}, "finish-interrupted", "backup"),  # noqa: E501
        ({"request": DRILL}, "drill", "backup"),
        ({"request": DRILL, "backup": State.UP, "policy": LEAVE}, "drill", "backup"),
        ({"request": DRILL, "moves": moves(6)}, "drill", "backup"),
        ({"request": DRILL, "stuck": STUCK}, "stuck", None),
        ({"request": DRILL, "pause": Pause()}, "paused", None),
        ({"request": DRILL, "hold": Hold("primary")}, "held-by-operator", None),
        ({"request": DRILL, "hold": Hold("primary", drill=True)}, "drill", "backup"),
        ({"hold": Hold("primary", drill=True), "primary": State.DOWN}, "held-by-operator", None),
        ({"request": DRILL, "prober_sick": "sick"}, "prober-sick", None),
        ({"request": DRILL, "router_unread": "away"}, "router-unreachable", None),
        ({"request": DRILL, "foreign": "odd", "active": None}, "foreign-state", None),
        ({"request": DRILL, "primary": State.DOWN}, "active-down", "backup"),
        ({"request": DRILL, "primary": State.DOWN, "backup": State.DOWN}, "both-down", None),
        ({"request": HOME, **UNSEEN, "changed": 990.0, "window": CLOSED}, "drill", "primary"),
        ({"request": HOME, **AWAY, "hold": Hold("backup", drill=True)}, "drill", "primary"),
        ({"request": HOME, **AWAY, "hold": Hold("backup")}, "held-by-operator", None),
        ({"request": HOME, **AWAY}, "switch-budget-spent", None),
        ({"request": HOME, **AWAY, "moves": moves(1)}, "dwell", None),
        ({"hold": Hold("primary"), "primary": State.DOWN}, "held-by-operator", None),
        ({"hold": Hold("primary"), "active": None, "interrupted": "backup"}, "finish-interrupted", "backup"),  # noqa: E501
        ({"hold": Hold("backup"), "primary": State.DOWN}, "held-by-operator", "backup"),
        ({"hold": Hold("backup"), "primary": State.DOWN, "backup": State.DOWN}, "held-by-operator", None),  # noqa: E501
        ({"hold": Hold("backup"), "primary": State.DOWN, "prober_sick": "sick"}, "held-by-operator", None),  # noqa: E501
        ({"hold": Hold("backup"), "primary": State.DOWN, "router_unread": "away"}, "held-by-operator", None),  # noqa: E501
        ({"hold": Hold("backup"), "primary": State.DOWN, "moves": moves(6)}, "held-by-operator", None),  # noqa: E501
        ({"hold": Hold("backup"), "primary": State.DOWN, "tried": {"backup"}, "moves": FAILED}, "held-by-operator", None),  # noqa: E501
        ({"hold": Hold("backup"), "primary": State.DOWN, "tried": {"backup"}, "moves": FAILED, "now": 1050.0}, "held-by-operator", "backup"),  # noqa: E501
        ({"hold": Hold("backup")}, "held-by-operator", None),
        ({"hold": Hold("primary"), "active": None, "foreign": "odd", "ours": "primary", **RESTORE}, "held-by-operator", "primary"),  # noqa: E501
        ({"prober_sick": "sick", "primary": State.DOWN}, "prober-sick", None),
        ({"prober_sick": "sick", "active": None, "interrupted": "backup"}, "prober-sick", None),
        ({"router_unread": "away", "primary": State.DOWN}, "router-unreachable", None),
        ({"foreign": "odd", "active": None}, "foreign-state", None),
        ({"foreign": "odd", "active": None, "ours": "primary"}, "foreign-state", None),
        ({"foreign": "odd", "active": None, "ours": "primary", **RESTORE}, "foreign-state", "primary"),  # noqa: E501
        ({"foreign": "odd", "active": None, **RESTORE}, "foreign-state", None),
        ({"foreign": "odd", "active": None, "ours": "primary", "primary": State.DOWN, **RESTORE}, "foreign-state", None),  # noqa: E501
        ({"foreign": "odd", "active": None, "ours": "primary", "moves": PUT_BACK, **RESTORE}, "foreign-state", None),  # noqa: E501
        ({"foreign": "odd", "active": None, "ours": "primary", "moves": moves(5), **RESTORE}, "foreign-state", None),  # noqa: E501
        ({"active": "backup", "ours": "primary", "changed": 940.0, **RESTORE}, "foreign-state", "primary"),  # noqa: E501
        ({"active": "backup", "ours": "primary", "changed": 939.0, **RESTORE}, "returning-too-soon", None),  # noqa: E501
        ({"ours": "backup", "changed": 990.0, **RESTORE}, "steady", None),
        ({"foreign": "odd", "active": None, "interrupted": "backup"}, "finish-interrupted", "backup"),  # noqa: E501
        ({"primary": State.DOWN, "backup": State.DOWN}, "both-down", None),
        ({"primary": State.DOWN, "tried": {"backup"}}, "try-other", "backup"),
        ({"primary": State.DOWN, "tried": {"backup"}, "moves": moves(6)}, "switch-budget-spent", None),  # noqa: E501
        ({"primary": State.DOWN, "window": CLOSED}, "active-down", "backup"),
        ({"primary": State.DEGRADED, "policy": LEAVE}, "standby-not-better", None),
        ({"primary": State.DEGRADED, "backup": State.DOWN, "policy": LEAVE}, "standby-not-better", None),  # noqa: E501
        ({"primary": State.DEGRADED, "backup": State.UP}, "steady", None),
        ({"primary": State.DEGRADED, "backup": State.UP, "policy": LEAVE}, "active-degraded", "backup"),  # noqa: E501
        ({"primary": State.DEGRADED, "backup": State.UP, "policy": LEAVE, "now": 29.0}, "steady", None),  # noqa: E501
        ({"primary": State.DEGRADED, "backup": State.UP, "policy": LEAVE, "moves": moves(1)}, "dwell", None),  # noqa: E501
        ({"primary": State.DEGRADED, "backup": State.UP, "policy": LEAVE, "moves": moves(5)}, "switch-budget-spent", None),  # noqa: E501
        ({"primary": State.DOWN, "backup": State.UP, "tried": {"primary"}, "moves": [replace(FAILED[0], target="primary")]}, "active-down", "backup"),  # noqa: E501
        ({"primary": State.DOWN, "moves": moves(6)}, "switch-budget-spent", None),
        ({"primary": State.DOWN, "moves": moves(5)}, "active-down", "backup"),
        ({"primary": State.DOWN, "backup": State.UP}, "active-down", "backup"),
        ({"active": "backup", "backup": State.UP, "moves": moves(1)}, "dwell", None),
        ({"active": "backup", "backup": State.UP, "moves": moves(1, at=940.1)}, "dwell", None),
        ({"active": "backup", "backup": State.UP, "moves": moves(1, at=939.9)}, "preferred-recovered", "primary"),  # noqa: E501
        ({"active": "backup", "backup": State.UP, "now": 299.0}, "returning-too-soon", None),
        ({"active": "backup", "moves": moves(5)}, "switch-budget-spent", None),
        ({"active": "backup", "window": CLOSED}, "outside-window", None),
        ({"active": "backup", "window": CLOSED, "now": 299.0}, "returning-too-soon", None),
        ({"active": "backup", "backup": State.UP}, "preferred-recovered", "primary"),
        ({"active": "backup", "primary": State.DEGRADED}, "steady", None),
        ({"active": "backup", "primary": State.UNKNOWN}, "steady", None),
        ({**UNSEEN, "changed": 0.0, "now": 1799.0}, "returning-too-soon", None),
        ({**UNSEEN, "changed": 0.0, "now": 1801.0}, "trial-failback", "primary"),
        ({**UNSEEN, "changed": 0.0, "now": 1801.0, "window": CLOSED}, "outside-window", None),
        ({**UNSEEN, "changed": 0.0, "now": 1801.0, "moves": moves(5)}, "switch-budget-spent", None),
        ({**UNSEEN, "now": 1801.0, "policy": {"failback": "manual"}}, "steady", None),
        ({**UNSEEN, "now": 1801.0, "policy": {"failback": "evidence"}}, "steady", None),
        ({"active": "backup", "now": 9999.0, "changed": 0.0, "policy": {"failback": "trial"}}, "trial-failback", "primary"),  # noqa: E501
        ({"active": "backup", "primary": State.DEGRADED, "now": 9999.0, "changed": 0.0, "policy": {"failback": "trial"}}, "steady", None),  # noqa: E501
        ({"active": "backup", "primary": State.DOWN, "now": 9999.0, "changed": 0.0, "policy": {"failback": "trial"}}, "steady", None),  # noqa: E501
    ],
)  # fmt: skip
def test_first_match_decides(facts, rule, target):
    """Each row answers where it should, and hides those below it."""
    decision = decide(situation(**facts))
    assert (decision.rule, decision.target) == (rule, target)
    assert decision.because
    assert all(why for _, why in passed_over(situation(**facts)))


def test_hold_tells_of_a_dead_circuit():
    """A held dead circuit while a better one exists is said in so many words."""
    held = situation(primary=State.DOWN, backup=State.UP, hold=Hold("primary"))
    assert "although primary is down" in decide(held).because


@pytest.mark.parametrize("rule", [None, "standby-not-better", "foreign-state"])
def test_an_operator_is_refused_only_for_two_reasons(rule):
    """Known down or on neither circuit: refused, and both can be forced."""
    facts = {
        None: {},
        "standby-not-better": {"backup": State.DOWN},
        "foreign-state": {"foreign": "odd", "active": None},
    }[rule]
    asked = refusal(situation(**facts), SwitchRequest("1", "backup"))
    assert (asked.rule if asked else None) == rule
    assert refusal(situation(**facts), SwitchRequest("1", "backup", force=True)) is None


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        ("operator-asked", {"request": DRILL}),
        ("stuck", {"stuck": STUCK, "request": SwitchRequest("1", "backup")}),
        ("paused", {"pause": Pause(), "active": None, "interrupted": "backup"}),
        ("held-by-operator", {"hold": Hold("primary"), "active": None, "interrupted": "backup"}),
        ("held-by-operator", {"hold": Hold("backup", drill=True), "request": HOME, **AWAY}),
        ("try-other", {"primary": State.DOWN, "tried": {"backup"}, "moves": moves(6)}),
        ("dwell", {"hold": Hold("backup", drill=True), "request": HOME, **AWAY}),
    ],
)
def test_what_is_said_of_a_row_that_was_passed_over_is_true(rule, facts):
    """There is such a thing, and something else is why the row does not hold."""
    untrue = {
        "operator-asked": "no operator asked", "stuck": "no switchover",
        "paused": "automation is not", "held-by-operator": "no operator",
        "try-other": "not failed", "dwell": "switched nothing",
    }  # fmt: skip
    said = dict(passed_over(situation(**facts)))[rule]
    assert said
    assert not said.startswith(untrue[rule])
    assert untrue[rule] not in said


def test_an_operator_may_know_better_than_old_evidence():
    """Down when last seen, and nobody sees it now: the operator is not refused, the proof tells."""
    unseen = situation()
    unseen.readings["backup"] = reading(State.DOWN, in_sight=False)
    assert refusal(unseen, SwitchRequest("1", "backup")) is None


def test_every_rule_decides_in_a_case_above_and_in_a_timeline():
    """No row is dead: each is a decision in the cases above, and one that an operator is told."""
    told = {rule for mark in test_first_match_decides.pytestmark for _, rule, _ in mark.args[1]}
    names = {rule.name for rule in RULES}
    assert told == names
    stories = "".join(file.read_text().partition("----\n")[2] for file in STORIES.glob("*.txt"))
    decided = set(re.findall(r"decision: [^,]+, because ([a-z-]+):", stories))
    assert decided == names - {"switchover-running"}  # told by the switchover itself
    assert "switchover-running: switching from" in stories


def test_a_router_on_neither_circuit_has_words_of_its_own():
    """Whoever asks of no circuit, or of one that the profile has not, is told or knows at once."""
    lost = situation(active=None, hold=Hold("primary"))
    assert lost.why(None) == "the router is on neither circuit"
    assert decide(lost).because.endswith("but the router is on neither circuit")
    with pytest.raises(KeyError):
        lost.site.circuit("gone")


def test_the_standby_is_the_best_of_the_others():
    """By evidence first, and by the profile's order where that is equal."""
    office = site(names=("primary", "backup", "lte"))
    for backup, lte, best in (
        (State.DOWN, State.UNKNOWN, "lte"),
        (State.UNKNOWN, State.UP, "lte"),
        (State.UNKNOWN, State.UNKNOWN, "backup"),
        (State.DEGRADED, State.UNKNOWN, "backup"),
    ):
        states = {"primary": State.DOWN, "backup": backup, "lte": lte}
        readings = {name: reading(state) for name, state in states.items()}
        facing = Situation(now=1000.0, site=office, active="primary", readings=readings)
        assert facing.standby == best
        assert decide(facing).target == best


def test_a_stay_costs_no_action():
    """Nothing but a target makes the world act."""
    world = World(site())
    world.run(60)
    assert world.switches == []
