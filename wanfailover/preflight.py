"""Would a failover work now? Everything a switch needs, looked at one by one; nothing is changed.

Each look gives findings: a colour, a sentence, and what to do about it. They are given one at a
time, as they come, for some take seconds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Protocol

from wanfailover import answers, timing, traffic
from wanfailover.abilities import Inspectable, Letting, Pinhole, Renewing
from wanfailover.aim import Aim
from wanfailover.config import Profile
from wanfailover.core.facts import Result, Role, RouterView
from wanfailover.core.site import Circuit, Path, Site
from wanfailover.errors import DriverError, RouterUnreachable
from wanfailover.mail import blocked, checks
from wanfailover.notify import checks as notified
from wanfailover.ports import Finding, ProbeResult, Severity
from wanfailover.probes import Names, once
from wanfailover.probes.icmp import permission, socket_kind
from wanfailover.probes.rouse import rouse
from wanfailover.specs import Icmp, ProbeSpec, Wake

GREEN, YELLOW, RED = Severity.GREEN, Severity.YELLOW, Severity.RED

LEFT_ALONE = (
    "nothing renews it: after an outage of a minute strongSwan asks its peer again 40 s later, and "
    "holds the old address until then"
)
"""As measured with its default timers; after longer outages it takes longer."""


def offline(
    profile: Profile, days: timing.Days | None = None, cost: float = 0.0
) -> Iterator[Finding]:
    """What the profile tells without asking anybody.

    Args:
        profile: What is looked at.

        days: What is known of its lines from watching them.

        cost: Seconds of outage that a switch is thought to cost on its router.
    """
    circuits = ", then ".join(circuit.name for circuit in profile.circuits)
    count = len(profile.probes)
    yield Finding("profile", GREEN, f"{circuits}; {count} far probe{'s' * (count != 1)}")
    for warning in profile.warnings:
        yield Finding("profile", YELLOW, str(warning))
    for circuit, wake in profile.wakes.items():
        sentence = (
            f"is raised by pinging {wake.host} before it is judged, for up to {wake.within:g} s"
        )
        yield Finding(f"{circuit}: wake", GREEN, sentence)
    yield from timing.findings(timing.Timing(profile, days, cost), datetime.now(UTC))
    yield from traffic.findings(profile)
    if profile.mail is not None:
        yield from checks.way(profile.mail, tunnels=len(profile.tunnels))


class Legible(Protocol):
    """A router's driver, as far as it must be for a look; it may be `Inspectable` besides."""

    async def read(self) -> RouterView:
        """Read what the router holds now."""
        ...


async def online(
    profile: Profile,
    driver: Legible,
    doing: Callable[[str], object] = str,
    names: Names | None = None,
) -> AsyncIterator[Finding]:
    """What router, probes and vantages tell, each as soon as it is known.

    Args:
        profile: What is looked at.

        driver: The router's.

        doing: Told what is begun, for some of it takes long.

        names: What is known of names by now.

    Raises:
        DriverError: The router cannot be reached or entered; nothing more can be told.
    """
    ping = _ping()
    yield ping
    site = profile.site()
    doing("reading the router")
    view = await driver.read()
    async for row in _router(profile, view, driver, doing):
        yield row
    names = names or Names()
    active = site.identify(view)
    look = _Look(profile, active, view, deaf=ping.severity is RED)
    async for row in look.round(names, doing):
        yield row
    for row in answers.dead(profile, look.seen, look.fallen, look.active):
        yield row
    for circuit in profile.circuits:
        if circuit.name in look.astray:
            yield answers.unmarked(circuit)
        if circuit.vantage is None and circuit is not active:
            yield answers.out_of_sight(circuit, profile)
    for row in blocked.findings(look.seen, look.active, [c.name for c in profile.circuits]):
        yield row
    async for row in _beyond(profile, names, doing):
        yield row


def unreachable(error: DriverError) -> Finding:
    """The row that ends a look at a router that cannot be reached or entered."""
    remedy = ""  # a refusal has its own in its sentence
    if isinstance(error, RouterUnreachable):
        remedy = "see whether it is on and lets this host log in; else correct `host` and `port`"
    return Finding("router", RED, f"cannot be reached or entered: {error}", remedy)


async def _beyond(
    profile: Profile, names: Names, doing: Callable[[str], object]
) -> AsyncIterator[Finding]:
    """What a switchover does not need, and whoever lives with it does."""
    if profile.mail is not None:
        doing(f"asking the backup MX {profile.mail.name}")
        async for row in checks.findings(profile.mail, names):
            yield row
        yield await checks.landing(profile.mail)
    if profile.notices.paths:
        doing("trying the paths of notifications")
        async for row in notified.findings(profile.notices, names):
            yield row


class _Look:
    """Every target, asked once over each way.

    Args:
        deaf: This process may not ping, and has said so.

    Attributes:
        seen: What the far ones answered.

        fallen: Circuits whose modem has no line.
    """

    def __init__(
        self, profile: Profile, active: Circuit | None, view: RouterView, *, deaf: bool
    ) -> None:
        self._profile = profile
        self._deaf = deaf
        self._blind: set[str | None] = set()
        self.active = active.name if active else None
        idle = {c.name for c in profile.circuits if c.marked and c is not active}
        self.astray = idle - view.marks
        self.seen: dict[tuple[str, ProbeSpec], ProbeResult] = {}
        self.fallen: set[str] = set()
        self._roused: set[str | None] = set()

    async def round(self, names: Names, doing: Callable[[str], object]) -> AsyncIterator[Finding]:
        ways: dict[str, Path] = {}
        for assignment in Aim(self._profile).at(self.active):
            circuit, role = assignment.circuit, assignment.target.role
            if circuit in self.astray and assignment.path.dscp:
                continue  # it would leave by the active circuit, and say nothing of this one
            if circuit in self._blind or (self._deaf and isinstance(assignment.spec, Icmp)):
                continue  # it has been said why
            wake = self._profile.wakes.get(circuit or "")
            if wake is not None and circuit not in self._roused and circuit != self.active:
                self._roused.add(circuit)
                doing(f"raising {circuit}")
                yield _raised(circuit, wake, await rouse(wake, assignment.path, names))
            doing(f"asking {assignment.target.name}")
            result = await once(assignment.spec, assignment.path, names)
            if circuit is not None and role is Role.FAR:
                self.seen[circuit, assignment.spec] = result
                ways[circuit] = assignment.path
            if circuit is not None and role is Role.DEVICE and result.result is Result.LOST:
                self.fallen.add(circuit)
            if answers.has_no_vantage(assignment, result):
                self._blind.add(circuit)
                yield answers.no_vantage(self._profile, assignment, result)
            else:
                yield answers.told(assignment, result, self._profile)
        mx = blocked.outside(self._profile.mail) if self._profile.mail else None
        if mx is not None and mx.name not in {spec.name for _, spec in self.seen}:
            for circuit, path in ways.items():
                self.seen[circuit, mx] = await once(mx, path, names)


def _ping() -> Finding:
    forbidden = permission()
    if forbidden is not None:
        sentence, _, remedy = forbidden.partition(": ")
        return Finding("ping", RED, sentence, remedy)
    return Finding("ping", GREEN, f"allowed, by {socket_kind()} socket")


def _active(site: Site, view: RouterView) -> Finding:
    circuit = site.identify(view)
    if circuit is None:
        return Finding(
            "router",
            RED,
            f"is on neither circuit: it sends from {view.source} to {view.gateway}",
            "correct the circuits in the profile, or put the router on one of them with "
            "wanfailover switch NAME --force",
        )
    return Finding("router", GREEN, f"is on {circuit.name}: {view.source} via {view.gateway}")


def _raised(circuit: str | None, wake: Wake, awake: bool) -> Finding:
    if awake:
        return Finding(f"{circuit}: wake", GREEN, f"is awake: {wake.host} answers")
    sentence = f"is not raised within {wake.within:g} s: {wake.host} does not answer"
    return Finding(f"{circuit}: wake", YELLOW, sentence, "give `wake` longer, or see to the line")


async def _router(
    profile: Profile, view: RouterView, driver: Legible, doing: Callable[[str], object]
) -> AsyncIterator[Finding]:
    site, mail = profile.site(), profile.mail
    yield _active(site, view)
    for row in renewals(site, driver):
        yield row
    if isinstance(driver, Inspectable):
        doing("looking round on the router")
        for row in await driver.inspect():
            yield row
    if mail is not None and mail.server is not None and isinstance(driver, Letting):
        yield pinhole(profile, mail.server, await driver.pinholes())


SERVICES = {25: "smtp", 465: "smtps", 587: "submission"}
"""What routers call the ports of mail."""


def pinhole(profile: Profile, server: str, known: tuple[Pinhole, ...] | None) -> Finding:
    """Whether the router's NAT lets mail in to our server: the tunnel may end outside of it.

    The server may be named as it is inside, or by the router's own address within the tunnel.
    """
    subject, (named, _, port) = "pinhole", server.partition(":")
    if known is None:
        return Finding(subject, YELLOW, "the servers behind the router's NAT could not be read")
    holes = [
        hole
        for hole in known
        if hole.port == int(port) or (not hole.port and hole.service == SERVICES.get(int(port)))
    ]
    near = str(profile.access.host).rpartition(".")[0] == named.rpartition(".")[0]
    if near:
        holes = [hole for hole in holes if str(hole.inside) == named]
    if not holes:
        return Finding(
            subject,
            YELLOW,
            f"no entry of the router's NAT leads port {port} to {named if near else 'us'}: mail "
            "stays out, unless it comes by a tunnel that the NAT leaves alone",
            "add a server to the router's NAT, with 0.0.0.0 for its public address",
        )
    if all(hole.public is not None for hole in holes):
        outside = ", ".join(str(hole.public) for hole in holes)
        owner = [c.name for c in profile.circuits if c.address.ip in {h.public for h in holes}]
        sentence = f"port {port} is led to {holes[0].inside} from {outside} alone"
        where = f": only while {owner[0]} is in use" if owner else ", which is no circuit's address"
        remedy = "give the entry 0.0.0.0 for its public address, or one for each circuit"
        return Finding(subject, YELLOW, sentence + where, remedy)
    return Finding(subject, GREEN, f"the router's NAT leads port {port} to {holes[0].inside}")


def renewals(site: Site, driver: Legible) -> Iterator[Finding]:
    """Whether tunnels are begun anew after a switch; how well they would, the driver tells."""
    for tunnel in site.tunnels:
        subject = f"tunnel {tunnel.name}"
        if isinstance(driver, Renewing):
            if tunnel.ike is None:
                yield Finding(subject, YELLOW, LEFT_ALONE, "give it `ike` and `child`")
            else:
                yield Finding(subject, GREEN, f"after a switch {driver.renewal(tunnel)}")
        elif tunnel.ike is not None:
            sentence = f"`ike` is given, but this router's driver cannot renew {tunnel.ike}"
            remedy = "leave `ike` and `child` out: the tunnel's check is the traffic that wakes it"
            yield Finding(subject, YELLOW, sentence, remedy)
