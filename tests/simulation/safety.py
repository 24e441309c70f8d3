"""What must hold whatever happens: the design's S1 to S6 and S9, watched from outside.

What the agent believes counts for nothing here. Holds, pauses and the hour's budget are kept by
this side's own book, over all lives of the agent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from tests.simulation.book import Book
from tests.simulation.heirs import lost
from tests.simulation.office import Eyes, Life, Office
from wanfailover.cli.story import tell
from wanfailover.core import entries as log
from wanfailover.core.engine import Engine
from wanfailover.core.facts import (
    AutoRequest,
    Ending,
    Fact,
    Outcome,
    SwitchoverStarted,
    SwitchRequest,
)
from wanfailover.core.ledger import HOUR
from wanfailover.core.policy import ASKED
from wanfailover.core.reading import State
from wanfailover.entries import DrillBegan, DrillEnded
from wanfailover.journal.reader import Reader
from wanfailover.journal.spill import Spill
from wanfailover.loop import Request

MENDING = {"stuck", "finish-interrupted"}
"""Rules that end what was begun before: they may move whatever the evidence says."""

PUTS_BACK = {"foreign-state"}
"""Where the profile has the router put back that another hand has moved."""

BLIND = {"try-other", "trial-failback"}
"""Rules that may move without better evidence, each with proof or return."""

HEARD_WITHIN = 2.0
"""Seconds in which a new life has heard whatever answers."""

BLAMES = {"active-down", "active-degraded", "try-other"}
"""Rules that lay it to the circuit that they leave."""

SEES_WITHIN = 90.0
"""Seconds after which nobody may call a dead circuit's day steady."""


LETS_BE = {"paused", "held-by-operator", "foreign-state", "stuck", "switch-budget-spent"}
"""Rules that may leave an office offline although it need not be, and say so."""

LEAVES_WITHIN = 120.0
"""Seconds after which an office on a dead circuit tries another that is seen to live: doubt takes
some, and a router that lately refused."""

MENDS = 12
"""So often is a router tried again that was left on no circuit, by one life."""

RESTORES = 3
"""So often in an hour is one put back that another hand has moved."""

REFUSED, SELDOM = 2.0, 60.0
"""Seconds until the next try of a switch that came nowhere; doubles each time, up to that."""

GRAIN = 0.01
"""Seconds that an answer may take from the agent to whom it is for."""


class Violation(Exception):
    """A property does not hold; the sentence tells which, and what was seen instead."""


@dataclass
class Safety:
    """The watch over one office."""

    office: Office
    clock: Callable[[], float]
    say: Callable[[str], object]
    begins: Callable[[], object]
    wrong: list[str] = field(default_factory=list)
    sick_since: float | None = None
    by_hand: bool = False
    offline: float | None = None
    moved: tuple[str | None, str] | None = None  # by hand, from where to where, and not told yet
    born: float = 0.0
    started: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)
    _moves: list[float] = field(default_factory=list)  # when automation touched the router
    _due: float | None = None  # when it began, and has not touched it yet
    _touched: float | None = None  # the one under way
    _strange: bool | None = None  # what that found was of another hand, and no circuit
    _tries: list[float] = field(default_factory=list)  # of this life, those that touched it
    _refused: int = 0  # in a row
    _not_before: float = -inf  # the next try, after one that was refused
    _prompted: bool = False  # a reload has the router read, and so tried, once out of turn
    _busy: str = ""
    _heir: bool = False  # an engine that takes another's place is told what that one knew

    def __post_init__(self) -> None:
        self.book = Book(self.office.site.circuits[0].name, self.clock)

    def violated(self, what: str) -> None:
        """Note it; told where the run can be stopped."""
        self.say(f"VIOLATED {what}")
        self.wrong.append(what)

    # While it runs.

    def one_at_a_time(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """S5: of all lives, one call at a time reaches the router."""

        async def alone(*given: Any, **named: Any) -> Any:
            name = getattr(call, "__name__", "a call")
            if self._busy:
                self.violated(f"S5: {name} while {self._busy} is under way")
            self._busy = name
            if name == "perform" and self._strange is None:
                self._strange = self.by_hand and self.office.router.holds() is None
            if name == "perform" and self._due is not None:
                self._moves.append(self._due)
                self._due, self._touched = None, self._due
            try:
                return await call(*given, **named)
            finally:
                self._busy = ""

        return alone

    def fed(self, engine: Engine, fact: Fact, now: float, entries: Sequence[log.Entry]) -> None:
        """An engine was fed."""
        for entry in entries:
            if isinstance(entry, log.ActiveChanged):
                self._finds(entry, now)
            if (line := tell(entry)) is not None:
                self.say(f"    {line}")
        match fact:
            case SwitchoverStarted():
                self._begins(engine, fact, now)
            case Outcome():
                self._ends(fact, now)
            case _:
                pass
        self._offline(engine, now)

    def _finds(self, changed: log.ActiveChanged, now: float) -> None:
        if changed.because.startswith("found so") and not self._heir:
            self.born, self.offline = now, None
            self._tries.clear()
            self._refused, self._not_before = 0, -inf
        if self._heir and changed.because != "found so":
            self.violated(f"a reload: {changed.because}, it says")
        drifted = changed.because.endswith(("moved while no agent ran", "not our doing"))
        if drifted and self.office.site.policy.drift == "adopt" and changed.active is not None:
            self.book.hold = None  # where it was put, or woke, is the operators' wish from now on
        if self.moved is not None and changed.active == self.moved[1]:
            self.moved = None

    def _offline(self, engine: Engine, now: float) -> None:
        """Nobody stays on a dead circuit while another is seen to live, and nothing is in the way.

        What the agent takes to be in its way counts for nothing where it is not.
        """
        office, rule, since = self.office, engine.decision.rule, self.offline
        self.offline = None
        if engine.switchover is not None or not office.seen_to_live:
            return
        free = office.eyes is Eyes.SOUND and office.router.up and not office.router.trouble.any
        if not free:
            return
        holds = office.router.holds()
        dead = holds is None or office.life[holds.name] in {Life.DEAD, Life.BEYOND}
        lets_be = rule in LETS_BE or engine.interrupted is not None
        if rule == "held-by-operator" and self.book.hold is not None and holds is not None:
            lets_be = self.book.hold.circuit == holds.name
        if not dead or lets_be:
            return
        since = now if since is None else since
        if now - since <= LEAVES_WITHIN:
            self.offline = since
            return
        where = holds.name if holds else "no circuit"
        self.violated(f"S1: {rule} on {where}, dead, for {now - since:.0f} s although the other "
                      "is seen to live")  # fmt: skip

    def _begins(self, engine: Engine, started: SwitchoverStarted, now: float) -> None:
        rule, target = started.rule, started.target
        self.started += 1
        self.rules[rule] = self.rules.get(rule, 0) + 1
        self.say(f"    switching {started.source} -> {target} by {rule}")
        self._due = self._touched = self._strange = None
        self.moved = None
        self.begins()
        if rule == "operator-asked":
            return
        if rule == "drill":
            self._drills(engine, started, now)
            return
        early = self._not_before - now
        if early > GRAIN and self._prompted:
            self._prompted = False
        elif early > GRAIN:
            self.violated(f"S3: {rule} {early:.1f} s early, in vain {self._refused} times before")
        if rule in MENDING:
            return
        self._s2(engine, started)
        self._s3(engine, started, now)
        self._s4(started, now)
        self._s6(engine, started, now)

    def _drills(self, engine: Engine, started: SwitchoverStarted, now: float) -> None:
        """A rehearsal is asked for: no rule's affair. It goes to no circuit that is seen dead."""
        if self.book.rehearsed is None or self.book.rehearsed.circuit != started.target:
            self.violated(f"S2: drill to {started.target}, and none has asked for it")
        reading = engine.readings[started.target]
        if reading.state is State.DOWN and reading.in_sight:
            self.violated(f"S2: drill to {started.target}, which is down: {reading.because}")
        self._s4(started, now)
        self._s6(engine, started, now)

    def _s6(self, engine: Engine, started: SwitchoverStarted, now: float) -> None:
        """A circuit that had died before our eyes did may be left, by what they saw.

        What used to answer is known to the life that heard it, and not to one that began since.
        """
        sick, source = self.sick_since, started.source
        if sick is None or source is None:
            return
        reading = engine.readings[source]
        known = reading.state is State.DOWN and reading.since <= sick  # a lossy one may be, too
        if known or self.office.life[source] in {Life.DEAD, Life.BEYOND}:
            return
        patience = 0.0 if started.rule in BLAMES else 2 * reading.patience + 1.0
        if now - sick <= patience or sick < self.born + HEARD_WITHIN:
            return
        rule, eyes = started.rule, self.office.eyes
        self.violated(
            f"S6: {rule} to {started.target} while our host is {eyes}, for {now - sick:.0f} s now"
        )

    def _s2(self, engine: Engine, started: SwitchoverStarted) -> None:
        rule, source, target = started.rule, started.source, started.target
        if rule in PUTS_BACK:
            return
        if rule == "held-by-operator":  # what he asked for, and not what automation thinks of it
            worse = (
                source and engine.readings[target].state.rank < engine.readings[source].state.rank
            )
            if engine.hold is None or engine.hold.circuit != target or worse:
                self.violated(f"S2: {rule} leaves {source} for {target}, held: {engine.hold}")
            return
        if source is None:
            self.violated(f"S2: {rule} moves to {target} a router that is on no circuit")
            return
        new, old = engine.readings[target].state, engine.readings[source].state
        better = new.rank > old.rank
        equal = rule == "preferred-recovered" and new is State.UP
        blind = rule in BLIND and (new.rank >= old.rank or new is State.UNKNOWN)
        if not (better or equal or blind):
            self.violated(f"S2: {rule} leaves {source} ({old}) for {target} ({new})")

    def _s3(self, engine: Engine, started: SwitchoverStarted, now: float) -> None:
        if started.rule in PUTS_BACK:
            return
        self._moves = [at for at in self._moves if at > now - HOUR]
        allowed = engine.site.policy.switches_per_hour
        if len(self._moves) >= allowed:
            self.violated(f"S3: {started.rule} is number {len(self._moves) + 1} of {allowed}")
        self._due = now

    def _s4(self, started: SwitchoverStarted, now: float) -> None:
        why = self.book.forbids(started.target, now + GRAIN)
        if why is not None:
            self.violated(f"S4: {started.rule} to {started.target} {why}")

    def _ends(self, outcome: Outcome, now: float) -> None:
        self._count(outcome, now)
        self.outcomes[outcome.ending] = self.outcomes.get(outcome.ending, 0) + 1
        self.say(f"    {outcome.ending}: {outcome.because}")
        if not outcome.changed and self._touched is not None:
            self._moves.remove(self._touched)  # it was let in nowhere
        if outcome.ending is Ending.PROVED:  # unless a hand came after the proof
            self.by_hand = self.by_hand and self.office.router.holds() is None
        elif outcome.ending is Ending.UNDONE and self._strange:  # whatever came in between
            self.by_hand = self.office.router.holds() is None

    def _count(self, outcome: Outcome, now: float) -> None:
        """S3 once more: what the hour's budget does not count is bounded, too."""
        if outcome.proof_failed or outcome.ending is Ending.PROVED:
            self._refused = 0
        elif outcome.ending is Ending.UNDONE or self.office.site.is_whole(outcome.view):
            self._refused += 1
            self._not_before = now + min(REFUSED * 2.0 ** (self._refused - 1), SELDOM)
        if not outcome.changed or outcome.rule in ASKED:
            return
        self._tries = [*(at for at in self._tries if at > now - HOUR), now]
        allowed = self.office.site.policy.switches_per_hour + RESTORES + MENDS + 1
        if len(self._tries) > allowed:
            self.violated(f"S3: {len(self._tries)} tries within the hour, by {outcome.rule}")

    # What an operator or a drill was told.

    def asked(self, request: Request) -> None:
        """An operator asks."""
        if isinstance(request, AutoRequest | SwitchRequest):
            self._not_before = -inf  # the router is read for him: it may be found to be well
        self.book.asked(request)

    def rehearses(self, request: Request) -> None:
        """A drill does."""
        if isinstance(request, AutoRequest):
            self._not_before = -inf
        self.book.rehearses(request)

    # Another engine takes over.

    def succeeds(self) -> None:
        """What it says first is no news."""
        self._heir = True

    def succeeded(self, old: Engine, new: Engine, now: float) -> None:
        """It was told all that it is told: so it must know all that the old one did."""
        self._heir = False
        self._refused, self._not_before, self._prompted = 0, -inf, True
        for what in lost(old, new, now):
            self.violated(f"a reload: {what}")

    # At rest.

    def at_rest(self, engine: Engine, journal: Path, dead_for: float, *, owes: bool) -> None:
        """All that must be so when nothing happens any more.

        Args:
            dead_for: Seconds since anything happened.

            owes: The journal has yet to write some of what it was told.
        """
        circuit = self.office.router.holds()
        held = circuit.name if circuit else None
        rule = engine.decision.rule
        if held is None and not (self.by_hand or rule == "stuck"):
            self.violated(f"S1: the router is on no circuit, and the agent says {rule}")
        if held is not None and rule == "stuck":
            self.violated(f"S1: the agent is stuck although the router is on {held}, whole")
        if engine.active != held and rule != "stuck":
            self.violated(f"S1: the router is on {held}, and the agent believes {engine.active}")
        self._kept(engine)
        self._s9(engine, journal, owes=owes)
        self._drift(engine, held)
        alive = held is not None and self.office.life[held] in {Life.ALIVE, Life.LOSSY}
        if rule == "steady" and not alive and dead_for > SEES_WITHIN:
            self.violated(
                f"all is steady, says the agent, and {held} has been dead {dead_for:.0f} s"
            )

    def _drift(self, engine: Engine, held: str | None) -> None:
        """What another hand has done is told, also where no agent ran."""
        if self.moved is not None and held == self.moved[1] and engine.decision.rule != "stuck":
            self.violated(f"a hand has moved the router to {held}, and nobody says so")

    def _kept(self, engine: Engine) -> None:
        """What the router would wake with is what it runs, or the agent says so."""
        keeps = getattr(self.office.router, "keeps", None)
        if keeps is None or self.by_hand:
            return
        runs, kept = self.office.router.holds(), keeps()
        if runs != kept and not engine.router.unfinished and engine.decision.rule != "stuck":
            name = kept.name if kept else "neither circuit"
            self.violated(f"S1: after a restart the router would be on {name}, and nobody says so")

    def _s9(self, engine: Engine, journal: Path, *, owes: bool) -> None:
        if engine.interrupted is not None and engine.decision.rule != "stuck":
            self.violated(f"S9: {engine.interrupted} is left open")
        with Reader(journal, Spill(journal.with_suffix(".jsonl")).rows()) as reader:
            switch = reader.last(log.SwitchoverIntended, log.SwitchoverEnded)
            drill = reader.last(DrillBegan, DrillEnded)
        if switch is not None and isinstance(switch.entry, log.SwitchoverIntended):
            id_, target = switch.entry.id, switch.entry.target
            self.violated(f"S9: switchover {id_} to {target} has no end in the journal")
        if not owes and drill is not None and isinstance(drill.entry, DrillBegan):
            self.violated(f"S9: drill {drill.entry.id} has no end in the journal")
        if engine.hold is not None and engine.hold.drill:
            self.violated(f"S9: no drill runs, and one holds {engine.hold.circuit}")

    def sees(self) -> None:
        """The host's eyes have changed."""
        sound = self.office.eyes is Eyes.SOUND
        self.sick_since = None if sound else self.clock()
