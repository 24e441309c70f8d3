"""What the core is told, and the values it speaks in.

A fact is something that happened, stamped with the monotonic instant it happened at. The agent's
inbox carries nothing else, so an operator's request goes in by the same door as a probe's bad news.
"""

from __future__ import annotations

from dataclasses import dataclass
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
    TUNNEL = "tunnel"  # somebody at the far end of a tunnel: tells of that tunnel alone


class Result(StrEnum):
    """What became of one probe."""

    ANSWERED = "answered"
    LOST = (
        "lost"  # no answer in time, or a wrong one; a later ANSWERED for the same probe repairs it
    )
    UNSENT = "unsent"  # it never left this host: neither life nor loss of the line


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
        return next((a.network.prefixlen for _, a in self.addresses if a.ip == ip), None)


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

        drill: It is a rehearsal's, there or back: all that is amiss comes before it.
    """

    id: str
    circuit: str
    hold: float | None = None
    once: bool = False
    force: bool = False
    reason: str = ""
    who: str = ""
    drill: bool = False


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
    UNPROVED = "unproved"
    UNDONE = "undone"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class SwitchoverStarted:
    """A switchover has begun; until its `Outcome` arrives nothing else may."""

    id: str
    source: str | None
    target: str
    rule: str

    def __str__(self) -> str:
        return f"switching from {self.source or 'neither'} to {self.target}"


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

        refused: Where nothing was changed: the rule, or what stands for one, that kept it so.
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
    refused: str = "router-unreachable"


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
