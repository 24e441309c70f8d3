"""What is measured of whom, as a list of tasks that know nothing of each other.

First every line's history teaches our detector; then all detectors watch the same scenes. Figures
are a flat mapping from "line | detector | variant | group" to plain values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from multiprocessing.pool import Pool
from typing import Any

from tests.bench.detect import lines, score
from tests.bench.detect.ours import Endless, Ours, Returning, frozen, learned
from tests.bench.detect.peers import Peer, peers
from wanfailover.core.site import Detect

Figures = dict[str, Any]

OWN = "ours"
FRESH = "ours, first day"
SILENCES = (0.8, 1.2, 2.0, 3.5, 5.0, 8.0, 12.0, 20.0, 33.0)
"""Seconds of patience that a profile may ask of ours instead: its curve."""

BAD_SECONDS = 45
"""Along that curve: it is about silence."""


@dataclass
class Plan:
    """How much of everything.

    Args:
        number: Failures of each kind.

        sample: Nuisances of each kind and length.

        histories: Weeks that ours learns from, each for itself.
    """

    names: list[str]
    seed: int
    number: int = 40
    sample: int = 300
    hours: float = 6.0
    days: float = 7.0
    histories: int = 5
    curves: bool = True
    whole: bool = False
    only: str | None = None
    kinds: Sequence[str] = tuple(lines.CUTS)
    peers: list[Peer] = field(default_factory=peers)

    @classmethod
    def made(
        cls, names: list[str], seed: int, *, quick: bool, full: bool, only: str | None
    ) -> Plan:
        """As the command line has it."""
        plan = cls(names, seed, whole=full, only=only)
        if quick:
            plan = replace(
                plan, number=8, sample=20, hours=0.5, days=2.0, histories=1, curves=False
            )
        return plan

    def wants(self, name: str) -> bool:
        """Tell whether that detector is to be measured."""
        return self.only is None or self.only in name

    def __str__(self) -> str:
        year = "the whole of a year" if self.whole else f"{self.sample} of each kind and length"
        return (
            f"Seed {self.seed}. Lines {', '.join(self.names)}. Of each: {self.number} failures "
            f"of each kind; a year's nuisances, {year}, weighted; {self.hours:g} h of plain line.\n"
            f"Ours learned from {self.histories} histories of {self.days:g} days: 3 far targets, "
            "one probe a second each. Intervals: 95 %.\n"
        )


def key(line: str, detector: str, variant: str, group: str) -> str:
    """The name of one figure."""
    return f"{line} | {detector} | {variant} | {group}"


@dataclass
class Task:
    """One detector, one line, one group of scenes."""

    plan: Plan
    line: str
    detector: score.Detector
    variant: str
    group: str
    seed: int

    @property
    def key(self) -> str:
        return key(self.line, self.detector.name, self.variant, self.group)


def do(task: Task) -> tuple[str, Any]:
    """Carry one out."""
    plan, detector, seed = task.plan, task.detector, task.seed
    if task.group == "stories":
        return task.key, _stories(detector, seed)
    line = lines.model(task.line)
    match task.group:
        case "history":
            scene = lines.history(line, seed, plan.days)
            downs = score.downs(detector, scene.trace)
            days = learned(detector.line)
            return task.key, {
                "days": days,
                "downs": len(downs),
                "pace": detector.asked / scene.trace.duration,
                "silence": detector.line.patience.silence,
                "bad_seconds": detector.line.patience.bad_seconds,
            }
        case "far":
            scene = lines.far(line, seed, plan.sample, whole=plan.whole)
            rate = score.false_rate(scene.events, score.downs(detector, scene.trace))
            flat = lines.plain(line, seed, plan.hours)
            detector.asked = 0
            plain = len(score.downs(detector, flat.trace))
            pace = detector.asked / flat.trace.duration
            rate = score.together(rate, scene, plain, plan.hours)
            return task.key, {**asdict(rate), "pace": pace}
        case "waits":
            assert isinstance(detector, Endless)
            scene = lines.far(line, seed, plan.sample, whole=plan.whole)
            found = score.waits(scene.events, detector.waits(scene.trace))
            flat = lines.plain(line, seed, plan.hours)
            minutes = [
                lines.Event(t, t + 60, "plain") for t in range(0, int(plan.hours * 3600), 60)
            ]
            detector.asked = 0
            plain = score.waits(minutes, detector.waits(flat.trace))
            return task.key, {
                "found": found,
                "plain": plain,
                "rest": score.rest(scene),
                "pace": detector.asked / flat.trace.duration,
            }
        case "own":
            scene = lines.own(line, seed)
            return task.key, score.false_rate(
                scene.events, score.downs(detector, scene.trace)
            ).yearly
        case "never":
            found = {s.name: len(score.downs(detector, s.trace)) for s in lines.never(line, seed)}
            return task.key, found
        case "compound":
            scenes = list(lines.compound(line, seed, 2 if plan.number < 40 else 4))
            delays = score.noticed(detector, scenes)
            return task.key, [len(delays.found) - delays.misses, len(delays.found), delays.median]
        case "return":
            return task.key, {
                s.name: asdict(score.costs(list(detector.run(s.trace)), s))
                for s in lines.returning(line, seed)
            }
        case kind:
            delays = score.noticed(detector, lines.detect(line, kind, seed, plan.number))
            return task.key, {
                "median": delays.median,
                "p95": delays.quantile(0.95),
                "p99": delays.quantile(0.99),
                "misses": delays.misses,
                "early": delays.early,
                "number": len(delays.found),
            }


def _stories(detector: score.Detector, seed: int) -> dict[str, dict[str, Any]]:
    told: dict[str, dict[str, Any]] = {}
    for phase in range(5):
        for scene in lines.stories(seed + 1000 * phase):
            costs = asdict(score.costs(list(detector.run(scene.trace)), scene))
            told.setdefault(scene.name, {})[str(phase)] = costs
    return told


def run(plan: Plan, pool: Pool) -> Figures:
    """Measure everything that is planned."""
    figures: Figures = {}
    tasks = list(_peer_tasks(plan))
    if plan.wants(OWN):
        first = [
            Task(plan, name, Ours(), str(n), "history", plan.seed + 100 * n)
            for n in range(plan.histories)
            for name in sorted(plan.names, reverse=True)
        ]
        known = dict(pool.imap_unordered(do, first))
        figures |= known
        tasks += _our_tasks(plan, known)
    heavy = {"waits": 0, "far": 1, "return": 1, "stories": 1}
    tasks.sort(key=lambda task: (heavy.get(task.group, 2), task.detector.name != OWN, task.line))
    figures |= dict(pool.imap_unordered(do, tasks))
    if plan.wants(OWN):
        figures |= _rates(plan, figures)
    return figures


def _fixed(silence: float) -> Detect:
    return Detect(silence=silence, bad_seconds=BAD_SECONDS)


def _patience(figures: Figures, line: str, n: int) -> tuple[float, int]:
    learned_there = figures[key(line, OWN, str(n), "history")]
    return learned_there["silence"], learned_there["bad_seconds"]


def _rates(plan: Plan, figures: Figures) -> Figures:
    """What each patience of ours would have called down, from the one run that never gave up."""
    rates: Figures = {}
    for name in plan.names:
        seen = figures.pop(key(name, OWN, "", "waits"))
        detect = frozen(Detect(), ())
        settings = {(FRESH, ""): (detect.silence or 0.0, detect.bad_seconds or 0)}
        for n in range(plan.histories):
            settings[OWN, str(n)] = _patience(figures, name, n)
        for silence in SILENCES if plan.curves else ():
            settings[OWN, f"silence {silence:g}"] = silence, BAD_SECONDS
        for (who, variant), (silence, bad_seconds) in settings.items():
            rate = score.rate_of(seen["found"], silence, bad_seconds)
            plain = sum(s >= silence or m >= bad_seconds for _, _, s, m in seen["plain"])
            for bound in ("yearly", "low", "high"):
                more = plain / plan.hours * seen["rest"]
                setattr(rate, bound, getattr(rate, bound) + more)
            rate.plain = (plain, plan.hours)
            rates[key(name, who, variant, "far")] = {**asdict(rate), "pace": seen["pace"]}
    return rates


def _our_tasks(plan: Plan, known: Figures) -> list[Task]:
    tasks = []

    def add(detector: Ours, name: str, variant: str, groups: Sequence[str], seed: int) -> None:
        tasks.extend(Task(plan, name, replace(detector), variant, group, seed) for group in groups)

    groups = (*plan.kinds, "never", "compound", "own")
    for name in plan.names:
        for n in range(plan.histories):
            days = known[key(name, OWN, str(n), "history")]["days"]
            kept = Ours(days=days)
            seed = plan.seed + 100 * n
            add(kept, name, str(n), groups if not n else ("hard", "brown40"), seed)
            if n == 0:
                add(Returning(days=days), name, "0", ("return",), seed)
            if n == 0 and plan.curves:
                for silence in SILENCES:
                    fixed = Ours(detect=_fixed(silence))
                    add(fixed, name, f"silence {silence:g}", ("hard",), seed)
        add(Ours(FRESH), name, "", ("hard", "brown40", "never"), plan.seed)
        add(Endless(), name, "", ("waits",), plan.seed)
    tasks.append(Task(plan, "stories", Returning(FRESH), "", "stories", plan.seed))
    return tasks


def _peer_tasks(plan: Plan) -> list[Task]:
    tasks = []
    groups = (*plan.kinds, "far", "own", "never", "compound", "return")
    for peer in plan.peers:
        if not plan.wants(peer.name):
            continue
        tasks.append(Task(plan, "stories", replace(peer), "", "stories", plan.seed))
        for name in plan.names:
            tasks.extend(Task(plan, name, replace(peer), "", group, plan.seed) for group in groups)
            if not plan.curves:
                continue
            for setting in peer.knob[1]:
                turned = replace(peer, **setting)
                said = ", ".join(f"{k} {v:g}" for k, v in setting.items())
                tasks.extend(
                    Task(plan, name, replace(turned), said, group, plan.seed)
                    for group in ("hard", "brown40", "far")
                )
    return tasks
