"""The one door: every fact goes in here, and the decision that follows from all of them comes out.

The engine is a fold over facts. It holds what must be remembered between two of them, hands a
`Situation` to the rules after each, and says what is new as journal entries. It is told the time,
starts nothing and waits for nothing: `next_deadline` says when to come back with a `Tick`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from wanfailover.core import entries as log
from wanfailover.core.controls import Controls
from wanfailover.core.facts import (
    AutoRequest,
    Ending,
    Fact,
    Instant,
    Outcome,
    ProbeSample,
    Result,
    Role,
    RouterUnread,
    RouterView,
    Site,
    SwitchoverStarted,
    SwitchRequest,
    Target,
    Tick,
)
from wanfailover.core.health import Line, Reading, State
from wanfailover.core.policy import HOUR, Decision, Hold, Situation, decide, refusal
from wanfailover.core.requests import Answer, News, Requests

DEAF = 1.0
"""A gap of a second between two facts means that we were stalled: ticks come twice as often."""

REREAD = 2.0
"""Seconds between two tries to read a router when its state matters now."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a restart brings along from the journal, as instants of the new clock.

    Args:
        interrupted: A switchover without an end: its id, where from and where to.
    """

    hold: Hold | None = None
    switched: tuple[Instant, ...] = ()
    interrupted: tuple[str, str | None, str] | None = None


class Engine:
    """Facts in, decisions out, for one site. Not thread-safe; lives as long as the agent."""

    def __init__(
        self, site: Site, controls: Sequence[Target] = (), memory: Memory | None = None
    ) -> None:
        memory = memory or Memory()
        self.site = site
        self.active: str | None = None
        self.view: RouterView | None = None
        self.epoch = 0
        self.readings: dict[str, Reading] = {}
        self.decision = Decision("router-unreachable", "the router has not been read yet")
        self.switchover: SwitchoverStarted | None = None
        self._lines = {
            c.name: Line(
                [
                    replace(target, every=c.idle_pace(target.every))
                    for target in (*site.targets, c.gateway_target)
                ],
                site.policy,
            )
            for c in site.circuits
        }
        self._controls = Controls(controls, site.policy)
        self._switched = list(memory.switched)
        known = {c.name for c in site.circuits}
        self.interrupted = memory.interrupted
        if self.interrupted is not None and self.interrupted[2] not in known:
            self.interrupted = None  # the profile has changed since: the router alone tells
        self._unread: str | None = "the router has not been read yet"
        self._asked_router: Instant = float("-inf")
        self._prompted = False
        self._stuck: str | None = None
        self._tried: set[str] = set()
        self._changed: Instant | None = None
        self._fed: Instant | None = None
        self._judged: Instant = float("-inf")
        self._requests = Requests(site.circuits[0].name, memory.hold)
        self._news = News()

    # The door.

    def feed(self, fact: Fact, now: Instant) -> tuple[list[log.Entry], list[Answer]]:
        """Take one fact; afterwards `decision` and `readings` are up to date.

        Returns:
            What is new: entries for the journal, and answers for operators who asked.
        """
        self._news = News()
        if self._fed is not None and now - self._fed > DEAF:
            self._controls.deaf(now - self._fed)
            for line in self._lines.values():
                line.deaf(now, now - self._fed)
        self._fed = now
        self._take(fact, now)
        if not self._routine(fact):
            self._judge(now)
        return self._news.entries, self._news.answers

    def next_deadline(self, now: Instant) -> Instant:
        """When to come back with a `Tick`, at the latest."""
        pace = 0.1 if self.alert else 0.5
        ends = [end for end in (self.decision.until, self.hold and self.hold.until) if end]
        return min([self._judged + pace, *(end for end in ends if end > now)])

    @property
    def hold(self) -> Hold | None:
        """The operator's pin, if there is one."""
        return self._requests.hold

    @property
    def alert(self) -> bool:
        """Something is overdue on the active circuit: probe faster, look at the router."""
        reading = self.readings.get(self.active or "")
        return reading is not None and (reading.suspicious or reading.state is State.DOWN)

    @property
    def router_known(self) -> bool:
        """The router answered when it was last asked."""
        return self._unread is None

    @property
    def unfinished(self) -> str:
        """What the router will hold after its next restart, where that is not what it runs."""
        return self.view.unfinished if self.view else ""

    def wants_view(self, now: Instant) -> bool:
        """Tell whether the router should be read now."""
        if self.switchover is not None:
            return False
        if self._unread is not None or self._prompted or self._out_of_date():
            return now - self._asked_router >= REREAD
        return now - self._asked_router >= self.site.policy.reconcile_every

    def asked_router(self, now: Instant) -> None:
        """Note that a reading of the router has begun."""
        self._asked_router, self._prompted = now, False

    def prompt(self) -> bool:
        """Somebody says that the router has changed: read it soon. Nothing else follows from it.

        Returns:
            False where somebody has said so already.
        """
        known, self._prompted = self._prompted, True
        return not known

    def refusal(self, request: SwitchRequest, now: Instant) -> Decision | None:
        """Why a request could not be met just now; None if it could. Changes nothing."""
        return refusal(self._situation(now), request)

    # One handler per kind of fact.

    def _take(self, fact: Fact, now: Instant) -> None:
        match fact:
            case ProbeSample():
                self._take_sample(fact)
            case RouterView():
                self._take_view(fact, now)
            case RouterUnread(why=why):
                self._unread = why
            case SwitchRequest():
                self._take_request(fact, now)
            case AutoRequest():
                self._requests.let_go(fact, self._news)
            case SwitchoverStarted():
                self.switchover = fact
                self.epoch += 1
            case Outcome():
                self._take_outcome(fact, now)
            case Tick():
                pass

    def _take_sample(self, sample: ProbeSample) -> None:
        if sample.role is Role.CONTROL:
            self._controls.take(sample)
            return
        in_flight = self.switchover is not None or sample.epoch != self.epoch
        if not in_flight and sample.circuit in self._lines:
            self._lines[sample.circuit].take(sample)

    def _take_view(self, view: RouterView, now: Instant) -> None:
        if self.switchover is not None:
            return  # read in the middle of a change: the outcome brings a better one
        first, self.view, self._unread = self.view is None, view, None
        circuit = self.site.identify(view)
        active = circuit.name if circuit else None
        if view.gateway is None and self.active is not None:
            active = self.active  # nobody put it elsewhere: its way out is gone
            self._lines[active].condemn(now, "the router has no default route")
        if active is not None and not self.unfinished:
            self._stuck = None
        if first:
            self.active = active
            self._news.entries.append(log.ActiveChanged(None, active, "found so"))
            self._resume(active)
        elif active != self.active:
            because = "the router says so, and it was not our doing"
            self._news.entries.append(log.ActiveChanged(self.active, active, because))
            self._move(active, now)
            if active is not None and self.site.circuit(active).vantage is None:
                self._lines[active].forget(now)  # what it was when we left it says nothing of now

    def _resume(self, active: str | None) -> None:
        """Close a switchover that was left open, where the router is whole, on its source."""
        if self.interrupted is None or active is None or self.unfinished:
            return
        id_, source, target = self.interrupted
        if active == source:
            because = f"it was left open, and the router is on {active}, whole"
            ended = log.SwitchoverEnded(
                id_, source, target, "finish-interrupted", "undone", 0.0, because
            )
            self._news.entries.append(ended)
            self.interrupted = None

    def _take_request(self, request: SwitchRequest, now: Instant) -> None:
        if self.switchover is not None:
            running = Decision("switchover-running", self._running() or "")
            self._requests.refuse(request, running, self._news)
        elif request.circuit == self.active and not self.unfinished:
            self._requests.met_already(request, now, self._news)
        elif (why := refusal(self._situation(now), request)) is not None:
            self._requests.refuse(request, why, self._news)
        else:
            self._requests.open = request

    def _take_outcome(self, outcome: Outcome, now: Instant) -> None:
        self.switchover = None
        self.interrupted = None if outcome.changed else self.interrupted
        if outcome.changed and outcome.automatic:
            self._switched = [i for i in self._switched if i > now - HOUR] + [now]
        if outcome.view is not None:
            self.view, self._unread, self._asked_router = outcome.view, None, now
            circuit = self.site.identify(outcome.view)
            self._move(circuit.name if circuit else None, now)
        else:
            self.epoch += 1
        self._stuck = outcome.because if outcome.ending is Ending.STUCK else None
        if outcome.ending is Ending.PROVED:
            self._tried.clear()
            self._lines[outcome.target].vouch(now)
        elif outcome.proof_failed:
            self._tried.add(outcome.target)
            self._lines[outcome.target].condemn(now, "a switch to it could not be proved")
        elif outcome.ending is Ending.UNDONE:
            self._unread = outcome.because  # says nothing of the circuit: read, and try again
        self._requests.take_outcome(outcome, now, self._news)

    # What follows from them.

    def _move(self, active: str | None, now: Instant) -> None:
        """The active circuit is another one now: what is in flight is void."""
        self.epoch += 1
        if active == self.active:
            return
        left, self.active, self._changed = self.active, active, now
        if left is None:
            return
        unseen = self.site.circuit(left).vantage is None
        was_down = left in self.readings and self.readings[left].state is State.DOWN
        if unseen and not was_down:
            self._lines[left].forget(now)

    def _routine(self, fact: Fact) -> bool:
        """An answer where answers are usual makes no news: the next tick will read it.

        Nine facts in ten are such, and judging all circuits for each would cost most of our CPU.
        """
        if not isinstance(fact, ProbeSample) or fact.result is not Result.ANSWERED:
            return False
        reading = self.readings.get(fact.circuit or self.active or "")
        return reading is not None and reading.state is State.UP and not reading.suspicious

    def _judge(self, now: Instant) -> None:
        self._judged = now
        self._requests.expire(now, self._news)
        for name, line in self._lines.items():
            was, reading = self.readings.get(name), line.read(now)
            self.readings[name] = reading
            if was is not None and was.state is not reading.state:
                changed = log.HealthChanged(name, was.state, reading.state, reading.because)
                self._news.entries.append(changed)
        was_rule = (self.decision.rule, self.decision.target)
        self.decision = decide(self._situation(now))
        if was_rule != (self.decision.rule, self.decision.target):
            self._news.entries.append(self._made(now))

    def _made(self, now: Instant) -> log.DecisionMade:
        decision = self.decision
        return log.DecisionMade(
            rule=decision.rule,
            switch=decision.target is not None,
            target=decision.target,
            because=decision.because,
            until=None if decision.until is None else max(0.0, decision.until - now),
            health=tuple((name, str(r.state), r.because) for name, r in self.readings.items()),
        )

    def _situation(self, now: Instant) -> Situation:
        return Situation(
            now=now,
            site=self.site,
            active=self.active,
            readings=self.readings,
            running=self._running(),
            stuck=self._stuck,
            request=self._requests.open,
            interrupted=self.interrupted[2] if self.interrupted and self.view else None,
            hold=self.hold,
            prober_sick=self._sick(now),
            router_unread=self._unknown_router(),
            foreign=self._foreign(),
            tried=self._tried,
            switched=self._switched,
            changed=self._changed,
        )

    # Sentences on what keeps the rules from acting.

    def _running(self) -> str | None:
        if self.switchover is None:
            return None
        return f"switching from {self.switchover.source or 'neither'} to {self.switchover.target}"

    def _sick(self, now: Instant) -> str | None:
        reading = self.readings.get(self.active or "")
        heard = reading.heard if reading else None
        if heard is not None and now - heard < self.site.policy.silence:
            return None  # what answers through the router has found its way past the inside
        no_route = self.view is not None and self.view.gateway is None
        if reading is not None and reading.unsent is not None and not no_route:
            return f"probes cannot leave this host: {reading.unsent}"
        down = reading is not None and reading.state is State.DOWN
        return self._controls.sick(now, heard, suspected=down)

    def _out_of_date(self) -> bool:
        """The router was last read before the active circuit fell silent: it may have rebooted."""
        reading = self.readings.get(self.active or "")
        if self.view is None or reading is None or not self.alert:
            return False
        return reading.heard is not None and self.view.at < reading.heard

    def _unknown_router(self) -> str | None:
        if self._unread is not None:
            return self._unread
        down = self.alert and self.readings[self.active or ""].state is State.DOWN
        if down and self._out_of_date():
            return "the router has not been read since the circuit fell silent; reading it now"
        return None

    def _foreign(self) -> str | None:
        if self.view is None or self.active is not None:
            return None
        return (
            f"the router is on neither circuit: it sends from {self.view.source} "
            f"to {self.view.gateway}; put it right by hand, or with wanfailover switch NAME --force"
        )
