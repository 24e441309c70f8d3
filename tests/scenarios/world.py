"""A small world in virtual time for the engine: circuits that live and die, a router, probes.

No sockets, threads or clocks: the world sends probes on their pace, answers those whose circuit
lives, carries out what the engine decides in `SWITCH` seconds, and feeds everything back as facts.
Time goes from one event to the next. What the engine writes is told as lines, the same that
`history` prints. What is lost at random is lost by the seed and the number of the probe.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from ipaddress import IPv4Address, IPv4Interface
from itertools import count
from math import inf

import click

from wanfailover.cli.story import tell
from wanfailover.core import entries as log
from wanfailover.core.engine import Engine
from wanfailover.core.facts import (
    AutoRequest,
    Ending,
    Fact,
    Outcome,
    PauseRequest,
    ProbeSample,
    Result,
    ResumeRequest,
    Role,
    RouterUnread,
    RouterView,
    SwitchoverStarted,
    SwitchRequest,
    Tick,
    WindowTold,
)
from wanfailover.core.memory import Memory
from wanfailover.core.policy import ASKED
from wanfailover.core.site import Circuit, Detect, Path, Policy, Site, Target
from wanfailover.core.timeout import Timeout
from wanfailover.core.unsettled import Interrupted

SWITCH = 0.3
RTT = 0.02
TARGETS = (
    Target("icmp 192.0.2.10", Role.FAR, 0.5),
    Target("icmp 192.0.2.11", Role.FAR, 0.5),
    Target("tcp 192.0.2.80:443", Role.FAR, 5.0),
)
CONTROL = Target("icmp 192.168.10.1", Role.CONTROL, 1.0)
QUICK = 0.3
"""Seconds between two probes of one of three targets under suspicion: ten a second of them all."""


def site(
    seen: tuple[str, ...] = ("primary",),
    names: tuple[str, ...] = ("primary", "backup"),
    metered: tuple[str, ...] = (),
    marked: tuple[str, ...] = (),
    modems: tuple[str, ...] = (),
    targets: tuple[Target, ...] = TARGETS,
    **policy: object,
) -> Site:
    """A site: circuits *seen* have a vantage, *marked* a mark and *modems* one that answers."""
    detect = {key: policy.pop(key) for key in tuple(policy) if key in Detect.__slots__}
    circuits = tuple(
        Circuit(
            name,
            IPv4Interface(f"198.51.{number}.2/24"),
            IPv4Address(f"198.51.{number}.1"),
            vantage=_vantage(name, seen, marked),
            metered=name in metered,
            device=f"snmp {name}" if name in modems else None,
        )
        for number, name in enumerate(names)
    )
    return Site("office", circuits, targets, Policy(Detect(**detect), **policy))  # type: ignore[arg-type]


PACES = {"icmp": 0.5, "tcp": 5.0, "dns": 5.0, "smtp": 60.0}


def target(name: str) -> Target:
    """A far target, by its kind and address: ``dns:192.0.2.53``."""
    kind, _, address = name.partition(":")
    return Target(f"{kind} {address}", Role.FAR, PACES[kind])


def _vantage(name: str, seen: tuple[str, ...], marked: tuple[str, ...]) -> Path | None:
    if name in marked:
        return Path(dscp=8)
    return Path(device="eth1") if name in seen else None


def holds(site: Site, name: str | None, at: float) -> RouterView:
    """What a router on circuit *name* holds; None is somebody's own configuration."""
    if name is None:
        return RouterView(at, IPv4Address("10.9.9.1"), IPv4Address("10.9.9.9"), "wan")
    if name == "nowhere":
        return RouterView(at, None, None, None)
    circuit = site.circuit(name)
    return RouterView(at, circuit.gateway, circuit.address.ip, "wan")


@dataclass
class Life:
    """Of one agent, from its start to its end: what it was fed, and what came of it."""

    memory: Memory | None
    facts: list[tuple[Fact, float]] = field(default_factory=list)
    entries: list[log.Entry] = field(default_factory=list)


@dataclass
class World:
    """Everything outside the engine."""

    site: Site
    alive: dict[str, bool] = field(default_factory=dict)
    filtered: set[str] = field(default_factory=set)  # targets that never answer
    beyond: set[str] = field(
        default_factory=set
    )  # circuits whose provider is dead past its gateway
    loss: dict[str, tuple[float, int]] = field(default_factory=dict)  # share lost, and the seed
    delay: dict[str, float] = field(default_factory=dict)
    router: str | None = "primary"
    boot: str = "primary"
    reachable: bool = True
    lan: bool = True
    host: str = ""  # why probes cannot leave our own host
    reading: float = 0.02  # seconds that a look at the router takes
    marks: set[str] = field(default_factory=set)  # circuits that the router sends marked packets by
    trouble: set[str] = field(default_factory=set)  # circuits that no proof succeeds on
    memory: Memory | None = None  # what the agent knows when it starts
    fate: str = ""  # what befalls the next switch: ``killed`` the agent, ``stuck`` the router
    fates: int = 1  # how many switches it befalls
    now: float = 0.0

    def __post_init__(self) -> None:
        self.alive = dict.fromkeys((c.name for c in self.site.circuits), True) | self.alive
        self.lines: list[str] = []
        self.switches: list[tuple[float, str, str]] = []
        self.moves: list[tuple[float, Outcome]] = []  # the switches that touched the router
        self.health: list[tuple[float, str, str]] = []  # when a circuit changed to which state
        self.lives: list[Life] = []
        self._window: WindowTold | None = None  # as it was last told
        self._start(self.memory)
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._asked: dict[str, float] = {}
        self._asking: list[tuple[str, Target, str | None, bool]] = []
        self._pace: tuple[str | None, bool] | None = None  # the active circuit, and whether quick
        self._next = -inf
        self._looking = False
        self._timeouts: dict[str, Timeout] = {}
        self._numbers = count(1)
        self._ids = count(1)

    def _start(self, memory: Memory | None) -> None:
        self.engine = Engine(self.site, [CONTROL], memory)
        self.lives.append(Life(memory))

    # Driving time.

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self.now + seconds, next(self._order), act))

    def run(self, until: float) -> None:
        while self.now < until:
            deadline = self.engine.next_deadline(self.now)
            first = self._due[0][0] if self._due else inf
            probe = self._next if self._pace == (self.engine.active, self.engine.fast) else -inf
            self.now = max(min(until, deadline, probe, first), self.now)
            while self._due and self._due[0][0] <= self.now:
                heapq.heappop(self._due)[2]()
            self._probe()
            if self.now >= deadline:
                self.feed(Tick())

    def feed(self, fact: Fact) -> None:
        entries, answers = self.engine.feed(fact, self.now)
        self.lives[-1].facts.append((fact, self.now))
        self.lives[-1].entries += entries
        for entry in entries:
            self._tell(entry)
        for answer in answers:
            self.say(f"answer: {answer.rule + ': ' if answer.rule else ''}{answer.sentence}")
        decision = self.engine.decision
        if decision.target is not None and self.engine.switchover is None:
            self._switch(decision.rule, decision.target)
        if self.engine.wants_view(self.now) and not self._looking:
            self._looking = True
            self.engine.router.asked(self.now)
            self.later(self.reading, self._read)
        if self.engine.marks_differ and self.reachable:
            self.marks = {circuit.name for circuit in self.engine.marks}
            self.engine.router.prompt()

    def say(self, text: str) -> None:
        minutes, seconds = divmod(self.now, 60)
        self.lines.append(click.unstyle(f"{minutes:02.0f}:{seconds:04.1f}  {text}"))

    def _tell(self, entry: log.Entry) -> None:
        line = tell(entry)
        if line is not None:
            self.say(line)
        if isinstance(entry, log.HealthChanged):
            self.health.append((self.now, entry.circuit, entry.state))
        if line is not None and isinstance(entry, log.DecisionMade):
            self.lines[-1] += "" if entry.until is None else f" (for {entry.until:.0f} s)"
            self.lines[-1] += " (page)" if entry.page else ""

    # The router.

    def _read(self) -> None:
        self._looking = False
        if not (self.reachable and self.lan):
            self.feed(RouterUnread(self.now, "the router does not answer"))
        else:
            view = holds(self.site, self.router, self.now)
            self.feed(replace(view, marks=frozenset(self.marks)))

    def _switch(self, rule: str, target: str) -> None:
        id_, source = f"s{next(self._ids)}", self.engine.active
        automatic = rule not in ASKED
        self.feed(SwitchoverStarted(id_, source, target, rule))
        fate, self.fates = self.fate, self.fates - 1
        if not self.fates:
            self.fate, self.fates = "", 1
        if fate == "killed":
            self.router = None  # half of the one, half of the other
            left = Interrupted(id_, source, target, self.engine.request)
            self.later(SWITCH, lambda: self.restart(left))
            return
        if not (self.reachable and self.lan):
            because = "nothing was changed: the router does not answer"
            ending, changed, view = Ending.UNDONE, False, None
        elif fate == "stuck":
            self.router = None
            because = "the router answers neither as before nor as it should; look at it yourself"
            ending, changed, view = Ending.STUCK, True, holds(self.site, None, self.now)
        elif self.alive[target] and target not in self.trouble:
            self.router = target
            because, ending, changed = "2 far targets answered", Ending.PROVED, True
            view = holds(self.site, target, self.now)
        elif self.engine.leaves_dead:
            self.router = target
            because = f"no far target answered; it stays there, for {source} is down as well"
            ending, changed, view = Ending.UNPROVED, True, holds(self.site, target, self.now)
        else:
            back = source or "neither circuit"
            because = f"no far target answered; the router is on {back} again"
            ending, changed, view = Ending.UNDONE, True, holds(self.site, self.router, self.now)
        self.switches.append((self.now, rule, target))
        policy = self.site.policy
        within = policy.trial_within if rule == "trial-failback" else policy.proof_within
        took = SWITCH if ending is Ending.PROVED else within
        outcome = Outcome(
            id_, source, target, rule, ending, took, because, automatic, changed,
            proof_failed=changed and ending in {Ending.UNDONE, Ending.UNPROVED}, view=view,
        )  # fmt: skip
        self.later(took, lambda: self._end(outcome))

    def _end(self, outcome: Outcome) -> None:
        self.say(f"switch to {outcome.target} {outcome.ending}: {outcome.because}")
        if outcome.changed:
            self.moves.append((self.now, outcome))
        self.feed(outcome)

    def restart(self, interrupted: Interrupted | None = None) -> None:
        """The agent is killed and started again: it knows what its journal does."""
        known = replace(self.engine.memory(), epoch=0, heard={})  # those are a successor's alone
        self._start(replace(known, interrupted=interrupted or known.interrupted))
        self._due.clear()  # what was in flight is lost
        self._pace, self._looking = None, False
        self.say("the agent starts")
        if self._window is not None:
            self.feed(self._window)

    def request(self, circuit: str, **how: object) -> None:
        self.feed(SwitchRequest(id="r", circuit=circuit, who="ann", **how))  # type: ignore[arg-type]

    def auto(self) -> None:
        self.feed(AutoRequest("a", "ann"))

    def pause(self, seconds: float | None = None) -> None:
        self.feed(PauseRequest("p", seconds, "ann"))

    def resume(self) -> None:
        self.feed(ResumeRequest("p", "ann"))

    def explain(self) -> None:
        """An operator asks why."""
        made = self.engine.explain(self.now)
        self.say(f"explain: {made.rule}: {made.because}")
        for rule, why in made.passed_over:
            self.say(f"  not {rule}: {why}")
        for name, value in made.thresholds:
            self.say(f"  {name}: {value}")

    def window(self, *, is_open: bool, seconds: float | None = None) -> None:
        self._window = WindowTold(is_open, None if seconds is None else self.now + seconds)
        self.feed(self._window)

    # The probes.

    def _probe(self) -> None:
        """Ask whoever is due, and note when the next one is."""
        pace = active, quick = self.engine.active, self.engine.fast
        if self._pace is None or self._pace[0] != active:
            self._asking = list(self._whom(active))
            self._stagger()
        elif self._pace == pace and self.now < self._next:
            return
        self._pace, self._next = pace, inf
        for key, target, circuit, through in self._asking:
            every = min(target.every, QUICK) if quick else target.every
            due = self._asked.get(key, -inf) + every
            if due <= self.now:
                self._ask(key, target, circuit, through=through)
                due = self.now + every
            self._next = min(self._next, due)

    def _stagger(self) -> None:
        """Those who were not asked before and have one pace are asked one after the other."""
        groups: dict[tuple[str | None, float], list[tuple[str, Target]]] = {}
        for key, target, circuit, _ in self._asking:
            if key not in self._asked:
                groups.setdefault((circuit, target.every), []).append((key, target))
        for group in groups.values():
            for number, (key, target) in enumerate(group):
                self._asked[key] = self.now - target.every * (1 - number / len(group))

    def _whom(self, active: str | None) -> Iterator[tuple[str, Target, str | None, bool]]:
        """Everybody who is asked while *active* is the active circuit."""
        for circuit in self.site.circuits:
            through = circuit.name == active
            if through or circuit.vantage is not None:
                for target in (*self.site.targets, circuit.gateway_target):
                    pace = target.every if through else circuit.idle_pace(target.every)
                    key = f"{circuit.name} {target.name}"
                    yield key, replace(target, every=pace), circuit.name, through
            if circuit.device is not None:
                yield circuit.device, Target(circuit.device, Role.DEVICE, 10.0), circuit.name, False
        yield CONTROL.name, CONTROL, None, False

    def _ask(self, key: str, target: Target, circuit: str | None, *, through: bool) -> None:
        self._asked[key] = self.now
        line = self.router if through else circuit  # where the packet really goes
        if circuit is not None and self.site.circuit(circuit).marked and circuit not in self.marks:
            line = self.router  # a mark that the router does not know is no mark
        timeout = self._timeouts.setdefault(key, Timeout(self.site.policy.detect))
        given = timeout.seconds
        sample = ProbeSample(
            circuit, target.name, target.role, self.now, Result.LOST, epoch=self.engine.epoch,
            timeout=given,
        )  # fmt: skip
        if target.role is Role.CONTROL:
            answers, delay = self.lan, 0.001
        elif target.role is Role.DEVICE:
            answers, delay = self.alive[circuit or ""], 0.001
        else:
            answers, delay = self._answers(target, line), RTT + self.delay.get(line or "", 0.0)
        mute = target.role is Role.DEVICE and target.name in self.filtered
        if mute or (self.host and target.role is Role.FAR):
            unsent = replace(sample, result=Result.UNSENT, detail=self.host)
            self.later(given if mute else 0.0, lambda: self.feed(unsent))
            return
        if not answers or delay > given:
            self.later(given, lambda: self.feed(sample))
        if answers:
            back = replace(sample, result=Result.ANSWERED, rtt=delay)
            self.later(delay, lambda: (timeout.take(delay), self.feed(back)))

    def _answers(self, target: Target, line: str | None) -> bool:
        if line is None or line == "nowhere" or not self.alive[line]:
            return False
        if not self.lan or target.name in self.filtered:
            return False
        if line in self.beyond and target.role is Role.FAR:
            return False
        return not self._is_lost(line)

    def _is_lost(self, line: str) -> bool:
        """What is lost on the way of a circuit that lives."""
        share, seed = self.loss.get(line, (0.0, 0))
        return share > 0.0 and dice(seed, next(self._numbers)) < share


def dice(seed: int, number: int) -> float:
    """Throw the *number*-th throw of a die with this *seed*: 0 to 1, the same each time."""
    thrown = blake2b(b"%d %d" % (seed, number), digest_size=4).digest()
    return int.from_bytes(thrown, "big") / 2**32
