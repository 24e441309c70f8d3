"""Clocks that jump, while an agent runs and between two: nothing is stretched, nothing freed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.clock import virtual_time
from wanfailover.core import entries as log
from wanfailover.core.ledger import HOUR, KEPT, hold_down, spent, trial_due
from wanfailover.core.site import Policy
from wanfailover.journal.memory import remember
from wanfailover.journal.reader import Reader
from wanfailover.journal.writer import Inline, Journal

JUMPS = [timedelta(hours=-5), timedelta(hours=5), timedelta(days=-400), timedelta(days=400)]
TRUE = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@dataclass
class Machine:
    """Its clocks: the true time, which nobody can see, and what they make of it."""

    path: object
    true: float = 0.0  # seconds
    off: timedelta = timedelta()  # the wall clock's error
    boots: list[float] = field(default_factory=lambda: [-1000.0])  # when each began

    @property
    def mono(self) -> float:
        return self.true - self.boots[-1]

    @property
    def boot(self) -> str:
        return f"boot {len(self.boots)}"

    def wall(self) -> datetime:
        return TRUE + timedelta(seconds=self.true) + self.off

    def reboot(self, down: float = 60.0) -> None:
        self.true += down
        self.boots.append(self.true - 10.0)

    def write(self, *entries: log.Entry) -> None:
        journal = Journal(self.path, Inline(), wall=self.wall, boot=self.boot)
        virtual_time(lambda: journal.append(entries, self.mono))()
        journal.close()

    def remember(self):
        with Reader(self.path) as reader:
            return remember(reader, self.mono, boot=self.boot, wall=self.wall)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path / "journal.db")


def moved(id_: str, source: str = "primary", target: str = "backup", rule: str = "active-down"):
    return (
        log.SwitchoverIntended(id_, source, target, rule, "", True),
        log.SwitchoverEnded(id_, source, target, rule, "proved", 1.0, ""),
    )


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_within_a_boot_the_wall_clock_counts_for_nothing(machine, jump):
    """A hold, a pause, the budget and the back-off are what they would be without the jump."""
    machine.write(log.HoldBegan("backup", 7200.0, "ann", ""), log.PauseBegan(3600.0, "ann"))
    machine.write(*moved("s1"))
    machine.true += 600
    machine.off = jump
    machine.write(*moved("s2", "backup", "primary", "trial-failback"))
    machine.true += 600
    memory, now = machine.remember(), machine.mono
    assert memory.hold.until == now + 6000
    assert memory.pause.until == now + 2400
    assert [now - move.at for move in memory.moves] == [1200.0, 600.0]
    assert spent(memory.moves, now) == 2
    machine.true += 2400
    assert machine.remember().pause is None
    assert machine.remember().hold is not None


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_over_a_reboot_nothing_is_longer_than_it_was_given(machine, jump):
    """Whatever the wall clock shows afterwards."""
    machine.write(log.HoldBegan("backup", 7200.0, "ann", ""), log.PauseBegan(3600.0, "ann"))
    machine.write(*moved("s1"))
    machine.true += 600
    machine.write(log.AgentStopped("reboot"))
    machine.off = jump
    machine.reboot()
    memory, now = machine.remember(), machine.mono
    for pin, given in ((memory.hold, 7200.0), (memory.pause, 3600.0)):
        assert pin is None or now < pin.until <= now + given - 600  # the journal has seen 600 s go
    assert all(now - KEPT <= move.at <= now - 600 for move in memory.moves)
    assert (memory.hold is None) == (jump > timedelta(hours=2))


def test_a_clock_that_begins_in_the_past_at_each_boot_makes_no_hold_endless(machine):
    """No battery: every boot the wall clock begins at the same time. It ends all the same."""
    machine.write(log.HoldBegan("backup", 7200.0, "ann", ""))
    for _ in range(5):
        machine.true += 1500
        machine.write(log.AgentStopped("reboot"))
        machine.reboot()
        machine.off = -timedelta(seconds=machine.true)
        machine.write(log.AgentStarted("1", 1))
    assert machine.remember().hold is None


@pytest.mark.parametrize("ahead", [timedelta(hours=5), timedelta(days=400)], ids=str)
def test_what_was_written_in_a_future_does_not_count_for_ever(machine, ahead):
    """The wall clock was ahead and was put right at a reboot: those moves grow old as others do."""
    machine.off = ahead
    machine.write(*moved("s1"), *moved("s2", "backup", "primary", "trial-failback"))
    machine.write(log.HoldBegan("backup", 3600.0, "ann", ""))
    machine.off = timedelta()
    machine.reboot()
    memory, now = machine.remember(), machine.mono
    assert spent(memory.moves, now) == 2  # they may be from just now
    for passed in (600.0, 2000.0, 2000.0):
        machine.write(log.AgentStarted("1", 1))
        machine.true += passed
    memory, now = machine.remember(), machine.mono
    assert memory.hold is None
    assert spent(memory.moves, now) == 0
    assert trial_due(memory.moves, "primary", Policy(), now) < now + 2 * HOUR
    machine.true += KEPT
    machine.write(log.AgentStopped("reboot"))
    machine.reboot()
    assert machine.remember().moves == ()


def test_what_was_written_in_a_past_is_not_lost_behind_it(machine):
    """The clock was far behind for a while: what came before it is as young as it is."""
    machine.write(*moved("s1"))
    machine.off = timedelta(days=-400)
    machine.reboot()
    machine.write(*moved("s2", "backup", "primary"))
    machine.off = timedelta()
    machine.reboot()
    memory, now = machine.remember(), machine.mono
    assert [now - move.at for move in memory.moves if move.source == "primary"] == [120.0]
    assert spent(memory.moves, now) >= 1
    assert hold_down(memory.moves, "primary", Policy(), now) >= Policy().return_after


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_history_is_not_thrown_away_by_a_clock_that_jumps(machine, jump):
    """What is deleted is what the journal has seen grow old."""
    keep, day = 10 * 86400.0, 86400.0
    for number in range(8):
        machine.write(*[log.AgentStopped(f"day {number}")] * 100)
        machine.true += day
    machine.off = jump
    assert _prune(machine, keep) == 0
    machine.reboot()
    assert _prune(machine, keep) == 0
    machine.write(log.AgentStarted("1", 1))
    machine.true += 4.5 * day
    assert _prune(machine, keep) == 200  # days 0 and 1


def test_what_a_restart_must_know_is_never_thrown_away(machine):
    """An open switchover, a hold, a learned day, and what the last switches took."""
    machine.write(
        log.HoldBegan("backup", None, "ann", ""),
        log.LineLearned("primary", 1, 10.0),
        log.LineLearned("primary", 1, 20.0),
        log.SwitchoverIntended("s1", "primary", "backup", "active-down", "", True),
    )
    machine.write(*[log.AgentStopped("x")] * 6000)
    for line in range(30):
        machine.write(log.LineLearned("backup", 1, float(line)))
    machine.true += 500 * 86400.0
    before = machine.remember()
    deleted = [_prune(machine, 400 * 86400.0) for _ in range(3)]
    assert deleted == [5000, 980 + 11, 0]
    assert machine.remember() == before
    assert before.interrupted is not None
    assert before.hold is not None
    assert before.days["primary"][0].seconds == 20.0


def _prune(machine, keep: float) -> int:
    journal = Journal(machine.path, Inline(), wall=machine.wall, boot=machine.boot)
    try:
        return virtual_time(lambda: journal.prune(keep, machine.mono))()
    finally:
        journal.close()
