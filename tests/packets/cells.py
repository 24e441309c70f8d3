"""What a fault must come to, worked out from what it silences, for every way of seeing a circuit.

A cell is a fault, the place of the circuit it strikes, the vantage over which that is seen, and the
router's driver. Nothing here was written down cell by cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, product
from random import Random
from typing import NamedTuple

from wanfailover.core.layers import Layer
from wanfailover.core.reading import State
from wanfailover.core.situation import RETURN_LOSS

FAR = frozenset({"icmp", "tcp", "smtp", "dns"})
"""The kinds of far target that the office asks; each alone would do for a circuit to be up."""

ALL = FAR | {"gateway"}


class Harm(NamedTuple):
    """What a fault does to a circuit.

    Args:
        silences: The kinds of question that get no answer; ``modem``: it says so itself.

        loses: The share of round trips that are lost, of whatever kind.
    """

    silences: frozenset[str] = frozenset()
    loses: float = 0.0

    @property
    def kills(self) -> bool:
        """Nobody could work over it: nothing answers, or too little; a fifth lost is too much."""
        return self.silences >= FAR or self.loses >= 0.2


def _both_ways(share: float) -> float:
    """What is lost of round trips where each direction loses *share*."""
    return 1 - (1 - share) ** 2


WELL = "none"
HARMS = {
    WELL: Harm(),
    "hub-port-down": Harm(ALL),
    "dsl-down": Harm(ALL | {"modem"}),
    "blackhole": Harm(ALL),
    "upstream-dead": Harm(FAR),
    "upstream-unreachable": Harm(FAR),
    "no-return": Harm(FAR),
    "no-egress": Harm(FAR),
    "loss 5": Harm(loses=_both_ways(0.05)),
    "loss 30": Harm(loses=_both_ways(0.3)),
    "burst 40 12": Harm(loses=12 / 26),  # its requests are never answered: see test_lab_faults
    "delay 300 50": Harm(),
    "port25": Harm(frozenset({"smtp"})),
    "port25-reject": Harm(frozenset({"smtp"})),
    "icmp-limited": Harm(frozenset({"gateway"})),
    "icmp-filtered": Harm(frozenset({"gateway", "icmp"})),
    "dns-dead": Harm(frozenset({"dns"})),
}

ACTIVE, IDLE, LEFT = "active-primary", "idle-backup", "idle-primary"
"""Where the circuit stands that is struck; the third is preferred, while the backup is in use."""

THROUGH = "through"
VANTAGES = ("bind", "source", "mark", "device", "none")
DRIVERS = ("iproute2", "netopia-r9100")
MARKING = "iproute2"
"""The driver that knows marks."""


class Cell(NamedTuple):
    """One case."""

    fault: str
    place: str
    vantage: str
    driver: str

    @property
    def harm(self) -> Harm:
        """What the fault does."""
        return HARMS[self.fault]

    @property
    def seen(self) -> frozenset[str]:
        """What of the struck circuit can be asked while it stands where it stands."""
        modem = frozenset({"modem"}) if self.vantage == "device" else frozenset[str]()
        past = self.vantage in {"bind", "source", "mark"}
        return modem | (ALL if past or self.place == ACTIVE else frozenset())


class Expected(NamedTuple):
    """What must come of it.

    Args:
        states: That the struck circuit may be in.

        acts: The router is moved: away from a dead circuit, or back to a better one that is good.
    """

    states: frozenset[State]
    layer: Layer | None
    acts: bool


def expected(cell: Cell) -> Expected:
    """Work out the verdict, the layer and the action."""
    harm, seen = cell.harm, cell.seen
    told = "modem" in harm.silences & seen
    if told or (seen >= FAR and harm.kills):
        beyond = "gateway" not in harm.silences and not harm.loses and not told
        silent = Layer.GATEWAY if "modem" in seen and not harm.loses else Layer.LINE_OR_GATEWAY
        layer = Layer.LINE if told else Layer.ISP if beyond else silent
        return Expected(frozenset({State.DOWN}), layer, acts=cell.place == ACTIVE)
    if not seen >= FAR:
        return Expected(frozenset({State.UNKNOWN}), None, acts=False)
    states = frozenset({State.UP, State.DEGRADED} if harm.loses else {State.UP})
    good = harm.loses <= RETURN_LOSS
    return Expected(states, _aside(harm.silences & FAR), acts=cell.place == LEFT and good)


def _aside(kinds: frozenset[str]) -> Layer | None:
    """What is told of the kinds that fail while others answer; pings go to two targets."""
    layers = {"smtp": Layer.PORT_25, "dns": Layer.DNS, "icmp": Layer.FAR}
    return next((layers[kind] for kind in kinds), None)


def every() -> list[Cell]:
    """All cells that can be."""
    faults = [fault for fault in HARMS if fault != WELL]
    cells = map(Cell._make, product(faults, (ACTIVE, IDLE, LEFT), VANTAGES, DRIVERS))
    return [cell for cell in cells if cell.vantage != "mark" or cell.driver == MARKING]


def pairs(cell: Cell) -> set[tuple[tuple[str, str], ...]]:
    """The pairs of values that a cell brings together."""
    return set(combinations(zip(Cell._fields, cell, strict=True), 2))


def pairwise(cells: Iterable[Cell], seed: int = 1) -> Iterator[Cell]:
    """Pick cells, always one that adds most, until every pair of values was brought together."""
    shuffled = list(cells)
    Random(seed).shuffle(shuffled)
    missing = set().union(*map(pairs, shuffled))
    while missing:
        best = max(shuffled, key=lambda cell: len(pairs(cell) & missing))
        missing -= pairs(best)
        yield best
