"""What is seen by a mark counts only while the router knows the mark: so the engine, on packets."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.packets.hosts import eventually
from tests.packets.test_failover import BACKUP, PRIMARY, settled
from tests.packets.users import public_address
from wanfailover.lab import Lab
from wanfailover.lab.office import Office, Report

EAGER = (
    "detect: {silence: 1s}",
    "policy: {dwell: 1s}",
    "failback: {after: 1s}",
)
"""A return is sooner than the next look at the marks, which is every five seconds."""

ASTRAY = "nft delete table ip wanfailover"
"""From here on what is marked leaves by the active circuit, and is answered."""

pytestmark = pytest.mark.timeout(120)


def primary(report: Report) -> str:
    return report["health"]["primary"]["state"]


@pytest.fixture
def office(lab: Lab, tmp_path: Path) -> Office:
    office = Office(lab, tmp_path, vantage="{mark: 8}", settings=EAGER)
    office.start()
    office.wait(lambda report: primary(report) == "up", 10)
    return office


def test_its_circuit_is_unknown_until_it_is_there_again(lab: Lab, office: Office):
    """A good primary is unknown when its mark is found gone; it is set again, and that is up."""
    assert office.command("switch", "backup").returncode == 0
    for fault, state in (("dsl-down", "down"), ("none", "up")):  # by its mark, and by no memory
        lab.fault(fault, "primary")
        office.wait(lambda report, state=state: primary(report) == state, 15)
    lab.run("router", "sh", "-ec", ASTRAY, check=True)
    report = office.wait(lambda report: primary(report) == "unknown", 10)
    assert report["health"]["primary"]["because"] == "out of sight now"
    assert report["active"] == "backup"
    office.wait(lambda report: primary(report) == "up", 10)
    assert "57460008" in lab.run("router", "nft", "list", "table", "ip", "wanfailover").stdout
    assert office.stop() == 0


def test_nobody_returns_by_what_went_astray(lab: Lab, office: Office):
    """The primary is dead, its probes come back by the backup: however eager, it is not taken."""
    lab.fault("dsl-down", "primary")
    office.wait(settled("backup"), 15)
    left = office.wait(lambda report: primary(report) == "down", 10)["switchover"]["id"]
    for _ in range(3):
        marked = ["router", "nft", "list", "table", "ip", "wanfailover"]
        assert eventually(lambda marked=marked: lab.run(*marked).returncode == 0)
        time.sleep(1.3)  # another phase of the looks each time
        lab.run("router", "sh", "-ec", ASTRAY, check=True)
        until = time.monotonic() + 7
        while time.monotonic() < until:
            report = office.wait(lambda _: True, 1)
            assert report["active"] == "backup", report
            assert report["switchover"]["id"] == left, report
            time.sleep(0.05)
    assert public_address(lab) == BACKUP
    lab.clear("primary")
    office.wait(settled("primary"), 30)
    assert public_address(lab) == PRIMARY
    assert office.stop() == 0
