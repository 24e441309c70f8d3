"""One target's watch under suspicion: quicker for a while, and never without bound."""

from __future__ import annotations

import time

import pytest

from wanfailover.core.facts import Path, Result, Role, Target
from wanfailover.ports import ProbeResult
from wanfailover.probes import Assignment
from wanfailover.probes.kinds import Kind
from wanfailover.probes.watch import Terms, Watch
from wanfailover.specs import Tcp

QUICK = 0.05
SLOW = 60.0


class Counting:
    """Answers at once, and notes when it was asked."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def probe(self, path: Path, heard=None) -> ProbeResult:
        self.asked.append(time.monotonic())
        return ProbeResult(Result.ANSWERED, rtt=0.0)

    def renew(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def target() -> Counting:
    return Counting()


@pytest.fixture
async def watch(target, until):
    """Makes watches of *target*, which has been asked once, a while ago."""
    made: list[Watch] = []

    async def make(*, every: float = SLOW, suspicion: float = 60.0, share: float = 0.0) -> Watch:
        spec = Tcp("192.0.2.10", 80)
        made.append(
            Watch(
                Assignment(spec, Target(spec.name, Role.FAR, every), "primary"),
                target,
                Kind("", fastest=QUICK),
                Terms(lambda _: None, time.monotonic, 1.0, suspicion, epoch=0),
                share,
            )
        )
        if share == 0:
            await until(lambda: target.asked)
            await until(lambda: time.monotonic() - target.asked[0] > QUICK)
            target.asked.clear()
        return made[-1]

    yield make
    for one in made:
        one.stop()


async def test_suspicion_asks_at_once_and_then_quickly(target, watch, until):
    """A target with a slow pace is asked at once, and goes on at its kind's fastest."""
    one = await watch()
    began = time.monotonic()
    one.hasten()
    await until(lambda: len(target.asked) >= 5)
    for number, when in enumerate(target.asked):
        assert -0.01 < when - began - number * QUICK < 0.05


async def test_suspicion_said_twice_is_one(target, watch, until):
    """A suspicion that is repeated with every sample makes nothing quicker."""
    one = await watch()
    began = time.monotonic()
    await until(lambda: one.hasten() or len(target.asked) >= 4)
    assert time.monotonic() - began > 1.9 * QUICK  # the first of its own, then three presses


async def test_first_probe_need_not_be_waited_for(target, watch, until):
    """A target whose turn has not come yet is asked at once too."""
    one = await watch(share=0.5)
    one.hasten()
    await until(lambda: len(target.asked) >= 2)


async def test_suspects_take_turns(target, watch, until):
    """After the first probe, hastened targets stay spread over the pace as they were."""
    one = await watch(share=0.5)
    one.hasten()
    await until(lambda: len(target.asked) >= 3)
    first, second, third = target.asked[:3]
    assert second - first > 1.4 * QUICK > third - second


async def test_calm_ends_it(target, watch, until):
    """Calmed, a target is asked once more, as planned, and then at its own pace."""
    one = await watch()
    one.hasten()
    await until(lambda: len(target.asked) >= 2)
    one.calm()
    await until(lambda: time.monotonic() - target.asked[0] > 5 * QUICK)
    assert len(target.asked) <= 3


async def test_time_ends_it(target, watch, until):
    """A suspicion that is never settled runs out, and does not begin again by being repeated."""
    one = await watch(suspicion=2.5 * QUICK)
    began = time.monotonic()
    await until(lambda: one.hasten() or time.monotonic() - began > 6 * QUICK)
    assert 3 <= len(target.asked) <= 4


async def test_suspicion_that_flickers_presses_nobody(target, watch, until):
    """However often it comes and goes, a target is pressed no quicker than its kind allows."""
    one = await watch()
    began = time.monotonic()
    await until(lambda: one.hasten() or one.calm() or len(target.asked) >= 4)
    assert time.monotonic() - began > 1.9 * QUICK  # the first of its own, then three presses


async def test_quick_targets_are_quick_enough(target, watch, until):
    """A target that is asked as quickly already keeps its own pace."""
    one = await watch(every=QUICK / 4)
    one.hasten()
    began = time.monotonic()
    await until(lambda: len(target.asked) >= 6)
    assert time.monotonic() - began < 5 * QUICK


async def test_stopped_watch_is_quiet(target, watch, until):
    """Stopped, it asks no more, whatever was planned."""
    one = await watch()
    one.hasten()
    one.stop()
    began = time.monotonic()
    await until(lambda: time.monotonic() - began > 3 * QUICK)
    assert len(target.asked) == 0
