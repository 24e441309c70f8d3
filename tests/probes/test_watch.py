"""One target's watch: quicker under suspicion, and as patient as its target is slow."""

from __future__ import annotations

import asyncio
import time

import pytest

from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.site import Detect, Path, Target
from wanfailover.ports import ProbeResult
from wanfailover.probes import Assignment
from wanfailover.probes.kinds import Kind
from wanfailover.probes.watch import Terms, Watch
from wanfailover.specs import Tcp

QUICK = 0.05
SLOW = 60.0
LEAST = 0.05


class Counting:
    """Answers after *takes* seconds, and notes when it was asked."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.takes = 0.0

    async def probe(self, path: Path, heard=None) -> ProbeResult:
        self.asked.append(time.monotonic())
        await asyncio.sleep(self.takes)
        return ProbeResult(Result.ANSWERED, rtt=self.takes)

    def renew(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def target() -> Counting:
    return Counting()


@pytest.fixture
async def watch(target, until):
    """Makes watches of *target*, which has been asked once, a while ago."""
    made: list[Watch] = []

    async def make(
        *, every: float = SLOW, share: float = 0.0, kin: int = 1, told=lambda _: None
    ) -> Watch:
        spec = Tcp("192.0.2.10", 80)
        made.append(
            Watch(
                Assignment(spec, Target(spec.name, Role.FAR, every), "primary"),
                target,
                Kind("", fastest=QUICK),
                Terms(told, time.monotonic, Detect(fast=QUICK, timeout_least=LEAST), epoch=0),
                share,
                kin,
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


async def test_suspects_share_what_may_be_asked(target, watch, until):
    """Ten a second are for all targets together: one of three is asked every third time."""
    one = await watch(kin=3)
    one.hasten()
    await until(lambda: len(target.asked) >= 4)
    assert target.asked[3] - target.asked[1] > 5.5 * QUICK


async def test_a_timeout_follows_its_target(target, watch, until):
    """A target that takes its time is given it: only the first probes are told as lost."""
    told: list[ProbeSample] = []
    target.takes = 2 * LEAST
    await watch(every=4 * LEAST, told=told.append)
    await until(lambda: len([s for s in told if s.result is Result.ANSWERED]) >= 3)
    assert all(sample.result is Result.ANSWERED for sample in told)  # a second, while none is known
    assert told[-1].timeout < 1.0  # and then what is known of it
    assert told[-1].timeout > target.takes
    target.takes = 0.9
    count = len(told)
    await until(lambda: any(s.result is Result.LOST for s in told[count:]))
    await until(lambda: told[-1].result is Result.ANSWERED and told[-1].timeout > 0.9)


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
