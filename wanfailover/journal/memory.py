"""What a restart brings along: hold, budget and an unfinished switchover, from the journal.

How old an entry is, `eras` tells. A remaining time is never longer than what was given, so that no
jump of a clock can stretch a hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from operator import attrgetter
from statistics import median

from wanfailover.core.entries import (
    ActiveChanged,
    HoldBegan,
    HoldEnded,
    LineLearned,
    PauseBegan,
    PauseEnded,
    SwitchoverEnded,
    SwitchoverIntended,
)
from wanfailover.core.facts import Ending, SwitchRequest
from wanfailover.core.ledger import KEPT, Move
from wanfailover.core.memory import Memory
from wanfailover.core.patience import KEPT_DAYS, Day
from wanfailover.core.situation import Hold, Pause
from wanfailover.core.unsettled import Interrupted, ends_nothing
from wanfailover.entries import whereabouts
from wanfailover.journal.eras import Eras, utc_now
from wanfailover.journal.reader import Reader, Record, boot_id

FEW = 5
"""Switchovers from which the cost of one is judged: a router's ways change with its firmware."""


def remember(
    reader: Reader,
    now: float,
    *,
    boot: str | None = None,
    wall: Callable[[], datetime] = utc_now,
) -> Memory:
    """Fold the journal into what the engine must know.

    Args:
        reader: Of the journal.

        now: The present monotonic instant, of *boot*.

        boot: This one where none is given.

        wall: Tells the wall time, with zone.
    """
    ages = Ages(reader, boot_id() if boot is None else boot, now, wall)
    return Memory(
        hold=_hold(reader, ages),
        pause=_pause(reader, ages),
        moves=_moves(reader, ages),
        interrupted=_interrupted(reader),
        active=next((circuit for circuit, _ in _places(reader) if circuit is not None), None),
        days=_days(reader),
    )


class Ages:
    """How old the entries of a journal are."""

    def __init__(self, reader: Reader, boot: str, now: float, wall: Callable[[], datetime]) -> None:
        self.now = now
        self._eras = Eras(reader.db, boot, now, wall)

    def __call__(self, record: Record) -> float:
        """Seconds since *record* was written, never negative."""
        return self._eras.age(record.boot, record.mono, record.at)

    def until(self, record: Record, seconds: float) -> float | None:
        """The instant at which *seconds* that were given with *record* end; None if it is over."""
        remaining = seconds - self(record)
        return self.now + remaining if remaining > 0 else None


def _hold(reader: Reader, ages: Ages) -> Hold | None:
    record = reader.last(HoldBegan, HoldEnded)
    if record is None or not isinstance(record.entry, HoldBegan):
        return None
    began = record.entry
    if began.seconds is None:
        return Hold(began.circuit, drill=began.drill)
    until = ages.until(record, began.seconds)
    return None if until is None else Hold(began.circuit, until, began.drill)


def _pause(reader: Reader, ages: Ages) -> Pause | None:
    record = reader.last(PauseBegan, PauseEnded)
    if record is None or not isinstance(record.entry, PauseBegan):
        return None
    seconds = record.entry.seconds
    if seconds is None:
        return Pause()
    until = ages.until(record, seconds)
    return None if until is None else Pause(until)


def _moves(reader: Reader, ages: Ages) -> tuple[Move, ...]:
    """The last day's switchovers that were begun, oldest first; one without an end was not proved.

    An end is younger than its beginning, so it is met first. All are looked at: where the wall
    clock was set between two boots, what lies further back may be younger.
    """
    moves: list[Move] = []
    ends: dict[str, tuple[float, SwitchoverEnded]] = {}
    for record in reader.records(SwitchoverIntended, SwitchoverEnded, newest_first=True):
        since = ages(record)
        if since > KEPT:
            continue
        match record.entry:
            case SwitchoverEnded(id=id_) as ended:
                ends[id_] = (ages.now - since, ended)
            case SwitchoverIntended(id=id_) as begun:
                at, end = ends.get(id_, (ages.now - since, None))
                moves.append(
                    Move(
                        at, begun.source, begun.target, begun.rule, automatic=begun.automatic,
                        proved=end is not None and end.ending == Ending.PROVED,
                        failed=end is not None and end.proof_failed,
                    )
                )  # fmt: skip
    return tuple(sorted(moves, key=attrgetter("at")))


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
    for record in reader.newest_of_each(LineLearned, "circuit", "day"):
        match record.entry:
            case LineLearned(circuit=circuit, day=number) as told:
                known = days.setdefault(circuit, {})
                day = Day(number, told.seconds, tuple(told.silences), tuple(told.spells))
                known.setdefault(number, day)
    return {
        circuit: tuple(day for _, day in sorted(of_one.items())[-KEPT_DAYS:])
        for circuit, of_one in days.items()
    }


def _interrupted(reader: Reader) -> Interrupted | None:
    """The newest switchover, if it has no end, or its end was that no circuit was reached, whole.

    One that touched nothing, or took back to where it began what another had left, ends nothing.
    """
    ended: set[str] = set()
    for record in reader.records(SwitchoverIntended, SwitchoverEnded, newest_first=True):
        match record.entry:
            case SwitchoverIntended(id=id_, source=source, target=target) as meant:
                if id_ not in ended:
                    return Interrupted(id_, source, target, _asked(meant))
            case SwitchoverEnded() as end if ends_nothing(end, whole=end.whole):
                ended.add(end.id)
            case SwitchoverEnded(id=id_, source=source, target=target) as end:
                is_open = end.ending == Ending.STUCK or not end.whole
                return Interrupted(id_, source, target) if is_open else None
    return None


def _asked(meant: SwitchoverIntended) -> SwitchRequest | None:
    """What the operator had asked for, where it was his."""
    if meant.automatic and not meant.who:  # that of one cut off is carried on
        return None
    return SwitchRequest(
        meant.id, meant.target, meant.hold, meant.once, reason=meant.reason, who=meant.who,
        drill=meant.drill,
    )  # fmt: skip


def last_active(reader: Reader) -> tuple[str | None, datetime | None]:
    """The circuit the router was last known to be on, and since when; None where that is open."""
    return next(_places(reader), (None, None))


def _places(reader: Reader) -> Iterator[tuple[str | None, datetime]]:
    """Where the router was, newest first; None where nobody knew, or it was on neither circuit."""
    ended: set[str] = set()
    kinds = (SwitchoverIntended, SwitchoverEnded, ActiveChanged)
    for record in reader.records(*kinds, newest_first=True):
        match record.entry:
            case SwitchoverEnded(id=id_):
                ended.add(id_)
            case SwitchoverIntended(id=id_) if id_ not in ended:
                yield None, record.at
            case _:
                pass
        for active in whereabouts(record.entry):
            yield active, record.at
