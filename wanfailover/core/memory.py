"""What a restart brings along, or a successor must be told: as instants of the present clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wanfailover.core.facts import Instant
from wanfailover.core.ledger import Move
from wanfailover.core.patience import Day
from wanfailover.core.situation import Hold, Pause
from wanfailover.core.unsettled import Interrupted, Stuck


@dataclass(frozen=True, slots=True)
class Memory:
    """What a restart brings along from the journal, or a reload from the engine before it.

    Instants are the new clock's.

    Args:
        moves: Switchovers of the last day, oldest first.

        interrupted: A switchover without an end.

        stuck: A router that a switch has left on no circuit: a successor's alone; to a restart
            it is one that was interrupted.

        heard: When each control was last heard: likewise.

        epoch: See `Engine.heeds`: what was asked before it is void. 0 for a restart, more for a
            successor, to whom nothing that differs is news.

        active: The circuit that the router was last known to be on, where it was on one.

        days: What is known of each circuit from watching it.
    """

    hold: Hold | None = None
    pause: Pause | None = None
    moves: tuple[Move, ...] = ()
    interrupted: Interrupted | None = None
    stuck: Stuck | None = None
    heard: Mapping[str, Instant] = field(default_factory=dict)
    epoch: int = 0
    active: str | None = None
    days: Mapping[str, tuple[Day, ...]] = field(default_factory=dict)
