"""What comes by the clock on the wall: preflights and drills. Never a probe, never a safety timer.

APScheduler knows months, weekdays and time zones. What it does not bear is a wall clock that is
set: its timer was computed by the old one, and after a long leap it lists every time it has missed.
So a guard on the monotonic clock looks after it, and after a step all jobs are made anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from wanfailover.journal.eras import utc_now
from wanfailover.rounds import Moment

GUARD = 5.0
"""Seconds between two looks at both clocks, at which the timer is computed anew, too."""

STEP = 2.0
"""Seconds by which the two may drift apart between two looks: more is a step."""

SETTLING = 600.0
"""Seconds after a step in which nothing that needs a calm office is begun."""

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NTH = {"first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "last": "last"}

_log = structlog.get_logger("wanfailover")

Work = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class _Job:
    name: str
    trigger: Callable[[], object]
    work: Work
    grace: int


class Schedule:
    """Runs jobs at their times. Add them, then `run` it beside the loop.

    Args:
        clock: The monotonic clock.

        wall: The one on the wall, with zone.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = utc_now,
    ) -> None:
        self._clock = clock
        self._wall = wall
        self._jobs: list[_Job] = []
        self._scheduler: AsyncIOScheduler | None = None
        self._stepped = float("-inf")

    @property
    def settled(self) -> bool:
        """The wall clock has not been set lately."""
        return self._clock() - self._stepped >= SETTLING

    def every(self, name: str, seconds: float, due: Callable[[], float], work: Work) -> None:
        """Have *work* done every so many *seconds*, for the first time in *due* seconds from now.

        *due* is asked again after the wall clock was set.
        """

        def trigger() -> IntervalTrigger:
            first = self._wall() + timedelta(seconds=max(due(), 1.0))
            return IntervalTrigger(seconds=seconds, start_date=first, timezone=UTC)

        self._jobs.append(_Job(name, trigger, work, grace=3600))

    def at(self, name: str, moment: Moment, zone: tzinfo | None, work: Work) -> None:
        """Have *work* done at a *moment* by the clock of *zone*, or not at all: within a minute."""
        self._jobs.append(_Job(name, lambda: cron(moment, zone), work, grace=60))

    def next(self, name: str) -> datetime | None:
        """When a job is due next; None where it is not known."""
        job = self._scheduler.get_job(name) if self._scheduler is not None else None
        due: datetime | None = getattr(job, "next_run_time", None)
        return due

    async def run(self) -> None:
        """Until cancelled."""
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._plan(self._scheduler)
        self._scheduler.start()
        try:
            await self._guard(self._scheduler)
        finally:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    async def _guard(self, scheduler: AsyncIOScheduler) -> None:
        apart = self._apart()
        while True:
            await asyncio.sleep(GUARD)
            step = self._apart() - apart
            if abs(step) > STEP:
                _log.warning("wall-clock-stepped", seconds=round(step))
                apart, self._stepped = apart + step, self._clock()
                scheduler.remove_all_jobs()
                self._plan(scheduler)
            scheduler.wakeup()

    def _plan(self, scheduler: AsyncIOScheduler) -> None:
        for job in self._jobs:
            scheduler.add_job(
                _do, job.trigger(), args=(job.work,), id=job.name, name=job.name,
                coalesce=True, max_instances=1, misfire_grace_time=job.grace,
            )  # fmt: skip

    def _apart(self) -> float:
        return self._wall().timestamp() - self._clock()


async def _do(work: Work) -> None:
    """On the loop, which APScheduler tells from a thread's work by this function's kind."""
    await work()


def cron(moment: Moment, zone: tzinfo | None) -> CronTrigger:
    """The trigger of a moment."""
    by: dict[str, object] = {"hour": moment.at.hour, "minute": moment.at.minute}
    if moment.day is not None and moment.nth is not None:
        by["day"] = f"{_NTH[moment.nth]} {_WEEKDAYS[moment.day]}"
    elif moment.day is not None:
        by["day_of_week"] = _WEEKDAYS[moment.day]
    return CronTrigger(timezone=zone, **by)  # without one, by this machine's
