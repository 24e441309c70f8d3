"""What a decision rests on: the rules that said no, and the figures it was measured by."""

from __future__ import annotations

from collections.abc import Iterator

from wanfailover.core.policy import RULES, matching
from wanfailover.core.situation import Situation


def passed_over(situation: Situation) -> Iterator[tuple[str, str]]:
    """The rows above the one that decides, each with the reason why it does not hold."""
    for rule in RULES[: RULES.index(matching(situation))]:
        yield rule.name, rule.otherwise(situation)


def thresholds(s: Situation) -> Iterator[tuple[str, str]]:
    """What the decision was measured by: names and values, as one would say them."""
    policy = s.policy
    for name, reading in s.readings.items():
        patience = f"after {reading.patience:.1f} s of silence ({reading.learned})"
        yield f"{name} is called down", patience
    kept = ", and one more away from a dead circuit" if s.budget < policy.switches_per_hour else ""
    yield "switches within the hour", f"{s.spent} of {s.budget}{kept}"
    yield "dwell", f"{policy.dwell:g} s between automatic switches"
    back = s.way_back
    if back is not None:
        must = "left alone" if back.trial else "good"
        yield f"{back.circuit} must be {must}", f"{back.waits:.0f} s"
        yield "return permitted", "now" if s.window.is_open else "in the window only"
