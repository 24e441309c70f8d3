"""Measures of one way of deciding: what it switched, what of that was needless, what it cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from wanfailover.core.engine import Engine
from wanfailover.core.facts import Ending, Outcome, SwitchoverStarted
from wanfailover.flight.reader import Head
from wanfailover.flight.rows import Fed
from wanfailover.replay.truth import Truth, overlap, within

AWAY = {"active-down", "active-degraded", "try-other"}
"""Rules by which automation leaves a circuit for its failure."""

AFTER = 30.0
"""Seconds for which a circuit that was left must have been well, for leaving it to be needless."""

BAD = 0.2
"""Share of lost probes from which a circuit was not well: a fifth makes TCP crawl."""

WORDS = (
    "needless: automation left a circuit that answered again within twice the time the switch",
    f"took, and lost less than a fifth of its probes in the {AFTER:.0f} s after",
)


@dataclass(frozen=True, slots=True)
class Move:
    """A switchover that touched the router.

    Args:
        at: Wall time of the decision, seconds.

        took: Seconds.

        assumed: Nobody saw the target, so that it was taken as proved.
    """

    at: float
    source: str | None
    target: str
    rule: str
    took: float
    ending: str
    assumed: bool = False


@dataclass
class Course:
    """The circuits that a router was on, one after the other, and how it came there."""

    stays: list[tuple[float, str | None]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    end: float = 0.0

    def on(self, at: float, circuit: str | None) -> None:
        """The router is on *circuit* as of *at*."""
        self.end = max(self.end, at)
        if not self.stays or self.stays[-1][1] != circuit:
            self.stays.append((at, circuit))

    def pause(self) -> None:
        """Nothing is known of what comes, until `on` says so."""
        if self.stays:
            self.on(self.end, None)

    def spans(self) -> Iterator[tuple[float, float, str]]:
        """Each stay on a circuit."""
        ends = [*(at for at, _ in self.stays), self.end][1:]
        for (begin, circuit), end in zip(self.stays, ends, strict=True):
            if circuit is not None and end > begin:
                yield begin, end, circuit


class LiveCourse:
    """A `Listener`: what the live engine's router did."""

    def __init__(self) -> None:
        self.course = Course()
        self._offset = 0.0
        self._began: float | None = None

    def begin(self, _head: Head, _live: Engine, offset: float) -> None:
        self._offset = offset
        self._began = None
        self.course.pause()

    def before(self, fed: Fed, live: Engine) -> None:
        """Nothing is to be seen yet."""

    def after(self, fed: Fed, live: Engine) -> None:
        at = fed.now + self._offset
        match fed.fact:
            case SwitchoverStarted():
                self._began = at
            case Outcome(changed=True) as ended:
                began = at - ended.seconds if self._began is None else self._began
                self.course.moves.append(move(ended, began))
        self.course.on(at, live.active)


def move(outcome: Outcome, began: float, *, assumed: bool = False) -> Move:
    """What a switchover that *began* then came to."""
    return Move(
        began,
        outcome.source,
        outcome.target,
        outcome.rule,
        outcome.seconds,
        str(outcome.ending),
        assumed,
    )


@dataclass(frozen=True, slots=True)
class Score:
    """One column of the comparison. Times are seconds.

    Args:
        needless: Of *switches*; see `WORDS`.

        unclear: Of *switches*: nobody saw the circuit afterwards.

        undone: Switchovers that were not proved; they are no *switches*.

        dead: On a circuit that was dead.

        spare: On another than the preferred circuit, while that one was well.

        unseen: On a circuit that nobody saw.
    """

    switches: int
    needless: int
    unclear: int
    undone: int
    switching: float
    dead: float
    spare: float
    unseen: float


def score(course: Course, truth: Truth, preferred: str) -> Score:
    """Measure *course* by what the lines did."""
    proved = [made for made in course.moves if made.ending == Ending.PROVED]
    verdicts = [needless(made, truth) for made in proved if made.rule in AWAY]
    dead = spare = unseen = 0.0
    best = truth.lines.get(preferred)
    for begin, end, circuit in course.spans():
        line = truth.lines.get(circuit)
        if line is None:
            continue
        dead += overlap(line.dead, begin, end)
        unseen += end - begin - overlap(line.seen, begin, end)
        if circuit != preferred and best is not None:
            spare += overlap(best.seen, begin, end) - overlap(best.dead, begin, end)
    return Score(
        switches=len(proved),
        needless=verdicts.count(True),
        unclear=verdicts.count(None),
        undone=len(course.moves) - len(proved),
        switching=sum(made.took for made in course.moves),
        dead=dead,
        spare=spare,
        unseen=unseen,
    )


def needless(made: Move, truth: Truth) -> bool | None:
    """Would staying have cost less? None where nobody saw the circuit that was left."""
    line = truth.lines.get(made.source or "")
    if line is None:
        return None
    end = made.at + 2 * made.took
    if within(line.seen, end) is None:
        return None
    loss = line.loss(end, end + AFTER)
    return within(line.dead, end) is None and loss is not None and loss < BAD
