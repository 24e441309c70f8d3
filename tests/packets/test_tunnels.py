"""IPSec through the router, by real strongSwan: it follows the router to the other circuit.

What both ends run are the files of ``deploy/strongswan``; where a test sets a trap, it changes them
and says how.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.packets import customer
from tests.packets.customer import FAR, LEFT_ALONE, NEAR, RENEWED, Site, pings, state
from wanfailover.lab import Lab, Shape

PRIMARY, BACKUP = "203.0.113.2", "198.51.100.77"
BUSY = NEAR.replace("dpd_delay = 10s", "dpd_delay = 1s")
"""Asks for a sign of life so often that one such question is always open when the line dies: until
it is repeated, charon does not follow a change of address. So it is after any longer outage."""
SILENT = "10.30.0.1"
"""The inside of a customer whose gateway does not answer."""

DEAD = f"{{name: customer-b, check: {{icmp: {SILENT}}}, within: 5s, ike: silent, child: lan}}"

pytestmark = pytest.mark.timeout(90)


@pytest.fixture(autouse=True)
def _strongswan() -> None:
    customer.needed()


@pytest.mark.parametrize("shape", Shape)
def test_it_follows_there_and_back(make_lab, tmp_path: Path, shape: Shape):
    """Within a second of each switch; left alone it takes longer: see the next test."""
    lab = make_lab(shape=shape)
    site = Site(lab, tmp_path, RENEWED, near=BUSY if shape is Shape.SWAP else NEAR)
    site.start()
    assert site.comes_from() == [PRIMARY]
    with pings(lab, tmp_path / "pings") as answered:
        lab.fault("dsl-down", "primary")
        report = site.office.wait(state("customer-a", "up", "backup"), 20)
        assert report["switchover"]["outcome"] == "proved"
        assert site.comes_from() == [BACKUP]
        lab.clear("primary")
        site.office.wait(state("customer-a", "up", "primary"), 30)
        assert site.comes_from() == [PRIMARY]
    for circuit in ("backup", "primary"):
        switched = site.switch_at(circuit)
        first = min(at for at in answered if at > switched)
        assert first - switched < 1.0, circuit
    told = site.office.command("history").stdout
    assert told.count("renew: done") == 2
    assert told.count("tunnel customer-a is renewing") == 2
    assert "tunnel customer-a  up " in site.office.command("status").stdout
    assert site.office.stop() == 0


def test_left_alone_it_does_not_come_in_time(lab: Lab, tmp_path: Path):
    """Nobody renews it: the switch stands, and what fails is told.

    The first repetition of a question comes about when the agent switches, and then the tunnel
    follows by luck. Those of a longer outage come ever more seldom: so does this one.
    """
    site = Site(lab, tmp_path, LEFT_ALONE, near=BUSY, retransmit=40.0)
    site.start()
    lab.fault("dsl-down", "primary")
    report = site.office.wait(state("customer-a", "down", "backup"), 20)
    assert report["switchover"]["outcome"] == "proved"
    site.office.wait(lambda report: finding(report) is not None, 10)
    assert (
        "tunnels: none of the tunnels has come up on backup"
        in site.office.command("history").stdout
    )
    assert site.office.stop() == 0


def test_a_peer_that_pins_our_address(lab: Lab, tmp_path: Path):
    """It is told before by `check`, and after by the finding; the switch stands. It comes back."""
    near = NEAR.replace("            id = office\n", "")
    far = FAR.replace("remote_addrs = %any", f"remote_addrs = {PRIMARY}").replace(
        "            id = office\n", f"            id = {PRIMARY}\n"
    ).replace("id-1 = office", f"id-1 = {PRIMARY}")  # fmt: skip
    site = Site(lab, tmp_path, RENEWED, near=near, far=far)
    site.start()
    checked = site.office.command("check", str(site.office.profile)).stdout
    assert "customer is known to its peer by the address it comes from" in checked
    lab.fault("dsl-down", "primary")
    report = site.office.wait(lambda report: finding(report) is not None, 30)
    assert (report["active"], report["switchover"]["outcome"]) == ("backup", "proved")
    assert "know us by our old address alone" in finding(report)
    assert state("customer-a", "down")(report)
    lab.clear("primary")
    with pings(lab, tmp_path / "pings") as answered:
        site.office.wait(state("customer-a", "up", "primary"), 30)
        time.sleep(0.5)
    switched = site.switch_at("primary")
    assert min(at for at in answered if at > switched) - switched < 1.0
    assert site.office.stop() == 0


def test_one_dead_tunnel_of_two_undoes_nothing(lab: Lab, tmp_path: Path):
    """Its customer does not answer, now or later: the switch is proved as fast, the other is up."""
    start, end = NEAR.index("    customer {"), NEAR.index("}\n\nsecrets")
    silent = NEAR[start:end].replace("customer", "silent").replace("192.0.2.130", "192.0.2.131")
    silent = silent.replace("10.20.0.0", "10.30.0.0")
    near = NEAR[:end] + silent + NEAR[end:]
    site = Site(lab, tmp_path, RENEWED, DEAD, near=near)
    site.start()
    site.office.wait(state("customer-b", "down"), 10)
    lab.fault("dsl-down", "primary")
    report = site.office.wait(state("customer-a", "up", "backup"), 20)
    assert report["switchover"]["outcome"] == "proved"
    assert report["switchover"]["seconds"] < 2
    report = site.office.wait(state("customer-b", "down", "backup"), 10)
    assert state("customer-a", "up", "backup")(report)
    assert finding(report) is None
    told = site.office.command("history").stdout
    assert told.count("(active-down)") == 1
    assert site.office.stop() == 0


def finding(report) -> str | None:
    """The warning that none of the tunnels has come up."""
    found = [text for text in report["warnings"] if text.startswith("none of the tunnels")]
    return found[0] if found else None
