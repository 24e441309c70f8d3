"""What keeps a tunnel from following the router, or harms while it is away: each set up for real.

The peer that pins our address has its test in `test_tunnels`.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.packets import customer
from tests.packets.customer import FILES, LEFT_ALONE, QUICK, RENEWED, Site, pings, state
from tests.packets.hosts import keep_both_and_use_backup
from tests.packets.test_tunnels import BACKUP, PRIMARY, finding
from wanfailover.lab import Lab, Nat, tunnel

pytestmark = pytest.mark.timeout(150)

BOTH = pytest.mark.parametrize("how", [RENEWED, LEFT_ALONE], ids=["renewed", "left alone"])
TEN = ("policy: {dwell: 2s}", "failback: {after: 10m}")


@pytest.fixture(autouse=True)
def _strongswan() -> None:
    customer.needed()


def checked(site: Site) -> str:
    return site.office.command("check", str(site.office.profile)).stdout


def test_the_old_address_is_kept(lab: Lab, tmp_path: Path):
    """By hand, beside the new one: the tunnel stays on it, until a switch of ours renews it."""
    site = Site(lab, tmp_path, RENEWED, settings=TEN)
    site.start()
    keep_both_and_use_backup(lab)
    site.office.wait(state("customer-a", "down", "backup"), 20)
    assert site.comes_from() == [PRIMARY]
    told = "customer still stands on an address that the router does not send from any more"
    assert told in checked(site)
    with pings(lab, tmp_path / "pings") as answered:
        assert site.office.command("switch", "primary").returncode == 0
        assert site.office.command("switch", "backup").returncode == 0
        site.office.wait(state("customer-a", "up", "backup"), 20)
        time.sleep(1)
    assert since(site, answered) < 1.0
    assert told not in checked(site)
    assert site.comes_from() == [BACKUP]
    assert site.office.stop() == 0


@BOTH
def test_an_outage_of_a_minute_with_default_timers(lab: Lab, tmp_path: Path, how: str):
    """strongSwan asks its peer again ever more seldom; until it does, it sees no new address."""
    site = Site(lab, tmp_path, how, settings=TEN)
    site.start()
    told = "asks its peer again 40 s later"
    assert (told in checked(site)) == (how is LEFT_ALONE)
    assert site.office.command("pause", "10m").returncode == 0
    lab.fault("dsl-down", "primary")
    time.sleep(60)
    with pings(lab, tmp_path / "pings") as answered:
        assert site.office.command("resume").returncode == 0
        site.office.wait(state("customer-a", "up" if how is RENEWED else "down", "backup"), 20)
        time.sleep(1)
    assert (since(site, answered) < 1.0) == (how is RENEWED)
    assert site.office.stop() == 0


def test_a_flow_behind_a_fixed_source_address(make_lab, tmp_path: Path):
    """What begins while the tunnel is away leaks, and would go past it for ever, but for us."""
    lab = make_lab(nat=Nat.SNAT)
    follow = "'flush chain ip nat postrouting; add rule ip nat postrouting oifname wan snat to '"
    lines = f'["nft {follow}$WAN_ADDRESS"]'
    options = f", after: {lines}, undo: {lines}"
    site = Site(lab, tmp_path, RENEWED, settings=TEN, options=options)
    site.start()
    site.customer.stop()
    lab.fault("dsl-down", "primary")
    site.office.wait(state("customer-a", "down", "backup"), 20)
    with pings(lab, tmp_path / "pings") as answered:  # one flow: all have one identifier
        time.sleep(0.5)
        site.customer.start()
        site.office.wait(state("customer-a", "up", "backup"), 20)
        time.sleep(2)
    assert len(answered) > 50
    assert site.office.stop() == 0


def swallow_ike(lab: Lab) -> None:
    """The backup's provider lets none pass."""
    chain = "type filter hook forward priority 0; udp dport { 500, 4500 } drop;"
    swallow = f"table ip block {{ chain f {{ {chain} }}; }}"
    assert lab.run("isp-backup", "nft", swallow).returncode == 0


def test_a_drill_finds_out(lab: Lab, tmp_path: Path):
    """Before it matters: its Internet is proved, the tunnel's time passes, and all is put back."""
    swallow_ike(lab)
    site = Site(lab, tmp_path, RENEWED, settings=TEN)
    site.start()
    done = site.office.command("drill", "--stay", "2s", timeout=120)
    assert done.returncode == 1, done.stdout
    assert "tunnel customer-a on backup: no answer within 5 s" in done.stderr
    assert "it was put back on primary" in done.stderr
    report = site.office.wait(state("customer-a", "up", "primary"), 20)
    assert (report["hold"], report["drill"]["state"]) == (None, "failed")
    assert site.office.stop() == 0


def test_a_provider_that_lets_no_ike_pass(lab: Lab, tmp_path: Path):
    """The backup's does not: its Internet is proved, the finding names the ports, nothing moves."""
    swallow_ike(lab)
    site = Site(lab, tmp_path, RENEWED, settings=TEN)
    site.start()
    lab.fault("dsl-down", "primary")
    report = site.office.wait(finding, 30)
    assert (report["active"], report["switchover"]["outcome"]) == ("backup", "proved")
    assert "UDP 500 and 4500 or ESP may be blocked on backup" in (finding(report) or "")
    assert state("customer-a", "down")(report)
    assert lab.run("isp-backup", "nft", "delete table ip block").returncode == 0
    report = site.office.wait(state("customer-a", "up", "backup"), 60)
    assert finding(report) is None
    assert site.office.stop() == 0


def test_what_leaves_in_the_clear_and_the_fence(lab: Lab, tmp_path: Path):
    """Without it the provider sees what is for the customer; with it nothing, and all is well."""
    site = Site(lab, tmp_path, RENEWED, settings=QUICK)
    watch = (
        "add table ip leak; add chain ip leak c { type filter hook prerouting priority raw; }; "
        'add rule ip leak c iifname "customer" ip daddr 10.20.0.0/24 counter'
    )
    assert lab.run("isp-primary", "nft", watch).returncode == 0
    site.start()
    unfenced = "no rule keeps packets for 10.20.0.0/24 in: while the tunnel is down they leave"
    assert unfenced in checked(site)
    assert ping(lab)
    assert leaked(lab) == 0
    site.router.stop()
    assert not ping(lab)
    without = leaked(lab)
    assert without >= 3
    fenced = lab.run("router", "nft", "-f", FILES / "fence.nft")
    assert fenced.returncode == 0, fenced.stderr
    assert not ping(lab)
    assert leaked(lab) == without
    site.router.start()
    site.office.wait(state("customer-a", "up"), 20)
    assert ping(lab)
    assert unfenced not in checked(site)
    assert site.office.stop() == 0


def since(site: Site, answered: list[float]) -> float:
    """Seconds from the switch to the backup until the first ping was answered; infinity: none."""
    switched = site.switch_at("backup")
    return min((at for at in answered if at > switched), default=float("inf")) - switched


def ping(lab: Lab) -> bool:
    """Whether the client reaches the customer's inside."""
    done = lab.run("client", "ping", "-c", "3", "-i", "0.2", "-W", "1", tunnel.CUSTOMER)
    return done.returncode == 0


def leaked(lab: Lab) -> int:
    """How many packets for the customer's inside the provider has seen."""
    listed = lab.run("isp-primary", "nft", "list", "chain", "ip", "leak", "c").stdout
    (count,) = re.findall(r"counter packets (\d+)", listed)
    return int(count)
