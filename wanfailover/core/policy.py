"""Every reason to switch, and every reason to stay, as one named row.

The rows are tried from the top. The first whose test holds decides, alone and once: there is no
second opinion further down, and nothing outside the table decides anything. A rule's name goes
wherever its decision goes (journal, log, status, documents), and its sentence is what the operator
reads at three in the morning, so it names the facts and not the code.

Detecting is not acting. Health is judged elsewhere and always shown; what may hold a switch back
(a hold, the dwell, the budget) is a row here, with a name and, where it can be told, an end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from wanfailover.core.facts import Instant, Policy, Site, SwitchRequest
from wanfailover.core.health import Reading, State

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Hold:
    """An operator's pin on a circuit, until *until*; None means until `auto`."""

    circuit: str
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the rules may look at, as of *now*.

    Args:
        active: The circuit the router is on; None while it is on neither or was never read.

        running: A sentence on the switchover under way, or None.

        stuck: A sentence on a switchover that could be neither finished nor undone, or None.

        interrupted: The circuit that a switchover cut off by a crash should end on, or None.

        prober_sick: Why our own host cannot be trusted, or None.

        router_unread: Why the router's state is not known well enough to act, or None.

        foreign: What the router holds when that is neither circuit's, or None.

        tried: Circuits on which a proof failed during the present trouble.

        switched: Instants of automatic switchovers of the last hour, oldest first.

        changed: When the active circuit last changed, by whomever; None if it never did.
    """

    now: Instant
    site: Site
    active: str | None
    readings: Mapping[str, Reading]
    running: str | None = None
    stuck: str | None = None
    request: SwitchRequest | None = None
    interrupted: str | None = None
    hold: Hold | None = None
    prober_sick: str | None = None
    router_unread: str | None = None
    foreign: str | None = None
    tried: Collection[str] = ()
    switched: Sequence[Instant] = ()
    changed: Instant | None = None

    @property
    def policy(self) -> Policy:
        return self.site.policy

    def state(self, circuit: str | None) -> State:
        """A circuit's health; unknown for none."""
        reading = self.readings.get(circuit or "")
        return reading.state if reading else State.UNKNOWN

    @property
    def names(self) -> list[str]:
        """Circuits in order of preference."""
        return [circuit.name for circuit in self.site.circuits]

    @property
    def standby(self) -> str:
        """The best circuit besides the active one: by evidence, then by preference."""
        others = [name for name in self.names if name != self.active]
        return max(others, key=lambda name: self.state(name).rank)  # max keeps the first of equals

    @property
    def preferred(self) -> str | None:
        """The most preferred circuit above the active one that is up, or None."""
        above = self.names[: self.names.index(self.active)] if self.active in self.names else []
        return next((name for name in above if self.state(name) is State.UP), None)

    @property
    def active_down(self) -> bool:
        return self.active is not None and self.state(self.active) is State.DOWN

    @property
    def returns(self) -> bool:
        """Automation may go back to a better circuit, and one is there."""
        return self.policy.failback != "manual" and self.preferred is not None

    def why(self, circuit: str | None) -> str:
        """State and evidence of a circuit in words: ``primary is down (silent for 3.1 s ...)``."""
        reading = self.readings.get(circuit or "")
        if reading is None:
            return "the router is on neither circuit"
        layer = f"; the fault is {reading.layer}" if reading.layer else ""
        return f"{circuit} is {reading.state} ({reading.because}{layer})"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row.

    Args:
        holds: The test.

        because: The operator's sentence.

        target: Where to switch to; a rule without it says stay.

        until: When the rule lets go by itself, where that can be told.
    """

    name: str
    holds: Callable[[Situation], bool]
    because: Callable[[Situation], str]
    target: Callable[[Situation], str | None] | None = None
    until: Callable[[Situation], Instant | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the first matching rule answered; *target* is None for "stay"."""

    rule: str
    because: str
    target: str | None = None
    until: Instant | None = None


def decide(situation: Situation) -> Decision:
    """Ask the rules in their order; the last one always answers."""
    rule = next(rule for rule in RULES if rule.holds(situation))
    return Decision(
        rule=rule.name,
        because=rule.because(situation),
        target=rule.target(situation) if rule.target else None,
        until=rule.until(situation),
    )


def refusal(situation: Situation, request: SwitchRequest) -> Decision | None:
    """Why an operator's request cannot be met; None if it can.

    An operator is refused only where the target is seen to be down or the router is on neither
    circuit, and may force both. What nobody sees now he may know better. The proof and the undo
    stay in any case.
    """
    if request.force:
        return None
    if situation.foreign is not None and situation.interrupted is None:
        return Decision("foreign-state", situation.foreign)
    reading = situation.readings.get(request.circuit)
    if reading is not None and reading.state is State.DOWN and reading.in_sight:
        because = f"{situation.why(request.circuit)}; --force tries it, with proof and undo"
        return Decision("standby-not-better", because)
    return None


# The tests and sentences, in the order of the rows that use them.


def _held(s: Situation) -> str:
    assert s.hold is not None  # noqa: S101 - the row's test
    text = f"an operator holds {s.hold.circuit}"
    if s.active != s.hold.circuit:
        return f"{text}, but the router is on {s.active or 'neither circuit'}"
    if s.active_down and s.state(s.standby).rank > State.DOWN.rank:
        return f"{text} although {s.why(s.active)}; end the hold with: wanfailover auto"
    return text


def _both_down(s: Situation) -> bool:
    return s.active_down and s.state(s.standby) is State.DOWN


def _try_other(s: Situation) -> bool:
    failed_before = s.standby in s.tried and s.state(s.standby) is State.UNKNOWN
    return s.active_down and failed_before and not _budget_spent(s)


def _spent(s: Situation) -> int:
    return sum(instant > s.now - HOUR for instant in s.switched)


def _budget_spent(s: Situation) -> bool:
    """A return must leave one over: the last switchover is kept for a dead circuit."""
    budget = s.policy.switches_per_hour
    limit = budget if s.active_down else max(1, budget - 1)
    return _spent(s) >= limit and (s.active_down or s.returns)


def _budget_back(s: Situation) -> Instant | None:
    oldest = next((instant for instant in s.switched if instant > s.now - HOUR), None)
    return None if oldest is None else oldest + HOUR


def _dwell_ends(s: Situation) -> Instant:
    return (s.switched[-1] if s.switched else float("-inf")) + s.policy.dwell


def _return_ends(s: Situation) -> Instant:
    """When the better circuit will have been quiet, and we away from it, for long enough."""
    quiet = s.readings[s.preferred].quiet_since if s.preferred else None
    begun = max(s.now if quiet is None else quiet, s.changed or float("-inf"))
    return begun + s.policy.return_after


def _steady(s: Situation) -> str:
    if s.active == s.names[0]:
        return f"{s.why(s.active)} and preferred"
    better = s.names[0]
    if s.policy.failback == "manual":
        return f"{s.why(s.active)}; returning is by hand: wanfailover switch {better}"
    if s.state(better) is State.UNKNOWN and s.site.circuit(better).vantage is None:
        return (
            f"{s.why(s.active)}; {better} cannot be seen from here (it has no vantage), "
            f"so returning is by hand: wanfailover switch {better}"
        )
    return f"{s.why(s.active)}; {s.why(better)}"


RULES: tuple[Rule, ...] = (
    Rule(
        "switchover-running",
        lambda s: s.running is not None,
        lambda s: s.running or "",
    ),
    Rule(
        "stuck",
        lambda s: s.stuck is not None and s.request is None,
        lambda s: s.stuck or "",
    ),
    Rule(
        "operator-asked",
        lambda s: s.request is not None,
        lambda s: s.request.reason or "an operator asked" if s.request else "",
        target=lambda s: s.request.circuit if s.request else None,
    ),
    Rule(
        "held-by-operator",
        lambda s: s.hold is not None and s.interrupted is None,
        _held,
        until=lambda s: s.hold.until if s.hold else None,
    ),
    Rule(
        "prober-sick",
        lambda s: s.prober_sick is not None,
        lambda s: s.prober_sick or "",
    ),
    Rule(
        "router-unreachable",
        lambda s: s.router_unread is not None,
        lambda s: s.router_unread or "",
    ),
    Rule(
        "foreign-state",
        lambda s: s.foreign is not None and s.interrupted is None,
        lambda s: s.foreign or "",
    ),
    Rule(
        "finish-interrupted",
        lambda s: s.interrupted is not None,
        lambda s: f"a switchover was interrupted; {s.interrupted} is where it is put right",
        target=lambda s: s.interrupted,
    ),
    Rule(
        "both-down",
        _both_down,
        lambda s: f"{s.why(s.active)}; {s.why(s.standby)}",
    ),
    Rule(
        "try-other",
        _try_other,
        lambda s: f"{s.why(s.active)}; {s.standby} failed before and may have recovered",
        target=lambda s: s.standby,
    ),
    Rule(
        "switch-budget-spent",
        _budget_spent,
        lambda s: f"{_spent(s)} automatic switchovers within an hour",
        until=_budget_back,
    ),
    Rule(
        "active-down",
        lambda s: s.active_down,
        lambda s: s.why(s.active),
        target=lambda s: s.standby,
    ),
    Rule(
        "dwell",
        lambda s: s.returns and s.now < _dwell_ends(s),
        lambda s: f"switched {s.now - s.switched[-1]:.0f} s ago; {s.preferred} must wait",
        until=_dwell_ends,
    ),
    Rule(
        "returning-too-soon",
        lambda s: s.returns and s.now < _return_ends(s),
        lambda s: f"{s.preferred} is back and must stay quiet for {s.policy.return_after:g} s",
        until=_return_ends,
    ),
    Rule(
        "preferred-recovered",
        lambda s: s.returns,
        lambda s: f"{s.why(s.preferred)}, quiet for {s.policy.return_after:g} s, and preferred",
        target=lambda s: s.preferred,
    ),
    Rule("steady", lambda _: True, _steady),
)
