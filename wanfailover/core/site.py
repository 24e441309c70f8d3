"""A site as the core knows it: its circuits, whom they are asked by, and how eager it is to act."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface

from wanfailover.core.facts import Role, RouterView


@dataclass(frozen=True, slots=True)
class Path:
    """How packets of a probe leave this host: one of our vantages.

    The empty path is `through`: ordinary packets that follow the host's routes to the router.

    Args:
        source: Bind to this address of ours.

        device: Bind to this interface (SO_BINDTODEVICE).

        dscp: Differentiated services code point, 0 to 63, of every packet sent (RFC 2474).
    """

    source: IPv4Address | None = None
    device: str | None = None
    dscp: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """Something a probe asks: its printed name, its role, and how often it is asked, in seconds."""

    name: str
    role: Role
    every: float

    @property
    def kind(self) -> str:
        """What it is asked by: ``icmp``, ``tcp``, ``smtp``, ``dns``, ``https`` or ``snmp``."""
        return self.name.partition(" ")[0].partition(":")[0]


@dataclass(frozen=True, slots=True)
class Circuit:
    """A way out to the Internet, as the profile gives it.

    Args:
        address: Our external address on it, with the length of its network's prefix.

        interface: The router's interface it is on, for drivers that need one.

        vantage: How packets are sent over it while it is idle; None where they cannot be.

        device: The target that asks its modem about the line, as printed; None where none can.

        wake_within: Seconds that the line may take to be raised by traffic; 0: it is always on.
    """

    name: str
    address: IPv4Interface
    gateway: IPv4Address
    interface: str | None = None
    vantage: Path | None = None
    metered: bool = False
    device: str | None = None
    wake_within: float = 0.0

    @property
    def marked(self) -> bool:
        """Probes over it while it is idle carry a mark that the router must know."""
        return self.vantage is not None and self.vantage.dscp != 0

    @property
    def gateway_target(self) -> Target:
        """The circuit's own gateway, pinged once a second as a diagnosis."""
        return Target(f"icmp {self.gateway}", Role.GATEWAY, 1.0)

    def idle_pace(self, every: float) -> float:
        """How often a target is asked over the circuit while it is idle, in seconds.

        Where traffic is paid for, ten times as seldom, but what is seldom already stays as it is.
        """
        return max(every, min(10 * every, 60.0)) if self.metered else every


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A tunnel to a customer, which the router ends.

    Args:
        check: Whom to ask through it, as printed; that is never a vote on a circuit.

        every: How often, in seconds.

        within: Seconds in which it must come up after a switch, before it is called down.

        ike: The router's connection to renew after a switch; None where it comes by itself.

        child: What to begin of that connection.
    """

    name: str
    check: str
    every: float = 0.5
    within: float = 90.0
    ike: str | None = None
    child: str | None = None


@dataclass(frozen=True, slots=True)
class Detect:
    """When a line is called dead. Times are seconds.

    The rules are those of `health`; the defaults are where the trace benchmark (``make
    bench-detect``) finds the best of them, over four kinds of line.

    Args:
        silence: No answer from any far target for so long is *down*; None: learned from the line.

        bad_seconds: By so many must bad seconds outnumber good ones; None: learned.

        false_per_year: False failovers that are acceptable in a year; what is learned follows it.

        learn: Follow the line's own healed silences; else the first values stay.

        first_silence: Patience before a day was observed.

        first_bad_seconds: The same for bad seconds.

        least: The shortest silence that learning may come to.

        most: The longest.

        enough: Probes that must be overdue at least, for silence.

        bad_share: Share of a second's probes that makes it bad, 0 to 1.

        spared_share: A target that lost less than this share is spared by a bad spell, which then
            is the other targets' and not the line's.

        muted_after: A target that misses so many in a row, while others answer, is set aside.

        timeout_least: Shortest time after which a probe is overdue, whatever its usual round trip.

        timeout_most: The longest.

        fast: Seconds between two probes of a line under suspicion.

        fast_for: Seconds of such probing that can be had at once; they come back by and by
            (`suspicion.REFILL`).

        stall: The agent woken later than this was deaf meanwhile.
    """

    silence: float | None = None
    bad_seconds: int | None = None
    false_per_year: float = 0.5
    learn: bool = True
    first_silence: float = 5.0
    first_bad_seconds: int = 12
    least: float = 2.0
    most: float = 45.0
    enough: int = 5
    bad_share: float = 0.2
    spared_share: float = 0.1
    muted_after: int = 5
    timeout_least: float = 0.25
    timeout_most: float = 3.0
    fast: float = 0.05
    fast_for: float = 60.0
    stall: float = 0.5


@dataclass(frozen=True, slots=True)
class Policy:
    """How eager to leave and to return. Times are seconds.

    Args:
        detect: When a line is called dead.

        need: Far targets that must answer for a circuit to be up.

        dwell: Shortest time between two automatic switchovers, unless the active circuit is down.

        switches_per_hour: Most automatic switchovers in any hour.

        degraded: ``switch`` leaves a degraded circuit for one that is up; ``stay`` does not.

        proof_within: A new circuit must prove itself within this.

        reconcile_every: How often the router is read.

        drift: What follows when another hand has moved the router. ``report``: it is told, and
            automation goes on from there. ``adopt``: the circuit it was moved to is held, as if an
            operator had asked for it. ``restore``: it is put back where it was.

        failback: How to return to a better circuit: ``evidence`` when it was seen good for
            *return_after*; ``trial`` by trying; ``manual`` never by itself; ``auto`` by evidence
            where a vantage sees it, else by trial.

        return_after: How long a better circuit must be good before it is trusted again. Doubles
            with each relapse within an hour of a return, up to half an hour.

        trial_every: How long after a switchover the first trial may be; doubles with each that
            fails, up to six hours.

        trial_within: A trial must prove itself within this, or it is taken back.

        forget: How long a failure that nobody can check now counts against a circuit.

        switch_cost: Seconds of outage that a switch itself costs at this site. A silence that heals
            within that is not worth one.
    """

    detect: Detect = field(default_factory=Detect)
    need: int = 1
    dwell: float = 60.0
    switches_per_hour: int = 6
    degraded: str = "stay"
    proof_within: float = 20.0
    reconcile_every: float = 60.0
    drift: str = "report"
    failback: str = "auto"
    return_after: float = 300.0
    trial_every: float = 1800.0
    trial_within: float = 20.0
    forget: float = 60.0
    switch_cost: float = 0.0

    @property
    def doubt(self) -> float:
        """How long a failed proof counts against a circuit, seconds."""
        return max(self.forget, self.dwell)


@dataclass(frozen=True, slots=True)
class Site:
    """All that the core knows of an office: circuits in order of preference, targets, policy."""

    name: str
    circuits: tuple[Circuit, ...]
    targets: tuple[Target, ...] = ()
    policy: Policy = field(default_factory=Policy)
    tunnels: tuple[Tunnel, ...] = ()

    def circuit(self, name: str) -> Circuit:
        """Find a circuit by its name; KeyError if there is none."""
        for circuit in self.circuits:
            if circuit.name == name:
                return circuit
        raise KeyError(name)

    def proof_within(self, circuit: str, *, trial: bool) -> float:
        """Seconds in which *circuit* must prove itself: a *trial* has its own, a slow line more."""
        return max(
            self.policy.trial_within if trial else self.policy.proof_within,
            self.circuit(circuit).wake_within,
        )

    def is_whole(self, view: RouterView | None) -> bool:
        """A router is on one circuit, and will be after its next restart."""
        return view is not None and self.identify(view) is not None and not view.unfinished

    def identify(self, view: RouterView) -> Circuit | None:
        """Tell which circuit a router is on: by source address, netmask and next hop."""
        for circuit in self.circuits:
            if (
                view.gateway == circuit.gateway
                and view.source == circuit.address.ip
                and circuit.interface in {None, view.interface}
                and view.netmask_of(view.source) in {None, circuit.address.network.prefixlen}
            ):
                return circuit
        return None
