"""The agent when its disk is full, read-only or broken: a failover happens all the same (S10)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.box import APART, Box, wait_for
from wanfailover.core import entries as log
from wanfailover.core.facts import Ending
from wanfailover.sites import SiteDir

pytestmark = [
    pytest.mark.waits,
    pytest.mark.timeout(90),
    pytest.mark.skipif(
        subprocess.run([*APART, "mount -t tmpfs tmpfs /mnt"], capture_output=True).returncode != 0,
        reason="mounts are not to be had here",
    ),
]

PRIMARY = ("203.0.113.2/29", "203.0.113.1")
BACKUP = ("198.51.100.77/24", "198.51.100.1")


@pytest.fixture
def box(tmp_path):
    box = Box(tmp_path)
    box.state.mkdir()
    return box


def small(box: Box) -> str:
    """A disk of half a megabyte, that the next agent does not find as it was.

    In a place with a short name: a socket is reached there by way of /proc.
    """
    box.state = Path("/mnt")
    return f"mount -t tmpfs -o size=512k tmpfs {box.state}"


def fill(box: Box) -> Path:
    """Use up the last byte."""
    file = box.site.path.parent / "filler"
    with file.open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 512)
        except OSError:
            return file


def up(report) -> bool:
    return report["health"].get("primary", {}).get("state") == "up"


def spilled(box: Box) -> list[str]:
    return [json.loads(line)[3] for line in box.spill.read_text().split("\n") if line]


def test_a_full_disk_does_not_stop_a_failover(box):
    """The intent is in the runtime directory before the first byte goes to the router."""
    with box.agent(mount=small(box)):
        box.wait(up)
        filler = fill(box)
        box.kill("primary")
        report = box.settled("backup")
        assert report["switchover"]["outcome"] == "proved"
        assert box.held == BACKUP
        assert any("cannot be written" in warning for warning in report["warnings"])
        intent = json.loads((box.world / "spilled").read_text().strip().splitlines()[0])
        assert intent[3] == "SwitchoverIntended"
        assert spilled(box) == ["SwitchoverIntended", "SwitchoverEnded"]
        filler.unlink()  # somebody has tidied up: all that happened meanwhile is written
        assert box.ask("/pause", {"seconds": 60})["exit"] == 0
        assert not list(box.runtime.glob("*.jsonl"))
        kinds = [type(entry) for entry in box.entries()]
        assert kinds.index(log.SwitchoverIntended) < kinds.index(log.SwitchoverEnded)
        assert not any("written" in warning for warning in box.ask()["warnings"])


def test_a_full_disk_does_not_stop_an_operator_where_no_agent_runs(box):
    """`switch` does it alone; the intent is in the runtime directory before, and the hold after."""
    with box.agent():
        box.wait(up)
    box.log.unlink()
    full = (
        f"mount -t tmpfs -o size=512k tmpfs /mnt && cp -a {box.state}/. /mnt && "
        f"! dd if=/dev/zero of=/mnt/filler bs=512 2>/dev/null && mount --bind /mnt {box.state}"
    )
    words = ("switch", "backup", "--state-dir", str(box.state))
    assert box.start(*words, mount=full).wait(30) == 0, box.logged
    assert box.held == BACKUP
    assert "the router is on backup" in box.logged
    assert "cannot be written" in box.logged
    intent = json.loads((box.world / "spilled").read_text().strip().splitlines()[0])
    assert intent[3] == "SwitchoverIntended"
    assert {"SwitchoverIntended", "SwitchoverEnded", "HoldBegan"} <= {*spilled(box)}
    box.site = SiteDir(box.state / "office")
    with box.agent():  # the disk is as it was, and what it did not take is in time
        assert box.wait(lambda report: report["hold"])["hold"]["circuit"] == "backup"
        assert box.entries(log.SwitchoverEnded)[-1].ending == Ending.PROVED


def test_killed_with_a_full_disk_it_finishes_at_the_next_start(box):
    """What a restart must know is in the runtime directory alone, and is read from there."""
    with box.agent(mount=small(box)) as agent:
        box.wait(up)
        fill(box)
        box.fault("perform SetGateway: hang")
        box.kill("primary")
        wait_for(lambda: "perform SetGateway" in box.calls)
        agent.send_signal(signal.SIGKILL)
        agent.wait()
    assert box.held == (BACKUP[0], PRIMARY[1])  # half a change, that only the intent explains
    assert spilled(box) == ["SwitchoverIntended"]
    box.fault(None)
    with box.agent(mount=small(box)):
        report = box.settled("backup")
        assert report["switchover"]["rule"] == "finish-interrupted"
        assert box.held == BACKUP
        ends = box.entries(log.SwitchoverIntended, log.SwitchoverEnded)
        assert ends[-1].ending == Ending.PROVED
        assert not list(box.runtime.glob("*.jsonl"))


def test_a_hold_outlives_a_full_disk(box):
    """It is in the runtime directory before the operator is answered."""
    with box.agent(mount=small(box)) as agent:
        box.wait(up)
        fill(box)
        answer = box.ask("/switch", {"circuit": "backup"})
        agent.send_signal(signal.SIGKILL)
        agent.wait()
    assert answer["exit"] == 0
    assert "is held" in answer["sentence"]
    assert spilled(box)[-1] == "HoldBegan"
    with box.agent(mount=small(box)):
        assert box.wait(lambda report: report["hold"])["hold"]["circuit"] == "backup"


@pytest.mark.parametrize("before", [False, True])
def test_a_disk_that_can_only_be_read_does_not_keep_an_agent_from_running(box, before):
    """At the first start or a later one: it says so, it switches, and it is the only one."""
    if before:
        with box.agent():
            box.wait(up)
            box.ask("/pause", {"seconds": 3600})
            assert box.ask("/resume", {})["exit"] == 0
        box.log.unlink()
    (box.state / "office").mkdir(exist_ok=True)
    read_only = f"mount --bind {box.state} {box.state} && mount -o remount,bind,ro {box.state}"
    with box.agent(mount=read_only):
        wait_for(lambda: box.world.joinpath("calls").exists() and "steady" in box.logged, 20)
        assert "the journal" in box.logged
        box.kill("primary")
        wait_for(lambda: box.held == BACKUP and '"ending": "proved"' in box.logged, 20)
        assert "SwitchoverIntended" in (box.world / "spilled").read_text()
        second = box.start(mount=read_only)
        assert second.wait(20) == 1
        assert "office is held by" in box.logged
    assert '"why": "it was told to"' in box.logged


def test_a_journal_that_fills_up_at_the_start_is_begun_later(box):
    """Full at the start: it runs from memory, and writes as soon as there is room."""
    with box.agent(mount=f"{small(box)} && dd if=/dev/zero of={box.state}/filler bs=1k; true"):
        wait_for(lambda: "steady" in box.logged, 20)
        assert "journal-unwritable" in box.logged
        filler = box.site.path.parent / "filler"
        filler.unlink()
        box.kill("primary")
        wait_for(lambda: '"ending": "proved"' in box.logged, 20)
        wait_for(lambda: log.SwitchoverEnded in map(type, box.entries()))


def test_a_damaged_journal_is_set_aside_and_told(box):
    """In the log, in `status` and in `history`; nothing is deleted."""
    with box.agent():
        box.wait(up)
    box.site.journal.write_bytes(b"\0garbage" * 10_000)
    with box.agent():
        report = box.wait(up)
        assert any("damaged" in warning for warning in report["warnings"])
    (aside,) = [p for p in box.site.path.iterdir() if ".damaged-" in p.name]
    assert aside.read_bytes() == b"\0garbage" * 10_000
    assert aside.name in box.logged
    history = subprocess.run(
        [sys.executable, "-m", "wanfailover", "history", "--state-dir", box.state],
        capture_output=True,
        text=True,
    )
    assert aside.name in history.stdout
