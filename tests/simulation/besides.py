"""Reloads and drills, in the middle of what happens anyway: by dice of their own.

Every other story has none, and is word for word what it was before there were any.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial

from tests.simulation.office import Eyes
from tests.simulation.world import World

Deed = Callable[[], object]


class Besides:
    """What a story has of them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = random.Random(f"besides {world.seed}")
        self._some = self._rng.random() < 0.5

    def happens(self, now: Callable[[Deed], Deed], awaits: int) -> bool:
        """Let some happen in this incident.

        Args:
            now: Makes a deed one that is done in this incident, or never.

            awaits: About so many are there in a switchover.

        Returns:
            Whether that is what the incident is about, and nothing else has to happen.
        """
        rng = self._rng
        kinds = ("nothing", "reload", "cut off", "drill", "drill and reload")
        kind = rng.choices(kinds, (3, 4, 1, 3, 2))[0] if self._some else "nothing"
        if "reload" in kind or kind == "cut off":
            for _ in range(rng.choice([1, 1, 2])):
                self._sometime(self._world.reload, now, awaits)
        if kind == "cut off":
            self._world.see(rng.choice(list(Eyes)[1:]))
        drill = partial(self._world.drill, rng.choice([2.0, 10.0, 40.0]))
        if "drill" not in kind:
            return kind == "cut off"
        if alone := rng.random() < 0.7:
            drill()
        else:
            self._sometime(drill, now, awaits)
        return alone

    def _sometime(self, deed: Deed, now: Callable[[Deed], Deed], awaits: int) -> None:
        """At any await of the next switchover, or in the minute to come."""
        rng, world = self._rng, self._world
        if rng.random() < 0.4:
            world.in_store.append(partial(world.fates.at, rng.randint(1, awaits), deed))
        else:
            later = rng.choice([2.0, 15.0, 60.0]) * rng.random()
            asyncio.get_running_loop().call_later(later, now(deed))
