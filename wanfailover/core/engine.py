"""The one door: every fact goes in here, and the decision that follows from all of them comes out.

The engine is a fold over facts. It holds what must be remembered between two of them, hands a
`Situation` to the rules after each, and says what is new as journal entries. It is told the time,
starts nothing and waits for nothing: `next_deadline` says when to come back with a `Tick`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wanfailover.core import doubts, ledger
from wanfailover.core import entries as log
from wanfailover.core.controls import Controls
from wanfailover.core.explain import passed_over, thresholds
from wanfailover.core.facts import (
    AutoRequest,
    Ending,
    Fact,
    Instant,
    Outcome,
    PauseRequest,
    ProbeSample,
    ResumeRequest,
    Role,
    RouterUnread,
    RouterView,
    SwitchoverStarted,
    SwitchRequest,
    WindowTold,
)
from wanfailover.core.lines import Lines
from wanfailover.core.memory import Memory
from wanfailover.core.policy import Decision, decide
from wanfailover.core.reading import Reading
from wanfailover.core.requests import Answer, News, Requests, refusal
from wanfailover.core.router import KnownRouter
from wanfailover.core.site import Circuit, Site, Target
from wanfailover.core.situation import Hold, Pause, Situation
from wanfailover.core.standing import Standing
from wanfailover.core.unsettled import Interrupted

TICK = 0.5
"""Seconds between two looks at the clock when nothing happens."""

QUICK_TICK = 0.1
"""The same while something is amiss."""

AGAIN = 3600.0
"""Seconds after which a decision that stays the same is kept once more, with its figures."""


UNPROVED = "a switch to it could not be proved"


class Engine:
    """Facts in, decisions out, for one site. Not thread-safe; lives as long as the agent."""

    def __init__(
        self, site: Site, controls: Sequence[Target] = (), memory: Memory | None = None
    ) -> None:
        memory = memory or Memory()
        self.site = site
        self.epoch = memory.epoch
        self.decision = Decision("router-unreachable", "the router has not been read yet")
        self.switchover: SwitchoverStarted | None = None
        self._lines = Lines(site, memory.days)
        self._controls = Controls(controls, memory.heard)
        for circuit in site.circuits:
            at = ledger.failed_at(memory.moves, circuit.name)
            if at is not None:
                self._lines[circuit.name].condemn(at, UNPROVED)
        self._standing = Standing(site, memory)
        self.router = KnownRouter(site)
        self._eyes = doubts.Eyes()
        self._window = WindowTold(is_open=True)
        self._kept_at = self._judged = self._began = float("-inf")  # began: the last switchover
        self._fed: Instant | None = None
        self._requests = Requests(site.circuits[0].name, memory.hold, memory.pause)
        self._news = News()

    # The door.

    def feed(self, fact: Fact, now: Instant) -> tuple[list[log.Entry], list[Answer]]:
        """Take one fact; afterwards `decision` and `readings` are up to date.

        Returns:
            What is new: entries for the journal, and answers for operators who asked.
        """
        self._news = News()
        if self._fed is not None and now - self._fed > TICK + self.site.policy.detect.stall:
            self._controls.deaf(now - self._fed)
            self._lines.deaf(now, now - self._fed)
        self._fed = now
        self._take(fact, now)
        if not (isinstance(fact, ProbeSample) and self._lines.routine(fact, self.active)):
            self._judge(now)
        return self._news.entries, self._news.answers

    def next_deadline(self, now: Instant) -> Instant:
        """When to come back with a `Tick`, at the latest."""
        ends = (self.decision.until, *self._requests.ends())
        pace = QUICK_TICK if self.fast else TICK
        return min([self._judged + pace, *(end for end in ends if end is not None and end > now)])

    @property
    def readings(self) -> Mapping[str, Reading]:
        """How each circuit was last judged."""
        return self._lines.readings

    @property
    def active(self) -> str | None:
        """The circuit that the router is on; None on neither, or where it was never read."""
        return self._standing.active

    @property
    def hold(self) -> Hold | None:
        """The operator's pin, if there is one."""
        return self._requests.hold

    @property
    def request(self) -> SwitchRequest | None:
        """What an operator has asked for and is being done; an interrupted one's likewise."""
        left = self.interrupted
        return self._requests.open or (left.request if left else None)

    @property
    def pause(self) -> Pause | None:
        """What an operator has stopped automation by, if anybody has."""
        return self._requests.pause

    @property
    def fast(self) -> bool:
        """The active circuit is under suspicion: probe quickly."""
        reading = self._lines.reading(self.active)
        return reading is not None and reading.suspicious

    @property
    def interrupted(self) -> Interrupted | None:
        """A switchover that was cut off and has no end yet."""
        return self._standing.interrupted

    @property
    def leaves_dead(self) -> bool:
        """A switchover that begins now leaves a circuit that is down."""
        left = self.interrupted
        there = left is not None and self.active == left.target  # all of it is done but the proof
        return self._lines.is_down(left.source if left and there else self.active)

    def wants_view(self, now: Instant) -> bool:
        """Tell whether the router should be read now."""
        if self.switchover is not None:
            return False
        urgent = doubts.of_the_routers_age(self._lines, self.router, self.active)
        closely = bool(self.marks) or self._standing.stuck is not None
        return self.router.wants_reading(now, closely=closely, urgent=urgent)

    @property
    def marks(self) -> tuple[Circuit, ...]:
        """The idle circuits that are seen by marked packets: the router must know their marks."""
        return self.router.marks(self.active)

    @property
    def marks_differ(self) -> bool:
        """The router does not hold all the marks it should, or holds old ones."""
        return self.switchover is None and self.router.marks_differ(self.active)

    def refusal(self, request: SwitchRequest, now: Instant) -> Decision | None:
        """Why a request could not be met just now; None if it could. Changes nothing."""
        return refusal(self._situation(now), request)

    def learned(self) -> list[log.Entry]:
        """What watching the lines has taught since this was last asked, for the journal."""
        return [*self._lines.learned()]

    def explain(self, now: Instant) -> log.DecisionMade:
        """Tell the decision in force with all that it rests on."""
        return self._made(self._situation(now))

    def memory(self) -> Memory:
        """What an engine that takes this one's place must know, on the same clock."""
        return Memory(
            hold=self.hold,
            pause=self.pause,
            moves=tuple(self._standing.moves),
            interrupted=self.interrupted,
            stuck=self._standing.stuck,
            heard=dict(self._controls.heard),
            epoch=self.epoch,
            active=self._standing.ours,
            days=self._lines.days(),
        )

    def heeds(self, sample: ProbeSample) -> bool:
        """Tell whether a sample says anything of its circuit: not one in flight, or gone astray."""
        in_flight = self.switchover is not None or sample.epoch != self.epoch
        if in_flight or sample.circuit not in self._lines:
            return False
        return not self.router.strayed(sample, self.active)

    # One handler per kind of fact.

    def _take(self, fact: Fact, now: Instant) -> None:
        match fact:
            case ProbeSample():
                self._take_sample(fact, now)
            case RouterView():
                self._take_view(fact, now)
            case RouterUnread(why=why):
                self.router.unread = why
            case SwitchRequest():
                self._take_request(fact, now)
            case AutoRequest() | PauseRequest() | ResumeRequest():
                self._requests.take(fact, now, self._news)
            case WindowTold():
                self._window = fact
            case SwitchoverStarted():
                self.switchover, self._began = fact, now
                self.epoch += 1
            case Outcome():
                self._take_outcome(fact, now)
            case _:
                pass  # a tick: time has passed

    def _take_sample(self, sample: ProbeSample, now: Instant) -> None:
        if sample.role is Role.CONTROL:
            self._controls.take(sample)
            return
        if sample.circuit is not None and self.heeds(sample):
            if sample.circuit == self.active:
                self._lines[sample.circuit].acquit(sample)
            self._lines[sample.circuit].take(sample, now)

    def _take_view(self, view: RouterView, now: Instant) -> None:
        if self.switchover is not None:
            return  # read in the middle of a change: the outcome brings a better one
        first = self.router.view is None
        for name in self.router.lost_marks(view):
            self._lines[name].forget(now)
        self.router.take(view)
        active = self._whose(view, now)
        if first:
            self._standing.find(active, now, self._requests, self._news)
            if not self.router.unfinished:
                self._standing.resume(self._news)
            return
        self._standing.see(view, active, now, self._requests, self._news)
        if active != self.active:
            self._move(active, now)
            if active is not None and self.site.circuit(active).vantage is None:
                self._lines[active].forget(now)  # what it was when we left it says nothing of now

    def _whose(self, view: RouterView, now: Instant) -> str | None:
        """The circuit that a router is on; the same as before where only its way out is gone."""
        if view.gateway is None:
            if self.active is not None:
                self._lines[self.active].cut_off("the router has no default route")
            return self.active
        self._lines.absolve(now)
        circuit = self.site.identify(view)
        return circuit.name if circuit else None

    def _take_request(self, request: SwitchRequest, now: Instant) -> None:
        if self.switchover is not None:
            running = Decision("switchover-running", str(self.switchover))
            self._requests.refuse(request, running, self._news)
        elif request.circuit == self.active and not self.router.unfinished:
            self._standing.ours = self.active
            self._requests.met_already(request, now, self._news)
        elif (why := refusal(self._situation(now), request)) is not None:
            self._requests.refuse(request, why, self._news)
        else:
            self._requests.open = request

    def _take_outcome(self, outcome: Outcome, now: Instant) -> None:
        self.switchover = None
        self._lines.deaf(now, now - self._began)  # nobody was asked while it ran
        left, view = self.interrupted, outcome.view
        self._standing.take(outcome, now)
        stuck = outcome.ending is Ending.STUCK and not self.site.is_whole(view)
        if view is not None:
            self.router.take(view)
            self._move(None if stuck else self._whose(view, now), now)
            self._standing.ours = self.active or self._standing.ours
        elif stuck:
            self._move(None, now)  # it may be on either: what is asked now is evidence of neither
        else:
            self.epoch += 1
        self.router.refusals = (
            0 if outcome.proof_failed or outcome.ending is Ending.PROVED else self.router.refusals
        )
        if outcome.ending is Ending.PROVED:
            self._lines[outcome.target].vouch(now)
            if left is not None and left.request is not None and outcome.target == left.target:
                self._requests.settle(left.request, now, self._news)
        elif outcome.proof_failed:
            self._lines[outcome.target].condemn(now, UNPROVED)
        elif not stuck:
            # That says nothing of the circuit: read, and try again.
            self.router.refuse(outcome.because, now)
        self._requests.take_outcome(outcome, now, self._news)

    # What follows from them.

    def _move(self, active: str | None, now: Instant) -> None:
        """The active circuit is another one now: what is in flight is void."""
        self.epoch += 1
        if active == self.active:
            return
        standing, left = self._standing, self.active
        standing.active, standing.changed = active, now
        self.router.forget_marks()
        if left is None:
            return
        if self.site.circuit(left).vantage is None and not self._lines.is_down(left):
            self._lines[left].forget(now)

    def _judge(self, now: Instant) -> None:
        self._judged = now
        self._requests.expire(now, self._news)
        if self.switchover is None:
            self._news.entries.extend(self._lines.read(now))
            self._eyes.look(self._lines, self._controls, self.router, self.active, now)
        before, situation = self.decision, self._situation(now)
        self.decision = decide(situation)
        drill = situation.drill if self.switchover is None else None
        if drill is not None and self.decision.target != drill.circuit:
            self._requests.refuse(drill, self.decision, self._news)
        new = _gist(before) != _gist(self.decision)
        if new or now - self._kept_at >= AGAIN:
            self._kept_at = now
            self._news.entries.append(replace(self._made(situation), again=not new))
            self._news.entries.extend(self.learned())

    def _made(self, situation: Situation) -> log.DecisionMade:
        decision = self.decision
        return log.DecisionMade(
            rule=decision.rule,
            switch=decision.target is not None,
            target=decision.target,
            because=decision.because,
            until=None if decision.until is None else max(0.0, decision.until - situation.now),
            health=tuple((name, str(r.state), r.because) for name, r in self.readings.items()),
            passed_over=tuple(passed_over(situation)),
            thresholds=tuple(thresholds(situation)),
            page=decision.page,
        )

    def _situation(self, now: Instant) -> Situation:
        return Situation(
            now=now,
            site=self.site,
            active=self.active,
            readings=self.readings,
            running=str(self.switchover) if self.switchover else None,
            stuck=self._standing.stuck,
            request=self._requests.open,
            interrupted=self.interrupted.target if self.interrupted and self.router.view else None,
            ours=self._standing.ours,
            hold=self.hold,
            pause=self.pause,
            prober_sick=self._eyes.sick,
            router_unread=doubts.of_the_router(self._lines, self.router, self.active),
            refusals=self.router.refusals,
            viewed=self.router.view.at if self.router.view else None,
            foreign=self.router.foreign() if self.active is None else None,
            tried=ledger.tried(self._standing.moves),
            moves=self._standing.moves,
            changed=self._standing.changed,
            window=self._window,
            marked=self.router.marked,
        )


def _gist(decision: Decision) -> tuple[str, str | None, bool]:
    """What makes a decision another one: a sentence alone does not."""
    return decision.rule, decision.target, decision.page
