"""What a profile says, once it is read: frozen values that the agent is wired from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wanfailover.core.facts import Circuit, Policy, Role, Site, Target
from wanfailover.errors import Complaint
from wanfailover.ports import RouterAccess, Secret
from wanfailover.specs import ProbeSpec


@dataclass(frozen=True, slots=True)
class Profile:
    """A site as its profile describes it.

    Args:
        name: The site's.

        access: How to get at the router. Its secrets are None where they were not to be read.

        circuits: In order of preference.

        warnings: What is allowed and probably not meant.
    """

    file: Path
    name: str
    driver: str
    access: RouterAccess
    circuits: tuple[Circuit, ...]
    probes: tuple[ProbeSpec, ...]
    policy: Policy
    warnings: tuple[Complaint, ...] = ()

    def site(self) -> Site:
        """Make the core's value, with the far targets; the agent adds gateways and controls."""
        targets = tuple(Target(probe.name, Role.FAR, probe.every) for probe in self.probes)
        return Site(self.name, self.circuits, targets, self.policy)

    def secrets(self) -> tuple[str, ...]:
        """Every secret that was read, for whoever must strike them out."""
        access = self.access
        kept = (
            access.password,
            access.sudo_password,
            access.community,
            access.read_community,
        )
        return tuple(secret.reveal() for secret in kept if isinstance(secret, Secret))
