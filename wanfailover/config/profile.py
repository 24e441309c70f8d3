"""What a profile says, once it is read: frozen values that the agent is wired from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wanfailover.addressees import ByMail, ByWebhook, Notices
from wanfailover.calendar import Calendar
from wanfailover.core.facts import Role
from wanfailover.core.site import Circuit, Policy, Site, Target, Tunnel
from wanfailover.errors import Complaint
from wanfailover.ports import RouterAccess, Secret
from wanfailover.rounds import Rounds
from wanfailover.specs import Device, Mail, Page, ProbeSpec, Wake


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept, and for how many seconds.

    Args:
        samples: Single probes' results.

        samples_size: Bytes that these may take; the oldest go first.

        history: Decisions, switchovers, what lines have taught, and samples by the hour.
    """

    samples: float = 7 * 86400.0
    samples_size: int = 200 * 1000**2
    history: float = 400 * 86400.0


@dataclass(frozen=True, slots=True)
class TunnelSpec:
    """A tunnel as the profile gives it: see `core.site.Tunnel`; *check* goes through it."""

    name: str
    check: ProbeSpec
    within: float = 90.0
    ike: str | None = None
    child: str | None = None

    def tunnel(self) -> Tunnel:
        """Make the core's value."""
        check = self.check
        return Tunnel(self.name, check.name, check.every, self.within, self.ike, self.child)


@dataclass(frozen=True, slots=True)
class Profile:
    """A site as its profile describes it.

    Args:
        name: The site's.

        access: How to get at the router. Its secrets are None where they were not to be read.

        circuits: In order of preference.

        devices: By circuit, how its modem is asked about its line, where it is.

        wakes: By circuit, how it is raised, where it sleeps.

        calendar: When a return is permitted.

        mail: The backup MX, where there is one.

        notices: Who is told of what happens, and how often.

        rounds: What is done by the clock on the wall: preflights, drills.

        page: Where the status page listens, if it does.

        warnings: What is allowed and probably not meant.
    """

    file: Path
    name: str
    driver: str
    access: RouterAccess
    circuits: tuple[Circuit, ...]
    probes: tuple[ProbeSpec, ...]
    policy: Policy
    devices: Mapping[str, Device] = field(default_factory=dict)
    wakes: Mapping[str, Wake] = field(default_factory=dict)
    calendar: Calendar = field(default_factory=Calendar)
    tunnels: tuple[TunnelSpec, ...] = ()
    keep: Keep = Keep()
    mail: Mail | None = None
    notices: Notices = field(default_factory=Notices)
    rounds: Rounds = field(default_factory=Rounds)
    page: Page | None = None
    warnings: tuple[Complaint, ...] = ()

    def site(self) -> Site:
        """Make the core's value, with the far targets; the agent adds gateways and controls."""
        targets = tuple(Target(probe.name, Role.FAR, probe.every) for probe in self.probes)
        tunnels = tuple(tunnel.tunnel() for tunnel in self.tunnels)
        return Site(self.name, self.circuits, targets, self.policy, tunnels)

    def secrets(self) -> tuple[str, ...]:
        """Every secret that was read, for whoever must strike them out."""
        access = self.access
        kept = (
            access.password,
            access.sudo_password,
            access.community,
            access.read_community,
            *(device.community for device in self.devices.values()),
            *(path.password for path in self.notices.paths if isinstance(path, ByMail)),
            *(path.token for path in self.notices.paths if isinstance(path, ByWebhook)),
            *(path.url for path in self.notices.paths if isinstance(path, ByWebhook)),
        )
        return tuple(secret.reveal() for secret in kept if isinstance(secret, Secret))
