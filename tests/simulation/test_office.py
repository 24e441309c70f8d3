"""What a packet finds out in the simulated office."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.matrix import ROUTERS
from tests.simulation.office import Life
from tests.simulation.world import in_virtual_time, world


@pytest.mark.parametrize("router", ["linux-swap", "netopia"])
def test_a_gateway_answers_by_its_own_circuit_alone(router: str) -> None:
    """Also where nothing beyond it does; else no agent here was ever told that one lives."""

    async def story(journal: Path) -> None:
        async with world(0, journal, setting=ROUTERS[router]) as made:
            on, other = made.office.site.circuits
            for life in (Life.ALIVE, Life.BEYOND):
                made.office.life[on.name] = life
                assert made.office.answers(on.gateway_target, on, through=True)
                assert not made.office.answers(other.gateway_target, other, through=True)
            made.office.life[on.name] = Life.DEAD
            assert not made.office.answers(on.gateway_target, on, through=True)

    in_virtual_time(story)
