"""What is seen by a mark brings nobody back before the mark was looked at again."""

from __future__ import annotations

import pytest

from tests.scenarios.world import World, site


def eager() -> World:
    """On the backup after the primary, seen by its mark, has died; a return takes two seconds."""
    world = World(
        site(seen=(), marked=("primary",), silence=1.0, return_after=1.0, dwell=1.0),
    )
    world.run(20)
    world.alive["primary"] = False
    world.run(40)
    assert world.engine.active == "backup"
    return world


@pytest.mark.parametrize("phase", range(10))
def test_nobody_returns_by_what_went_astray(phase: int):
    """The router forgets the mark, so that the probes of a dead circuit come back by the other."""
    world = eager()
    world.run(world.now + phase / 2)
    world.marks.clear()
    world.run(world.now + 60)
    assert [target for _, _, target in world.switches] == ["backup"]


def test_a_return_waits_for_the_next_look():
    """A circuit that has recovered is returned to within one look at the marks more than usual."""
    world = eager()
    world.alive["primary"] = True
    world.run(world.now + 1.0 + 1.0 + 5.0 + 1.0)
    assert world.engine.active == "primary"
