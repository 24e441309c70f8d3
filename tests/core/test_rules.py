"""The table of rules: its order is a contract, and each row says what it must."""

from __future__ import annotations

import pytest

from tests.scenarios.world import World, site
from wanfailover.core.facts import SwitchRequest
from wanfailover.core.health import Reading, State
from wanfailover.core.policy import RULES, Hold, Situation, decide, refusal

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


def reading(state: State, quiet_since: float | None = None, in_sight: bool = True) -> Reading:
    return Reading(state, 0.0, "said so", quiet_since=quiet_since, in_sight=in_sight)


def situation(primary=State.UP, backup=State.UNKNOWN, active="primary", **facts) -> Situation:
    readings = {"primary": reading(primary, 0.0), "backup": reading(backup)}
    return Situation(
        now=facts.pop("now", 1000.0), site=site(), active=active, readings=readings, **facts
    )


def test_order_is_the_contract():
    """Rows stand in the contract's order; a row may be missing, none may be moved or renamed."""
    names = [rule.name for rule in RULES]
    assert names == [name for name in CONTRACT if name in names]


@pytest.mark.parametrize(
    ("facts", "rule", "target"),
    [
        ({}, "steady", None),
        ({"running": "switching", "stuck": "no way"}, "switchover-running", None),
        ({"stuck": "no way", "primary": State.DOWN}, "stuck", None),
        ({"stuck": "no", "request": SwitchRequest("1", "backup")}, "operator-asked", "backup"),
        ({"hold": Hold("primary"), "primary": State.DOWN}, "held-by-operator", None),
        ({"prober_sick": "sick", "primary": State.DOWN}, "prober-sick", None),
        ({"router_unread": "away", "primary": State.DOWN}, "router-unreachable", None),
        ({"foreign": "odd", "active": None}, "foreign-state", None),
        ({"foreign": "odd", "active": None, "interrupted": "backup"}, "finish-interrupted", "backup"),  # noqa: E501
        ({"primary": State.DOWN, "backup": State.DOWN}, "both-down", None),
        ({"primary": State.DOWN, "tried": {"backup"}}, "try-other", "backup"),
        ({"primary": State.DOWN, "switched": [990.0] * 6}, "switch-budget-spent", None),
        ({"primary": State.DOWN, "switched": [990.0] * 5}, "active-down", "backup"),
        ({"primary": State.DOWN, "backup": State.UP}, "active-down", "backup"),
        ({"active": "backup", "backup": State.UP, "switched": [990.0]}, "dwell", None),
        ({"active": "backup", "backup": State.UP, "now": 299.0}, "returning-too-soon", None),
        ({"active": "backup", "switched": [990.0] * 5}, "switch-budget-spent", None),
        ({"active": "backup", "backup": State.UP}, "preferred-recovered", "primary"),
        ({"active": "backup", "primary": State.DEGRADED}, "steady", None),
        ({"active": "backup", "primary": State.UNKNOWN}, "steady", None),
    ],
)  # fmt: skip
def test_first_match_decides(facts, rule, target):
    """Each row answers where it should, and hides those below it."""
    decision = decide(situation(**facts))
    assert (decision.rule, decision.target) == (rule, target)
    assert decision.because


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


def test_an_operator_may_know_better_than_old_evidence():
    """Down when last seen, and nobody sees it now: the operator is not refused, the proof tells."""
    unseen = situation()
    unseen.readings["backup"] = reading(State.DOWN, in_sight=False)
    assert refusal(unseen, SwitchRequest("1", "backup")) is None


def test_every_rule_is_reached_by_some_story():
    """No row is dead: each fires in the parametrized cases above or in a golden timeline."""
    told = {mark.args[1][i][1] for mark in test_first_match_decides.pytestmark
            for i in range(len(mark.args[1]))}  # fmt: skip
    assert told == {rule.name for rule in RULES}


def test_a_stay_costs_no_action():
    """Nothing but a target makes the world act."""
    world = World(site())
    world.run(60)
    assert world.switches == []
