"""The main job on real packets: what the agent does about each fault, as users feel it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.packets.users import public_address, streams
from wanfailover.lab import Lab, Nat, Shape
from wanfailover.lab.office import Office, linux

QUICK = ("failback: {after: 3s}", "policy: {dwell: 2s}")
PRIMARY, BACKUP, THIRD = "203.0.113.2", "198.51.100.77", "203.0.113.130"

pytestmark = pytest.mark.timeout(90)


def settled(circuit: str):
    """The agent is on *circuit* and no switchover is running."""

    def holds(report):
        running = report["switchover"] and report["switchover"]["outcome"] == "running"
        return report["active"] == circuit and not running

    return holds


def up(name: str):
    return lambda report: report["health"][name]["state"] == "up"


@pytest.mark.parametrize(
    "fault",
    [
        "dsl-down",
        "hub-port-down",
        "blackhole",
        "upstream-dead",
        "upstream-unreachable",
        "no-return",
        "no-egress",
    ],
)
def test_a_dead_circuit_is_left_and_returned_to(lab: Lab, tmp_path: Path, fault: str):
    """There, with every kind of traffic flowing from the backup's address; and back again."""
    office = Office(lab, tmp_path, settings=QUICK)
    office.start()
    office.wait(up("primary"), 5)
    with streams(lab, "icmp", "udp-fixed", "udp-fresh", "tcp-fresh") as felt:
        time.sleep(0.5)  # the flows begin before the fault
        lab.fault(fault, "primary")
        report = office.wait(settled("backup"), 10)
        assert report["switchover"]["outcome"] == "proved"
        assert report["switchover"]["rule"] == "active-down"
        assert {public_address(lab, kind) for kind in ("tcp", "udp")} == {BACKUP}
        lab.clear("primary")
        report = office.wait(settled("primary"), 20)
        assert report["switchover"]["rule"] == "preferred-recovered"
        assert {public_address(lab, kind) for kind in ("tcp", "udp")} == {PRIMARY}
        time.sleep(1)  # the streams see the end
    for mode, seen in felt.items():
        assert seen["longest"] < 6, (mode, seen["gaps"])
        assert seen["gaps"], f"{mode} never felt the cut"
        last = max(gap["start"] + gap["length"] for gap in seen["gaps"])
        assert last * 50 < seen["sent"], f"{mode} was dark to the end"
    assert office.stop() == 0


@pytest.mark.parametrize(
    "fault",
    ["icmp-limited", "icmp-filtered", "dns-dead", "port25", "port25-reject", "delay 300 20"],
)
def test_a_circuit_that_still_works_is_not_left(lab: Lab, tmp_path: Path, fault: str):
    """Some far targets answer, or all do, late: stay."""
    office = Office(lab, tmp_path, settings=QUICK)
    office.start()
    office.wait(up("primary"), 5)
    lab.fault(fault, "primary")
    until = time.monotonic() + 9
    while time.monotonic() < until:
        report = office.status()
        assert report["active"] == "primary", report
        assert report["switchover"] is None, report
        assert report["health"]["primary"]["state"] != "down", report
        time.sleep(0.25)
    assert office.stop() == 0


def test_fixed_snat_by_after_and_undo(make_lab, tmp_path: Path):
    """NAT to a fixed address follows the switch by the site's own commands, there and back."""
    lab = make_lab(nat=Nat.SNAT)
    follow = (
        "nft 'flush chain ip nat postrouting; add rule ip nat postrouting oifname wan snat to '"
    )
    lines = f'["{follow}$WAN_ADDRESS"]'
    options = f"options: {{netns: {lab.name}-router, after: {lines}, undo: {lines}}}"
    office = Office(lab, tmp_path, router=linux("transport: local", options), settings=QUICK)
    office.start()
    office.wait(up("primary"), 5)
    lab.fault("dsl-down", "primary")
    office.wait(settled("backup"), 10)
    assert public_address(lab) == BACKUP
    lab.clear("primary")
    office.wait(settled("primary"), 20)
    assert public_address(lab) == PRIMARY
    office.stop()


def test_two_interfaces(make_lab, tmp_path: Path):
    """Each circuit on an interface of its own: the route moves, the addresses stay."""
    lab = make_lab(shape=Shape.PORTS)
    office = Office(lab, tmp_path, settings=QUICK)
    office.start()
    office.wait(up("primary"), 5)
    with streams(lab, "icmp", "udp-fixed") as felt:
        lab.fault("upstream-dead", "primary")
        office.wait(settled("backup"), 10)
        assert public_address(lab) == BACKUP
        lab.clear("primary")
        office.wait(settled("primary"), 20)
        assert public_address(lab) == PRIMARY
        time.sleep(1)
    assert all(seen["longest"] < 6 for seen in felt.values()), felt
    office.stop()


@pytest.mark.parametrize("shape", Shape)
def test_the_third_circuit_when_two_are_dead(make_lab, tmp_path: Path, shape: Shape):
    """The backup is tried, found dead by its proof and undone; the third is used."""
    lab = make_lab(3, shape=shape)
    office = Office(
        lab, tmp_path, settings=("policy: {proof_within: 3s, dwell: 2s}", "failback: {after: 3s}")
    )
    office.start()
    office.wait(up("primary"), 5)
    lab.fault("dsl-down", "backup")
    lab.fault("dsl-down", "primary")
    office.wait(settled("third"), 20)
    assert public_address(lab) == THIRD
    lab.clear("primary")
    office.wait(settled("primary"), 90)
    assert public_address(lab) == PRIMARY
    office.stop()


def test_a_rebooted_router_is_put_right(lab: Lab, tmp_path: Path):
    """On the backup the router boots to its stored configuration, the dead primary."""
    office = Office(lab, tmp_path, settings=QUICK)
    office.start()
    office.wait(up("primary"), 5)
    lab.fault("dsl-down", "primary")
    office.wait(settled("backup"), 10)
    lab.reboot_router()
    assert lab.run("router", "ip", "route").stdout.startswith("default via 203.0.113.1")
    deadline = time.monotonic() + 15
    while public_address(lab) != BACKUP:
        assert time.monotonic() < deadline, office.status()
    report = office.wait(settled("backup"), 5)
    assert report["switchover"]["outcome"] == "proved"
    assert "not our doing" in office.command("history").stdout
    office.stop()


def test_a_sick_prober_moves_nothing(lab: Lab, tmp_path: Path):
    """The office's own cable is out: everything is silent to the agent, and it stays."""
    office = Office(lab, tmp_path, settings=QUICK)
    office.start()
    office.wait(up("primary"), 5)
    lab.run("office", "ip", "link", "set", "eth0", "down")
    report = office.wait(lambda report: report["decision"]["rule"] == "prober-sick", 15)
    assert report["active"] == "primary"
    time.sleep(4)
    report = office.status()
    assert (report["active"], report["switchover"]) == ("primary", None)
    office.stop()
