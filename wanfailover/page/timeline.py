"""How circuits were, and which was in use, as stretches of time: for a bar that shows it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from wanfailover.core import entries as log
from wanfailover.entries import Entry, whereabouts
from wanfailover.journal.reader import Reader, Record
from wanfailover.outages import LASTS

MOST = 20_000
"""Entries that are read at most, the newest: a month of a line that fails two dozen times a day,
with all that is done about it."""

RUNS = (log.AgentStarted, log.AgentStopped)
MOVES = (log.ActiveChanged, log.SwitchoverEnded)


def since(reader: Reader, start: datetime) -> Iterator[Record]:
    """All since *start*, the newest first; where the clock was set meanwhile, as far as that."""
    for record in reader.records(newest_first=True):
        if record.at < start:
            return
        yield record


def recent(reader: Reader, start: datetime, circuits: Collection[str]) -> Sequence[Record]:
    """The entries since *start*, oldest first; before them those that say how *circuits* stood."""
    found = list(islice(since(reader, start), MOST))[::-1]
    first = found[0].id if found else None
    run = next(_before(reader, first, RUNS), None)
    move = next(_before(reader, first, MOVES), None)
    health: dict[str, Record] = {}
    for record in _before(reader, first, (log.HealthChanged,)):
        if (run is not None and record.id < run.id) or health.keys() >= set(circuits):
            break
        if isinstance(record.entry, log.HealthChanged):
            health.setdefault(record.entry.circuit, record)
    before = [record for record in (run, move, *health.values()) if record is not None]
    return sorted(before, key=lambda record: record.id) + found


def _before(reader: Reader, first: int | None, kinds: Sequence[type[Entry]]) -> Iterator[Record]:
    """Those of *kinds* before the *first*, the newest first."""
    known = islice(reader.records(*kinds, newest_first=True), 2 * MOST)
    return (record for record in known if first is None or record.id < first)


Stretch = tuple[float, float, str]
"""From, to, and what: seconds since the epoch."""


@dataclass(slots=True)
class Timeline:
    """A fold over entries, oldest first.

    Args:
        start: What came before counts as if it came then.
    """

    start: float
    circuits: Collection[str]
    health: dict[str, list[Stretch]] = field(default_factory=dict)
    active: list[Stretch] = field(default_factory=list)
    moves: list[dict[str, Any]] = field(default_factory=list)
    _open: dict[str, tuple[float, str]] = field(default_factory=dict)
    _stay: tuple[float, str] | None = None
    _on: str | None = None
    _running: bool = False
    _last: float = 0.0

    def take(self, record: Record) -> None:
        """Take the next entry."""
        at = max(record.at.timestamp(), self.start)
        match record.entry:
            case log.AgentStarted():
                self._stop(self._last)
                self._running = True
                self._move(self._on, at)
            case log.AgentStopped():
                self._stop(at)
            case log.HealthChanged(circuit=circuit, state=state):
                self._end(circuit, at)
                self._open[circuit] = at, state
            case log.SwitchoverEnded() as ended if record.at.timestamp() >= self.start:
                self._ended(ended, at)
            case _:
                pass
        for active in whereabouts(record.entry):
            self._move(active, at)
        self._last = at

    def told(self, now: float) -> dict[str, Any]:
        """All of it up to *now*, as JSON has it."""
        fresh = self._running and now - self._last < LASTS.total_seconds()
        self._stop(now if fresh else self._last)
        names = [*self.circuits, *(name for name in self.health if name not in self.circuits)]
        return {
            "start": self.start,
            "end": now,
            "circuits": [{"name": name, "health": self.health.get(name, [])} for name in names],
            "active": self.active,
            "switchovers": self.moves,
        }

    def _ended(self, ended: log.SwitchoverEnded, at: float) -> None:
        self.moves.append(
            {"at": at, "from": ended.source, "to": ended.target, "rule": ended.rule,
             "outcome": str(ended.ending), "seconds": round(ended.seconds, 2)}
        )  # fmt: skip

    def _move(self, active: str | None, at: float) -> None:
        if self._stay is not None:
            _add(self.active, self._stay[0], at, self._stay[1])
        self._on = active
        self._stay = (at, active) if active is not None else None

    def _end(self, circuit: str, at: float) -> None:
        began = self._open.pop(circuit, None)
        if began is not None:
            _add(self.health.setdefault(circuit, []), began[0], at, began[1])

    def _stop(self, at: float) -> None:
        """Nobody is looking from then on."""
        for circuit in tuple(self._open):
            self._end(circuit, at)
        if self._stay is not None:
            _add(self.active, self._stay[0], at, self._stay[1])
            self._stay = None
        self._running = False


def _add(stretches: list[Stretch], began: float, ended: float, what: str) -> None:
    """Add one; one that goes on as the last was makes that longer."""
    if ended <= began:
        return
    if stretches and stretches[-1][1:] == (began, what):
        stretches[-1] = (stretches[-1][0], ended, what)
    else:
        stretches.append((began, ended, what))
