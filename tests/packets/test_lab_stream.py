"""The client's stream feels an outage as a user does, and tells of it in time."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from tests.packets.hosts import FAR, PRIMARY, keep_both_and_use_backup, to_backup
from wanfailover.lab import Lab
from wanfailover.lab.flows import FLOWS

CUT = 1.0


def start(lab: Lab, mode: str, *options: str) -> subprocess.Popen[str]:
    command = (sys.executable, "-m", "wanfailover.lab.stream", mode, FAR, *options)
    return lab.popen("client", *command, stdout=subprocess.PIPE)


def hear(stream: subprocess.Popen[str]) -> dict:
    return json.loads(stream.stdout.readline())


@pytest.mark.alone
def test_every_mode_measures_a_cut_of_known_length(lab):
    """Each kind of traffic feels a cut as long as it was, and tells of it while it happens."""
    streams = {mode: start(lab, mode, "20", "--live") for mode in FLOWS}
    assert [hear(stream)["event"] for stream in streams.values()] == ["begun"] * len(FLOWS)
    cut_by = time.monotonic()
    lab.fault("upstream-dead", "primary")
    time.sleep(CUT)  # the cut's own length
    lab.clear("primary")
    healed = time.monotonic()
    for mode, stream in streams.items():
        lost, back = hear(stream), hear(stream)
        stream.send_signal(signal.SIGTERM)
        report = hear(stream)
        # TCP sends again only when its timer says so, and feels a cut longer than it was.
        late = 1.5 if mode == "tcp-session" else 0.15
        assert (lost["event"], back["event"], report["event"]) == ("lost", "back", "end")
        assert cut_by - 0.05 <= lost["at"] <= cut_by + 0.15, mode
        assert CUT - 0.05 <= back["after"] <= healed - cut_by + late, mode
        assert report["longest"] == back["after"]
        assert len(report["gaps"]) == 1
        assert stream.wait(5) == 0


@pytest.mark.alone
def test_a_healthy_line_has_no_gaps(lab):
    """Where nothing is lost, nothing is reported."""
    report = json.loads(start(lab, "udp-fixed", "0.5").communicate()[0])
    assert (report["lost"], report["gaps"], report["longest"]) == (0, [], 0.0)
    assert report["sent"] >= 10
    assert 0 < report["rtt_ms"]["p50"] < 50


def test_a_cut_that_lasts_is_a_gap_without_an_end(lab):
    """What is still dead when the stream ends is reported as that."""
    stream = start(lab, "icmp", "20", "--live", "--patience", "0.2")
    hear(stream)
    lab.fault("blackhole", "primary")
    assert hear(stream)["event"] == "lost"
    stream.send_signal(signal.SIGINT)
    assert [gap["ended"] for gap in hear(stream)["gaps"]] == [False]


@pytest.mark.alone
def test_an_old_flow_stays_on_a_dead_circuit_where_new_ones_do_not(lab):
    """While the old address is kept, its NAT entries send their flows to where they are dropped."""
    fixed, fresh = start(lab, "udp-fixed", "20", "--live"), start(lab, "udp-fresh", "20", "--live")
    for stream in (fixed, fresh):
        hear(stream)
    keep_both_and_use_backup(lab)
    assert hear(fixed)["event"] == "lost"
    fresh.send_signal(signal.SIGTERM)
    assert hear(fresh)["longest"] < 0.3
    lab.run("router", "conntrack", "-D", "-q", str(PRIMARY.address.ip), check=True)
    assert hear(fixed)["event"] == "back"
    assert lab.foreign("backup") > 10


def test_a_session_breaks_with_its_public_address(lab):
    """A long TCP connection is reset after a move, once its NAT entry is gone."""
    session = start(lab, "tcp-session", "20", "--live")
    hear(session)
    to_backup(lab)
    assert hear(session)["event"] == "lost"
    session.send_signal(signal.SIGTERM)
    assert "reset" in hear(session)["broken"]


def test_a_line_that_is_dead_from_the_start_gives_no_answer(lab):
    """Nothing answered is one gap from the first probe on, and no round trips."""
    lab.fault("upstream-unreachable", "primary")
    streams = [start(lab, mode, "0.2", "--patience", "0.1") for mode in FLOWS]
    for report in [json.loads(stream.communicate()[0]) for stream in streams]:
        assert report["lost"] == report["sent"] > 5
        assert [gap["ended"] for gap in report["gaps"]] == [False]
        assert report["rtt_ms"]["p50"] is None
