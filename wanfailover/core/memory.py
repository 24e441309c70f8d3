"""What a restart brings along, or a successor must be told: as instants of the present clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wanfailover.core.ledger import Move
from wanfailover.core.patience import Day
from wanfailover.core.situation import Hold, Pause
from wanfailover.core.unsettled import Interrupted


@dataclass(frozen=True, slots=True)
class Memory:
    """What a restart brings along from the journal, as instants of the new clock.

    Args:
        moves: Switchovers of the last day, oldest first.

        interrupted: A switchover without an end.

        active: The circuit that the router was last known to be on, where it was on one.

        days: What is known of each circuit from watching it.
    """

    hold: Hold | None = None
    pause: Pause | None = None
    moves: tuple[Move, ...] = ()
    interrupted: Interrupted | None = None
    active: str | None = None
    days: Mapping[str, tuple[Day, ...]] = field(default_factory=dict)
