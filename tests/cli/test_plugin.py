"""`status --check`: every state as a monitoring plugin tells it."""

from __future__ import annotations

import re
from copy import deepcopy

import pytest

from wanfailover.cli.plugin import judged, line

LINE = re.compile(
    r"WANFAILOVER (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+"
    r"( \|( ?'[^'=]+'=[0-9.]+(%|ms|s)?(;[0-9]*){0,4}| uptime=[0-9]+s;;;0)+)?"
)
"""The form of the Monitoring Plugins' guidelines."""

WELL = {
    "site": "office",
    "active": "primary",
    "health": {
        "primary": {"state": "up", "because": "answering", "loss": 0.01, "rtt_ms": 11.2},
        "backup": {"state": "unknown", "because": "not seen yet", "loss": None, "rtt_ms": None},
    },
    "decision": {"rule": "steady", "because": "primary is up | preferred", "page": False},
    "paused": False,
    "hold": None,
    "tunnels": [{"name": "a", "state": "up"}],
    "mail": None,
    "preflight": None,
    "drill": None,
    "warnings": [],
    "agent": {"running": True, "uptime_seconds": 5},
}


def but(path: str, value: object) -> dict:
    """The same, with something else in it."""
    report = deepcopy(WELL)
    *way, last = path.split(".")
    where = report
    for key in way:
        where = where[key]
    where[last] = value
    return report


def test_all_is_well():
    """The rule's sentence, and figures: a bar in the words would begin them."""
    code, words = judged(WELL)
    assert code == 0
    assert words == (
        "WANFAILOVER OK - office is on primary: steady: primary is up / preferred | "
        "'primary_loss'=1%;;;0;100 'primary_rtt'=11.2ms;;;0 uptime=5s;;;0"
    )


@pytest.mark.parametrize(
    ("path", "value", "code", "words"),
    [
        ("agent", {"running": False, "uptime_seconds": None}, 2, "no agent runs"),
        ("health.primary.state", "down", 2, r"primary is down \(answering\)"),
        ("health.primary.state", "degraded", 1, "primary is degraded"),
        ("active", None, 2, "is on neither circuit: steady"),
        ("active", "backup", 1, "not on primary, which is preferred"),
        ("decision.page", True, 2, "steady: primary is up"),
        ("paused", True, 1, "automation is paused"),
        ("hold", {"circuit": "primary"}, 1, "an operator holds primary"),
        ("tunnels", [{"name": "a", "state": "down"}], 1, "tunnel a is down"),
        ("mail", {"state": "not-drained", "because": "451"}, 1, "mail: 451"),
        ("mail", {"state": "drained", "because": "250"}, 0, "steady"),
        (
            "mail",
            {
                "state": "drained",
                "because": "250",
                "canary": {"state": "looped", "because": "it loops"},
            },
            1,
            "mail: it loops",
        ),
        (
            "mail",
            {
                "state": "drained",
                "because": "250",
                "canary": {"state": "arrived", "because": "it came"},
            },
            0,
            "steady",
        ),
        ("preflight", {"result": "red"}, 1, "the last preflight was red"),
        ("preflight", {"result": "green", "overdue": True}, 1, "the preflight is overdue"),
        ("preflight", {"result": "yellow"}, 0, "steady"),
        ("drill", {"state": "failed", "because": "x"}, 1, "the last drill failed: x"),
        ("drill", {"state": "passed", "because": "x"}, 0, "steady"),
        ("warnings", ["the disk\nis full"], 1, "the disk is full"),
    ],
)
def test_what_is_amiss(path, value, code, words):
    got, text = judged(but(path, value))
    assert got == code
    assert re.search(words, text)
    assert LINE.fullmatch(text), text


def test_a_held_dead_circuit_is_critical():
    """With a better one beside it: the rule pages, and both are said."""
    report = but("health.primary.state", "down")
    report["hold"] = {"circuit": "primary"}
    report["decision"] = {"rule": "held-by-operator", "because": "ann holds primary", "page": True}
    code, text = judged(report)
    assert code == 2
    assert "primary is down" in text
    assert "held-by-operator: ann holds primary" in text


def test_the_line_is_one():
    assert line(3, "a\nb | c") == "WANFAILOVER UNKNOWN - a b / c"
