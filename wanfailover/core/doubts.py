"""What we cannot be sure of: our own eyes, and what the router holds. Each doubt is a sentence."""

from __future__ import annotations

from wanfailover.core.controls import Controls
from wanfailover.core.facts import Instant
from wanfailover.core.layers import Layer
from wanfailover.core.lines import Lines
from wanfailover.core.reading import Reading
from wanfailover.core.router import KnownRouter


def amiss(lines: Lines, active: str | None) -> bool:
    """Something is wrong on the active circuit: look at the router."""
    reading = lines.reading(active)
    return lines.is_down(active) or (reading is not None and reading.suspicious)


def of_our_eyes(
    lines: Lines, controls: Controls, router: KnownRouter, active: str | None, now: Instant
) -> str | None:
    """Why our own host cannot be trusted."""
    reading = lines.reading(active)
    if reading is None:
        return None
    if reading.heard is not None and now - reading.heard < reading.patience:
        return None  # what answers through the router has found its way past the inside
    if reading.unsent is not None and not router.has_no_way_out:
        return f"probes cannot leave this host: {reading.unsent}"
    down = lines.is_down(active)
    return controls.sick(now, reading.heard, suspected=down, silence=reading.patience)


class Eyes:
    """Our own, by which circuits are judged; *sick* says what is wrong with them, if anything."""

    def __init__(self) -> None:
        self.sick: str | None = None
        self._since: Instant = 0.0

    def look(
        self,
        lines: Lines,
        controls: Controls,
        router: KnownRouter,
        active: str | None,
        now: Instant,
    ) -> None:
        """Look again. What they saw of a dead circuit while they were sick is void afterwards."""
        was, self.sick = self.sick, of_our_eyes(lines, controls, router, active, now)
        self._since = now if was is None else self._since
        sound = was is not None and self.sick is None
        if sound and active is not None and lines.fell_after(self._since, active):
            lines[active].forget(now)
            lines.readings[active] = lines[active].read(now)
        lines.blame(active, this_side(self.sick, lines.reading(active), router))


def this_side(sick: str | None, reading: Reading | None, router: KnownRouter) -> Layer | None:
    """What fails on this side of the active circuit: no other circuit is any better for it.

    *sick* is what is wrong with our own eyes, *reading* the active circuit's.
    """
    if router.has_no_way_out:
        return Layer.ROUTER
    if sick is None:
        return None
    return Layer.HOST if reading is not None and reading.unsent is not None else Layer.LAN


def of_the_routers_age(lines: Lines, router: KnownRouter, active: str | None) -> bool:
    """The router was last read before the active circuit fell silent, or was called down."""
    reading = lines.reading(active)
    if reading is None or reading.heard is None or not amiss(lines, active):
        return False
    down = lines.is_down(active)
    return router.older_than(min(reading.heard, reading.since) if down else reading.heard)


def of_the_router(lines: Lines, router: KnownRouter, active: str | None) -> str | None:
    """Why what the router holds is not known well enough to act."""
    if router.unread is not None:
        return router.unread
    if lines.is_down(active) and of_the_routers_age(lines, router, active):
        return "the router has not been read since the circuit failed; reading it now"
    return None
