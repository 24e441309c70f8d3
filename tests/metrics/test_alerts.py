"""The alert rules and the dashboard of ``deploy/``, on what an agent really tells."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.metrics.test_metrics import PROMTOOL, needs_promtool
from tests.metrics.told import MAIN, SPARE, samples

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
DASHBOARD = DEPLOY / "grafana" / "dashboard.json"
WHO = {"job": "wanfailover", "instance": "wan.example.com:8480"}
MINUTES = 6 * 60

DOWN, UNDONE = {"state": "down"}, {"rule": "active-down", "outcome": "undone"}
CASES = [
    # alert, minutes until it fires, and what is otherwise: (metric, labels, value)
    ("WanfailoverGone", 2, [("up", {}, 0)]),
    ("WanfailoverNeedsAPerson", 1, [("decision_page", {}, 1)]),
    ("WanfailoverAllCircuitsDown", 1, [("circuit_health", DOWN, 1)]),
    ("WanfailoverRouterUnreachable", 5, [("router_reachable", {}, 0)]),
    ("WanfailoverSwitchoverFailed", 1, [("switchovers_total", UNDONE, 1)]),
    ("WanfailoverLate", 5, [("loop_lag_seconds", {}, 1.5)]),
    ("WanfailoverCircuitDown", 5, [("circuit_health", DOWN | {"circuit": SPARE}, 1)]),
    ("WanfailoverCircuitLossy", 15, [("circuit_loss_ratio", {"circuit": MAIN}, 0.08)]),
    (
        "WanfailoverNotOnPreferredCircuit",
        60,
        [("circuit_active", {"circuit": MAIN}, 0), ("circuit_active", {"circuit": SPARE}, 1)],
    ),
    ("WanfailoverPaused", 240, [("paused", {}, 1)]),
    ("WanfailoverPreflightRed", 5, [("preflight_result", {"result": "red"}, 1)]),
    ("WanfailoverPreflightOverdue", 60, [("preflight_overdue", {}, 1)]),
    ("WanfailoverTunnelDown", 5, [("tunnel_state", DOWN, 1)]),
    ("WanfailoverMailNotDrained", 15, [("mail_state", {"state": "not-drained"}, 1)]),
    ("WanfailoverCanaryLost", 5, [("canary_state", {"state": "looped"}, 1)]),
    ("WanfailoverMessagesWaiting", 30, [("notifications_waiting", {}, 3)]),
    ("WanfailoverFlapping", 1, [("switchovers_total", {"rule": "operator-asked"}, 6)]),
    (
        "WanfailoverFailedOver",
        1,
        [("switchovers_total", {"rule": "active-down", "outcome": "proved"}, 1)],
    ),
]
BESIDE = {
    "WanfailoverAllCircuitsDown": {"WanfailoverCircuitDown"},
    "WanfailoverFlapping": {"WanfailoverSwitchoverFailed"},
}
"""Others that the same fire, by then or later."""

BEGINS = 60
"""Minutes after which a case's fault begins."""


def series(changed=()) -> list[dict]:
    """What Prometheus would have stored of a well agent, but for what is *changed*."""
    told = [(each.name, each.labels, each.value) for each in samples()]
    made, hits = [], 0
    for name, labels, value in [*told, ("up", {}, 1.0)]:
        values = f"{value}+0x{MINUTES}"
        for metric, where, other in changed:
            if name in {metric, f"wanfailover_{metric}"} and where.items() <= labels.items():
                then = value + other if name.endswith("_total") else other
                values = f"{value}+0x{BEGINS - 1} {then}+0x{MINUTES - BEGINS}"
                hits += 1
        quoted = ", ".join(f'{k}="{v}"' for k, v in (labels | WHO).items())
        made.append({"series": f"{name}{{{quoted}}}", "values": values})
    assert hits >= len(changed)
    return made


def firing(name: str, minute: int, expected: bool) -> dict:
    """That an alert fires at that time, once or more; or that it does not."""
    return {
        "expr": f'count(ALERTS{{alertname="{name}", alertstate="firing"}}) > bool 0',
        "eval_time": f"{minute}m",
        "exp_samples": [{"labels": "{}", "value": 1}] if expected else [],
    }


def run(tmp_path: Path, *tests: dict) -> subprocess.CompletedProcess:
    """Have promtool test the rules; JSON is YAML."""
    file = tmp_path / "test.yml"
    told = {"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": list(tests)}
    file.write_text(json.dumps(told))
    return subprocess.run([PROMTOOL, "test", "rules", file], capture_output=True, text=True)


def passes(done: subprocess.CompletedProcess) -> None:
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_promtool_finds_the_rules_sound():
    check = [PROMTOOL, "check", "rules", "--lint-fatal", ALERTS]
    done = subprocess.run(check, capture_output=True, text=True)
    passes(done)


@needs_promtool
def test_while_all_is_well_nobody_is_alarmed(tmp_path):
    quiet = {"expr": "ALERTS", "eval_time": f"{MINUTES}m", "exp_samples": []}
    passes(run(tmp_path, {"interval": "1m", "input_series": series(), "promql_expr_test": [quiet]}))


@needs_promtool
@pytest.mark.parametrize(("alert", "after", "changed"), CASES, ids=[case[0] for case in CASES])
def test_an_alert_fires_when_it_should_and_not_before(tmp_path, alert, after, changed):
    others = BESIDE.get(alert, set()) | {alert}
    nobody_else = f'ALERTS{{alertstate="firing", alertname!~"{"|".join(sorted(others))}"}}'
    at = BEGINS + after
    expectations = [
        firing(alert, at - 2, expected=False),
        firing(alert, at + 1, expected=True),
        {"expr": nobody_else, "eval_time": f"{at + 1}m", "exp_samples": []},
    ]
    test = {"interval": "1m", "input_series": series(changed), "promql_expr_test": expectations}
    passes(run(tmp_path, test))


@needs_promtool
def test_an_alerts_words_are_filled_in(tmp_path):
    expected = {
        "exp_labels": WHO | {"severity": "ticket", "circuit": MAIN},
        "exp_annotations": {
            "summary": f"Circuit {MAIN} of {WHO['instance']} loses 8%",
            "description": "Too little to fail over for, and enough for calls to suffer.",
        },
    }
    test = {
        "interval": "1m",
        "input_series": series([("circuit_loss_ratio", {"circuit": MAIN}, 0.08)]),
        "alert_rule_test": [
            {
                "eval_time": f"{BEGINS + 20}m",
                "alertname": "WanfailoverCircuitLossy",
                "exp_alerts": [expected],
            }
        ],
    }
    passes(run(tmp_path, test))


def rules() -> list[dict]:
    (group,) = YAML(typ="safe").load(ALERTS)["groups"]
    return group["rules"]


def panels(of: list[dict]) -> Iterator[dict]:
    for panel in of:
        yield panel
        yield from panels(panel.get("panels", []))


def expressions() -> list[tuple[str, str]]:
    """Each expression that asks Prometheus, with where it stands."""
    board = json.loads(DASHBOARD.read_text())
    found = [(rule["alert"], rule["expr"]) for rule in rules()]
    found += [
        (panel["title"], target["expr"])
        for panel in panels(board["panels"])
        for target in panel.get("targets", [])
    ]
    return found + [
        (each["name"], each["query"]["query"])
        for each in board["templating"]["list"]
        if each["type"] == "query"
    ]


@needs_promtool
def test_each_panel_shows_something(tmp_path):
    """Of an office that is well and has switched once; Grafana asks in the same language."""
    changed = [
        ("switchovers_total", {"rule": "active-down", "outcome": "proved"}, 1),
        ("probes_answered_total", {}, 1000),
    ]
    shown = [
        {
            "expr": f"count({expr.replace('$instance', WHO['instance'])}) > bool 0",
            "eval_time": f"{BEGINS + 2}m",
            "exp_samples": [{"labels": "{}", "value": 1}],
        }
        for where, expr in expressions()
        if not where.startswith("Wanfailover") and not expr.startswith("label_values")
    ]
    assert len(shown) > 15
    passes(
        run(
            tmp_path, {"interval": "1m", "input_series": series(changed), "promql_expr_test": shown}
        )
    )


def test_each_alert_is_tested():
    assert [case[0] for case in CASES] == [rule["alert"] for rule in rules()]


@pytest.mark.parametrize(("where", "expr"), expressions())
def test_it_asks_only_for_what_is_told(where, expr):
    """Metrics, their labels, and the values that labels can have."""
    told: dict[str, dict[str, set[str]]] = {"up": {}}
    for each in samples():
        labels = told.setdefault(each.name, {})
        for label, value in (each.labels | WHO).items():
            labels.setdefault(label, set()).add(value)
    told["up"] = {label: {value} for label, value in WHO.items()}
    names = re.findall(r"\b((?:wanfailover|process)_\w+|up(?=\{))", expr)
    assert names, where
    assert set(names) <= told.keys()
    for name, selector in re.findall(r"\b(\w+)\{([^}]*)\}", expr):
        for label, op, value in re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', selector):
            assert label in told[name], (where, name, label)
            if not value.startswith("$"):
                wanted = value.split("|") if "~" in op else [value]
                assert set(wanted) <= told[name][label], (where, name, label, value)


class TestDashboard:
    """Grafana's own checks need Grafana; these are of what it stumbles over."""

    board = json.loads(DASHBOARD.read_text())

    def test_every_panel_says_what_it_shows(self):
        for panel in panels(self.board["panels"]):
            assert panel["title"]
            assert panel["type"] == "row" or panel["description"]

    def test_no_two_are_one(self):
        ids = [panel["id"] for panel in panels(self.board["panels"])]
        assert len(ids) == len(set(ids))

    def test_they_do_not_cover_each_other_and_fill_the_width(self):
        cells = set()
        for panel in self.board["panels"]:
            at = panel["gridPos"]
            mine = {
                (x, y)
                for x in range(at["x"], at["x"] + at["w"])
                for y in range(at["y"], at["y"] + at["h"])
            }
            assert not cells & mine, panel["title"]
            cells |= mine
        assert {x for x, _ in cells} == set(range(24))

    def test_the_source_of_data_is_whoever_imports_its_own(self):
        for panel in panels(self.board["panels"]):
            for target in panel.get("targets", []):
                assert target["datasource"]["uid"] == "${datasource}"
                assert target["refId"]

    def test_each_series_has_a_name_of_its_own(self):
        for panel in panels(self.board["panels"]):
            ids = [target["refId"] for target in panel.get("targets", [])]
            assert len(ids) == len(set(ids))
        assert all(
            a["gridPos"]["y"] <= b["gridPos"]["y"] for a, b in pairwise(self.board["panels"])
        )
