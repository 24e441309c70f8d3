"""What stands between two states, and is put right before anything else is thought of.

A switchover that a crash has cut off, and one that could be neither finished nor taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from wanfailover.core.entries import SwitchoverEnded
from wanfailover.core.facts import Ending, Instant, Outcome, SwitchRequest
from wanfailover.core.ledger import MENDING

FIRST_TRY = 10.0
"""Seconds until a router that is left half changed is tried again; doubles each time."""

LONGEST_TRY = 1800.0
"""The longest that they grow to, seconds."""

TRIES = 12
"""So many, over some three hours: what is not mended by then takes a person, who has been paged."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A switchover without an end, as the journal tells it.

    Args:
        request: What the operator had asked for, where it was his.
    """

    id: str
    source: str | None
    target: str
    request: SwitchRequest | None = None


def ends_nothing(end: Outcome | SwitchoverEnded, *, whole: bool) -> bool:
    """Tell whether what was left open before a switchover still is after it.

    Nothing was touched; or an operator's try was taken back to the half change that it found.
    """
    taken_back = end.ending == Ending.UNDONE and end.source is None and end.rule not in MENDING
    return not end.changed or (taken_back and not whole)


@dataclass(frozen=True, slots=True)
class Stuck:
    """The router was left on no circuit, whole.

    Args:
        because: What failed, and what failed of taking it back.

        circuits: Those that it was between, the one that it came from first.

        at: When it was last tried.

        tries: How often it was tried again, in vain.

        seen: It was read since, and was so: where it is then found is not that switch's doing.
    """

    because: str
    circuits: tuple[str, ...]
    at: Instant
    tries: int = 0
    seen: bool = False

    @property
    def again(self) -> Instant | None:
        """When it is tried again; None where that has been done often enough."""
        if self.tries >= TRIES:
            return None
        return self.at + min(FIRST_TRY * 2.0**self.tries, LONGEST_TRY)

    def once_more(self, because: str, now: Instant) -> Stuck:
        """It was tried again, in vain."""
        return replace(self, because=because, at=now, tries=self.tries + 1)

    def __str__(self) -> str:
        if not self.tries:
            return self.because
        times = {1: "once", 2: "twice"}.get(self.tries, f"{self.tries} times")
        tried = f"{self.because}; tried again {times}, in vain"
        if self.again is not None:
            return tried
        return f"{tried}: put it right by hand, or with wanfailover switch NAME --force"
