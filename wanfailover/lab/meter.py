"""Outages as a user feels them, from a steady stream of probes. Pure: times come in, gaps come out.

A gap begins when the first probe is sent that gets no answer in time, and ends when the answer to
a later probe arrives. A probe that was never sent, because the measuring host was busy, is no gap.
What is shorter than the stream's period goes unseen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gap:
    """Nothing came through from *at* on, for *length* seconds; *ended* unless it lasts still."""

    at: float
    length: float
    ended: bool = True


@dataclass(frozen=True, slots=True)
class Begun:
    """The first answer of all."""

    at: float


@dataclass(frozen=True, slots=True)
class Lost:
    """The line went silent at *at*; told once that is certain, which is *patience* later."""

    at: float


@dataclass(frozen=True, slots=True)
class Back:
    """An answer at *at* ended a gap of *after* seconds."""

    at: float
    after: float


Event = Begun | Lost | Back


@dataclass(slots=True)
class _Pending:
    sent: float
    passed: tuple[float, float] | None = None
    """When the first probe sent later was answered, and when that one had been sent."""


class Meter:
    """Keeps the account of one stream. *patience* is how many seconds an answer may take."""

    def __init__(self, patience: float) -> None:
        self.gaps: list[Gap] = []
        self.round_trips: list[float] = []
        self.sent_count = 0
        self.lost_count = 0
        self._patience = patience
        self._pending: dict[int, _Pending] = {}
        self._silent_since: float | None = None
        self._good_from = float("-inf")  # when the probe was sent whose answer ended the last gap

    @property
    def waiting(self) -> bool:
        """Whether an answer may still come in time."""
        return bool(self._pending)

    def sent(self, number: int, now: float) -> None:
        """Probe *number* leaves; numbers only rise."""
        self.sent_count += 1
        self._pending[number] = _Pending(now)

    def answered(self, number: int, now: float) -> Iterator[Event]:
        """The answer to probe *number* is here; one that is late, or comes twice, is nothing."""
        yield from self.expire(now)
        probe = self._pending.pop(number, None)
        if probe is None:
            return
        if not self.round_trips:
            yield Begun(now)
        self.round_trips.append(now - probe.sent)
        for earlier in self._pending.values():
            if earlier.sent < probe.sent and earlier.passed is None:
                earlier.passed = now, probe.sent
        if self._silent_since is not None:
            yield self._heal(now, probe.sent)

    def expire(self, now: float) -> Iterator[Event]:
        """Give up probes whose time is over by *now*."""
        while self._pending:
            number, probe = next(iter(self._pending.items()))
            if probe.sent + self._patience > now:
                return
            del self._pending[number]
            self.lost_count += 1
            if self._silent_since is None and probe.sent > self._good_from:
                self._silent_since = probe.sent
                yield Lost(probe.sent)
                if probe.passed is not None:
                    yield self._heal(*probe.passed)

    def finish(self, now: float) -> None:
        """Close the account; a gap that lasts still is one up to *now*."""
        if self._silent_since is not None:
            self.gaps.append(Gap(self._silent_since, now - self._silent_since, ended=False))

    def _heal(self, now: float, good_from: float) -> Back:
        assert self._silent_since is not None
        gap = Gap(self._silent_since, now - self._silent_since)
        self.gaps.append(gap)
        self._silent_since, self._good_from = None, good_from
        return Back(now, gap.length)
