"""Lines, and what happens on them: the scenario groups of the benchmark.

A line has independent losses and three kinds of nuisance that heal by themselves: blips (all is
lost), bursts (30 to 90 % is lost) and bloat (a full queue adds delay). They come at random at their
rate, with exponential lengths. Besides, each target has troubles of its own that are no fault of
the line's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import exp, log
from random import Random

from tests.bench.detect.traces import Segment, Target, Trace

HOURS = 8760.0
YEAR = HOURS * 3600
FAR = (0, 1, 2)
"""Targets that everybody may ask; those who want more of them have 3 and 4 besides."""
GATEWAY = 5


@dataclass(frozen=True, slots=True)
class Nuisance:
    """How often an hour, and how long in the mean; *heavy* is lognormal, at most a minute.

    Args:
        lo: The least added delay of bloat, s.
    """

    rate: float
    mean: float
    lo: float = 0.0
    hi: float = 0.0
    heavy: bool = False

    def length(self, rnd: Random, above: float = 0.0, below: float = 1.0) -> float:
        """Draw a length, between two quantiles."""
        u = above + (below - above) * rnd.random()
        if not self.heavy:
            return -self.mean * log(1.0 - u)
        while True:
            length = 0.3 * exp(1.2 * _normal(u))
            if length <= 60.0:
                return length
            u = above + (below - above) * rnd.random()


def _normal(u: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(min(max(u, 1e-12), 1 - 1e-12))


@dataclass(frozen=True, slots=True)
class Model:
    """One kind of line."""

    name: str
    loss: float
    blip: Nuisance
    burst: Nuisance
    bloat: Nuisance
    rtts: tuple[float, float, float]
    sigma: float

    @property
    def targets(self) -> tuple[Target, ...]:
        """Three far ones, of which one answers TCP; two more to ping; the gateway."""
        a, b, c = self.rtts
        kinds = (("icmp", a), ("icmp", b), ("tcp", c), ("icmp", (a + b) / 2), ("icmp", c))
        far = (
            Target(f"{kind} 192.0.2.{i}", kind, rtt, self.sigma)
            for i, (kind, rtt) in enumerate(kinds)
        )
        return (*far, Target("icmp 203.0.113.1", "gateway", a / 2, self.sigma))

    @property
    def nuisances(self) -> dict[str, Nuisance]:
        """By kind."""
        return {"blip": self.blip, "burst": self.burst, "bloat": self.bloat}


LINES = {
    model.name: model
    for model in (
        Model(
            "L1",
            0.001,
            Nuisance(0.1, 0.3),
            Nuisance(0.2, 0.5),
            Nuisance(0.2, 5, 0.1, 0.3),
            (0.006, 0.009, 0.012),
            0.15,
        ),
        Model(
            "L2",
            0.005,
            Nuisance(0.5, 0.5),
            Nuisance(3, 1.0),
            Nuisance(4, 10, 0.3, 1.0),
            (0.012, 0.018, 0.025),
            0.25,
        ),
        Model(
            "L3",
            0.010,
            Nuisance(2, 1.0),
            Nuisance(10, 2.0),
            Nuisance(12, 15, 0.5, 1.5),
            (0.035, 0.045, 0.060),
            0.40,
        ),
        Model(
            "L4",
            0.020,
            Nuisance(2, 3.0),
            Nuisance(20, 3.0),
            Nuisance(12, 15, 0.5, 1.5),
            (0.040, 0.050, 0.070),
            0.50,
        ),
        Model(
            "L5",
            0.005,
            Nuisance(0.5, 0.6, heavy=True),
            Nuisance(3, 1.0),
            Nuisance(4, 10, 0.3, 1.0),
            (0.012, 0.018, 0.025),
            0.25,
        ),
    )
}


def hidden(seed: int) -> Model:
    """A line nobody has seen, drawn log-uniformly from *seed*."""
    rnd = Random(f"hidden {seed}")

    def draw(lo: float, hi: float) -> float:
        return lo * (hi / lo) ** rnd.random()

    rtt = draw(0.006, 0.045)
    lo = draw(0.1, 0.5)
    return Model(
        f"H{seed}",
        draw(0.001, 0.02),
        Nuisance(draw(0.1, 3), draw(0.3, 2)),
        Nuisance(draw(0.2, 15), draw(0.5, 2.5)),
        Nuisance(draw(0.2, 12), draw(5, 15), lo, 3 * lo),
        (rtt, 1.3 * rtt, 1.8 * rtt),
        draw(0.15, 0.5),
    )


def model(name: str) -> Model:
    """``L3`` or, of seed 7, ``H7``."""
    return LINES[name] if name in LINES else hidden(int(name[1:]))


@dataclass(frozen=True, slots=True)
class Event:
    """A nuisance; *weight* says how many a year it stands for."""

    t0: float
    t1: float
    kind: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A trace and the truth about it.

    Args:
        failures: When the line is truly dead, since and until.

        events: Nuisances of a sampled year; empty elsewhere.
    """

    name: str
    trace: Trace
    failures: tuple[tuple[float, float], ...] = ()
    events: tuple[Event, ...] = ()


def _segment(line: Model, kind: str, t0: float, t1: float, rnd: Random) -> Segment:
    match kind:
        case "blip":
            return Segment(t0, t1, loss=1.0, label=kind)
        case "burst":
            return Segment(t0, t1, loss=rnd.uniform(0.3, 0.9), label=kind)
        case _:
            delay = rnd.uniform(line.bloat.lo, line.bloat.hi)
            return Segment(t0, t1, delay_s=delay, ramp_s=0.5, label=kind)


def ordinary(line: Model, duration: float, rnd: Random, since: float = 0.0) -> list[Segment]:
    """The nuisances of so many seconds, at their own rates."""
    found = []
    for kind, nuisance in line.nuisances.items():
        t = since
        while (t := t + rnd.expovariate(nuisance.rate / 3600)) < duration:
            found.append(_segment(line, kind, t, t + nuisance.length(rnd), rnd))
    return sorted(found, key=lambda s: s.t0)


def history(line: Model, seed: int, days: float = 7.0) -> Scene:
    """Plain days, from which a detector may learn."""
    rnd = Random(f"history {line.name} {seed}")
    duration = days * 86400
    segments = ordinary(line, duration, rnd)
    return Scene("history", Trace(rnd.getrandbits(63), duration, line.loss, line.targets, segments))


CUTS = {
    "hard": Segment(0, 0, "circuit", 1.0),
    "partial": Segment(0, 0, "beyond", 1.0),
    "brown60": Segment(0, 0, "circuit", 0.6),
    "brown40": Segment(0, 0, "circuit", 0.4),
    "brown30": Segment(0, 0, "circuit", 0.3),
}
LASTS = 300.0
"""Seconds for which a line to be noticed stays dead; who is slower has missed it."""


def detect(line: Model, kind: str, seed: int, number: int = 40) -> Iterator[Scene]:
    """Failures after two to three minutes of ordinary line."""
    for i in range(number):
        rnd = Random(f"detect {line.name} {kind} {seed} {i}")
        t0 = 120 + 60 * rnd.random()
        cut = replace(CUTS[kind], t0=t0, t1=t0 + LASTS, label=kind)
        segments = [*ordinary(line, t0, rnd), cut]
        trace = Trace(rnd.getrandbits(63), t0 + LASTS, line.loss, line.targets, segments)
        yield Scene(kind, trace, ((t0, t0 + LASTS),))


BANDS = ((0.0, 0.9), (0.9, 0.9933), (0.9933, 1.0))
"""Quantiles of length: nine in ten; the next; those longer than five times the mean."""
OWN = {"silent": (12.0, 300, 900, 1.0), "limited": (12.0, 1800, 5400, 0.4)}
"""A target's own troubles: how often a year, from and to how many seconds, share lost."""


def far(line: Model, seed: int, number: int, *, whole: bool = False) -> Scene:
    """A year's nuisances, sampled by length: of each kind and band *number*, weighted to a year.

    The long ones decide, and they are few: of them many years are taken, of the short ones a part.
    A long one is never next to another; between any two the line is plain for 20 s and more, as
    long as it would be by their rate, but at most for two minutes.
    """
    rnd = Random(f"far {line.name} {seed}")
    rate = sum(nuisance.rate for nuisance in line.nuisances.values()) / 3600
    layers = []
    for lo, hi in BANDS:
        layer = []
        for kind, nuisance in line.nuisances.items():
            yearly = nuisance.rate * HOURS * (hi - lo)
            count = max(number, round(yearly)) if whole else number
            layer += [(kind, nuisance.length(rnd, lo, hi), yearly / count) for _ in range(count)]
        rnd.shuffle(layer)
        layers.append(layer)
    most = max(map(len, layers))
    turns = [
        (i * most / len(layer), n, item)
        for n, layer in enumerate(layers)
        for i, item in enumerate(layer)
    ]
    t, segments, events = 60.0, [], []
    for _, _, (kind, length, weight) in sorted(turns):
        t += min(20 + rnd.expovariate(max(rate, 1 / 60)), 120)
        segments.append(_segment(line, kind, t, t + length, rnd))
        events.append(Event(t, t + length, kind, weight))
        t += length
    trace = Trace(rnd.getrandbits(63), t + 60, line.loss, line.targets, segments)
    return Scene("far", trace, (), tuple(events))


def own(line: Model, seed: int) -> Scene:
    """Troubles of the targets' own, of each of the far ones, weighted to a year."""
    rnd = Random(f"own {line.name} {seed}")
    t, segments, events = 60.0, [], []
    for k in range(5):
        for label, (rate, lo, hi, loss) in OWN.items():
            length = rnd.uniform(lo, hi)
            segments.append(Segment(t, t + length, f"target:{k}", loss, label=label))
            events.append(Event(t, t + length, label, rate))
            t += length + 300
    return Scene(
        "own", Trace(rnd.getrandbits(63), t, line.loss, line.targets, segments), (), tuple(events)
    )


def plain(line: Model, seed: int, hours: float) -> Scene:
    """Nothing but independent losses."""
    rnd = Random(f"plain {line.name} {seed}")
    return Scene("plain", Trace(rnd.getrandbits(63), hours * 3600, line.loss, line.targets))


def never(line: Model, seed: int) -> Iterator[Scene]:
    """What is no failure of the line: any switch is a mistake."""
    rnd = Random(f"never {line.name} {seed}")

    def scene(name: str, duration: float, *segments: Segment, stalls: tuple = ()) -> Scene:
        return Scene(
            name, Trace(rnd.getrandbits(63), duration, line.loss, line.targets, segments, stalls)
        )

    yield scene("one target dead", 1500, Segment(120, 1500, "target:0", 1.0))
    yield scene(
        "two dead, one after the other",
        1500,
        Segment(120, 720, "target:0", 1.0),
        Segment(420, 1020, "target:1", 1.0),
    )
    yield scene("one rate-limited", 1500, Segment(120, 1500, "target:1", 0.4))
    yield scene(
        "two rate-limited",
        1500,
        Segment(120, 1500, "target:0", 0.4),
        Segment(120, 1500, "target:1", 0.4),
    )
    yield scene("half of all ICMP lost", 1500, Segment(120, 1500, "kind:icmp", 0.5))
    yield scene("ICMP blacked out", 1500, Segment(120, 1500, "kind:icmp", 1.0))
    bloat, t = [], 120.0
    for _ in range(40):
        length = 10 + 20 * rnd.random()
        bloat.append(
            Segment(t, t + length, delay_s=rnd.uniform(0.5, 1.5), ramp_s=0.5, label="bloat")
        )
        t += length + rnd.uniform(20, 40)
    yield scene("40 episodes of bloat", t, *bloat)
    stalls, t = [], 120.0
    for seconds in (3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 45.0, 60.0):
        stalls.append((t + rnd.random(), seconds))
        t += seconds + 60
    yield scene("the agent stalls", t, stalls=tuple(stalls))
    blips, t = [], 120.0
    for _ in range(30):
        length = rnd.uniform(0.25, 1.7)
        blips.append(Segment(t, t + length, loss=1.0, label="blip"))
        t += length + rnd.uniform(20, 40)
    yield scene("30 blips", t, *blips)
    yield scene("gateway silent", 900, Segment(120, 900, "kind:gateway", 1.0))


def compound(line: Model, seed: int, number: int = 4) -> Iterator[Scene]:
    """Failures amid other trouble: each must be noticed."""
    for i in range(number):
        rnd = Random(f"compound {line.name} {seed} {i}")
        t = 240 + 60 * rnd.random()
        cut = Segment(t, t + LASTS, loss=1.0, label="cut")
        besides = {
            "a target is out": [Segment(120, t + LASTS, "target:0", 1.0)],
            "bloat": [Segment(t - 20, t + LASTS, delay_s=1.0, ramp_s=0.5)],
            "after a blip": [Segment(t - 2.3, t - 1.3, loss=1.0)],
            "inside a burst": [Segment(t - 3, t + 10, loss=0.6)],
            "brown-out, then a cut": [Segment(t - 60, t, loss=0.3)],
        }
        for name, segments in besides.items():
            failures = ((t - 60 if name.startswith("brown") else t, t + LASTS),)
            trace = Trace(rnd.getrandbits(63), t + LASTS, line.loss, line.targets, [*segments, cut])
            yield Scene(name, trace, failures)


def returning(line: Model, seed: int) -> Iterator[Scene]:
    """Lines that come back: what is done about it costs dark or needless seconds, and switches."""

    def scene(name: str, rnd: Random, downs: list[tuple[float, float]], duration: float) -> Scene:
        ordinarily = [
            s
            for s in ordinary(line, duration, rnd)
            if not any(a < s.t1 and s.t0 < b for a, b in downs)
        ]
        cuts = [Segment(a, b, loss=1.0, label="cut") for a, b in downs]
        segments = sorted([*ordinarily, *cuts], key=lambda s: s.t0)
        trace = Trace(rnd.getrandbits(63), duration, line.loss, line.targets, segments)
        return Scene(name, trace, tuple(downs))

    rnd = Random(f"return {line.name} {seed}")
    yield scene("clean", rnd, [(600, 1200), (9000, 9300)], 14400)
    downs, t = [], 600.0
    for _ in range(20):
        length = rnd.uniform(20, 60)
        downs.append((t, t + length))
        t += length + min(20 * rnd.paretovariate(0.8), 1800)
    yield scene("storm", rnd, downs, t + 3600)
    yield scene(
        "metronome", rnd, [(600 + 140 * i, 620 + 140 * i) for i in range(40)], 600 + 140 * 40 + 3600
    )


def stories(seed: int) -> Iterator[Scene]:
    """Traces A to H, by which the peers were compared before: a line that is else perfect."""
    rnd = Random(f"stories {seed}")
    targets = [replace(target, rtt=0.02, sigma=0.1) for target in LINES["L1"].targets]

    def scene(name: str, duration: float, *segments: Segment, dead: bool = True) -> Scene:
        failures = tuple((s.t0, s.t1) for s in segments) if dead else ()
        return Scene(name, Trace(rnd.getrandbits(63), duration, 0.0, targets, segments), failures)

    t = 300 + 60 * rnd.random()
    yield scene("A outage 600 s", t + 4800, Segment(t, t + 600, loss=1.0))
    yield scene("B blip 20 s", t + 3600, Segment(t, t + 20, loss=1.0))
    yield scene("C blip 2 s", t + 900, Segment(t, t + 2, loss=1.0), dead=False)
    yield scene("D 10 % loss 30 min", t + 2400, Segment(t, t + 1800, loss=0.1), dead=False)
    yield scene("E 30 % loss 30 min", t + 2400, Segment(t, t + 1800, loss=0.3))
    flaps = [Segment(t + 90 * i, t + 90 * i + 30, loss=1.0) for i in range(20)]
    yield scene("F 30 s down, 60 s up, 20 x", t + 5400, *flaps)
    yield scene("G delay 700 ms 120 s", t + 900, Segment(t, t + 120, delay_s=0.7), dead=False)
    yield scene(
        "H one target dead 600 s", t + 1500, Segment(t, t + 600, "target:0", 1.0), dead=False
    )
