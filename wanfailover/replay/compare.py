"""The whole of it: a recording decided again, and beside it by another policy."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from wanfailover.core.facts import Ending
from wanfailover.core.site import Policy, Site
from wanfailover.errors import RecordingError
from wanfailover.flight.reader import Log
from wanfailover.replay.playback import Playback, Played
from wanfailover.replay.tally import Course, LiveCourse, Score, score
from wanfailover.replay.truth import Truth
from wanfailover.replay.whatif import WhatIf, Window

USUAL = 3.0
"""Seconds that a switch is taken to last where the recording has none."""


@dataclass(frozen=True, slots=True)
class Column:
    """One way of deciding, measured."""

    course: Course
    score: Score


@dataclass(frozen=True, slots=True)
class Another:
    """Another way of deciding: what a profile says that is no circuit's and no target's.

    Args:
        name: The profile's, as the operator gave it.

        circuits: Their names, by preference.

        targets: As they are printed.
    """

    name: str
    policy: Policy
    circuits: tuple[str, ...]
    targets: tuple[str, ...]
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a recording came to.

    Args:
        site: As it was last.

        took: Seconds that a switch took live, or is taken to last.

        measured: There were switches to tell that from.
    """

    site: Site
    played: Played
    live: Column
    what_if: Column | None = None
    took: float = USUAL
    measured: bool = False


def replay(log: Log, another: Another | None = None) -> Comparison:
    """Decide *log* again, and once more as *another* would.

    Raises:
        RecordingError: There is nothing in it, or the two are not of one office.
    """
    truth, live = Truth(), LiveCourse()
    played = Playback(log, [truth, live]).play()
    truth.finish()
    if not played.facts:
        raise RecordingError("; ".join(played.missing) or "the recording is empty")
    site = played.heads[-1].site
    took, measured = _usual(live.course)
    column = Column(live.course, score(live.course, truth, site.circuits[0].name))
    if another is None:
        return Comparison(site, played, column, None, took, measured)
    for head in played.heads:
        _same_office(head.site, another)
    other = WhatIf(another.policy, another.circuits, truth, took, another.window)
    Playback(log, [other]).play()
    what_if = Column(other.course, score(other.course, truth, another.circuits[0]))
    return Comparison(site, played, column, what_if, took, measured)


def _usual(course: Course) -> tuple[float, bool]:
    """For how long a switch lasts, and whether that was measured."""
    took = [made.took for made in course.moves if made.ending == Ending.PROVED]
    return (median(took), True) if took else (USUAL, False)


def _same_office(recorded: Site, another: Another) -> None:
    """Circuits and targets must be the same, for samples are of these and no others.

    Raises:
        RecordingError: They are not.
    """
    for what, there, here in (
        ("circuits", [circuit.name for circuit in recorded.circuits], another.circuits),
        ("probes", [target.name for target in recorded.targets], another.targets),
    ):
        if set(there) != set(here):
            raise RecordingError(
                f"{another.name} has other {what} than were recorded, so nothing is known of what "
                f"it would have seen: {', '.join(here)} instead of {', '.join(there)}"
            )
