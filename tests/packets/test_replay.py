"""What a real agent recorded, on real clocks and packets, is decided again as it was."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.packets.test_failover import QUICK, settled, up
from wanfailover.flight.reader import Log
from wanfailover.lab import Lab
from wanfailover.lab.office import Office
from wanfailover.replay.compare import replay
from wanfailover.sites import SiteDir

pytestmark = pytest.mark.timeout(90)


def test_replay_equals_live(lab: Lab, tmp_path: Path):
    """An outage, a kill -9, a second life: every decision is the live one, and every switch."""
    office = Office(lab, tmp_path, settings=QUICK)
    office.start()
    office.wait(up("primary"), 5)
    lab.fault("blackhole", "primary")
    office.wait(settled("backup"), 10)
    time.sleep(6)  # a batch is flushed
    office.stop(signal.SIGKILL)
    office.start()
    lab.clear("primary")
    office.wait(settled("primary"), 30)
    assert office.stop() == 0
    comparison = replay(Log(SiteDir(office.state / "office").samples))
    played = comparison.played
    assert (played.difference, played.uncertain, played.missing) == (None, 0, [])
    assert played.decisions >= 6
    assert [move.rule for move in comparison.live.course.moves] == [
        "active-down",
        "preferred-recovered",
    ]
    assert 1 < comparison.live.score.dead < 8
    assert comparison.live.score.needless == 0
