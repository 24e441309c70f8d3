"""IPSec through the router, by real strongSwan: it follows the router to the other circuit.

What both ends run are the files of ``deploy/strongswan``; where a test sets a trap, it changes them
and says how.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wanfailover.core import entries as log
from wanfailover.journal.reader import Reader
from wanfailover.lab import Lab, Shape, tunnel
from wanfailover.lab.office import Office, linux

QUICK = ("failback: {after: 3s}", "policy: {dwell: 2s}")
FILES = Path(__file__).parents[2] / "deploy" / "strongswan"
NEAR, FAR = ((FILES / name).read_text() for name in ("office.conf", "customer.conf"))
PRIMARY, BACKUP = "203.0.113.2", "198.51.100.77"
BUSY = NEAR.replace("dpd_delay = 10s", "dpd_delay = 1s")
"""Asks for a sign of life so often that one such question is always open when the line dies: until
it is repeated, charon does not follow a change of address. So it is after any longer outage."""
SILENT = "10.30.0.1"
"""The inside of a customer whose gateway does not answer."""

RENEWED = "{name: customer-a, check: {icmp: 10.20.0.1}, within: 5s, ike: customer, child: lan}"
LEFT_ALONE = "{name: customer-a, check: {icmp: 10.20.0.1}, within: 3s}"
DEAD = f"{{name: customer-b, check: {{icmp: {SILENT}}}, within: 5s, ike: silent, child: lan}}"

pytestmark = pytest.mark.timeout(90)


@pytest.fixture(autouse=True)
def _strongswan() -> None:
    """Skip where it is not here; in CI, as root, fail instead."""
    if reason := tunnel.missing():
        if os.environ.get("CI") == "true" and os.geteuid() == 0:
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


class Site:
    """The lab's office with a customer, a tunnel between the two that is up, and an agent.

    Args:
        tunnels: As the profile has them.

        near: The router's swanctl.conf, and *far* the customer's.

        retransmit: Seconds until the router asks its peer again.
    """

    def __init__(
        self,
        lab: Lab,
        folder: Path,
        *tunnels: str,
        near: str = NEAR,
        far: str = FAR,
        retransmit: float = tunnel.RETRANSMIT,
    ) -> None:
        self.lab = lab
        tunnel.customer(lab)
        self.customer = tunnel.Gateway(lab, "customer", far)
        self.router = tunnel.Gateway(lab, "router", near, retransmit)
        own = f"options: {{netns: {lab.name}-router, swanctl_uri: '{self.router.uri}'}}"
        settings = (*QUICK, f"tunnels: [{', '.join(tunnels)}]")
        router = linux("transport: local", own)
        self.office = Office(lab, folder, router=router, settings=settings)
        self.office.start()
        self.office.wait(state("customer-a", "up"), 10)

    def comes_from(self) -> list[str]:
        """The addresses from which the router has tunnels to the customer."""
        listed = self.router.swanctl("--list-sas", "--ike", "customer", "--raw").stdout
        return re.findall(r"local-host=(\S+)", listed)

    def switch_at(self, target: str) -> float:
        """When the router was last moved to *target*, in seconds of wall time."""
        with Reader(self.office.journal) as reader:
            records = list(reader.records())
        (last,) = [
            record.entry.id
            for record in records
            if isinstance(record.entry, log.SwitchoverIntended) and record.entry.target == target
        ][-1:]
        (at,) = [
            record.at
            for record in records
            if isinstance(record.entry, log.ActionDone)
            and (record.entry.id, record.entry.name) == (last, "apply")
        ]
        return at.timestamp()


def state(name: str, word: str, circuit: str | None = None):
    """A tunnel is in a state, while the router is on *circuit*, and nothing moves."""

    def holds(report):
        running = report["switchover"] and report["switchover"]["outcome"] == "running"
        there = circuit is None or (report["active"] == circuit and not running)
        return there and {row["name"]: row["state"] for row in report["tunnels"]}[name] == word

    return holds


@contextmanager
def pings(lab: Lab, file: Path) -> Iterator[list[float]]:
    """Ping through the tunnel from the LAN, 50 times a second; afterwards, when it was answered."""
    answered: list[float] = []
    with file.open("w") as out:
        process = lab.popen("client", "ping", "-D", "-i", "0.02", tunnel.CUSTOMER, stdout=out)
        yield answered
        process.terminate()
        process.wait()
    found = re.findall(r"^\[([\d.]+)\] 64 bytes", file.read_text(), re.MULTILINE)
    answered += map(float, found)


@pytest.mark.parametrize("shape", Shape)
def test_it_follows_there_and_back(make_lab, tmp_path: Path, shape: Shape):
    """Within a second of each switch; left alone it takes longer: see the next test."""
    lab = make_lab(shape=shape)
    site = Site(lab, tmp_path, RENEWED, near=BUSY if shape is Shape.SWAP else NEAR)
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
    """It is told before by `check`, and after by the finding; the switch stands."""
    near = NEAR.replace("            id = office\n", "")
    far = FAR.replace("remote_addrs = %any", f"remote_addrs = {PRIMARY}").replace(
        "            id = office\n", f"            id = {PRIMARY}\n"
    ).replace("id-1 = office", f"id-1 = {PRIMARY}")  # fmt: skip
    site = Site(lab, tmp_path, RENEWED, near=near, far=far)
    checked = site.office.command("check", str(site.office.profile)).stdout
    assert "customer is known to its peer by the address it comes from" in checked
    lab.fault("dsl-down", "primary")
    report = site.office.wait(lambda report: finding(report) is not None, 30)
    assert (report["active"], report["switchover"]["outcome"]) == ("backup", "proved")
    assert "know us by our old address alone" in finding(report)
    assert state("customer-a", "down")(report)
    assert site.office.stop() == 0


def test_one_dead_tunnel_of_two_undoes_nothing(lab: Lab, tmp_path: Path):
    """Its customer does not answer, now or later: the switch is proved as fast, the other is up."""
    start, end = NEAR.index("    customer {"), NEAR.index("}\n\nsecrets")
    silent = NEAR[start:end].replace("customer", "silent").replace("192.0.2.130", "192.0.2.131")
    silent = silent.replace("10.20.0.0", "10.30.0.0")
    near = NEAR[:end] + silent + NEAR[end:]
    site = Site(lab, tmp_path, RENEWED, DEAD, near=near)
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
