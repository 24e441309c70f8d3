"""A profile that is read again: the engine that follows is recorded as it was, and replayed so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.flight.tape import Recorded, played
from tests.scenarios.world import CONTROL, site
from wanfailover.core.engine import Engine


def test_what_follows_a_reload_is_replayed_as_it_was(tmp_path: Path) -> None:
    """What is in flight then is void to the new engine; all that comes later is not."""
    world = Recorded(tmp_path, site())
    world.run(10)
    old = world.engine
    world.engine = Engine(world.site, [CONTROL], replace(old.memory(), epoch=old.epoch + 1))
    view = old.router.view
    assert view is not None
    world.feed(view)
    world.run(60)
    world.alive["primary"] = False
    world.run(90)
    world.close()
    assert [target for _, _, target in world.switches] == ["backup"]
    assert played(tmp_path).difference is None
