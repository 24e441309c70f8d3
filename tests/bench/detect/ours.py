"""Our detector on a trace: the real `Line`, asked and told as the agent would.

Round robin over K targets, one each every T seconds (T = 1), quickly while `Line.fast`. A probe is
told as lost when its target's `Timeout` has passed, and told again when its answer comes after all.

While the line is plain and nothing is amiss, every answer is looked up in the trace but only one in
ten is told: those say nothing new. From a loss or a late answer on, all of them are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush

from tests.bench.detect.lines import FAR
from tests.bench.detect.traces import Trace
from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.health import Line
from wanfailover.core.patience import Day
from wanfailover.core.reading import State
from wanfailover.core.site import Detect, Policy, Target
from wanfailover.core.timeout import Timeout

WAITS = 10.0
"""Seconds for which a late answer is waited for."""

HOUR = 3600.0

CALM = 3.0
"""Seconds after a loss in which everything is told."""

NEVER = 600.0
"""Seconds: a patience that no nuisance outlasts."""

SETTLED = 14.0
"""Seconds after the last loss when the account of bad seconds has settled it."""

Verdict = tuple[float, State, str]
"""When, what, and why."""


@dataclass
class Ours:
    """One agent, watching one line.

    Args:
        targets: Indices of those it asks.

        every: Seconds between two probes of one target.

        days: What it has learned of this line before.

        thin: While all is well, at least one in so many answers is told.
    """

    name: str = "ours"
    detect: Detect = field(default_factory=Detect)
    days: Sequence[Day] = ()
    targets: Sequence[int] = FAR
    every: float = 1.0
    thin: int = 10
    asked: int = 0
    line: Line | None = None
    because: list[tuple[float, str]] = field(default_factory=list)

    def run(self, trace: Trace) -> Iterator[tuple[float, bool]]:
        """Watch a line for as long as the trace lasts; says when it is down and when up again."""
        down = False
        for now, state, because in self.states(trace):
            if (state is State.DOWN) is not down:
                down = not down
                self.because.append((now, because))
                yield now, down

    def states(self, trace: Trace) -> Iterator[Verdict]:
        """The verdict at each event."""
        watch = _Watch(self, trace)
        self.line = watch.line
        stalls = [*trace.stalls]
        while watch.now < trace.duration:
            if stalls and stalls[0][0] <= watch.now:
                yield watch.wake(*stalls.pop(0))
            yield from watch.hear()
            yield watch.judge(watch.now)
            if watch.at_rest():
                rest = stalls[0][0] if stalls else trace.duration
                yield from watch.doze(min(trace.calm_until(watch.now), rest) - 2.0)
            if watch.now < trace.duration:
                watch.send()
        self.asked += watch.turn


class _Watch:
    """One agent's run over one trace."""

    def __init__(self, ours: Ours, trace: Trace) -> None:
        self._ours, self._trace = ours, trace
        self._names = {k: trace.targets[k].name for k in ours.targets}
        watched = [Target(name, Role.FAR, ours.every) for name in self._names.values()]
        self.line = Line(watched, Policy(detect=ours.detect), ours.days)
        self._timeouts = {k: Timeout(ours.detect) for k in ours.targets}
        self._pace = ours.every / len(ours.targets)
        self._due: list[tuple[float, int, int, ProbeSample]] = []  # when, order, of whom, what
        self._order = 0
        self._missed = self._sent = 0.0
        self.now = 0.0  # when the next probe is sent
        self.turn = 0

    def judge(self, at: float) -> Verdict:
        return at, *self.line.judge(at)

    def send(self) -> None:
        """Send the next probe, and see when what will be told of it."""
        k, sent = self._next(), self.now
        self.turn += 1
        timeout = self._timeouts[k].seconds
        rtt = self._trace.ask(k, sent)
        if rtt is None or rtt > timeout:
            self._expect(sent + timeout, k, self._sample(k, sent, None, timeout))
        if rtt is not None and rtt <= WAITS:
            self._expect(sent + rtt, k, self._sample(k, sent, rtt, timeout))
        self._sent = sent
        self.now = sent + (self._ours.detect.fast if self.line.fast(sent) else self._pace)

    def hear(self) -> Iterator[Verdict]:
        """Tell what is due before the next probe; suspicion hastens that."""
        while self._due and self._due[0][0] <= self.now:
            at, _, k, sample = heappop(self._due)
            self._tell(k, sample, at)
            if sample.rtt is None:  # an answer is judged with the next probe
                yield self.judge(at)
            if self.line.fast(at):
                self.now = min(self.now, max(at, self._sent + self._ours.detect.fast))

    def wake(self, begin: float, seconds: float) -> Verdict:
        """After a stall: answers that wait in the sockets come first, then what is overdue."""
        self.now = begin + seconds
        if seconds > self._ours.detect.stall:
            self.line.deaf(self.now, seconds)
        late = []
        while self._due and self._due[0][0] <= self.now:
            late.append(heappop(self._due))
        answered = {sample.sent for *_, sample in late if sample.rtt is not None}
        for _, _, k, sample in sorted(late, key=lambda due: due[3].rtt is None):
            if sample.rtt is not None or sample.sent not in answered:
                self._tell(k, sample, self.now)
        return self.judge(self.now)

    def at_rest(self) -> bool:
        """Nothing is amiss, nor was it just now."""
        calm = self.now - self._missed > CALM and not self.line.fast(self.now)
        pending = any(sample.rtt is None for *_, sample in self._due)
        return calm and not pending and self.line._state is not State.DOWN

    def doze(self, until: float) -> Iterator[Verdict]:
        """Look up every answer until something is amiss, and tell some of them."""
        targets = self._ours.targets
        while self.now < until:
            number = min(self._step, int((until - self.now) / self._pace) + 1)
            limits = [self._timeouts[k].seconds for k in targets]
            usual = self._trace.usual(targets, limits, self.turn, self.now, self._pace, number)
            if usual:
                self.turn += usual - 1
                k, sent = self._next(), self.now + (usual - 1) * self._pace
                while self._due and self._due[0][0] <= sent:  # of what was sent before
                    at, _, other, sample = heappop(self._due)
                    self._tell(other, sample, at)
                rtt = self._trace.ask(k, sent)
                self._tell(k, self._sample(k, sent, rtt, self._timeouts[k].seconds), sent + rtt)
                self.turn += 1
                self.now = sent + self._pace
                yield self.judge(sent + rtt)
            if usual < number:
                break

    @property
    def _step(self) -> int:
        """One answer in so many is told; each second has one until the account is settled."""
        settled = self.now - self._missed > SETTLED and self.line._seconds.settled
        return min(self._ours.thin, 10 if settled else 4)

    def _next(self) -> int:
        return self._ours.targets[self.turn % len(self._ours.targets)]

    def _sample(self, k: int, sent: float, rtt: float | None, timeout: float) -> ProbeSample:
        result = Result.LOST if rtt is None else Result.ANSWERED
        return ProbeSample("line", self._names[k], Role.FAR, sent, result, rtt, timeout=timeout)

    def _expect(self, at: float, k: int, sample: ProbeSample) -> None:
        self._order += 1
        heappush(self._due, (at, self._order, k, sample))

    def _tell(self, k: int, sample: ProbeSample, at: float) -> None:
        self.line.take(sample, at)
        if sample.rtt is None:
            self._missed = at
        else:
            self._timeouts[k].take(sample.rtt)


@dataclass
class Returning(Ours):
    """The same, but it comes back only when the line was quiet for long enough.

    That is the rule of failing back where the idle line can be seen: quiet for `return_after`, at
    most 2 % lost meanwhile; doubled by a relapse within an hour of the return, up to half an hour.
    """

    thin: int = 2  # the quiet that it waits for has no gap of a second
    after: float = 300.0
    most: float = 1800.0

    def run(self, trace: Trace) -> Iterator[tuple[float, bool]]:
        away, hold, returned = False, self.after, -HOUR
        for now, state, _ in self.states(trace):
            if state is State.DOWN and not away:
                away = True
                hold = min(2 * hold, self.most) if now - returned < HOUR else self.after
                yield now, True
            elif away and state is State.UP and self.line is not None:
                reading = self.line.read(now)
                since = reading.quiet_since
                if since is not None and now - since >= hold and reading.quiet_loss <= 0.02:
                    away, returned = False, now
                    yield now, False


@dataclass
class Endless(Ours):
    """The same, but it never gives up: how long would it have had to wait?

    One run tells of every patience what it would have called down, because until then they are all
    alike. `tests/bench_detect` compares it with detectors that do call.
    """

    detect: Detect = field(default_factory=lambda: Detect(silence=NEVER, bad_seconds=int(NEVER)))

    def waits(self, trace: Trace) -> Iterator[tuple[float, float, int]]:
        """When, how long the silence is by then, and by how many bad seconds lead."""
        for now, _, _ in self.states(trace):
            line = self.line
            assert line is not None
            lead = line._seconds.surplus(now, line._muted, line._voices)
            enough = len(line._overdue) >= self.detect.enough
            yield now, now - line._last_life() if enough else 0.0, lead


def learned(line: Line) -> tuple[Day, ...]:
    """What a run has taught, as the journal would keep it: whole days."""
    return tuple(line.patience.days)


def frozen(detect: Detect, days: Sequence[Day]) -> Detect:
    """The same patience for good: what is compressed, such as a year, teaches nothing true."""
    line = Line([], Policy(detect=detect), days)
    return replace(detect, silence=line.patience.silence, bad_seconds=line.patience.bad_seconds)
