"""Feeds a recording to an engine that begins as the live one did, and compares what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from wanfailover.core.engine import Engine
from wanfailover.core.entries import DecisionMade, Entry, LineLearned
from wanfailover.flight.reader import Head, Log, Part
from wanfailover.flight.rows import Fed

SAME_CLOCK = 5.0
"""Seconds that wall time may differ within one boot: by so much is a clock set, now and then."""


class Listener(Protocol):
    """Somebody who watches the live engine being fed again."""

    def begin(self, head: Head, live: Engine, offset: float) -> None:
        """The engine is another one from here on, but not of another site.

        Args:
            head: Of the part it begins with.

            live: The engine, before its next fact.

            offset: What to add to its instants to have seconds of wall time.
        """

    def before(self, fed: Fed, live: Engine) -> None:
        """A fact is about to be fed."""

    def after(self, fed: Fed, live: Engine) -> None:
        """It has been, and `decision` and the like are up to date."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the engine says something else now than it did live."""

    at: float
    live: tuple[Entry, ...]
    now: tuple[Entry, ...]


@dataclass
class Played:
    """What a recording came to.

    Args:
        first: Wall time of its first fact, and *last* of its last, in seconds; 0 where it is empty.

        decisions: Those that came out as they did live.

        difference: The first that did not.

        heads: How each run begins, or what is left of it.

        foreign: Versions of the program that decide otherwise than this one, or may.

        missing: Sentences on what is not there.

        uncertain: Facts in which nothing could be compared: how the engine stood is not known.
    """

    first: float = 0.0
    last: float = 0.0
    facts: int = 0
    decisions: int = 0
    uncertain: int = 0
    difference: Difference | None = None
    heads: list[Head] = field(default_factory=list)
    foreign: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)


class Playback:
    """Plays one recording, to several listeners at once."""

    def __init__(self, log: Log, listeners: Sequence[Listener] = ()) -> None:
        self._log = log
        self._listeners = listeners
        self._engine: Engine | None = None
        self._run: str | None = None
        self._next_part = 0
        self._offset: float | None = None
        self._certain = True
        self._whole = True
        self.played = Played()

    def play(self) -> Played:
        """Play it all."""
        for part in self._log.parts():
            if isinstance(part, str):
                self.played.missing.append(part)
                self._whole = False
            else:
                self._play(part)
        return self.played

    def _play(self, part: Part) -> None:
        engine = self._take_over(part.head)
        for fed in part.facts():
            self._count(fed)
            for listener in self._listeners:
                listener.before(fed, engine)
            entries, _ = engine.feed(fed.fact, fed.now)
            for listener in self._listeners:
                listener.after(fed, engine)
            if self._certain:
                self._compare(fed, entries)
            else:
                self.played.uncertain += 1
        self._whole = part.ended

    def _take_over(self, head: Head) -> Engine:
        """Go on with the engine there is, where nothing is missing; else with the part's own."""
        if not head.ours:
            self.played.foreign.add(head.program)
        follows = (head.run, head.part) == (self._run, self._next_part)
        self._run, self._next_part = head.run, head.part + 1
        if follows and self._whole and not head.lost and self._engine is not None:
            return self._engine
        restored = head.engine()
        self._certain = restored is not None
        self._engine = restored or Engine(head.site, head.controls, head.memory)
        offset = head.at.timestamp() - head.now
        if self._offset is None or abs(offset - self._offset) > SAME_CLOCK:
            self._offset = offset
        self.played.heads.append(head)
        for listener in self._listeners:
            listener.begin(head, self._engine, self._offset)
        return self._engine

    def _count(self, fed: Fed) -> None:
        at = fed.now + (self._offset or 0.0)
        self.played.first = self.played.first or at
        self.played.last = at
        self.played.facts += 1

    def _compare(self, fed: Fed, entries: Sequence[Entry]) -> None:
        now = tuple(entry for entry in entries if not isinstance(entry, LineLearned))
        if now == fed.entries:
            self.played.decisions += sum(isinstance(entry, DecisionMade) for entry in now)
        elif self.played.difference is None:
            at = fed.now + (self._offset or 0.0)
            self.played.difference = Difference(at, fed.entries, now)


def wall(seconds: float) -> datetime:
    """Wall time, with zone."""
    return datetime.fromtimestamp(seconds, UTC)
