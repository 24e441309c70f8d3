"""What follows from the settings: how soon an outage is noticed, and how long a return takes.

As values, and as the sentences and the colours that `check` prints them with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from wanfailover.config import Profile
from wanfailover.core.facts import Role
from wanfailover.core.health import Line
from wanfailover.core.ledger import LONGEST_RETURN, LONGEST_TRIAL
from wanfailover.core.patience import Day, Patience
from wanfailover.core.requests import span
from wanfailover.core.site import Circuit, Detect, Target
from wanfailover.ports import Finding, Severity
from wanfailover.probes.kinds import KINDS
from wanfailover.rehearsal import LONGEST, STEP, Asked, Rehearsal
from wanfailover.specs import Icmp, ProbeSpec

ENOUGH_DAYS = 7.0
"""Of a line, after which what is learned of it is within a tenth to a half of the best there is;
after one a bad line is left for nothing up to 20 times a year (the trace benchmark)."""

LATE = 1.5
"""Times patience: when an outage is noticed later than that, it is for want of probes."""

ENDLESS = 10**9
"""Bad seconds that no line comes to."""

Days = Mapping[str, Sequence[Day]]
"""What is known of the circuits from watching them, by name."""


@dataclass(frozen=True, slots=True)
class Span:
    """From so many seconds to so many."""

    shortest: float
    longest: float

    def __str__(self) -> str:
        if self.longest >= LONGEST:
            return f"{self.shortest:.1f} s to more than an hour"
        return f"{self.shortest:.1f} to {self.longest:.1f} s"


class Timing:
    """What follows from a profile, for each of its circuits.

    Args:
        cost: Seconds of outage that a switch costs on this router, as far as is known.
    """

    def __init__(self, profile: Profile, days: Days | None = None, cost: float = 0.0) -> None:
        self.profile = profile
        self.policy = replace(profile.policy, switch_cost=max(cost, profile.policy.switch_cost))
        self._days = days or {}

    def patience(self, circuit: Circuit) -> Patience:
        """How long is waited now, and what that rests on."""
        return self._patience(circuit, self.policy.detect)

    def noticed(self, circuit: Circuit, silence: float | None = None) -> Span:
        """Within how many seconds a hard cut of the active circuit is noticed.

        Args:
            circuit: Any of the profile's; it is asked as if it were active.

            silence: With this patience instead of the present one.
        """
        detect = self.policy.detect
        if silence is not None:
            detect = replace(detect, silence=silence)
        by_silence = self._rehearse(circuit, replace(detect, bad_seconds=ENDLESS), early=True)
        return Span(
            max(0.0, by_silence - STEP),
            self._rehearse(circuit, _at_worst(detect), early=False),
        )

    def learned(self, circuit: Circuit) -> Span:
        """The soonest and the latest, whatever is learned of the line."""
        least = max(self.policy.detect.least, self.policy.switch_cost / 4)
        most = max(self.policy.detect.most, least)
        return Span(
            self.noticed(circuit, least).shortest,
            self.noticed(circuit, most).longest,
        )

    def slowly(self, circuit: Circuit) -> float:
        """After how many seconds at most, where answers took so long that timeouts are longest."""
        detect = _at_worst(self.policy.detect)
        detect = replace(detect, timeout_least=detect.timeout_most)
        return self._rehearse(circuit, detect, early=False)

    def brown_out(self, circuit: Circuit) -> float:
        """How many seconds a brown-out takes at the least."""
        return _least(self.patience(circuit), self.policy.detect)

    def returns(self) -> list[tuple[Circuit, bool]]:
        """The circuits that may be returned to by themselves, and whether by a trial."""
        method = self.policy.failback
        if method == "manual":
            return []
        better = self.profile.circuits[:-1]
        return [(c, method == "trial" or (method == "auto" and c.vantage is None)) for c in better]

    @property
    def return_after(self) -> Span:
        """How long a circuit must be good: at first, and after relapses."""
        after = self.policy.return_after
        return Span(after, max(LONGEST_RETURN, after))

    @property
    def trial_every(self) -> Span:
        """How long until a trial: the first, and after many that failed."""
        every = self.policy.trial_every
        return Span(every, max(LONGEST_TRIAL, every))

    @property
    def trial_outage(self) -> float:
        """Seconds without Internet that a trial takes at most: there, in vain, and back."""
        slowest = max((each.wake_within for each in self.profile.circuits[:-1]), default=0.0)
        return max(self.policy.trial_within, slowest) + 2 * self.policy.switch_cost

    def asked(self, circuit: Circuit) -> list[Asked]:
        """Whom a circuit is asked by while it is active, and how quickly."""
        specs: list[tuple[ProbeSpec, Target]] = [
            (spec, Target(spec.name, Role.FAR, spec.every)) for spec in self.profile.probes
        ]
        specs.append((Icmp(str(circuit.gateway)), circuit.gateway_target))
        kinds = [KINDS[type(spec)] for spec, _ in specs]
        kin = sum(kind.cheap for kind in kinds)
        asked = []
        for (spec, target), kind in zip(specs, kinds, strict=True):
            quick = max(kind.fastest, self.policy.detect.fast * kin)
            slowest = circuit.idle_pace(target.every)
            asked.append(Asked(target, slowest, quick, kind.in_flight, spec.deadline))
        return asked

    def _patience(self, circuit: Circuit, detect: Detect) -> Patience:
        return Patience(detect, self.policy.switch_cost, self._days.get(circuit.name, ()))

    def _rehearse(self, circuit: Circuit, detect: Detect, *, early: bool) -> float:
        asked = self.asked(circuit)
        policy = replace(self.policy, detect=detect)
        targets = [replace(each.target, every=each.slowest) for each in asked]
        line = Line(targets, policy, self._days.get(circuit.name, ()))
        return Rehearsal(asked, line, detect, early=early).noticed()


def _least(patience: Patience, detect: Detect) -> float:
    """Seconds until bad seconds can be so many.

    The first may be bad by its end alone, and the last is as soon as its share is lost.
    """
    return patience.bad_seconds - 2 + detect.bad_share + detect.timeout_least


def _at_worst(detect: Detect) -> Detect:
    """Silence alone decides, and quick probing has been spent on something else."""
    return replace(detect, bad_seconds=ENDLESS, fast_for=0.0)


# The rows of `check`.


def findings(timing: Timing, wall: datetime) -> Iterator[Finding]:
    """Say all of it; *wall* is the time, with its zone."""
    yield from _detector(timing)
    yield Finding("switch", Severity.GREEN, _switch(timing))
    yield from _return(timing)
    yield _windows(timing.profile, wall)


def _detector(timing: Timing) -> Iterator[Finding]:
    detect = timing.policy.detect
    for names, sentence in _alike({c.name: _noticed(timing, c) for c in timing.profile.circuits}):
        yield Finding(f"detector{names}", Severity.GREEN, sentence)
    for circuit in timing.profile.circuits:
        silence, noticed = timing.patience(circuit).silence, timing.noticed(circuit)
        if noticed.longest > LATE * silence:
            yield Finding(
                f"detector: {circuit.name}",
                Severity.YELLOW,
                f"{silence:g} s of silence would do, but its targets are asked so seldom that an "
                f"outage is noticed in {noticed}",
                "ask more often, and by icmp or tcp",
            )
    if len(timing.profile.probes) == 1:
        yield Finding(
            "detector",
            Severity.YELLOW,
            "one target alone cannot be told from the line: whenever it fails by itself, that is a "
            "failover for nothing",
            "ask two more, of other providers",
        )
    if detect.silence is not None or not detect.learn:
        return
    for circuit in timing.profile.circuits:
        days = timing.patience(circuit).days_watched
        if 1.0 <= days < ENOUGH_DAYS:
            yield Finding(
                f"detector: {circuit.name}",
                Severity.YELLOW,
                f"{days:.0f} of {ENOUGH_DAYS:.0f} days of this line are known: until then what is "
                "learned may be too eager",
                "wait, or set detect.silence",
            )
    yield Finding(
        "detector",
        Severity.GREEN,
        "a line with rare, long blips may still be left for nothing at times, as a week shows too "
        "few of them; for such a one set detect.silence",
    )


def _noticed(timing: Timing, circuit: Circuit) -> str:
    detect, patience = timing.policy.detect, timing.patience(circuit)
    now, slowly = timing.noticed(circuit), timing.slowly(circuit)
    later = now.longest + STEP < slowly < LONGEST
    late = f" ({slowly:.1f} s where answers are slow)" if later else ""
    brown = f"a brown-out takes {timing.brown_out(circuit):.0f} s at least"
    if detect.silence is not None:
        return f"an outage is noticed in {now}{late}, as detect.silence is set; {brown}"
    if not detect.learn:
        return f"an outage is noticed in {now}{late}, and nothing is learned; {brown}"
    known = patience.days_watched
    if known < 1.0:
        learned = timing.learned(circuit)
        return (
            f"an outage is noticed in {now}{late}; once a day of this line is known its own "
            f"silences decide, {learned}; {brown}"
        )
    return f"an outage is noticed in {now}{late}, by {known:.0f} days of this line; {brown}"


def _switch(timing: Timing) -> str:
    cost = timing.policy.switch_cost
    if not cost:
        return "takes a second or so; how long here, the first will tell"
    return f"takes about {cost:.1f} s" if cost < 10 else f"takes about {cost:.0f} s"


def _return(timing: Timing) -> Iterator[Finding]:
    returns = timing.returns()
    if not returns:
        name = timing.profile.circuits[0].name
        sentence = f"is by hand: wanfailover switch {name}"
        yield Finding("return", Severity.GREEN, sentence)
    for names, sentence in _alike({c.name: _back(timing, c, trial=t) for c, t in returns}):
        yield Finding(f"return{names}", Severity.GREEN, sentence)


def _back(timing: Timing, circuit: Circuit, *, trial: bool) -> str:
    after, every = timing.return_after, timing.trial_every
    if not trial:
        longest = f", up to {span(after.longest)} after relapses" * (after.longest > after.shortest)
        return f"when it was seen good for {span(after.shortest)}{longest}"
    doubling = f", later ones up to {span(every.longest)} apart while they fail"
    why = ", as nobody sees it while it is idle" if circuit.vantage is None else ""
    return (
        f"by trial{why}: {span(every.shortest)} after it was left"
        f"{doubling * (every.longest > every.shortest)}; "
        f"each costs an outage of {span(timing.trial_outage)} at most"
    )


def _windows(profile: Profile, wall: datetime) -> Finding:
    calendar = profile.calendar
    if not calendar.windows or profile.policy.failback == "manual":
        return Finding("windows", Severity.GREEN, "none: a return may be at any time")
    is_open, change = calendar.at(wall)
    state = "open now" if is_open else "closed now"
    if change is not None:
        state += f", until {change.astimezone(calendar.zone):%a %H:%M}"
    sentence = f"a return may be {calendar}: {state}; a failover at any time"
    return Finding("windows", Severity.GREEN, sentence)


def _alike(sentences: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Put circuits together of which the same is to be said; names are left out where all are."""
    for sentence in dict.fromkeys(sentences.values()):
        names = [name for name, said in sentences.items() if said == sentence]
        yield "" if len(names) == len(sentences) > 1 else f": {', '.join(names)}", sentence
