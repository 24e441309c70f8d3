"""The seams: what the program asks of its surroundings, and what a third party's driver must give.

Everything here is small on purpose. A driver is a class with four verbs; a prober is one awaitable;
the journal takes entries. What a driver may be able to do besides is in `abilities`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hmac import compare_digest
from ipaddress import IPv4Address
from pathlib import Path as FilePath
from typing import Protocol

from wanfailover.core.facts import Result, RouterView
from wanfailover.core.plan import Proof, Step
from wanfailover.core.site import Circuit, Path, Tunnel
from wanfailover.entries import Entry


class Secret:
    """A value that never shows: ``repr`` and ``str`` print dots; only `reveal` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the value itself; call it where it goes over the wire, and nowhere else."""
        return self._value

    def __eq__(self, other: object) -> bool:
        """The same value is the same secret: a profile that is read again has not changed."""
        return isinstance(other, Secret) and compare_digest(
            self._value.encode(), other._value.encode()
        )

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(···)"

    __str__ = __repr__


class Notes(Protocol):
    """What a driver found out about its router and wants to know again after a restart.

    Only a help: a driver works without, and never believes a note against what it sees.
    """

    def get(self, key: str) -> str | None:
        """Give what was noted under *key*; None if nothing was."""
        ...

    def put(self, key: str, value: str) -> None:
        """Note it, in the place of what was there. Never raises: a note that is lost is no harm."""
        ...


class Forgetful:
    """Notes that last as long as the process."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        """Give what was noted under *key*; None if nothing was."""
        return self._kept.get(key)

    def put(self, key: str, value: str) -> None:
        """Note it, in the place of what was there."""
        self._kept[key] = value


@dataclass(frozen=True, slots=True)
class RouterAccess:
    """How to get at a router: the profile's `router:` with every secret read.

    Args:
        transport: ``ssh``, ``telnet`` or ``local``.

        community: For SNMP, to read and to set.

        read_community: For SNMP, to read, where it is another one.

        notes: Where the driver may remember what it found out about this router.

        options: The driver's own, as `DriverPlugin.options` returned them.

        circuits: All circuits of the site, so that the driver can tell its own addresses.

        tunnels: Those that it ends, so that `check` can look at what is to be renewed.
    """

    host: str | None
    transport: str
    port: int | None = None
    username: str | None = None
    password: Secret | None = None
    key: FilePath | None = None
    known_hosts: FilePath | None = None
    sudo_password: Secret | None = None
    community: Secret | None = None
    read_community: Secret | None = None
    notes: Notes = field(default_factory=Forgetful, compare=False)
    options: object = None
    circuits: tuple[Circuit, ...] = ()
    tunnels: tuple[Tunnel, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """Something a driver will do to its router, ready to be shown, performed and undone.

    Args:
        name: A short word, unique within the plan, for journal and log: ``apply``, ``forget``.

        title: What it does, in the operator's words.

        does: What will be typed to the router, line by line, as `--dry-run` prints it.

        undoes: What would be typed to take it back; empty where there is nothing to take back.

        essential: False where its failure is reported but does not fail the switchover, such as an
            announcement that the neighbours will also learn by themselves.
    """

    name: str
    title: str
    does: tuple[str, ...]
    undoes: tuple[str, ...] = ()
    essential: bool = True


class Severity(StrEnum):
    """How a finding of `check` is coloured."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of `check`: what was looked at, how it is, one sentence, and the remedy if any."""

    subject: str
    severity: Severity
    sentence: str
    remedy: str = ""


class RouterDriver(Protocol):
    """Speaks one router's dialect. One instance per router; calls never overlap.

    Every method raises only `DriverError` and its children, within a deadline of its own.
    """

    async def read(self) -> RouterView:
        """Read what the router holds now, from the router itself."""
        ...

    def compile(self, steps: Sequence[Step], view: RouterView) -> tuple[Action, ...]:
        """Turn abstract steps into actions of this router; touches nothing."""
        ...

    async def perform(self, action: Action) -> str:
        """Do it; returns the router's words. Doing it twice does no harm."""
        ...

    async def undo(self, action: Action) -> str:
        """Take it back, also where it was only half done. Doing it twice does no harm."""
        ...

    async def close(self) -> None:
        """Log out; the next call logs in again."""
        ...


class Channel(Protocol):
    """Bytes to and from a router's console: a telnet connection, or its twin in memory."""

    async def read(self, within: float) -> bytes:
        """Give what has arrived, as soon as anything has; nothing if *within* seconds bring none.

        Raises:
            RouterUnreachable: The far side has ended it, or it is dead.
        """
        ...

    async def write(self, data: bytes) -> None:
        """Send *data* in one segment, if its length allows.

        Raises:
            RouterUnreachable: The far side has ended it, or it is dead.
        """
        ...

    async def close(self) -> None:
        """End it; a second time does no harm."""
        ...


Dial = Callable[[], Awaitable[Channel]]
"""Opens a channel; raises `RouterUnreachable` or `RouterTimeout` within a deadline of its own."""

SnmpValue = int | bytes | IPv4Address | str
"""INTEGER, Counter, Gauge and TimeTicks (hundredths of a second); OCTET STRING; IpAddress; OID."""


class Snmp(Protocol):
    """An SNMP agent to ask (RFC 1157); OIDs are dotted numbers without a leading dot."""

    async def get(self, *oids: str) -> tuple[SnmpValue | None, ...]:
        """Give one value for each OID; None where there is no such object.

        Raises:
            RouterTimeout: No answer: the agent is off or away, or the community is not its own.
        """
        ...

    async def walk(self, root: str) -> dict[str, SnmpValue]:
        """Give all that lies below *root*, by the rest of its OID, in the agent's order.

        Raises:
            RouterTimeout: No answer.
        """
        ...

    async def set(self, oid: str, value: int) -> None:
        """Set an INTEGER. Where no answer comes it may have been set nevertheless.

        Raises:
            RouterTimeout: No answer.
            CommandRefused: The agent refused it, or there is no community to set with.
        """
        ...

    async def close(self) -> None:
        """Let go of sockets; the next call makes new ones."""
        ...


class EntrySink(Protocol):
    """Where the switchover writes what it is about to do, and what came of it."""

    async def __call__(self, *entries: Entry) -> None:
        """Write; returns when a durable entry is on the disk. Never raises: see `Journal`."""
        ...


class Prover(Protocol):
    """Finds out whether a plan's proof holds now."""

    async def prove(self, proof: Proof, circuit: str) -> str:
        """Wait until it holds; returns a sentence on what was seen.

        Raises:
            ProofFailed: It did not hold within its deadline.
        """
        ...


class DriverPlugin(Protocol):
    """What the entry point ``wanfailover.drivers`` names: how to make a driver.

    One whose drivers are `Marking` says so by an attribute ``marks`` that is true, so that a
    profile can be refused before there is a router. One may also have a method ``usual``, which is
    given the access and returns the options that a new profile should have, as `init` writes it;
    and a text ``about``, by which `init` has a person know his router.
    """

    transports: tuple[str, ...]
    """The transports it can use; the first is the default."""

    def options(self, raw: Mapping[str, object]) -> object:
        """Check the profile's `router.options`.

        Raises:
            OptionsWrong: With one sentence per option that cannot be used.
        """
        ...

    def build(self, access: RouterAccess) -> RouterDriver:
        """Make the driver; does not connect yet."""
        ...


class OptionsWrong(Exception):
    """Driver options that cannot be used.

    Args:
        wrong: Keys, each with the words that go on from it: ``is neither true nor false``.
    """

    def __init__(self, wrong: Sequence[tuple[str, str]]) -> None:
        self.wrong = tuple(wrong)
        super().__init__("; ".join(f"{key}: {text}" for key, text in self.wrong))


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a prober found. Times are seconds; *steps* are (name, seconds) of those that passed.

    *retries* are packets that were lost on the way to the answer, where the prober can tell.
    """

    result: Result
    rtt: float | None = None
    step: str | None = None
    detail: str = ""
    steps: tuple[tuple[str, float], ...] = field(default=())
    retries: int = 0


def nobody() -> None:
    """Somebody was heard, and nobody wants to know."""


class Prober(Protocol):
    """Asks one target once, over one path."""

    async def probe(self, path: Path, heard: Callable[[], object] = nobody) -> ProbeResult:
        """Ask; a dead line is a result and never an exception. Ends within its own deadline.

        Args:
            path: By which way.

            heard: Called when the far side has shown itself before the end, as by accepting a
                connection: what takes long from then on is the server's affair and not the line's.
        """
        ...

    def renew(self) -> None:
        """Begin with a new ICMP identifier and source port: old NAT entries keep old flows."""
        ...

    def close(self) -> None:
        """Let go of sockets."""
        ...
