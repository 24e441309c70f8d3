"""What a driver may be able to do besides its four verbs: Protocols, asked for by `isinstance`.

A driver has those methods whose router is up to them; nobody asks one for what it cannot do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Protocol, runtime_checkable

from wanfailover.core.site import Circuit, Tunnel
from wanfailover.ports import Action, Finding


@runtime_checkable
class Bounded(Protocol):
    """A driver that knows how long its calls may take; of others two minutes are enough."""

    def longest(self, call: str) -> float:
        """Seconds after which a call of that name has ended by itself, for better or worse."""
        ...


@runtime_checkable
class Inspectable(Protocol):
    """A driver that can look for what would make a switch fail, for `check`."""

    async def inspect(self) -> tuple[Finding, ...]:
        """Look at tools, rights and other writers; changes nothing."""
        ...


@runtime_checkable
class Recordable(Protocol):
    """A driver whose router's words can be kept in a file, for tests of the driver."""

    async def record(self) -> str:
        """Pay the router a visit that only reads; returns what was said, without secrets."""
        ...


@runtime_checkable
class Marking(Protocol):
    """A driver whose router can send marked packets out by a circuit that is idle."""

    async def mark(self, circuits: Sequence[Circuit]) -> None:
        """Have packets from this host that carry a circuit's DSCP value leave by that circuit.

        *circuits* are all that shall be so: marks of others of ours are taken away, with what they
        needed, so that none at all restores the router. Doing it twice does no harm. `read` tells
        in `RouterView.marks` which of them it finds whole.

        Raises:
            DriverError: The router cannot do it, or the attempt failed.
        """
        ...


@runtime_checkable
class Renewing(Protocol):
    """A driver that ends the router's tunnels and begins them anew, where a plan says so."""

    def renewal(self, tunnel: Tunnel) -> str:
        """Say in a few words how *tunnel*, which has an `ike`, is renewed; touches nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Pinhole:
    """What of the outside the router's NAT lets in to one host inside.

    Args:
        port: Where that host is reached, from 1 to 65535; None where the router tells a name only.

        service: The router's name for it, such as ``smtp``; empty where it has none.

        public: The address of ours that it is reached at; None for whichever is in use.
    """

    inside: IPv4Address
    port: int | None
    service: str = ""
    public: IPv4Address | None = None


@runtime_checkable
class Letting(Protocol):
    """A driver that can tell which hosts inside are reached from outside, through its NAT."""

    async def pinholes(self) -> tuple[Pinhole, ...] | None:
        """Read them; changes nothing. None where it could not be read."""
        ...


@runtime_checkable
class Witness(Protocol):
    """A driver whose router tells of its own tunnels, where no command of ours could renew them."""

    async def testimony(self) -> tuple[str, ...]:
        """What it says of those that are up, and the last of its log; pays it a visit.

        Raises:
            DriverError: It could not be read.
        """
        ...


@runtime_checkable
class DeadMan(Protocol):
    """A driver that can leave a timed undo on its router: it fires unless it is cancelled.

    So a router that was moved off a circuit which worked comes back to it by itself, should agent
    and router lose each other before the new circuit is proved.
    """

    def fires_after(self, actions: Sequence[Action], proving: float) -> float:
        """Seconds after which nobody can be at work on *actions* any more, nor on their undo.

        *proving* is how many seconds their proof may take. Touches nothing.
        """
        ...

    async def arm(self, token: str, actions: Sequence[Action], seconds: float) -> bool:
        """Leave there what undoes *actions*, last first, to fire *seconds* from now.

        Returns:
            False where this router has no means for it.

        Raises:
            DriverError: The attempt failed; it may be armed nevertheless.
        """
        ...

    async def disarm(self, token: str) -> bool:
        """Cancel it, once and for all, or wait for the end of one that has fired; forget it.

        Returns:
            True where it has fired. False where it never will, also where there is none.

        Raises:
            DriverError: It is not known; it may fire yet.
        """
        ...

    async def armed(self) -> tuple[str, ...]:
        """Tokens of all that were armed, here or elsewhere, and not disarmed since."""
        ...


@runtime_checkable
class Claiming(Protocol):
    """A driver that can have it known on its router who changes it."""

    async def claim(self, name: str) -> str:
        """Have it known that *name* changes this router; again, now and then, that it still does.

        Returns:
            What is worth telling, in a sentence: it was another's who has not been heard of for
            long, or it could not be written. Mostly nothing.

        Raises:
            RouterHeld: Another one does.
            DriverError: It could not be found out.
        """
        ...

    async def release(self) -> None:
        """Take it back, if it is ours."""
        ...


@runtime_checkable
class Costly(Protocol):
    """A driver that knows what a switch costs on its router."""

    def outage(self) -> float:
        """Seconds without Internet that a switch is expected to take, as far as is known now."""
        ...


@runtime_checkable
class Prompting(Protocol):
    """A driver that hears from its router unasked, as by SNMP traps."""

    async def listen(self, prompt: Callable[[str], object]) -> None:
        """Call *prompt* with a sentence whenever something is heard; ends when it is cancelled.

        Such words can be forged, so they only prompt a look and quicker probes. A flood of them is
        thinned out here.

        Raises:
            DriverError: This host cannot listen there.
        """
        ...
