"""What the core is told, and the values it speaks in.

A fact is something that happened, stamped with the monotonic instant it happened at. The agent's
inbox carries nothing else, so an operator's request goes in by the same door as a probe's bad news.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface

Instant = float
"""Seconds on a monotonic clock. Wall time exists only in the journal."""


class Role(StrEnum):
    """Whom a probe asks, which decides what its answer may say."""

    FAR = "far"  # on the Internet: votes on the circuit's health
    GATEWAY = "gateway"  # the circuit's own gateway: a diagnosis, never a vote while far ones exist
    CONTROL = "control"  # the router's inside: tells whether the prober itself is sane
    DEVICE = "device"  # the circuit's modem, on its line: a dead one is down, a live one no proof


class Result(StrEnum):
    """What became of one probe."""

    ANSWERED = "answered"
    LOST = (
        "lost"  # no answer in time, or a wrong one; a later ANSWERED for the same probe repairs it
    )
    UNSENT = "unsent"  # it never left this host: neither life nor loss of the line


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
class Circuit:
    """A way out to the Internet, as the profile gives it.

    Args:
        address: Our external address on it, with the length of its network's prefix.

        interface: The router's interface it is on, for drivers that need one.

        vantage: How packets are sent over it while it is idle; None where they cannot be.

        device: The target that asks its modem about the line, as printed; None where none can.
    """

    name: str
    address: IPv4Interface
    gateway: IPv4Address
    interface: str | None = None
    vantage: Path | None = None
    metered: bool = False
    device: str | None = None

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
class ProbeSample:
    """One probe's result.

    Two samples with the same *target* and *sent* are the same probe: the later one replaces the
    earlier, which is how a late reply takes its loss back.

    Args:
        circuit: The circuit it speaks for; None for a control.

        target: Which target, as printed to the operator, such as ``icmp 192.0.2.10``.

        sent: When it was sent, seconds, monotonic.

        rtt: Seconds from sending to the answer; None unless answered.

        step: The step that failed, such as ``connect`` or ``starttls``; None when none did.

        detail: A few words on the failure.

        timeout: Seconds it was given before it counted as lost.

        retries: Packets lost on the way to an answer: TCP tries again by itself. It is a sign of
            life all the same.

        epoch: The count of changes of the active circuit when it was sent. A sample of an earlier
            epoch was in flight over a switchover and is void.
    """

    circuit: str | None
    target: str
    role: Role
    sent: Instant
    result: Result
    rtt: float | None = None
    step: str | None = None
    detail: str = ""
    epoch: int = 0
    timeout: float = 1.0
    retries: int = 0

    @property
    def missed(self) -> bool:
        """A packet of it was lost, whether or not an answer came in the end."""
        return self.result is Result.LOST or self.retries > 0


@dataclass(frozen=True, slots=True)
class RouterView:
    """What the router holds, read from the router itself.

    Args:
        at: When it was read, seconds, monotonic.

        gateway: Next hop of the default route; None if there is none.

        source: Source address of ordinary traffic that the router sends out by that route.

        interface: The interface of the default route.

        addresses: Every IPv4 address the router has, with its interface.

        remarks: Sentences about what the driver found and cannot change, for `check` and plans.

        unfinished: What the router will hold after its next restart, in words, where that is not
            what it runs: half of a change. Empty where there is no such thing.

        marks: Idle circuits by which marked packets leave, as read back from the router just now.
    """

    at: Instant
    gateway: IPv4Address | None
    source: IPv4Address | None
    interface: str | None = None
    addresses: tuple[tuple[str, IPv4Interface], ...] = ()
    remarks: tuple[str, ...] = ()
    unfinished: str = ""
    marks: frozenset[str] = frozenset()

    def netmask_of(self, ip: IPv4Address) -> int | None:
        """Prefix length with which the router holds *ip*; None where it does not say."""
        held = (address for _, address in self.addresses if address.ip == ip)
        return next((address.network.prefixlen for address in held), None)


@dataclass(frozen=True, slots=True)
class RouterUnread:
    """The router could not be read; *why* is the error's sentence."""

    at: Instant
    why: str


@dataclass(frozen=True, slots=True)
class SwitchRequest:
    """An operator asks for a circuit.

    Args:
        id: Names the request, so that its answer finds the asker.

        circuit: The circuit asked for.

        hold: For how many seconds automation leaves it there; None for "until `auto`".

        once: Leave no hold.

        force: Do it even where the target is known down or the router is on neither circuit.

        reason: The operator's own words, kept in the journal.

        who: The operator's login name.
    """

    id: str
    circuit: str
    hold: float | None = None
    once: bool = False
    force: bool = False
    reason: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class AutoRequest:
    """An operator ends a hold."""

    id: str
    who: str = ""


@dataclass(frozen=True, slots=True)
class PauseRequest:
    """An operator stops automation for *seconds*; None for "until `resume`"."""

    id: str
    seconds: float | None = None
    who: str = ""


@dataclass(frozen=True, slots=True)
class ResumeRequest:
    """An operator lets automation go on."""

    id: str
    who: str = ""


@dataclass(frozen=True, slots=True)
class WindowTold:
    """The calendar says whether a return is permitted now, and when that changes (None: never)."""

    is_open: bool
    until: Instant | None = None


class Ending(StrEnum):
    """How a switchover stands; these words are a contract of ``status --json``."""

    RUNNING = "running"
    PROVED = "proved"
    UNDONE = "undone"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class SwitchoverStarted:
    """A switchover has begun; until its `Outcome` arrives nothing else may."""

    id: str
    source: str | None
    target: str
    rule: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A switchover has ended.

    Args:
        seconds: How long it took, first read to last proof.

        because: One sentence: what was proved, or what failed and what was done about it.

        automatic: No operator asked for it.

        changed: The router was touched; False where it ended before the first action.

        proof_failed: The router did as it was told, and traffic did not pass.

        view: What the router was last read to hold.
    """

    id: str
    source: str | None
    target: str
    rule: str
    ending: Ending
    seconds: float
    because: str
    automatic: bool = True
    changed: bool = True
    proof_failed: bool = False
    view: RouterView | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed and nothing else happened."""


Fact = (
    ProbeSample
    | RouterView
    | RouterUnread
    | SwitchRequest
    | AutoRequest
    | PauseRequest
    | ResumeRequest
    | WindowTold
    | SwitchoverStarted
    | Outcome
    | Tick
)


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

        fast_for: Seconds of such probing that can be had at once; a sixtieth of time refills them.

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
    fast: float = 0.1
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

        failback: How to return to a better circuit: ``evidence`` when it was seen good for
            *return_after*; ``trial`` by trying; ``manual`` never by itself; ``auto`` by evidence
            where a vantage sees it, else by trial.

        return_after: How long a better circuit must be good before it is trusted again. Doubles
            with each relapse within an hour of a return, up to half an hour.

        trial_every: How long after a switchover the first trial may be; doubles with each that
            fails, up to six hours.

        trial_within: A trial must prove itself within this, or it is taken back.

        forget: How long a failed proof counts against a circuit; doubles with each that follows, up
            to an hour.

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
    failback: str = "auto"
    return_after: float = 300.0
    trial_every: float = 1800.0
    trial_within: float = 20.0
    forget: float = 60.0
    switch_cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Site:
    """All that the core knows of an office: circuits in order of preference, targets, policy."""

    name: str
    circuits: tuple[Circuit, ...]
    targets: tuple[Target, ...] = ()
    policy: Policy = field(default_factory=Policy)

    def circuit(self, name: str) -> Circuit:
        """Find a circuit by its name; KeyError if there is none."""
        for circuit in self.circuits:
            if circuit.name == name:
                return circuit
        raise KeyError(name)

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
