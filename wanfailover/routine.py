"""What the agent does besides watching: preflights and drills, asked for or by the clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import structlog

from wanfailover import preflight
from wanfailover.checkup import Last, Preflights, Turns
from wanfailover.config import Profile
from wanfailover.control import Reply
from wanfailover.core.requests import Answer
from wanfailover.core.site import Site
from wanfailover.drill import Drills, Eyes, Request
from wanfailover.entries import DrillBegan, DrillEnded, PreflightDone
from wanfailover.journal.eras import utc_now
from wanfailover.journal.memory import Ages
from wanfailover.journal.reader import Reader, boot_id
from wanfailover.loop import Loop
from wanfailover.ports import EntrySink, Finding, RouterDriver
from wanfailover.probes import Names
from wanfailover.report import Report, stamp
from wanfailover.schedule import Schedule

PREFLIGHT, DRILL = "preflight", "drill"

BY_SCHEDULE = "the schedule"

_log = structlog.get_logger("wanfailover")


@dataclass(frozen=True, slots=True)
class Left:
    """What an earlier run has left: its last preflight, and a drill in the middle."""

    preflight: Last | None = None
    drill: DrillBegan | None = None

    @classmethod
    def of(cls, reader: Reader, now: float) -> Self:
        """Read it; *now* is the present monotonic instant."""
        return cls(_last(reader, now), _drill(reader))


class Routines:
    """One site's. `run` them beside the loop.

    Args:
        left: By an earlier run.
    """

    def __init__(
        self,
        profile: Profile,
        site: Site,
        driver: RouterDriver,
        loop: Loop,
        eyes: Eyes,
        record: EntrySink,
        left: Left,
        names: Names,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.profile = profile
        self._eyes = eyes
        self._driver = Turns(driver, loop.router)
        self._names = names
        self._ask: Callable[[Request], Awaitable[Answer]] = loop.ask
        self.preflights = Preflights(
            profile.rounds.preflight.every, self._look, self._calm, record,
            left.preflight, clock,
        )  # fmt: skip
        if profile.mail is None or not profile.mail.etrn:
            eyes = replace(eyes, mail=lambda: None)  # nobody is asked to deliver
        self.drills = Drills(site, eyes, loop.ask, self._preflight, record, clock)
        self._left = left.drill
        self.trouble: str | None = None
        self.schedule = Schedule(clock)
        every, at = profile.rounds.preflight.every, profile.rounds.drill.at
        if every is not None:
            self.schedule.every(PREFLIGHT, every, self.preflights.due, self.preflights.run)
        if at is not None:
            self.schedule.at(DRILL, at, profile.rounds.drill.zone, self._scheduled)

    async def run(self) -> None:
        """Until cancelled. Never raises anything else: whoever watches must not end for it."""
        try:
            if self._left is not None:
                await self.drills.resume(self._left)
            await self.schedule.run()
        except Exception:  # noqa: BLE001 - told, and logged with all its words
            self.trouble = "no preflights and no drills any more: this is a bug in wanfailover"
            _log.exception("routine-bug")

    async def drill(
        self, circuit: str | None, stay: float | None, who: str, *, dry_run: bool
    ) -> Reply:
        """Rehearse a failover; the profile says how long where *stay* does not."""
        seconds = self.profile.rounds.drill.stay if stay is None else stay
        return await self.drills.run(circuit, seconds, who, dry_run=dry_run)

    def report(self) -> Report | None:
        """The drill's part of ``status --json``; None where none is planned and none was."""
        told = self.drills.report()
        due = self.schedule.next(DRILL)
        if told is None and due is None:
            return None
        told = told or {"state": None, "because": None}
        return told | {"next": None if due is None else stamp(due)}

    def conditions(self) -> dict[str, str]:
        """What is amiss, for whoever is notified."""
        overdue = self.preflights.overdue
        return {PREFLIGHT: overdue} if overdue else {}

    async def _scheduled(self) -> None:
        """One that nobody asked for: not in the minutes after the wall clock was set."""
        if self.schedule.settled:
            await self.drill(None, None, BY_SCHEDULE, dry_run=False)

    def _calm(self) -> bool:
        engine = self._eyes.engine
        busy = engine.switchover is not None or engine.decision.target is not None
        amiss = engine.fast or engine.active is None or engine.router.unread is not None
        return not (busy or amiss or self.drills.away)

    async def _preflight(self) -> PreflightDone | None:
        return await self.preflights.now(DRILL)

    async def _look(self) -> AsyncIterator[Finding]:
        engine = self._eyes.engine
        days, cost = engine.memory().days, engine.site.policy.switch_cost
        aside = partial(preflight.offline, self.profile, days, cost)  # a second of reckoning
        for row in await asyncio.to_thread(lambda: list(aside())):
            yield row
        async for row in preflight.online(self.profile, self._driver, str, self._names):
            yield row


def _last(reader: Reader, now: float) -> Last | None:
    """The last preflight of an earlier run, by this boot's clock."""
    record = reader.last(PreflightDone)
    if record is None or not isinstance(record.entry, PreflightDone):
        return None
    return Last(record.entry, now - Ages(reader, boot_id(), now, utc_now)(record))


def _drill(reader: Reader) -> DrillBegan | None:
    """A drill that an earlier run has left in the middle."""
    record = reader.last(DrillBegan, DrillEnded)
    left = record.entry if record is not None else None
    return left if isinstance(left, DrillBegan) else None
