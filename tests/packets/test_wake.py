"""A line that sleeps: traffic raises it, which takes longer than a proof or a silence may."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.packets.test_failover import settled, up
from wanfailover.lab import Lab
from wanfailover.lab.addresses import ECHO
from wanfailover.lab.office import Office
from wanfailover.lab.site import modem_of

pytestmark = pytest.mark.timeout(90)

UP, IDLE = 7, 60
"""Seconds that the line takes to be raised, and without traffic until it sleeps again."""

SLEEPS = f"""
table bridge sleeps {{
    set raised {{ type mark; flags dynamic,timeout; }}
    set dialling {{ type mark; flags dynamic,timeout; }}
    chain forward {{
        type filter hook forward priority filter;
        ether type arp accept
        iifname hub meta mark != @raised add @dialling {{ meta mark timeout {UP}s }}
        iifname hub update @raised {{ meta mark timeout {IDLE}s }}
        meta mark @dialling drop
        meta mark != @raised drop
    }}
}}
"""
"""The first packet that we send is what it is dialled for; all are lost until it is up."""

POLICY = ("failback: {method: manual}", "policy: {dwell: 1s, proof_within: 3s}")
WAKE = f"wake: {{icmp: {ECHO[2]}, within: 15s}}"


def sleeping(lab: Lab, circuit: str) -> None:
    """Its line is one that sleeps, and is asleep now."""
    done = lab.run(modem_of(circuit), "nft", "-f", "-", input=SLEEPS)
    assert done.returncode == 0, done.stderr


def fall_asleep(lab: Lab, circuit: str) -> None:
    done = lab.run(modem_of(circuit), "nft", "flush", "set", "bridge", "sleeps", "raised")
    assert done.returncode == 0, done.stderr


def started(lab: Lab, folder: Path, wake: str, **options) -> Office:
    office = Office(lab, folder, settings=POLICY, **options)
    text = office.profile.read_text()
    if wake:
        text, found = re.subn(r"{name: backup,", f"{{name: backup, {wake},", text)
        assert found == 1
    office.profile.write_text(text)
    office.start()
    office.wait(up("primary"), 5)
    return office


@pytest.mark.parametrize("wake", ["", WAKE], ids=["without", "with"])
def test_a_switch_to_a_line_that_sleeps(lab: Lab, tmp_path: Path, wake: str):
    """With `wake` it is given its time and is proved; without, it is undone like a dead one."""
    sleeping(lab, "backup")
    office = started(lab, tmp_path, wake, seen=())
    asked = office.command("switch", "backup")
    report = office.wait(settled("backup" if wake else "primary"), 5)["switchover"]
    if wake:
        assert asked.returncode == 0, asked.stdout + asked.stderr
        assert report["outcome"] == "proved"
        assert UP - 1 < report["seconds"] < UP + 3
    else:
        assert asked.returncode == 1
        assert report["outcome"] == "undone"
        assert "answered within 3 s" in report["because"]
    assert office.stop() == 0


def test_a_failover_to_a_line_that_sleeps(lab: Lab, tmp_path: Path):
    """By itself as well, and the rehearsal says how long it would wait."""
    sleeping(lab, "backup")
    office = started(lab, tmp_path, WAKE, seen=())
    rehearsed = office.command("switch", "backup", "--dry-run").stdout
    assert "1 far target must answer within 15 s" in rehearsed
    lab.fault("dsl-down", "primary")
    report = office.wait(settled("backup"), 20)["switchover"]
    assert report["outcome"] == "proved"
    assert report["rule"] == "active-down"
    assert report["seconds"] > UP - 1
    assert office.stop() == 0


def states(office: Office, seconds: float) -> list[str]:
    """What the backup is said to be meanwhile."""
    seen, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        report = office.status()
        assert report is not None
        seen.append(report["health"]["backup"]["state"])
        time.sleep(0.1)
    return seen


@pytest.mark.parametrize("wake", ["", WAKE], ids=["without", "with"])
def test_an_idle_line_that_falls_asleep(lab: Lab, tmp_path: Path, wake: str):
    """With `wake` it is not called down while it is raised; a dead one is, when its time is up."""
    sleeping(lab, "backup")
    office = started(lab, tmp_path, wake, seen=("backup",), vantage="{mark: 8}")
    office.wait(up("backup"), 30)
    fall_asleep(lab, "backup")
    seen = states(office, UP + 1)
    assert ("down" in seen) is not bool(wake), seen
    office.wait(up("backup"), 15)
    if wake:
        lab.fault("dsl-down", "backup")
        assert "down" not in states(office, 12)
        office.wait(lambda report: report["health"]["backup"]["state"] == "down", 10)
        lab.clear("backup")
        office.wait(up("backup"), 20)
        checked = office.command("check", str(office.profile)).stdout
        assert f"backup: wake                    is awake: {ECHO[2]} answers" in checked
    assert office.stop() == 0
