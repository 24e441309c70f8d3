"""The agent when it is told to stop, when its driver hangs, and when its loop stands still."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.support.box import Box, wait_for
from wanfailover.core import entries as log

pytestmark = [pytest.mark.waits, pytest.mark.timeout(90)]

PRIMARY = ("203.0.113.2/29", "203.0.113.1")
BACKUP = ("198.51.100.77/24", "198.51.100.1")


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path)


def up(report) -> bool:
    return report["health"].get("primary", {}).get("state") == "up"


def switch(box: Box) -> subprocess.Popen[bytes]:
    return box.start("switch", "backup", "--state-dir", str(box.state))


def test_a_switchover_under_way_is_finished_first(box):
    """SIGTERM, and another one: it ends on one circuit, proved, and then the agent, with 0."""
    box.fault("perform SetGateway: slow")
    with box.agent() as agent:
        box.wait(up)
        asking = switch(box)
        wait_for(lambda: "perform SetGateway" in box.calls)
        for _ in range(2):
            agent.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        assert agent.wait(10) == 0
        assert asking.wait(10) == 0
    assert box.held == BACKUP
    assert box.entries(log.SwitchoverEnded)[-1].ending == "proved"
    assert [entry.circuit for entry in box.entries(log.HoldBegan)] == ["backup"]
    assert isinstance(box.entries()[-1], log.AgentStopped)


def test_one_that_does_not_come_to_an_end_is_undone(box):
    """Its driver hangs, and does not mind being told to end: after the time given, the undo."""
    box.guard(LONGEST=60.0, MOMENT=0.2, STOP_WITHIN=1.0)
    box.fault("perform SetGateway: hang")
    with box.agent() as agent:
        box.wait(up)
        asking = switch(box)
        wait_for(lambda: "perform SetGateway" in box.calls)
        began = time.monotonic()
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(30) == 0
        assert 1 <= time.monotonic() - began < 20
        assert asking.wait(10) == 1
    assert box.held == PRIMARY
    assert box.entries(log.SwitchoverEnded)[-1].ending == "undone"


@pytest.mark.parametrize("how", ["hang", "thread"])
@pytest.mark.parametrize("call", ["perform SetGateway", "undo SetAddress", "read"])
def test_a_driver_that_hangs_holds_nobody_for_ever(box, how, call):
    """Undone, or stuck where that is the truth; and the agent still does as it is told."""
    box.guard(LONGEST=1.0, MOMENT=0.2, LEAVE_WITHIN=1.0)
    with box.agent() as agent:
        box.wait(up)
        if call == "undo SetAddress":
            box.kill("backup")
        box.fault(f"{call}: {how}")
        assert switch(box).wait(30) != 0
        ended = box.entries(log.SwitchoverEnded)
        if call == "perform SetGateway":
            assert ended[-1].ending == "undone"
            assert "did not end its perform in time" in ended[-1].because
            assert box.held == PRIMARY
        elif call == "read":
            assert ended == []
            assert box.held == PRIMARY
        else:
            assert ended[0].ending == "stuck"
            assert box.ask()["decision"]["page"]
        began = time.monotonic()
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(20) == 0
        assert time.monotonic() - began < 15


def test_a_switch_that_is_cut_off_gets_its_hold_at_the_next_start(box):
    """kill -9 in the middle of what an operator has asked for: it is finished, and holds."""
    box.fault("perform SetGateway: hang")
    with box.agent() as agent:
        box.wait(up)
        asking = switch(box)
        wait_for(lambda: "perform SetGateway" in box.calls)
        agent.kill()
        agent.wait()
        assert asking.wait(10) == 1
    box.fault(None)
    with box.agent():
        report = box.settled("backup")
        assert report["switchover"]["rule"] == "finish-interrupted"
        assert report["hold"]["circuit"] == "backup"
    assert box.held == BACKUP


class Systemd:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, folder, patience: float) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(folder / "notify"))
        self.environment = {
            "NOTIFY_SOCKET": str(folder / "notify"),
            "WATCHDOG_USEC": str(int(patience * 1e6)),
        }
        self.heard: list[str] = []
        threading.Thread(target=self._hear, daemon=True).start()

    def listen(self, seconds: float) -> list[str]:
        """What comes in that time."""
        before = len(self.heard)
        time.sleep(seconds)
        return self.heard[before:]

    def _hear(self) -> None:
        while word := self.socket.recv(4096).decode():
            self.heard.append(word)


@pytest.fixture
def systemd(tmp_path):
    made = Systemd(tmp_path, 2.0)
    yield made
    made.socket.shutdown(socket.SHUT_RD)
    made.socket.close()


def test_systemd_is_told(box, systemd):
    """That it watches, what is decided, that it lives, and that it ends."""
    with box.agent(env=box.environment | systemd.environment):
        box.wait(up)
        heard = systemd.heard + systemd.listen(1.5)
        told = next(each for each in heard if each != "WATCHDOG=1")
        assert told.splitlines()[0] == "READY=1"
        assert told.splitlines()[1].startswith("STATUS=steady: ")
        assert heard.count("WATCHDOG=1") >= 3
        box.kill("primary")
        box.settled("backup")
        assert any("STATUS=switchover-running: " in each for each in systemd.heard)
    assert systemd.heard[-1] == "STOPPING=1" or "STOPPING=1" in systemd.listen(0.2)


@pytest.mark.parametrize("call", ["perform SetGateway"])
def test_no_sign_of_life_comes_from_a_loop_that_stands_still(box, systemd, call):
    """A driver that holds up the whole process: systemd hears nothing more, and would end it."""
    with box.agent(env=box.environment | systemd.environment) as agent:
        box.wait(up)
        assert "WATCHDOG=1" in systemd.listen(1.0)
        box.fault(f"{call}: block")
        box.kill("primary")
        wait_for(lambda: call in box.calls)
        systemd.listen(0.5)
        assert systemd.listen(2.0) == []
        agent.send_signal(signal.SIGABRT)  # as systemd does
        assert agent.wait(10) == -signal.SIGABRT
        assert "_trouble" in box.logged, "where it was stuck"
    box.fault(None)
    with box.agent(env=box.environment | systemd.environment):
        report = box.settled("backup")
        assert report["switchover"]["rule"] == "finish-interrupted"
    assert box.held == BACKUP


def test_the_log_may_be_read_by_nobody(box):
    """A pipe that is full and one that is closed, and a full disk: nothing is held up by it."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    with box.agent(stdout=writing, stderr=writing) as agent:
        box.wait(up)
        box.kill("primary")
        assert box.settled("backup", 10)["switchover"]["outcome"] == "proved"
        os.close(reading)  # whoever was to read it has gone
        box.ask("/pause", {"seconds": 60})
        report = box.wait(lambda r: any("of the log are lost" in each for each in r["warnings"]))
        assert report["paused"]
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(10) == 0
    os.close(writing)


def test_a_log_on_a_full_disk_is_no_hindrance(box):
    """/dev/full takes nothing."""
    with Path("/dev/full").open("wb") as full, box.agent(stdout=full, stderr=full):
        report = box.wait(lambda r: up(r) and r["warnings"])
        assert "of the log are lost" in report["warnings"][0]
        box.kill("primary")
        assert box.settled("backup", 10)["switchover"]["outcome"] == "proved"


def edit(box: Box, old: str, new: str) -> None:
    text = box.profile.read_text()
    assert old in text
    box.profile.write_text(text.replace(old, new))


def reload(box: Box, agent, word: str) -> None:
    """Have it read its profile again; *word* is logged once more when it has."""
    before = box.logged.count(word)
    agent.send_signal(signal.SIGHUP)
    wait_for(lambda: box.logged.count(word) > before)


def test_a_reloaded_profile_is_gone_by_and_nothing_is_forgotten(box, systemd):
    """A hold and a pause stay; probes and thresholds are the new ones; systemd hears of both."""
    with box.agent(env=box.environment | systemd.environment) as agent:
        box.wait(up)
        assert switch(box).wait(20) == 0
        box.ask("/pause", {"seconds": 600})
        before = box.settled("backup")
        edit(box, "192.0.2.80:443", "192.0.2.81:443")
        edit(box, "dwell: 1s", "dwell: 7s")
        time.sleep(1.1)  # what it tells to the second would be another
        reload(box, agent, "profile-reloaded")
        after = box.wait(lambda r: r["health"]["backup"]["state"] == "up")
        for key in ("active", "hold", "since", "switchover"):
            assert after[key] == before[key]
        assert after["paused"] is True
        assert after["agent"]["pid"] == agent.pid
        assert after["warnings"] == []
        assert dict(box.ask("/explain")["thresholds"])["dwell"].startswith("7 s")
        assert "tcp 192.0.2.81:443" in box.asked
        heard = [each for each in systemd.heard if each != "WATCHDOG=1"]
        at = next(i for i, each in enumerate(heard) if each.startswith("RELOADING=1"))
        assert heard[at].splitlines()[1].startswith("MONOTONIC_USEC=")
        assert any(each.startswith("READY=1") for each in heard[at + 1 :])
    assert agent.returncode == 0


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("dwell: 1s", "dwell: 1", "office.yaml:7:17: `dwell: 1` has no unit"),
        ("site: office", "site: other", "office.yaml:1:1: this cannot change while the agent runs"),
        ("gateway: 203.0.113.1,", "gateway: 203.0.113.3,", "office.yaml:4:6: this cannot change"),
    ],
)
def test_a_profile_that_cannot_be_taken_up_changes_nothing(box, old, new, sentence):
    """It is told where and why, in the log and in `status`, until it is put right."""
    with box.agent() as agent:
        box.wait(up)
        good = box.profile.read_text()
        edit(box, old, new)
        reload(box, agent, "profile-refused")
        assert sentence in box.logged
        (warning,) = box.wait(up)["warnings"]
        assert sentence in warning
        box.profile.write_text(good)
        reload(box, agent, "profile-reloaded")
        assert box.wait(up)["warnings"] == []
        box.kill("primary")
        assert box.settled("backup")["switchover"]["outcome"] == "proved"
    assert agent.returncode == 0


def test_a_switchover_under_way_is_finished_before_a_reload(box):
    """SIGHUP in the middle of it: it ends by the old profile, and the operator is answered."""
    box.fault("perform SetGateway: slow")
    with box.agent() as agent:
        box.wait(up)
        asking = switch(box)
        wait_for(lambda: "perform SetGateway" in box.calls)
        edit(box, "dwell: 1s", "dwell: 2s")
        reload(box, agent, "profile-reloaded")
        assert box.entries(log.SwitchoverEnded)[-1].ending == "proved"
        assert asking.wait(10) == 0
        assert box.settled("backup")["hold"]["circuit"] == "backup"
    assert box.held == BACKUP
