"""What an agent keeps of its samples: every fact for a week, and rows of them for a year."""

from __future__ import annotations

import time
from collections.abc import Sequence

from wanfailover.config.profile import Keep
from wanfailover.core.engine import Engine
from wanfailover.core.entries import Entry
from wanfailover.core.facts import Fact, Instant
from wanfailover.core.site import Target
from wanfailover.flight.writer import FlightRecorder
from wanfailover.rollups import catchup
from wanfailover.rollups.keeper import Keeper
from wanfailover.sites import SiteDir


class Recording:
    """Of one engine. It is called on the agent's loop, and never in its way."""

    def __init__(self, site: SiteDir, keep: Keep) -> None:
        self._site = site
        self._flight = FlightRecorder(site.samples, keep.samples, keep.samples_size)
        self._keeper = Keeper(site.path, keep.history)
        self._engine: Engine | None = None

    @property
    def trouble(self) -> str | None:
        """Why something is not kept, while it is not."""
        return self._flight.trouble or self._keeper.trouble

    def started(self, engine: Engine, controls: Sequence[Target], now: Instant) -> None:
        """Begin, before *engine* is fed its first fact: see `FlightRecorder.started`."""
        self._engine = engine
        self._flight.started(engine, controls, now)
        self._keeper.started(self._flight.run, now)

    def fed(self, fact: Fact, now: Instant, entries: Sequence[Entry]) -> None:
        """Keep *fact*, which the engine was fed at *now*, and what it said to it."""
        if self._engine is not None:
            self._flight.fed(fact, now, entries)
            self._keeper.fed(fact, now, self._engine)

    async def catch_up(self) -> None:
        """Make up for rows that runs before this one have not written, in the background."""
        await catchup.beside(self._site.path, self._site.samples, self._flight.run)

    def close(self) -> None:
        """Write what is left; a disk that does not answer is not waited for."""
        self._keeper.close(time.monotonic())
        self._flight.close()
