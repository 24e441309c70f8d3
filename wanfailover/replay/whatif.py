"""A second engine beside the live one, with another policy, over the same samples.

A sample speaks for the same circuit whatever the router was on when it was taken, so it is told to
the line of that circuit; only its epoch is the other engine's. Operators ask for the same. What the
live agent did not look at, nobody sees here either: it is told how long that was, and how often a
switch could only be assumed to have worked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from wanfailover.core.engine import TICK, Engine
from wanfailover.core.facts import (
    Fact,
    Instant,
    Outcome,
    ProbeSample,
    Role,
    RouterUnread,
    RouterView,
    SwitchoverStarted,
    Tick,
    WindowTold,
)
from wanfailover.core.memory import Memory
from wanfailover.core.site import Policy, Site
from wanfailover.flight.reader import Head
from wanfailover.flight.rows import Fed
from wanfailover.replay.office import Ended, Office
from wanfailover.replay.playback import wall
from wanfailover.replay.tally import Course, move
from wanfailover.replay.truth import Truth

READING = 0.05
"""Seconds that a reading of the router takes here."""

STEP = 0.05
"""Seconds between two ticks at the least."""

Window = Callable[[Instant, datetime], tuple[WindowTold, float]]
"""Tells for an instant, and the same by the wall clock, whether a return is permitted, and for how
many seconds that is worth knowing."""


class WhatIf:
    """A `Listener`: what another policy would have made of it.

    Args:
        policy: The other one.

        order: The circuits, by preference.

        truth: What the lines did, of the whole recording.

        took: Seconds that a switch takes.

        window: When a return is permitted; None: when it was live.
    """

    def __init__(
        self,
        policy: Policy,
        order: tuple[str, ...],
        truth: Truth,
        took: float,
        window: Window | None = None,
    ) -> None:
        self._policy = policy
        self._order = order
        self._truth = truth
        self._took = took
        self._window = window
        self.course = Course()
        self._office: Office | None = None
        self._offset = 0.0
        self._live: str | None = None  # the circuit that the live router was on last
        self._orders = 0

    def begin(self, head: Head, live: Engine, offset: float) -> None:
        site = self._site(head.site)
        memory = head.memory
        if self._office is None:
            self._office = Office(site, self._truth, self._took)
        else:
            memory = self._remembered(memory, self._offset - offset)
            self._office.site = site
        self._offset = offset
        self._engine = Engine(site, head.controls, replace(memory, interrupted=None))
        self._last: Instant = head.now
        self._due: Ended | None = None
        self._read_at: Instant | None = None
        self._window_at: Instant = head.now
        self.course.pause()
        if live.router.view is not None and not self._office.known:
            self._office.put(live.router.view)  # the recording begins in the middle of a run
            self._live = live.active

    def _site(self, live: Site) -> Site:
        circuits = tuple(live.circuit(name) for name in self._order)
        policy = replace(self._policy, switch_cost=live.policy.switch_cost)  # is the router's
        return replace(live, circuits=circuits, policy=policy)

    def _remembered(self, memory: Memory, shift: float) -> Memory:
        """What operators said, and lines have taught, is the recording's; moves are ours."""
        moves = (replace(made, at=made.at + shift) for made in self._engine.memory().moves)
        return replace(memory, moves=tuple(moves))

    def before(self, fed: Fed, live: Engine) -> None:
        self._advance(fed.now)
        for fact in self._translated(fed, live):
            self._feed(fact, fed.now)

    def after(self, fed: Fed, live: Engine) -> None:  # noqa: ARG002 - a listener's
        self._live = live.active if live.router.view is not None else self._live

    # The same facts, as they would have been.

    def _translated(self, fed: Fed, live: Engine) -> list[Fact]:
        office = self._office
        assert office is not None  # noqa: S101 - `begin` comes first
        match fed.fact:
            case ProbeSample(role=Role.CONTROL):
                return [fed.fact]
            case ProbeSample():
                heeded = live.heeds(fed.fact)
                return [replace(fed.fact, epoch=self._engine.epoch)] if heeded else [Tick()]
            case RouterView() as view:
                return self._looked(view, live, office)
            case RouterUnread(why=why):
                office.unread = why
                return [fed.fact]
            case SwitchoverStarted() | Outcome():
                return [Tick()]
            case WindowTold() if self._window is not None:
                return [Tick()]
        return [fed.fact]

    def _looked(self, view: RouterView, live: Engine, office: Office) -> list[Fact]:
        """The live router was read: what of that is so here, too?"""
        if live.switchover is not None:
            return [Tick()]
        circuit = live.site.identify(view)
        name = circuit.name if circuit else None
        known = name is not None and name == (
            live.active if live.router.view is not None else self._live
        )
        if known and office.on is not None:
            office.back()  # it is where automation had put it: here, that may be another circuit
        else:
            office.put(view)
        return [office.read(view.at)]

    # Its own time.

    def _advance(self, now: Instant) -> None:
        """Do what falls due before *now*. Where the live agent was stalled, so is this one."""
        awake = now - self._last <= TICK + self._policy.detect.stall
        while True:
            events = [] if self._due is None else [self._due.at]
            events += [] if self._read_at is None else [self._read_at]
            if awake:
                events.append(max(self._engine.next_deadline(self._last), self._last + STEP))
            at = min(events, default=now)
            if at >= now:
                return
            self._happen(max(at, self._last))

    def _happen(self, at: Instant) -> None:
        office, due = self._office, self._due
        assert office is not None  # noqa: S101 - `begin` comes first
        if due is not None and due.at <= at:
            self._due = None
            if due.outcome.changed:
                began = due.at - due.outcome.seconds + self._offset
                self.course.moves.append(move(due.outcome, began, assumed=due.assumed))
            self._feed(due.outcome, at)
        elif self._read_at is not None and self._read_at <= at:
            self._read_at = None
            self._feed(office.read(at), at)
        else:
            self._feed(Tick(), at)

    def _feed(self, fact: Fact, now: Instant) -> None:
        engine, office = self._engine, self._office
        assert office is not None  # noqa: S101 - `begin` comes first
        self._last = now
        if self._window is not None and now >= self._window_at:
            window, good_for = self._window(now, wall(now + self._offset))
            self._window_at = now + max(good_for, 1.0)
            engine.feed(window, now)
        engine.feed(fact, now)
        self.course.on(now + self._offset, engine.active)
        decision = engine.decision
        if decision.target is not None and engine.switchover is None:
            self._orders += 1
            id_ = f"what-if-{self._orders}"
            started = SwitchoverStarted(id_, engine.active, decision.target, decision.rule)
            leaves_dead = engine.leaves_dead
            self._due = office.switch(started, now, self._offset, leaves_dead=leaves_dead)
            engine.feed(started, now)
        elif office.known and self._read_at is None and engine.wants_view(now):
            engine.router.asked(now)
            self._read_at = now + READING
