"""How a circuit is, at one instant: the state, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wanfailover.core.facts import Instant
from wanfailover.core.layers import Layer


class State(StrEnum):
    """Health of a circuit; `rank` orders the words by evidence."""

    UP = "up"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"
    DOWN = "down"

    @property
    def rank(self) -> int:
        """Higher is better; unknown is no good, but better than down."""
        return {"up": 3, "degraded": 2, "unknown": 1, "down": 0}[self.value]


@dataclass(frozen=True, slots=True)
class Reading:
    """A circuit's health at one instant.

    Args:
        since: When the state was entered.

        because: The evidence in a few words.

        loss: Share lost over the last `WINDOW` seconds, 0 to 1; None where nothing was asked.

        rtt: Median round-trip time over the same window, seconds.

        heard: The last sign of life; None if there never was one.

        quiet_since: Since when the circuit has answered without a gap or a bad second; None while
            it does not.

        quiet_loss: Share lost since then.

        suspicious: Something is amiss: ask quickly, and look at the router.

        unsent: Why probes cannot leave this host; None while they can.

        layer: Which part of the way fails.

        muted: Targets that fail alone and are set aside.

        in_sight: It is being probed now; otherwise the state is what was known last.

        device: Since when its modem has had its line; None while it has not, or nobody says so.

        patience: Seconds of silence after which it is called down.

        learned: What that rests on, in a sentence.

        expires: When a failure that nobody can check now says nothing more; None where it can be.
    """

    state: State
    since: Instant
    because: str
    loss: float | None = None
    rtt: float | None = None
    heard: Instant | None = None
    quiet_since: Instant | None = None
    quiet_loss: float = 0.0
    suspicious: bool = False
    unsent: str | None = None
    layer: Layer | None = None
    muted: tuple[str, ...] = ()
    in_sight: bool = False
    device: Instant | None = None
    patience: float = 0.0
    learned: str = ""
    expires: Instant | None = None
