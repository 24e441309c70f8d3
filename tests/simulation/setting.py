"""What a story plays in: an office, how eager it is, and what router it has."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.simulation import office as offices
from tests.simulation.linux import VirtualLinux
from tests.simulation.netopia import VirtualR9100
from tests.simulation.wire import Fates
from wanfailover.core.site import Detect, Policy, Site


@dataclass(frozen=True)
class Setting:
    """An office, how eager it is, and what router it has.

    Args:
        kind: ``linux-swap``, ``linux-ports`` or ``netopia``.

        variant: Of an R9100.
    """

    kind: str
    policy: Policy
    seen: tuple[str, ...] = ()
    variant: str = ""

    @property
    def site(self) -> Site:
        shape = {"linux-swap": "swap", "linux-ports": "ports", "netopia": "plain"}[self.kind]
        return offices.make_site(self.policy, shape=shape, seen=self.seen)

    def router(self, fates: Fates) -> VirtualLinux | VirtualR9100:
        if self.kind == "netopia":
            return VirtualR9100(self.site, self.variant, fates)
        return VirtualLinux(self.site, fates=fates)


def draw(rng: random.Random) -> Setting:
    """Any of them."""
    kind = rng.choices(["linux-swap", "linux-ports", "netopia"], [5, 3, 1])[0]
    policy = Policy(
        Detect(first_silence=rng.choice([2.0, 5.0]), fast=0.3),
        dwell=rng.choice([5.0, 30.0]),
        switches_per_hour=rng.choice([3, 6, 12]),
        degraded=rng.choice(["stay", "switch"]),
        proof_within=rng.choice([3.0, 10.0]),
        reconcile_every=20.0 if kind == "netopia" else rng.choice([5.0, 15.0]),
        drift=rng.choice(["report", "adopt", "restore"]),
        failback=rng.choice(["auto", "auto", "evidence", "trial", "manual"]),
        return_after=rng.choice([5.0, 30.0]),
        trial_every=rng.choice([20.0, 120.0]),
        trial_within=rng.choice([3.0, 10.0]),
        forget=rng.choice([10.0, 60.0]),
    )
    seen = rng.choice([(), ("primary",), ("primary", "backup")])
    variant = rng.choice(["", "", "link-reset", "restart", "snmp-off"])
    return Setting(kind, policy, seen, variant)
