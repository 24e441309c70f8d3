"""The wiring: what comes by the clock is done, in virtual time, over a whole office."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from tests.config.linux import PLUGINS
from tests.routine.test_checkup import BAD, WELL
from tests.routine.test_schedule import Wall, wall  # noqa: F401 - a fixture
from tests.routine.world import Play
from tests.support.clock import virtual_time
from wanfailover.checkup import SETTLE
from wanfailover.config import load
from wanfailover.core import entries as log
from wanfailover.drill import Eyes
from wanfailover.entries import DrillBegan, DrillEnded, PreflightDone
from wanfailover.journal.reader import Reader
from wanfailover.probes import Names
from wanfailover.routine import BY_SCHEDULE, Left, Routines

MINUTE = 60.0

PROFILE = """\
site: office
router: {driver: linux, transport: local}
circuits:
  - {name: primary, address: 203.0.113.2/29, gateway: 203.0.113.1}
  - {name: backup, address: 198.51.100.77/24, gateway: 198.51.100.1}
preflight: {every: 1h}
drill: {at: "12:20", stay: 1m, timezone: UTC}
"""


@asynccontextmanager
async def routines(play: Play, folder, found, wall: Wall):  # noqa: F811
    """At work; *found* is what each preflight finds."""
    file = folder / "office.yaml"
    file.write_text(PROFILE)
    profile = load(file, plugins=PLUGINS)
    eyes = Eyes(lambda: play.engine, dict, lambda: None)
    with Reader(play.path) as reader:
        left = Left.of(reader, play.clock())
    made = Routines(
        profile, play.site, play.router, play.loop, eyes, play.record, left, Names(), play.clock
    )
    made.schedule._wall = wall

    async def look():
        for row in found:
            yield row

    made.preflights._look = look
    task = asyncio.create_task(made.run())
    await asyncio.sleep(0.1)
    try:
        yield made
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@virtual_time
async def test_preflights_and_a_drill_come_by_themselves(tmp_path, wall):  # noqa: F811
    """From noon: the first preflight after five minutes, one each hour; the drill at its time."""
    async with Play(tmp_path) as play, routines(play, tmp_path, [WELL], wall) as made:
        assert made.report() == {
            "state": None, "because": None, "next": made.report()["next"],
        }  # fmt: skip
        await asyncio.sleep(SETTLE + 10)
        (first,) = play.entries(PreflightDone)
        assert first.who == "schedule"
        await asyncio.sleep(20 * MINUTE)
        (began,) = play.entries(DrillBegan)
        assert (began.who, began.target, began.stay) == (BY_SCHEDULE, "backup", 60.0)
        assert [each.result for each in play.entries(DrillEnded)] == ["passed"]
        assert [each.who for each in play.entries(PreflightDone)] == ["schedule", "drill"]
        await asyncio.sleep(50 * MINUTE)
        assert [each.who for each in play.entries(PreflightDone)][2:] == ["schedule"]
        assert made.conditions() == {}
        assert made.trouble is None


@virtual_time
async def test_a_red_preflight_keeps_the_drill_from_being_begun(tmp_path, wall):  # noqa: F811
    """And that is written, to be told."""
    async with Play(tmp_path) as play, routines(play, tmp_path, [BAD], wall):
        await asyncio.sleep(21 * MINUTE)
        (ended,) = play.entries(DrillEnded)
        assert ended.result == "refused"
        assert "the preflight is red: ping: is forbidden" in ended.because
        assert play.entries(log.SwitchoverIntended) == []


@virtual_time
async def test_no_drill_just_after_the_clock_was_set(tmp_path, wall):  # noqa: F811
    """Nobody knows whether it is that late."""
    async with Play(tmp_path) as play, routines(play, tmp_path, [WELL], wall):
        await asyncio.sleep(5 * MINUTE)
        wall.set_by = timedelta(minutes=10)
        await asyncio.sleep(20 * MINUTE)
        assert play.entries(DrillBegan, DrillEnded) == []


@virtual_time
async def test_a_bug_is_told_and_ends_nobody(tmp_path, wall, monkeypatch):  # noqa: F811
    async with Play(tmp_path) as play, routines(play, tmp_path, [WELL], wall) as made:

        async def bad() -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(made.schedule, "run", bad)
        await made.run()
        assert "no preflights and no drills any more" in made.trouble
