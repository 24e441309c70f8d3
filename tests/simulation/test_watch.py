"""A watch that never barks is none: defects that are put in on purpose are found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest

from tests.simulation.story import tell
from wanfailover.core import ledger, policy
from wanfailover.core.site import Site
from wanfailover.core.situation import Situation
from wanfailover.loop import Loop
from wanfailover.switchover import Switchover

SEEDS = 120
"""Stories within which each defect must show."""


def without_rule(name: str) -> Any:
    rules = tuple(rule for rule in policy.RULES if rule.name != name)
    assert len(rules) < len(policy.RULES)
    return patch.object(policy, "RULES", rules)


def no_undo() -> Any:
    """What was begun is left as it stands, and called undone."""

    async def leaves(self: Switchover, this: Any, why: Exception) -> Any:
        this.begun.clear()
        return await undo(self, this, why)

    undo = Switchover._undo
    return patch.object(Switchover, "_undo", leaves)


def no_lock() -> Any:
    """Whoever wants the router takes it."""

    class Open(asyncio.Lock):
        async def acquire(self) -> bool:  # type: ignore[override]
            return True

        def release(self) -> None:
            """It was not taken."""

    begin = Loop.__init__

    def init(self: Loop, *given: Any, **named: Any) -> None:
        begin(self, *given, **named)
        self.router = Open()

    return patch.object(Loop, "__init__", init)


DEFECTS: dict[str, tuple[str, Callable[[], Any]]] = {
    "undoes nothing": ("S1", no_undo),
    "takes an address alone for a circuit": (
        "S1",
        lambda: patch.object(
            Site,
            "identify",
            lambda self, view: next(
                (c for c in self.circuits if c.address.ip == view.source), None
            ),
        ),
    ),
    "leaves for what is no better": (
        "S2",
        lambda: patch.object(Situation, "active_down", property(lambda s: s.active is not None)),
    ),
    "counts no moves": ("S3", lambda: patch.object(ledger, "spent", lambda *_: 0)),
    "heeds no hold": ("S4", lambda: without_rule("held-by-operator")),
    "heeds no pause": ("S4", lambda: without_rule("paused")),
    "does two things at a time": ("S5", no_lock),
    "trusts its eyes": ("S6", lambda: without_rule("prober-sick")),
    "forgets what was interrupted": (
        "S9",
        lambda: patch("wanfailover.journal.memory._interrupted", lambda _: None),
    ),
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_found(defect: str) -> None:
    """By the property that it breaks."""
    law, put_in = DEFECTS[defect]
    with put_in():
        assert any(law in wrong for wrong in _wrong()), f"{SEEDS} stories, and no {law}"


def _wrong() -> Iterator[str]:
    for seed in range(SEEDS):
        yield from tell(seed).wrong
