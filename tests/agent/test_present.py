"""How things stand, beside what an engine knows."""

from __future__ import annotations

from tests.scenarios.world import holds, site
from wanfailover.core.engine import Engine
from wanfailover.core.facts import WindowTold
from wanfailover.present import Present


def test_since_when_outlasts_a_new_profile():
    """Its engine is told of the window first, and only then what the router holds."""
    present, old, new = Present("memory", None), Engine(site()), Engine(site())
    for engine, fact, now in (
        (old, holds(site(), "backup", 10.0), 10.0),
        (new, WindowTold(is_open=True), 99.0),
        (new, holds(site(), "backup", 99.0), 99.0),
    ):
        engine.feed(fact, now)
        present.fed(fact, engine, now)
    first = present.report(new, {})
    assert first["active"] == "backup"
    wall = present._wall
    assert first["since"] == wall.at(10.0)
    assert wall.at(10.0) != wall.at(99.0)
