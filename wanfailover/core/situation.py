"""All that the rules may look at, and the questions they ask of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from wanfailover.core import ledger
from wanfailover.core.facts import Instant, SwitchRequest, WindowTold
from wanfailover.core.ledger import Move
from wanfailover.core.reading import Reading, State
from wanfailover.core.site import Circuit, Policy, Site
from wanfailover.core.unsettled import Stuck

RETURN_LOSS = 0.02
"""Most that a circuit may lose while it is to be trusted again."""

RESTORES = 3
"""So often within an hour is a router put back where it was; then somebody really means it."""

RESTORED_WITHIN = 60.0
"""Seconds after which a router that was moved to a circuit of ours is left there: it works."""

DEGRADED_FOR = 30.0
"""Seconds: three windows of loss, so that one burst is no reason to move."""


@dataclass(frozen=True, slots=True)
class Hold:
    """An operator's pin on a circuit, or a drill's, until *until*; None means until `auto`."""

    circuit: str
    until: Instant | None = None
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Automation does nothing until *until*; None means until `resume`."""

    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """A way back to a better circuit.

    Args:
        trial: Nobody sees the circuit: it has to be tried.

        due: When it may be gone, for all that is known now.

        waits: For how long it has to be good, or to be left alone, seconds.
    """

    circuit: str
    trial: bool
    due: Instant
    waits: float


@dataclass(frozen=True, slots=True)
class Situation:
    """How things stand, as of *now*.

    Args:
        active: The circuit the router is on; None while it is on neither or was never read.

        running: A sentence on the switchover under way, or None.

        stuck: A switchover that could be neither finished nor undone, or None.

        interrupted: The circuit that a switchover cut off by a crash should end on, or None.

        ours: The circuit that the router was left on, by our doing or with our knowing.

        prober_sick: Why our own host cannot be trusted, or None.

        router_unread: Why the router's state is not known well enough to act, or None.

        refusals: Switches in a row that were refused before anything was touched.

        viewed: When the router was last read.

        foreign: What the router holds when that is neither circuit's, or None.

        tried: Circuits on which a proof failed during the present trouble.

        moves: Switchovers of the last day, oldest first.

        changed: When the active circuit last changed, by whomever; None if it never did.

        window: Whether a return is permitted now.

        marked: When the router was last seen to know the mark of a circuit, by circuit.
    """

    now: Instant
    site: Site
    active: str | None
    readings: Mapping[str, Reading]
    running: str | None = None
    stuck: Stuck | None = None
    request: SwitchRequest | None = None
    interrupted: str | None = None
    ours: str | None = None
    pause: Pause | None = None
    hold: Hold | None = None
    prober_sick: str | None = None
    router_unread: str | None = None
    refusals: int = 0
    viewed: Instant | None = None
    foreign: str | None = None
    tried: Collection[str] = ()
    moves: Sequence[Move] = ()
    changed: Instant | None = None
    window: WindowTold = field(default_factory=lambda: WindowTold(is_open=True))
    marked: Mapping[str, Instant] = field(default_factory=dict)

    @property
    def policy(self) -> Policy:
        return self.site.policy

    def state(self, circuit: str | None) -> State:
        """A circuit's health; unknown for none."""
        reading = self.readings.get(circuit or "")
        return reading.state if reading else State.UNKNOWN

    @property
    def standby(self) -> str:
        """The best circuit besides the active one: by evidence, then by preference."""
        others = [c.name for c in self.site.circuits if c.name != self.active]
        return max(others, key=lambda name: self.state(name).rank)  # max keeps the first of equals

    @property
    def better(self) -> list[Circuit]:
        """The circuits that are preferred to the active one, the most preferred first."""
        names = [circuit.name for circuit in self.site.circuits]
        end = names.index(self.active) if self.active in names else 0
        return list(self.site.circuits[:end])

    @property
    def drill(self) -> SwitchRequest | None:
        """What was asked for by a drill: it insists on nothing, and has its place in the table."""
        return self.request if self.request is not None and self.request.drill else None

    @property
    def homeward(self) -> bool:
        """A drill asks for the way home, from where it holds the router."""
        return self.drill is not None and self.hold is not None and self.hold.drill

    @property
    def active_down(self) -> bool:
        return self.active is not None and self.state(self.active) is State.DOWN

    @property
    def mends(self) -> str | None:
        """Where a router that was left on no circuit is put next, if it is time to try again.

        On the better of the two that it was between; on each in turn where none is.
        """
        stuck = self.stuck
        if stuck is None or stuck.again is None or self.now < stuck.again:
            return None
        if self.router_unread is not None or self.prober_sick is not None:
            return None
        if (self.viewed or -inf) <= stuck.at:  # somebody may have put it right since it was read
            return None
        best = max(self.state(name).rank for name in stuck.circuits)
        equals = [name for name in stuck.circuits if self.state(name).rank == best]
        return equals[stuck.tries % len(equals)]

    @property
    def regains(self) -> str | None:
        """The circuit that an operator holds, where the router is not on it and had better be."""
        held = self.hold.circuit if self.hold else None
        blocked = self.prober_sick is not None or self.router_unread is not None
        if held in {None, self.active} or blocked or self.interrupted is not None:
            return None
        if self.restores == held:
            return held
        better = self.active_down and self.state(held).rank > State.DOWN.rank
        due = held not in self.tried or self.now >= ledger.try_due(self.moves, self.policy)
        return held if better and due and self.spent < self.budget else None

    @property
    def restores(self) -> str | None:
        """Where a router that another hand has moved is put back to, if it is."""
        if self.policy.drift != "restore" or self.ours in {None, self.active}:
            return None
        lately = self.changed is not None and self.now - self.changed <= RESTORED_WITHIN
        worse = self.state(self.ours).rank < self.state(self.active).rank
        if worse or not (lately or self.active is None) or self.interrupted is not None:
            return None
        spent = self.spent >= self.budget or ledger.restored(self.moves, self.now) >= RESTORES
        return None if spent else self.ours

    @property
    def wants_off(self) -> bool:
        """The active circuit has been degraded for a while, and the profile would leave it."""
        reading = self.readings.get(self.active or "")
        return (
            self.policy.degraded == "switch"
            and reading is not None
            and reading.state is State.DEGRADED
            and self.now - reading.since >= DEGRADED_FOR
        )

    @property
    def spent(self) -> int:
        return ledger.spent(self.moves, self.now)

    @property
    def budget(self) -> int:
        """Switchovers allowed within the hour: a return must leave one over for a dead circuit."""
        whole = self.policy.switches_per_hour
        return whole if self.active_down else max(1, whole - 1)

    @property
    def dwell_ends(self) -> Instant:
        return ledger.last_automatic(self.moves) + self.policy.dwell

    @property
    def way_back(self) -> Return | None:
        """How automation may return to a better circuit; None where it may not, or need not."""
        method = self.policy.failback
        if method == "manual":
            return None
        if method != "trial":
            seen = [c for c in self.better if self.state(c.name) is State.UP]
            if seen:
                return self._by_evidence(seen[0].name)
        if method == "evidence":
            return None
        trials = (self._by_trial(c.name) for c in self.better if self._must_be_tried(c, method))
        return min(trials, key=lambda trial: trial.due, default=None)

    def _must_be_tried(self, circuit: Circuit, method: str) -> bool:
        """Nobody sees it: it has no vantage, or the one that it has sees nothing any more."""
        reading = self.readings[circuit.name]
        lost = not reading.in_sight and self.now - reading.since >= self.policy.return_after
        blind = circuit.vantage is None or lost
        unseen = self.state(circuit.name) is State.UNKNOWN and blind
        chosen = method == "trial" and self.state(circuit.name) in {State.UP, State.UNKNOWN}
        return unseen or chosen

    def _by_evidence(self, circuit: str) -> Return:
        reading = self.readings[circuit]
        waits = ledger.hold_down(self.moves, circuit, self.policy, self.now)
        quiet = self.now if reading.quiet_since is None else reading.quiet_since
        due = max(quiet, self.changed or -inf) + waits
        if reading.quiet_loss > RETURN_LOSS or self._may_be_astray(circuit, due):
            due = max(due, self.now + 1.0)
        return Return(circuit, trial=False, due=due, waits=waits)

    def _may_be_astray(self, circuit: str, until: Instant) -> bool:
        """It is seen by a mark, and nobody has looked whether that held up to *until*."""
        return self.site.circuit(circuit).marked and self.marked.get(circuit, -inf) < until

    def _by_trial(self, circuit: str) -> Return:
        left = self.changed if self.changed is not None else self.now
        due = ledger.trial_due(self.moves, circuit, self.policy, left)
        device = self.readings[circuit].device
        if device is not None:  # its modem has its line back: as long as that is trusted
            due = max(due, device + self.policy.return_after)
        return Return(circuit, trial=True, due=due, waits=due - max(left, self._tried_at(circuit)))

    def _tried_at(self, circuit: str) -> Instant:
        return max((move.at for move in self.moves if move.target == circuit), default=-inf)

    def why(self, circuit: str | None) -> str:
        """State and evidence of a circuit in words: ``primary is down (silent for 3.1 s ...)``."""
        reading = self.readings.get(circuit or "")
        if reading is None:
            return "the router is on neither circuit"
        fault = "the fault is" if reading.state is State.DOWN else "failing:"
        layer = f"; {fault} {reading.layer}" if reading.layer else ""
        return f"{circuit} is {reading.state} ({reading.because}{layer})"
