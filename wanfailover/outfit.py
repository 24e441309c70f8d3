"""What decides and acts, as a profile has it: made at the start, and anew when that changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from wanfailover.aim import Aim
from wanfailover.config import Profile
from wanfailover.core.engine import Engine
from wanfailover.core.memory import Memory
from wanfailover.core.site import Site
from wanfailover.ports import EntrySink, RouterDriver
from wanfailover.probes import Names
from wanfailover.proofs import FarProver
from wanfailover.switchover import Switchover


@dataclass(frozen=True, slots=True)
class Outfit:
    """One profile's."""

    site: Site
    aim: Aim
    engine: Engine
    switchover: Switchover

    @classmethod
    def of(
        cls,
        profile: Profile,
        cost: float,
        memory: Memory | None,
        driver: RouterDriver,
        names: Names,
        record: EntrySink,
    ) -> Self:
        """Make it; a switch takes *cost* seconds here, *memory* is that of earlier engines."""
        site = profile.site()
        site = replace(site, policy=replace(site.policy, switch_cost=cost))
        aim = Aim(profile)
        prover = FarProver(profile.probes, site, names, profile.wakes)
        switchover = Switchover(site, driver, prover, record)
        return cls(site, aim, Engine(site, aim.controls, memory), switchover)
