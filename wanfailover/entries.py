"""All that the journal remembers: the core's entries, and those of the operator's side.

Fields are added, never renamed, so that an old journal stays readable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wanfailover.core import entries as core


@dataclass(frozen=True, slots=True)
class PreflightDone:
    """A preflight has ended.

    Args:
        result: Its worst colour.

        rows: (subject, colour, sentence, remedy) of those that are not green.

        who: ``schedule``, or who had it done.
    """

    result: str
    seconds: float
    rows: tuple[tuple[str, str, str, str], ...] = ()
    who: str = "schedule"


@dataclass(frozen=True, slots=True)
class DrillBegan:
    """A rehearsed failover begins: to *target*, for *stay* seconds, and back to *source*."""

    id: str
    source: str
    target: str
    stay: float
    who: str


@dataclass(frozen=True, slots=True)
class DrillEnded:
    """A drill has ended.

    Args:
        result: ``passed``; ``failed``: something was red, and it was put back; ``refused``: it was
            not begun.

        because: The first thing that was red, or what was shown.

        steps: (what, ``done`` or ``failed``, sentence), in their order.

        seconds: From the beginning of the first switch to the end of the last.
    """

    id: str
    result: str
    because: str
    seconds: float
    steps: tuple[tuple[str, str, str], ...] = ()


Entry = core.Entry | PreflightDone | DrillBegan | DrillEnded

DURABLE = core.DURABLE
"""Kinds that must be on the disk, not in its cache, before the program goes on."""


def whereabouts(entry: Entry) -> Iterator[str | None]:
    """Where the router is from then on, if *entry* tells: a circuit's name, or None, on neither."""
    match entry:
        case core.ActiveChanged(active=active):
            yield active
        case core.SwitchoverEnded(ending="proved" | "unproved", target=target):
            yield target
        case core.SwitchoverEnded(ending="stuck"):
            yield None
        case _:  # one that was undone has left it where it was
            pass
