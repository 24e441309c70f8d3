"""What would happen next, and when: a sentence over the data of ``status --json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wanfailover.core.requests import span

Report = Mapping[str, Any]


def upcoming(report: Report, good_for: float | None = None) -> dict[str, Any] | None:
    """Say it: *what*, and the time *at* which, where that can be told; None where nobody decides.

    Args:
        report: Of a running agent.

        good_for: Seconds that a better circuit must be seen good for; None where it is not
            returned to for that.
    """
    if not report["agent"]["running"] or report["decision"] is None:
        return None
    what, at = _next(report, good_for)
    return {"what": what, "at": at}


SWITCHING = "the switch is proved, or undone"
OTHER = "the other circuit is tried"
BACK = "back to {first}, if it is well then"

WHAT: Mapping[str, str] = {
    "switchover-running": SWITCHING,
    "operator-asked": SWITCHING,
    "drill": SWITCHING,
    "finish-interrupted": SWITCHING,
    "stuck": "the router is tried again; a person is needed",
    "paused": "nothing, until wanfailover resume ends the pause",
    "held-by-operator": "nothing, until wanfailover auto ends the hold",
    "prober-sick": "nothing, until something inside the network answers again",
    "router-unreachable": "nothing, until the router can be read again",
    "foreign-state": "nothing, until somebody decides: wanfailover switch {first} --force",
    "both-down": OTHER,
    "try-other": OTHER,
    "standby-not-better": "a move, as soon as another circuit is better",
    "switch-budget-spent": "a move, when the hour allows one more",
    "returning-too-soon": BACK,
    "dwell": BACK,
    "outside-window": BACK,
}
"""By the rule that holds; of the others none is due."""

BY_ITSELF: Mapping[str, str] = {
    "paused": "the pause ends, and the rules decide; sooner by wanfailover resume",
    "held-by-operator": "the hold ends, and the rules decide; sooner by wanfailover auto",
}
"""Of those that have an end: what is due then."""


def _next(report: Report, good_for: float | None) -> tuple[str, str | None]:
    rule, until = report["decision"]["rule"], report["decision"]["until"]
    first = next(iter(report["health"]), None)
    if rule == "returning-too-soon" and not _seen(report, first):
        return f"{first} is tried", until
    if rule in BY_ITSELF and until:
        return BY_ITSELF[rule], until
    if rule in WHAT:
        return WHAT[rule].format(first=first), until
    what = _steady(report, report["active"])
    if good_for is not None and first != report["active"] and _seen(report, first):
        what = f"back to {first}, when it has been good for {span(good_for)}; {what}"
    return what, until


def _steady(report: Report, active: str | None) -> str:
    """Nothing is due: what would make it so."""
    if active is None or active not in report["health"]:
        return "the router is read"
    others = [name for name, each in report["health"].items()
        if name != active and each["state"] != "down"]  # fmt: skip
    patience = report["health"][active]["patience_seconds"]
    if not others:
        return f"nothing better is in sight, should {active} die"
    better = next((name for name in others if report["health"][name]["state"] == "up"), others[0])
    return f"to {better}, should {active} be silent for {patience:g} s"


def _seen(report: Report, circuit: str | None) -> bool:
    return circuit is not None and report["health"][circuit]["vantage"] is not None
