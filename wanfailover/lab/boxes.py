"""What a virtual site is made of: boxes, the cables between them, and the site as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from wanfailover.core.site import Circuit


@dataclass(frozen=True, slots=True)
class Port:
    """One end of a cable: a box's interface, enslaved to *bridge* where it is a switch's."""

    box: str
    name: str
    bridge: str | None = None

    def plugged(self) -> str:
        """The ``ip`` line that follows in a switch once the cable is in."""
        return f"link set {self.name} master {self.bridge} up"


@dataclass(frozen=True, slots=True)
class Cable:
    """A patch cable: a pair of veth interfaces. Where one end is a switch's, it is the second."""

    number: int
    ends: tuple[Port, Port]

    def indexes(self) -> tuple[int, int]:
        """Interface indexes for the ends, unique in the site.

        Left to itself the kernel numbers from 2 in each namespace. It takes a veth whose peer has
        the very same index for no pair, and then a switch learns of its carrier up to a second
        late (linkwatch_urgent_event in net/core/link_watch.c).
        """
        return 100 + 2 * self.number, 101 + 2 * self.number

    def joins(self, box: str) -> bool:
        """Tell whether one end of it is in *box*."""
        return any(end.box == box for end in self.ends)


@dataclass(frozen=True, slots=True)
class Box:
    """One host, switch, modem or router: a network namespace and what it boots with.

    Args:
        ip: Lines for ``ip -batch``.

        nft: A ruleset for ``nft -f``.

        sysctl: Keys below ``net.ipv4`` with their values.

        forwards: Whether it is a router (``ip_forward``).
    """

    name: str
    ip: tuple[str, ...]
    nft: str = ""
    sysctl: tuple[tuple[str, int], ...] = ()
    forwards: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """The whole plan. *circuits* carry the router's interface they are on."""

    circuits: tuple[Circuit, ...]
    boxes: tuple[Box, ...]
    cables: tuple[Cable, ...]

    def box(self, name: str) -> Box:
        """Find a box by its name; KeyError if there is none."""
        return {box.name: box for box in self.boxes}[name]

    def circuit(self, name: str) -> Circuit:
        """Find a circuit by its name; KeyError if there is none."""
        return {circuit.name: circuit for circuit in self.circuits}[name]

    def cables_of(self, box: str) -> tuple[Cable, ...]:
        """All cables with an end in *box*."""
        return tuple(cable for cable in self.cables if cable.joins(box))
