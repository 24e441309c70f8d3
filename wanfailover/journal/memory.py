"""What a restart brings along: hold, budget and an unfinished switchover, from the journal.

Times are stored as instants of one boot's monotonic clock and as wall time. Within the same boot
the monotonic difference is exact, whatever the wall clock did meanwhile; after a reboot only wall
time is left, and a remaining time is clamped to what was given, so that no jump of a clock can
stretch a hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from statistics import median

from wanfailover.core.entries import (
    HoldBegan,
    HoldEnded,
    LineLearned,
    PauseBegan,
    PauseEnded,
    SwitchoverEnded,
    SwitchoverIntended,
)
from wanfailover.core.facts import Ending
from wanfailover.core.ledger import KEPT, Move
from wanfailover.core.memory import Memory
from wanfailover.core.patience import KEPT_DAYS, Day
from wanfailover.core.situation import Hold, Pause
from wanfailover.journal.reader import Reader, Record, boot_id

FEW = 5
"""Switchovers from which the cost of one is judged: a router's ways change with its firmware."""


def remember(reader: Reader, now: float) -> Memory:
    """Fold the journal into what the engine must know; *now* is the present monotonic instant."""
    return Memory(
        hold=_hold(reader, now),
        pause=_pause(reader, now),
        moves=_moves(reader, now),
        interrupted=_interrupted(reader),
        days=_days(reader),
    )


def age(record: Record, now: float) -> float:
    """Seconds since *record* was written, never negative."""
    if record.boot and record.boot == boot_id() and now >= record.mono:
        return now - record.mono
    return max(0.0, (datetime.now(UTC) - record.at).total_seconds())


def _hold(reader: Reader, now: float) -> Hold | None:
    record = reader.last(HoldBegan, HoldEnded)
    if record is None or not isinstance(record.entry, HoldBegan):
        return None
    began = record.entry
    if began.seconds is None:
        return Hold(began.circuit)
    remaining = began.seconds - age(record, now)
    return Hold(began.circuit, now + remaining) if remaining > 0 else None


def _pause(reader: Reader, now: float) -> Pause | None:
    record = reader.last(PauseBegan, PauseEnded)
    if record is None or not isinstance(record.entry, PauseBegan):
        return None
    seconds = record.entry.seconds
    if seconds is None:
        return Pause()
    remaining = seconds - age(record, now)
    return Pause(now + remaining) if remaining > 0 else None


def _moves(reader: Reader, now: float) -> tuple[Move, ...]:
    """The last day's switchovers that were begun, oldest first; one without an end was not proved.

    An end is younger than its beginning, so it is met first.
    """
    moves: list[Move] = []
    ended: dict[str, tuple[float, str]] = {}
    for record in reader.records(SwitchoverIntended, SwitchoverEnded, newest_first=True):
        since = age(record, now)
        if since > KEPT:
            break
        match record.entry:
            case SwitchoverEnded(id=id_, ending=ending):
                ended[id_] = (now - since, ending)
            case SwitchoverIntended(id=id_) as begun:
                at, ending = ended.get(id_, (now - since, Ending.STUCK))
                proved = ending == Ending.PROVED
                moves.append(
                    Move(at, begun.source, begun.target, begun.rule, proved, begun.automatic)
                )
    return tuple(reversed(moves))


def usual_cost(reader: Reader) -> float | None:
    """Seconds that a switch takes here: the median of the last few; None where there was none."""
    ended = (
        record.entry
        for record in reader.records(SwitchoverEnded, newest_first=True)
        if isinstance(record.entry, SwitchoverEnded) and record.entry.ending == Ending.PROVED
    )
    last = [entry.seconds for entry in islice(ended, FEW)]
    return median(last) if last else None


def _days(reader: Reader) -> Mapping[str, tuple[Day, ...]]:
    """What was learned of each circuit, day by day of watching; the newest word on a day counts."""
    days: dict[str, dict[int, Day]] = {}
    for record in reader.records(LineLearned, newest_first=True):
        match record.entry:
            case LineLearned(circuit=circuit, day=number) as told:
                known = days.setdefault(circuit, {})
                day = Day(number, told.seconds, tuple(told.silences), tuple(told.spells))
                known.setdefault(number, day)
    return {
        circuit: tuple(day for _, day in sorted(of_one.items())[-KEPT_DAYS:])
        for circuit, of_one in days.items()
    }


def _interrupted(reader: Reader) -> tuple[str, str | None, str] | None:
    """The newest switchover, if it has no end, or its end was that neither state was reached."""
    record = reader.last(SwitchoverIntended, SwitchoverEnded)
    match record and record.entry:
        case (
            SwitchoverIntended(id=id_, source=source, target=target)
            | SwitchoverEnded(id=id_, source=source, target=target, ending=Ending.STUCK)
        ):
            return id_, source, target
    return None
