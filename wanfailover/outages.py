"""Outages as the journal tells of them: each with its length, and what they come to.

An outage is counted from when it was noticed until a probe was answered again, by the wall clock.
Where the agent ended meanwhile, or nobody could see the circuit any more, it lasted at least until
then. What is not watched counts neither as well nor as an outage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from wanfailover.core import entries as log
from wanfailover.entries import whereabouts
from wanfailover.journal.reader import Record
from wanfailover.wording import span

LASTS = timedelta(hours=1, minutes=1)
"""A running agent writes something once an hour at the least; what is longer ago is over."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A circuit was down.

    Args:
        ended: Its end, or the last that is known of it.

        whole: It was seen to end then; else it lasted at least so long.

        lasting: It goes on.

        because: As it was judged.

        began_seen: It was noticed then; else it is older than what was asked for.
    """

    circuit: str
    began: datetime
    ended: datetime
    because: str
    whole: bool = True
    lasting: bool = False
    began_seen: bool = True

    @property
    def seconds(self) -> float:
        """How long it was."""
        return max(0.0, (self.ended - self.began).total_seconds())

    @property
    def length(self) -> str:
        """The same as one speaks of it, with what is not known of it."""
        least = "" if self.whole else "so far " if self.lasting else "at least "
        return f"{least if self.began_seen else 'at least '}{span(self.seconds)}"


@dataclass(frozen=True, slots=True)
class Total:
    """What a circuit's outages come to.

    Args:
        watched: Seconds in which it was seen, be it up or down.

        used: Seconds in which the router was on it, and an agent there to know.
    """

    outages: int
    down: float
    longest: float
    watched: float
    used: float

    @property
    def available(self) -> float | None:
        """Share of the time watched in which it was not down."""
        return 1 - self.down / self.watched if self.watched > 0 else None


@dataclass(frozen=True, slots=True)
class Account:
    """All of it, the outages oldest first."""

    outages: tuple[Outage, ...]
    totals: Mapping[str, Total]


def account(records: Iterable[Record], now: datetime, since: datetime | None = None) -> Account:
    """Fold the journal.

    Args:
        records: Of all kinds, oldest first.

        now: The present, for what goes on.

        since: What came before is left out; an outage that reached into it begins
            then, which was not its beginning.
    """
    fold = _Fold()
    for record in records:
        fold.take(record)
    fold.finish(now)
    return fold.account(since)


@dataclass(slots=True)
class _Stretch:
    """A stretch of time: of watching, or on a circuit."""

    began: datetime
    ended: datetime


@dataclass(slots=True)
class _Fold:
    outages: list[Outage] = field(default_factory=list)
    open: dict[str, Outage] = field(default_factory=dict)
    seen: dict[str, list[_Stretch]] = field(default_factory=dict)
    sighted: set[str] = field(default_factory=set)  # those that are seen now
    last: datetime | None = None
    stays: list[tuple[str, _Stretch]] = field(default_factory=list)
    active: str | None = None
    running: bool = False

    def take(self, record: Record) -> None:
        at = record.at
        match record.entry:
            case log.AgentStarted():
                self._stop()
                self.running = True
                self._stay(at)
            case log.HealthChanged(circuit=circuit, state=state, because=because):
                self._sight(circuit, state, at)
                self._health(circuit, state, because, at)
            case _:
                for active in whereabouts(record.entry):
                    self._move(active, at)
        self._reach(at)
        if isinstance(record.entry, log.AgentStopped):
            self._stop()

    def finish(self, now: datetime) -> None:
        """What goes on reaches to the present, if an agent's last words are no hour old."""
        if self.running and self.last is not None and now - self.last < LASTS:
            self._reach(now)
            self.open = {name: replace(each, lasting=True) for name, each in self.open.items()}
        self._stop()
        self.outages.sort(key=lambda outage: outage.began)

    def account(self, since: datetime | None) -> Account:
        outages = self.outages
        if since is not None:
            outages = [
                replace(each, began=since, began_seen=False) if each.began < since else each
                for each in outages
                if each.ended > since
            ]
        totals = {}
        for circuit, stretches in self.seen.items():
            watched = sum(_length(stretch, since) for stretch in stretches)
            spans = [outage.seconds for outage in outages if outage.circuit == circuit]
            used = sum(_length(stay, since) for name, stay in self.stays if name == circuit)
            longest = max(spans, default=0.0)
            totals[circuit] = Total(len(spans), sum(spans), longest, watched, used)
        return Account(tuple(outages), totals)

    def _sight(self, circuit: str, state: str, at: datetime) -> None:
        stretches = self.seen.setdefault(circuit, [])
        if state == "unknown":
            self._reach(at)
            self.sighted.discard(circuit)
        elif circuit not in self.sighted:
            self.sighted.add(circuit)
            stretches.append(_Stretch(at, at))

    def _health(self, circuit: str, state: str, because: str, at: datetime) -> None:
        outage = self.open.pop(circuit, None)
        if outage is not None and state != "down":
            whole = state in {"up", "degraded"}
            self.outages.append(replace(outage, ended=at, whole=whole))
        elif state == "down":
            self.open[circuit] = outage or Outage(circuit, at, at, because, whole=False)

    def _reach(self, at: datetime) -> None:
        """Something was written, so somebody was there."""
        if self.running:
            self.last = at
            for circuit in self.sighted:
                self.seen[circuit][-1].ended = max(at, self.seen[circuit][-1].ended)
            self.open = {name: replace(each, ended=at) for name, each in self.open.items()}
            if self.stays and self.active is not None:
                self.stays[-1][1].ended = max(at, self.stays[-1][1].ended)

    def _move(self, active: str | None, at: datetime) -> None:
        if active != self.active:
            self._reach(at)
            self.active = active
            self._stay(at)

    def _stay(self, at: datetime) -> None:
        if self.active is not None:
            self.stays.append((self.active, _Stretch(at, at)))

    def _stop(self) -> None:
        """Nobody is looking from now on."""
        self.outages += self.open.values()
        self.open.clear()
        self.sighted.clear()
        self.running = False


def _length(stretch: _Stretch, since: datetime | None) -> float:
    began = max(stretch.began, since) if since is not None else stretch.began
    return max(0.0, (stretch.ended - began).total_seconds())
