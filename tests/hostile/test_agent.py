"""A whole agent with every socket that a profile can ask for, under a flood of junk on all of them.

It is the real agent in a process of its own; the router and the lines are files (`support.box`).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.metrics.test_metrics import value_of
from tests.support.box import ROOT, Box
from tests.support.mx import Mx
from tests.transports.agents import free_port
from wanfailover.core import entries as log
from wanfailover.core.engine import TICK

pytestmark = [pytest.mark.waits, pytest.mark.alone, pytest.mark.timeout(240)]

RATE = 100
"""Pieces of junk a second on each socket."""

SECONDS = 10.0
"""For which an agent is looked at, quiet and flooded."""

LEAVING = 7.0
"""Until the page, the control socket and the sink have let go of whoever was slow."""

SAME = ("active", "router", "decision", "hold", "paused", "paused_until", "switchover", "warnings")
"""Of its report, what nobody may change who is not asked."""


@dataclass(frozen=True)
class Seen:
    """What a process has of what may grow."""

    memory: int
    files: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> Seen:
        place = Path("/proc", str(pid))
        pages = int((place / "statm").read_text().split()[1])
        return cls(
            pages * 4096, *(sum(1 for _ in (place / each).iterdir()) for each in ("fd", "task"))
        )


class Exposed(Box):
    """An office that has it all."""

    def __init__(self, folder: Path, mx: Mx) -> None:
        super().__init__(folder)
        self.page, self.sink, self.traps = free_port(), free_port(), free_port()
        self.environment["BOX_TRAPS"] = str(self.traps)
        addresses = "to: canary@example.com, from: canary-bounces@example.com"
        canary = f'{{{addresses}, listen: "127.0.0.1:{self.sink}"}}'
        with self.profile.open("a") as profile:
            profile.write(f'page: {{listen: "127.0.0.1:{self.page}"}}\n')
            profile.write(
                f'mail: {{domains: [example.com], backup_mx: "127.0.0.1:{mx.port}", etrn: false, '
                f"canary: {canary}}}\n"
            )

    @contextmanager
    def flood(self) -> Iterator[dict[str, int]]:
        """Junk on all sockets at once; how much it was is told when it is over."""
        where = {
            "control": self.site.socket, "page": self.page, "canary": self.sink, "traps": self.traps
        }  # fmt: skip
        words = [f"{kind}={at}" for kind, at in where.items()]
        thrown: dict[str, int] = {}
        with subprocess.Popen(
            [sys.executable, "-m", "tests.hostile.flood", str(RATE), *words],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        ) as process:  # fmt: skip
            yield thrown
            told, _ = process.communicate()
        thrown.update(json.loads(told))

    def lag(self) -> float:
        """By how much the loop was late at most, in the last minute; by its own word.

        Asked by somebody else than who throws: who floods the page has it for himself alone.
        """
        here = HTTPConnection("127.0.0.1", self.page, timeout=5, source_address=("127.0.0.7", 0))
        with closing(here):
            here.request("GET", "/metrics")
            return value_of(here.getresponse().read().decode(), "wanfailover_loop_lag_seconds")

    def failover(self) -> tuple[float, float]:
        """Let the primary die: seconds until that was noticed, and until the switch was proved."""
        died = time.time()
        self.kill("primary")
        self.settled("backup", 40)
        noticed = self.at(log.HealthChanged, lambda entry: entry.state == "down")
        return noticed - died, self.at(log.SwitchoverEnded) - died

    def at(self, kind, which=lambda _: True) -> float:
        from wanfailover.journal.reader import Reader

        with Reader(self.site.journal) as reader:
            return next(r.at.timestamp() for r in reader.records(kind) if which(r.entry))


def up(report) -> bool:
    return report["health"].get("primary", {}).get("state") == "up"


def looked_at(folder: Path, *, flooded: bool) -> dict:
    """An agent's life: watched for a while, and through a failover."""
    folder.mkdir()
    with Mx() as mx:
        box = Exposed(folder, mx)
        with box.agent() as agent, ExitStack() as stack:
            box.wait(up)
            if flooded:  # what is loaded once is loaded
                with box.flood():
                    time.sleep(3)
                time.sleep(LEAVING)
            before, report, told = Seen.of(agent.pid), box.ask(), len(box.entries())
            reads = box.calls.count("read")
            thrown = stack.enter_context(box.flood()) if flooded else {}
            time.sleep(SECONDS)
            during = [box.ask() for _ in range(5)]
            reads, entries = box.calls.count("read") - reads, box.entries()[told:]
            noticed, proved = box.failover()
            lag = box.lag()
            stack.close()
            time.sleep(LEAVING)
            return {
                "thrown": thrown, "before": before, "after": Seen.of(agent.pid),
                "report": report, "during": during, "entries": entries, "reads": reads,
                "noticed": noticed, "proved": proved, "lag": lag, "log": box.logged,
                "alive": agent.poll() is None,
            }  # fmt: skip


@pytest.fixture(scope="module")
def lives(tmp_path_factory):
    """One that is left alone, and one that is not."""
    folder = tmp_path_factory.mktemp("hostile")
    quiet, flooded = (
        looked_at(folder / name, flooded=name == "flooded") for name in ("quiet", "flooded")
    )
    for name, life in (("quiet", quiet), ("flooded", flooded)):
        print(
            f"\n{name}: noticed after {life['noticed']:.2f} s, proved after {life['proved']:.2f} s,"
            f" loop late by {life['lag'] * 1000:.0f} ms at most, {life['before']} then"
            f" {life['after']}, router read {life['reads']} times, thrown: {life['thrown']}"
        )
    return quiet, flooded


def test_it_was_a_flood(lives):
    """On each socket."""
    assert set(lives[1]["thrown"]) == {"control", "page", "canary", "traps"}
    assert all(count > RATE * SECONDS / 4 for count in lives[1]["thrown"].values())


def test_the_agent_lives_and_nothing_of_it_was_a_bug(lives):
    """No exception reached the log."""
    for life in lives:
        assert life["alive"]
        for word in ("Traceback", "-bug", "exception"):
            assert word not in life["log"]


def test_nothing_was_changed(lives):
    """Not what is decided, nor the router, nor a line of the journal but the canary's own."""
    life = lives[1]
    for report in life["during"]:
        assert {key: report[key] for key in SAME} == {key: life["report"][key] for key in SAME}
    kinds = {type(entry).__name__ for entry in life["entries"]}
    assert kinds <= {"CanaryStray", "CanaryLost", "CanarySent"}


def test_a_router_is_looked_at_no_more_often_than_is_good_for_it(lives):
    """Forged traps prompt a look every two seconds, at the most."""
    assert 2 <= lives[1]["reads"] <= SECONDS / 2 + 3


def test_nothing_grows(lives):
    """Memory, files, threads: as after the first few hundred of them."""
    before, after = lives[1]["before"], lives[1]["after"]
    assert after.files <= before.files + 5
    assert after.threads <= before.threads + 2
    assert after.memory < before.memory + 20e6


def test_the_failover_is_as_quick(lives):
    """What is thrown at it costs less than a tick of the loop, and a failover no time."""
    quiet, flooded = lives
    assert flooded["lag"] < quiet["lag"] + TICK
    assert flooded["noticed"] < quiet["noticed"] + 1.0  # one probe's pace
    assert flooded["proved"] - flooded["noticed"] < quiet["proved"] - quiet["noticed"] + 0.5
