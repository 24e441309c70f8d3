"""The schedule keeps to the wall clock, however that is set; in virtual time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.support.clock import virtual_time
from wanfailover.rounds import Moment
from wanfailover.schedule import GUARD, SETTLING, Schedule, cron

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
HOUR, DAY = 3600.0, 86400.0


class Wall:
    """A clock on the wall: *set_by* is how far it was set since the start."""

    set_by = timedelta()

    def __call__(self) -> datetime:
        return START + self.set_by + timedelta(seconds=asyncio.get_running_loop().time())


@pytest.fixture
def wall(monkeypatch):
    """APScheduler asks the same."""
    wall = Wall()

    class Known(datetime):
        @classmethod
        def now(cls, tz=None):
            return wall().astimezone(tz)

    for module in ("schedulers", "executors"):
        monkeypatch.setattr(f"apscheduler.{module}.base.datetime", Known)
    return wall


@asynccontextmanager
async def running(schedule: Schedule):
    task = asyncio.create_task(schedule.run())
    await asyncio.sleep(0.1)
    try:
        yield schedule
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Times(list):
    """When something was done, on the monotonic clock."""

    async def __call__(self) -> None:
        self.append(asyncio.get_running_loop().time())


def clock() -> float:
    return asyncio.get_running_loop().time()


@virtual_time
async def test_every_so_often(wall):
    """The first when it is due, then each interval."""
    done = Times()
    schedule = Schedule(clock, wall)
    schedule.every("preflight", DAY, lambda: 300.0, done)
    async with running(schedule):
        assert schedule.next("preflight") == START + timedelta(seconds=300)
        await asyncio.sleep(3 * DAY)
    assert done == pytest.approx([300, 300 + DAY, 300 + 2 * DAY], abs=1)


@pytest.mark.parametrize("by", [timedelta(hours=-5), timedelta(hours=5), timedelta(days=400)])
@virtual_time
async def test_a_clock_that_is_set_brings_nothing_forward(wall, by):
    """What was due in an hour is due in an hour: an interval is no time of day."""
    done = Times()
    schedule = Schedule(clock, wall)
    due = HOUR
    schedule.every("preflight", DAY, lambda: due - clock() if not done else DAY, done)
    async with running(schedule):
        await asyncio.sleep(600)
        assert schedule.settled
        wall.set_by = by
        await asyncio.sleep(GUARD)
        assert not schedule.settled
        await asyncio.sleep(SETTLING)
        assert schedule.settled
        await asyncio.sleep(2 * HOUR)
    assert done == pytest.approx([HOUR], abs=GUARD)


@virtual_time
async def test_at_a_time_of_day(wall):
    """By the wall clock as it is then, also where that was set: at most once for each time."""
    done = Times()
    schedule = Schedule(clock, wall)
    schedule.at("drill", Moment(time(16)), UTC, done)
    async with running(schedule):
        await asyncio.sleep(HOUR)  # 13:00
        wall.set_by = timedelta(hours=2)  # 15:00
        await asyncio.sleep(2 * HOUR)
        assert done == pytest.approx([2 * HOUR], abs=GUARD)
        wall.set_by = timedelta(hours=20)  # over the next 16:00, which nobody saw: passed over
        await asyncio.sleep(HOUR)
        assert len(done) == 1


@virtual_time
async def test_one_that_raises_or_lasts_stops_no_other(wall):
    done = Times()

    async def bad() -> None:
        raise ZeroDivisionError

    async def long() -> None:
        await asyncio.sleep(5 * DAY)

    schedule = Schedule(clock, wall)
    schedule.every("bad", HOUR, lambda: 1.0, bad)
    schedule.every("long", HOUR, lambda: 1.0, long)
    schedule.every("good", HOUR, lambda: 1.0, done)
    async with running(schedule):
        await asyncio.sleep(10 * HOUR)
    assert len(done) == 10


def test_nothing_is_known_before_it_runs():
    assert Schedule().next("drill") is None


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        (Moment(time(4), 6, "first"), "2026-12-06T04:00:00+01:00"),
        (Moment(time(4), 6, "last"), "2026-11-29T04:00:00+01:00"),
        (Moment(time(4), 6), "2026-11-29T04:00:00+01:00"),
        (Moment(time(23, 30)), "2026-11-28T23:30:00+01:00"),
        (Moment(time(4), 0, "third"), "2026-12-21T04:00:00+01:00"),
    ],
    ids=str,
)
def test_moments(moment, due):
    assert cron(moment, BERLIN).get_next_fire_time(None, START).isoformat() == due
