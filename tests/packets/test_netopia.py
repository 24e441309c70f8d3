"""A virtual R9100 in the router's place: real packets follow what its screens hold."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.packets.test_failover import BACKUP, PRIMARY, QUICK, settled, up
from tests.packets.users import public_address, streams
from wanfailover.lab import Lab
from wanfailover.lab.addresses import CIRCUITS
from wanfailover.lab.office import Office
from wanfailover.lab.simulated import SILENCES
from wanfailover.lab.stage import stand

pytestmark = pytest.mark.timeout(150)

R9100 = "netopia-r9100"
SOAK = bool(os.environ.get("WANFAILOVER_SOAK"))

DEADLY = [fault for fault, silenced in SILENCES.items() if "page" in silenced]
HARMLESS = ["icmp-filtered", "icmp-limited", "port25", "dns-dead"] if SOAK else ["icmp-filtered"]
VARIANTS = ["", "password+segmented", "link-reset", "stay", "gateway-checked", "fw3", "rw-empty"]
"""Those whose packets might differ; the driver's own tests take all."""

THE_PRIMARY, THE_BACKUP, _ = CIRCUITS

PATIENCE = 40
"""Seconds for a fault to be noticed and acted on, or for the return."""

LONGEST = {"link-reset": 20}
"""Seconds a user may be without Internet, where it is not 12: each of the edits takes the link."""

FAULTS_AND_VARIANTS = (
    [(fault, variant) for fault in DEADLY for variant in VARIANTS]
    if SOAK
    else [("dsl-down", ""), ("upstream-dead", "password"), ("no-return", "link-reset")]
)


class Site(NamedTuple):
    """An agent at work behind a virtual R9100, whose own log of what is done to it is *log*."""

    lab: Lab
    office: Office
    log: Path

    def events(self, *kinds: str) -> list[dict]:
        """What the router noted, in order."""
        entries = map(json.loads, self.log.read_text().splitlines())
        return [entry for entry in entries if entry["event"] in kinds]

    def edits(self) -> list[tuple[str, str]]:
        """What was changed on its screens: field and new value."""
        return [(edit["field"], edit["new"]) for edit in self.events("edit")]

    def left_clean(self) -> None:
        """Nobody is logged in, and no box that destroys something was ever agreed to."""
        assert self.office.stop() == 0
        opened, closed = self.events("session-opened"), self.events("session-closed")
        assert len(opened) == len(closed) > 0
        agreed = [box for box in self.events("dialog") if box["destructive"]]
        assert [box for box in agreed if box["answer"] == "CONTINUE"] == []


def edits_to(circuit) -> set[tuple[str, str]]:
    """The three values of a circuit, as they are typed."""
    return {
        ("wan.address", str(circuit.address.ip)),
        ("wan.mask", str(circuit.address.netmask)),
        ("ip.gateway", str(circuit.gateway)),
    }


@pytest.fixture
def site(lab: Lab, tmp_path: Path) -> Callable[..., Site]:
    """Start the router in a variant, and the agent; *restart* is the driver's option."""

    def start(variant: str = "", restart: str = "forbidden") -> Site:
        standing = stand(lab, R9100, variant, "--restart-seconds", "3")
        text = "\n".join(standing.router.lines)
        assert "options: {" in text
        lines = text.replace("options: {", f"options: {{restart: {restart}, ").splitlines()
        router = replace(standing.router, lines=tuple(lines))
        office = Office(lab, tmp_path, router=router, settings=QUICK)
        office.start()
        office.wait(up("primary"), 10)
        return Site(lab, office, standing.stand.edit_log)

    return start


@pytest.mark.parametrize(("fault", "variant"), FAULTS_AND_VARIANTS)
def test_a_dead_circuit_is_left_and_returned_to(site, fault: str, variant: str):
    """Three values there and three back, nothing else; every kind of traffic follows."""
    site = site(variant)
    with streams(site.lab, "icmp", "udp-fixed", "udp-fresh", "tcp-fresh") as felt:
        time.sleep(0.5)  # the flows begin before the fault
        site.lab.fault(fault, "primary")
        report = site.office.wait(settled("backup"), PATIENCE)
        assert report["switchover"]["rule"] == "active-down"
        assert {public_address(site.lab, kind) for kind in ("tcp", "udp")} == {BACKUP}
        assert set(site.edits()) == edits_to(THE_BACKUP)
        site.lab.clear("primary")
        report = site.office.wait(settled("primary"), PATIENCE)
        assert report["switchover"]["rule"] == "preferred-recovered"
        assert {public_address(site.lab, kind) for kind in ("tcp", "udp")} == {PRIMARY}
        time.sleep(1)  # the streams see the end
    assert set(site.edits()[3:]) == edits_to(THE_PRIMARY)
    assert len(site.edits()) == 6
    assert report["router"]["driver"] == R9100
    for mode, seen in felt.items():
        assert seen["gaps"], f"{mode} never felt the cut"
        assert seen["longest"] < LONGEST.get(variant, 12), (mode, seen["gaps"])
        last = max(gap["start"] + gap["length"] for gap in seen["gaps"])
        assert last * 50 < seen["sent"], f"{mode} was dark to the end"
    site.left_clean()


@pytest.mark.parametrize("fault", HARMLESS)
def test_a_circuit_that_still_works_is_not_left(site, fault: str):
    """Nothing is typed, and the console is left to people."""
    site = site()
    visits = len(site.events("session-opened"))
    site.lab.fault(fault, "primary")
    until = time.monotonic() + 9
    while time.monotonic() < until:
        report = site.office.status()
        assert (report["active"], report["switchover"]) == ("primary", None), report
        time.sleep(0.25)
    assert site.edits() == []
    assert len(site.events("session-opened")) == visits
    site.left_clean()


def test_where_a_change_takes_a_restart_and_may(site):
    """Each way it restarts once, and comes back as what was typed before."""
    site = site("restart", restart="allowed")
    site.lab.fault("dsl-down", "primary")
    site.office.wait(settled("backup"), 2 * PATIENCE)
    assert public_address(site.lab) == BACKUP
    site.lab.clear("primary")
    site.office.wait(settled("primary"), 2 * PATIENCE)
    assert public_address(site.lab) == PRIMARY
    assert set(site.edits()[:3]) == edits_to(THE_BACKUP)
    assert set(site.edits()[3:]) == edits_to(THE_PRIMARY)
    assert len(site.edits()) == 6
    assert len(site.events("restart")) == 2
    assert site.office.stop() == 0


def test_where_a_change_takes_a_restart_and_may_not(site):
    """What was typed is put back, the router never left the primary, and history tells why."""
    site = site("restart")
    done = site.office.command("switch", "backup")
    assert done.returncode == 1
    assert "needs-restart" in done.stderr
    assert site.office.status()["switchover"]["outcome"] == "undone"
    assert "needs-restart" in site.office.command("history").stdout
    assert public_address(site.lab) == PRIMARY
    assert site.events("restart") == []
    held = dict(site.edits())
    assert set(held.items()) == edits_to(THE_PRIMARY)
    site.left_clean()


def test_an_operator(site):
    """A rehearsal types nothing; a switch holds until `auto`; the driver is named in `status`."""
    site = site("password")
    rehearsed = site.office.command("switch", "backup", "--dry-run")
    assert rehearsed.returncode == 0, rehearsed.stderr
    for _, value in edits_to(THE_BACKUP) | edits_to(THE_PRIMARY):
        assert value in rehearsed.stdout
    assert site.edits() == []
    assert public_address(site.lab) == PRIMARY
    done = site.office.command("switch", "backup")
    assert (done.returncode, public_address(site.lab)) == (0, BACKUP), done.stderr
    report = json.loads(site.office.command("status", "--json").stdout)
    assert report["router"] == {"driver": R9100, "reachable": True, "state": "backup"}
    assert report["hold"] == {"circuit": "backup", "until": None}
    assert "backup is no longer held" in site.office.command("auto").stdout
    assert "nothing was held" in site.office.command("auto").stdout
    site.office.wait(settled("primary"), PATIENCE)
    assert public_address(site.lab) == PRIMARY
    assert len(site.edits()) == 6
    site.left_clean()


def test_a_console_that_is_closed_at_the_start(site):
    """The agent watches by SNMP alone, and tells in `status` and in its log what it cannot do."""
    site = site("telnet-off")
    report = site.office.status()
    assert report["active"] == "primary"
    assert any("a switch would fail" in warning for warning in report["warnings"])
    done = site.office.command("switch", "backup")
    assert done.returncode == 3
    assert "refuses telnet" in done.stderr
    assert site.office.status()["active"] == "primary"
    assert site.edits() == []
    assert site.office.stop() == 0
