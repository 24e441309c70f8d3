"""What is lost over an idle line that sleeps is judged when it had time to be raised; no later."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.support.clock import virtual_time
from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.sleepers import ASLEEP, Sleepers
from wanfailover.specs import Wake

WAKE = Wake("192.0.2.12", within=30.0)
SAMPLE = ProbeSample("backup", "icmp 192.0.2.10", sent=0.0, role=Role.FAR, result=Result.ANSWERED)


class Idle:
    """A backup that is asked twice a second; *told* is what may be judged."""

    def __init__(self) -> None:
        self.told: list[ProbeSample] = []
        self.roused: list[tuple[float, str]] = []
        self.rousing = 0
        spawn = asyncio.get_running_loop().create_task
        self.sleepers = Sleepers({"backup": WAKE}, self.told.append, self.rouse, spawn)
        self.now = 0.0

    async def rouse(self, circuit: str, wake: Wake) -> None:
        self.roused.append((self.now, circuit))
        self.rousing += 1
        try:
            await asyncio.sleep(wake.within)
        finally:
            self.rousing -= 1

    def ask(self, seconds: float, result: Result, active: str | None = "primary", **more) -> None:
        until = self.now + seconds
        while self.now < until:
            sample = replace(SAMPLE, sent=self.now, result=result, **more)
            self.sleepers.take(sample, active)
            self.now += 0.5

    def sent(self, result: Result) -> list[float]:
        return [sample.sent for sample in self.told if sample.result is result]


@virtual_time
async def test_it_slept():
    """After a pause: what was lost while it was raised is nobody's loss."""
    line = Idle()
    line.ask(5, Result.ANSWERED)
    line.now += 60  # nobody asked, and it fell asleep
    line.ask(8, Result.LOST)
    await asyncio.sleep(0.1)
    assert line.sent(Result.LOST) == []
    assert line.rousing == 1
    line.ask(2, Result.ANSWERED)
    await asyncio.sleep(0.1)
    assert line.sent(Result.LOST) == []
    assert len(line.sent(Result.ANSWERED)) == 14
    assert line.roused == [(pytest.approx(73.0), "backup")]
    assert line.rousing == 0  # it is awake


@virtual_time
async def test_asked_for_the_first_time():
    """It may have slept long before anybody came."""
    line = Idle()
    line.ask(8, Result.LOST)
    line.ask(1, Result.ANSWERED)
    assert line.sent(Result.LOST) == []


@virtual_time
async def test_loss_amid_answers_is_loss():
    """It did not sleep: all that was lost is told, in its order, as soon as that is known."""
    line = Idle()
    line.ask(5, Result.ANSWERED)
    line.ask(2, Result.LOST)
    assert line.sent(Result.LOST) == []
    line.ask(0.5, Result.ANSWERED)
    assert line.sent(Result.LOST) == [5.0, 5.5, 6.0, 6.5]
    assert [sample.sent for sample in line.told] == sorted(sample.sent for sample in line.told)


@virtual_time
async def test_a_pause_is_longer_than_a_gap():
    """At which no line goes to sleep."""
    for gap, held in ((ASLEEP, 0), (ASLEEP + 0.5, 1)):
        line = Idle()
        line.ask(0.5, Result.ANSWERED)
        line.now = gap
        line.ask(0.5, Result.LOST)
        line.ask(0.5, Result.ANSWERED)
        assert len(line.sent(Result.LOST)) == 1 - held


@virtual_time
async def test_a_dead_one():
    """All is told when its time is up, and from then on at once; until it answers."""
    line = Idle()
    line.ask(5, Result.ANSWERED)
    line.ask(30, Result.LOST)
    assert line.sent(Result.LOST) == []
    line.ask(0.5, Result.LOST)
    assert line.sent(Result.LOST) == [5 + number / 2 for number in range(61)]
    line.ask(1, Result.LOST)
    assert len(line.sent(Result.LOST)) == 63
    await asyncio.sleep(0.1)
    assert line.rousing == 0
    assert len(line.roused) <= 1  # not again and again
    line.ask(1, Result.ANSWERED)
    line.ask(1, Result.LOST)
    assert len(line.sent(Result.LOST)) == 63


@virtual_time
async def test_a_late_answer_to_what_came_before():
    """It was sent when the line was awake, and says nothing of now."""
    line = Idle()
    line.ask(5, Result.ANSWERED)
    line.now += 60
    line.ask(2, Result.LOST)
    line.sleepers.take(replace(SAMPLE, sent=4.75), "primary")
    assert line.told[-1].sent == 4.75
    await asyncio.sleep(0.1)
    assert line.rousing == 1
    line.ask(1, Result.ANSWERED)
    assert line.sent(Result.LOST) == []


@virtual_time
async def test_the_active_one_never_sleeps():
    """Each loss counts at once; what was held back when it became active is void anyway."""
    line = Idle()
    line.ask(2, Result.LOST)
    await asyncio.sleep(0.1)
    line.ask(2, Result.LOST, active="backup")
    await asyncio.sleep(0.1)
    assert line.sent(Result.LOST) == [2.0, 2.5, 3.0, 3.5]
    assert line.rousing == 0


@virtual_time
async def test_what_is_not_of_the_line_is_passed_on():
    """Controls, modems, gateways, what never left this host, circuits that do not sleep."""
    line = Idle()
    line.ask(0.5, Result.LOST, role=Role.DEVICE)
    line.ask(0.5, Result.LOST, role=Role.GATEWAY)
    line.ask(0.5, Result.LOST, role=Role.CONTROL, circuit=None)
    line.ask(0.5, Result.LOST, circuit="third")
    line.ask(0.5, Result.UNSENT)
    assert len(line.told) == 5
    assert line.roused == []
