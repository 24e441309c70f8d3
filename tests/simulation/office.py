"""The simulated office: circuits that live and die, and what of it a packet finds out.

Nothing here believes the agent. A packet through the router goes where the router's own state sends
it, and comes back if that is one circuit, whole and alive.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface
from typing import Protocol

from tests.simulation.wire import Trouble, Wire
from wanfailover.core.engine import Engine
from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.plan import Proof
from wanfailover.core.site import Circuit, Path, Policy, Site, Target
from wanfailover.core.timeout import Timeout
from wanfailover.errors import ProofFailed
from wanfailover.flight.grain import grained
from wanfailover.ports import Notes, RouterDriver

RTT = 0.02
INSIDE_RTT = 0.001
QUICK = 0.3
"""Seconds between two probes of one target under suspicion."""

ASK_AGAIN = 0.25
"""Seconds between two tries of a proof."""

TARGETS = (
    Target("icmp 192.0.2.10", Role.FAR, 1.0),
    Target("icmp 192.0.2.11", Role.FAR, 1.0),
    Target("tcp 192.0.2.80:443", Role.FAR, 5.0),
)
CONTROL = Target("icmp 192.168.10.1", Role.CONTROL, 1.0)


class Life(StrEnum):
    """How a circuit does."""

    ALIVE = "alive"
    DEAD = "dead"
    BEYOND = "dead beyond its gateway"
    LOSSY = "losing every third packet"


class Eyes(StrEnum):
    """How the agent's own host does."""

    SOUND = "sound"
    DEAF = "deaf: no answer reaches its probes"
    MUTE = "mute: probes cannot leave it"
    CUT = "cut off from the LAN"


class Router(Protocol):
    """A virtual router, as the office has it."""

    trouble: Trouble
    gaps: list[str]

    @property
    def up(self) -> bool: ...

    def holds(self) -> Circuit | None: ...

    def lose_sessions(self) -> None: ...

    def cut_power(self) -> None: ...

    def set_by_hand(self, address: IPv4Interface, gateway: IPv4Address) -> None: ...

    def driver(self, wire: Wire, notes: Notes | None = None) -> RouterDriver: ...


def make_site(policy: Policy, *, shape: str, seen: tuple[str, ...]) -> Site:
    """An office of two circuits.

    Args:
        policy: As eager as it shall be.

        shape: ``swap``: one port, one address; ``ports``: one for each circuit; ``plain``: a router
            that names no port.

        seen: Circuits that can be probed while they are idle.
    """
    ports = {"swap": ("wan", "wan"), "ports": ("wan0", "wan1"), "plain": (None, None)}[shape]
    numbers = (("203.0.113.2/29", "203.0.113.1"), ("198.51.100.77/24", "198.51.100.1"))
    circuits = tuple(
        Circuit(
            name,
            IPv4Interface(address),
            IPv4Address(gateway),
            port,
            vantage=Path(device=f"eth{name}") if name in seen else None,
        )
        for name, (address, gateway), port in zip(
            ("primary", "backup"), numbers, ports, strict=True
        )
    )
    return Site("office", circuits, TARGETS, policy)


@dataclass
class Office:
    """Circuits, the router and the host's own eyes."""

    site: Site
    router: Router
    rng: random.Random
    eyes: Eyes = Eyes.SOUND
    disk_full: bool = False
    life: dict[str, Life] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.life = {circuit.name: Life.ALIVE for circuit in self.site.circuits}
        self._seen = [circuit.name for circuit in self.site.circuits if circuit.vantage]

    @property
    def seen_to_live(self) -> bool:
        """A circuit lives that can be probed while it is idle."""
        return any(self.life[name] is Life.ALIVE for name in self._seen)

    @property
    def online(self) -> bool:
        """The office's users have Internet."""
        circuit = self.router.holds()
        return circuit is not None and self.life[circuit.name] in {Life.ALIVE, Life.LOSSY}

    def answers(self, target: Target, circuit: Circuit | None, *, through: bool) -> bool:
        """Tell whether a packet sent now is answered.

        Args:
            target: Whom it asks.

            circuit: The one that it is sent for; None for the router's inside.

            through: It goes by the router, wherever that sends it.
        """
        if self.eyes is not Eyes.SOUND:
            return False
        if circuit is None:
            return self.router.up
        goes = self.router.holds() if through else circuit
        if goes is None:
            return False
        if target.role is Role.GATEWAY and goes.name != circuit.name:
            return False  # the other provider does not let anybody ask this one's gateway
        match self.life[goes.name]:
            case Life.DEAD:
                return False
            case Life.BEYOND:
                return target.role is Role.GATEWAY
            case Life.LOSSY:
                return self.rng.random() > 1 / 3
            case Life.ALIVE:
                return True


class Prober:
    """Asks on their pace all that an agent would, and feeds what comes of it."""

    def __init__(self, office: Office, engine: Engine, feed: Callable[[ProbeSample], object],
                 wire: Wire) -> None:  # fmt: skip
        self._office = office
        self._engine = engine
        self._feed = feed
        self._wire = wire
        self._aimed: object = None
        self._round = 0
        self._quick = self._closed = False
        self._streams: list[_Stream] = []
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Ask nobody any more; what is under way is no answer to anybody."""
        self._closed = True

    def aim(self, _: float) -> None:
        """Ask whom the engine's state calls for; told after each fact."""
        engine = self._engine
        aimed = (engine.active, engine.epoch)
        if aimed != self._aimed and engine.switchover is None:
            self._aimed = aimed
            self._round += 1
            self._streams = list(self._whom())
            for number, stream in enumerate(self._streams):
                first = stream.target.every * number / len(self._streams)
                self._later(min(first, QUICK), stream, self._round)
        if engine.fast and not self._quick:
            for stream in self._streams:
                if stream.through and stream.target.every > QUICK:
                    stream.turn += 1
                    self._later(QUICK, stream, self._round)
        self._quick = engine.fast

    def _whom(self) -> Iterator[_Stream]:
        detect = self._engine.site.policy.detect
        for circuit in self._engine.site.circuits:
            through = circuit.name == self._engine.active
            if through or circuit.vantage is not None:
                for target in (*TARGETS, circuit.gateway_target):
                    yield _Stream(target, circuit, through, Timeout(detect))
        yield _Stream(CONTROL, None, False, Timeout(detect))

    def _later(self, seconds: float, stream: _Stream, round_: int) -> None:
        self._loop.call_later(seconds, self._ask, stream, round_, stream.turn)

    def _ask(self, stream: _Stream, round_: int, turn: int) -> None:
        if self._gone or round_ != self._round or turn != stream.turn:
            return
        target, circuit, timeout = stream.target, stream.circuit, stream.timeout.seconds
        rtt, detail = None, ""
        if self._office.eyes in {Eyes.MUTE, Eyes.CUT} and circuit is not None:
            result, after, detail = Result.UNSENT, 0.0, "network is unreachable"
        elif self._office.answers(target, circuit, through=stream.through):
            result, after = Result.ANSWERED, RTT if circuit else INSIDE_RTT
            rtt = after
            stream.timeout.take(rtt)
        else:
            result, after = Result.LOST, timeout
        sample = ProbeSample(
            circuit.name if circuit else None, target.name, target.role,
            grained(self._loop.time()), result, rtt=rtt, detail=detail,
            epoch=self._engine.epoch, timeout=grained(timeout),
        )  # fmt: skip
        self._loop.call_later(after, self._arrive, sample)
        quick = self._quick and stream.through
        self._later(min(target.every, QUICK) if quick else target.every, stream, round_)

    def _arrive(self, sample: ProbeSample) -> None:
        if not self._gone:
            self._feed(sample)

    @property
    def _gone(self) -> bool:
        return self._closed or self._wire.dead


@dataclass
class _Stream:
    """One target over one way; *turn* counts when its pace was changed."""

    target: Target
    circuit: Circuit | None
    through: bool
    timeout: Timeout
    turn: int = 0


class FarProver:
    """Proves by the far targets of the office, over the router as it is."""

    def __init__(self, office: Office, wire: Wire) -> None:
        self._office = office
        self._wire = wire

    async def prove(self, proof: Proof, circuit: str) -> str:
        """Wait until enough of them answer.

        Raises:
            ProofFailed: They did not in time.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + proof.within
        asked = self._office.site.circuit(circuit)
        while True:
            self._wire.meet("proof")
            await asyncio.sleep(RTT)
            found = sum(self._office.answers(t, asked, through=True) for t in TARGETS)
            if found >= proof.need:
                self._wire.meet("proved")
                return f"{found} far targets answered"
            if loop.time() >= deadline:
                raise ProofFailed(f"no far target answered within {proof.within:g} s")
            await asyncio.sleep(ASK_AGAIN)
