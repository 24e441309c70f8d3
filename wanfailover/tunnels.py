"""The tunnels to customers: whether traffic passes each, which is told and decides nothing.

A security association that is installed proves nothing; it stays so for minutes on a dead path.
Only an answer through the tunnel does. One customer's dead tunnel is that customer's trouble, so
nothing here is evidence on a circuit, and none of it reaches the engine. When the router has moved
to another circuit, tunnels are built anew, and the probes are the traffic that wakes those which
are built on demand. Nothing waits for that: a switch is proved by the Internet, and what then comes
of the tunnels is told as it happens, for up to `Tunnel.within`, which may be minutes.

It is pure, as the core is: told facts and the time, it gives entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from wanfailover.core import entries as log
from wanfailover.core.engine import Engine
from wanfailover.core.facts import Fact, Instant, ProbeSample, Result, Role
from wanfailover.core.reading import Reading, State
from wanfailover.core.site import Tunnel

ENOUGH, LEAST = 3, 3.0
"""So many probes in a row without an answer make a tunnel down, but no fewer seconds: a new key is
agreed on within one or two."""

FAILED = (
    "none of the tunnels has come up on {circuit}, although its Internet works: the peers may know "
    "us by our old address alone (they pin it), UDP 500 and 4500 or ESP may be blocked on "
    "{circuit}, or stale NAT entries on the way hold the old flows"
)

LEFT_ALONE = (
    "; and nothing renews {names}: a connection that is left alone may hold the old address for "
    "minutes (give it `ike` and `child`)"
)


class TunnelState(StrEnum):
    """How a tunnel stands; these words are a contract of ``status --json``."""

    UP = "up"
    DOWN = "down"
    RENEWING = "renewing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TunnelReading:
    """What is known of one tunnel: its state, since when, and when traffic last passed."""

    state: TunnelState
    because: str
    since: Instant
    good: Instant | None


@dataclass(slots=True)
class Tunnels:
    """All tunnels of a site. *readings* are as of the last fact, by the tunnel's name.

    *trouble* is the finding that none came up on the circuit that the router has moved to.
    """

    tunnels: tuple[Tunnel, ...]
    readings: dict[str, TunnelReading] = field(default_factory=dict)
    trouble: str = ""
    heard: dict[str, Instant] = field(default_factory=dict)  # by check: the last that was answered
    lost: dict[str, Instant] = field(default_factory=dict)
    epoch: int = -1
    moved: Instant = -inf

    @property
    def renewing(self) -> frozenset[str]:
        """Checks of those that are awaited since the router was moved."""
        return frozenset(
            tunnel.check
            for tunnel in self.tunnels
            if tunnel.name in self.readings
            and self.readings[tunnel.name].state is TunnelState.RENEWING
        )

    def told(self, fact: Fact, now: Instant, engine: Engine) -> Iterator[log.Entry]:
        """Take a check's result, or any fact that *engine* was fed; gives what has changed.

        In another epoch of the engine's the router was moved, or touched: tunnels must come anew.
        """
        if engine.epoch != self.epoch:
            self.epoch, self.moved = engine.epoch, now
        if isinstance(fact, ProbeSample):
            if fact.role is not Role.TUNNEL:
                return
            if engine.heeds(fact):
                self._take(fact)
        if engine.switchover is None:
            yield from self._read(now, engine.active, engine.readings.get(engine.active or ""))

    def _take(self, sample: ProbeSample) -> None:
        """A late answer repairs its loss."""
        kept = self.heard if sample.result is Result.ANSWERED else self.lost
        kept[sample.target] = max(sample.sent, kept.get(sample.target, sample.sent))

    def _read(
        self, now: Instant, circuit: str | None, reading: Reading | None
    ) -> Iterator[log.Entry]:
        for tunnel in self.tunnels:
            was, (state, because) = self.readings.get(tunnel.name), self._judge(tunnel, now)
            self.readings[tunnel.name] = TunnelReading(
                state,
                because,
                since=was.since if was is not None and was.state is state else now,
                good=self.heard.get(tunnel.check),
            )
            if was is not None and was.state is not state:
                yield log.TunnelChanged(tunnel.name, was.state, state, because)
        told, self.trouble = self.trouble, self._finding(circuit, reading)
        if self.trouble and not told:
            yield log.TunnelsFailed(circuit, self.trouble)

    def _judge(self, tunnel: Tunnel, now: Instant) -> tuple[TunnelState, str]:
        heard, lost = (kept.get(tunnel.check, -inf) for kept in (self.heard, self.lost))
        if heard >= self.moved:
            if lost - heard < max(ENOUGH * tunnel.every, LEAST):
                return TunnelState.UP, "answering"
            return TunnelState.DOWN, f"no answer for {now - heard:.0f} s"
        if now - self.moved < tunnel.within:
            return (TunnelState.RENEWING if self.epoch else TunnelState.UNKNOWN), "no answer yet"
        if lost < self.moved:
            return TunnelState.UNKNOWN, "not asked"
        return TunnelState.DOWN, f"no answer within {tunnel.within:g} s"

    def _finding(self, circuit: str | None, reading: Reading | None) -> str:
        """All fail on a circuit that works, and none has come up there: that has one cause."""
        fails = (
            self.epoch > 0
            and {each.state for each in self.readings.values()} == {TunnelState.DOWN}
            and max(self.heard.values(), default=-inf) < self.moved
            and reading is not None
            and reading.state is State.UP
        )
        if not fails:
            return ""
        names = ", ".join(tunnel.name for tunnel in self.tunnels if tunnel.ike is None)
        left = LEFT_ALONE.format(names=names) if names else ""
        return FAILED.format(circuit=circuit) + left
