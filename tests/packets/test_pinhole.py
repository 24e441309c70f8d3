"""As the office had it first: the router hides the office within the tunnel, and lets mail in.

The tunnel has one address of the router's at our end. What goes to the customer has that for its
source; what the customer's mail server sends there on port 25 is led to the server inside.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.packets import customer, postfix
from tests.packets.customer import FAR, LEFT_ALONE, NEAR, QUICK, RENEWED, Site, state
from tests.packets.hosts import eventually, ip
from tests.packets.test_failover import settled
from tests.packets.test_mail import DOMAIN, Mailing, servers
from wanfailover.lab import Lab, tunnel
from wanfailover.lab.stage import stand

pytestmark = pytest.mark.timeout(200)

END = "10.20.1.2"
"""The router's own address within the tunnel."""
SERVER = "192.168.10.25"
"""The mail server inside, as the virtual R9100's server list has it from the beginning."""
HIDING = f"""
    table ip tunnel {{
        chain in {{
            type nat hook prerouting priority dstnat;
            ip daddr {END} tcp dport 25 dnat to {SERVER};
        }}
        chain out {{
            type nat hook postrouting priority srcnat - 1;
            oifname "ipsec0" ip saddr 192.168.10.0/24 snat to {END};
        }}
    }}
"""
LINES = tuple(
    text.replace("192.168.10.0/24", f"{END}/32").replace(
        "start_action = start", "start_action = none"
    )
    for text in (NEAR, FAR)
)
"""Nobody begins: the tunnel is built when it is wanted."""
MAIL = f"mail: {{domains: [{DOMAIN}], backup_mx: '{tunnel.CUSTOMER}:25', server: '{END}:25'}}"

WAKE = """
import re, subprocess, sys, time
uri, seen = sys.argv[1], 0
while True:
    listed = subprocess.run(["nft", "list", "table", "ip", "wake"], capture_output=True, text=True)
    count = int(re.search(r"packets (\\d+)", listed.stdout)[1])
    if count > seen:
        words = ["--initiate", "--child", "lan", "--timeout", "5", "--uri", uri]
        subprocess.run(["swanctl", *words], capture_output=True)
    seen = count
    time.sleep(0.1)
"""
WANTED = """
    table ip wake {
        chain out {
            type filter hook postrouting priority mangle;
            oifname "wan" ip daddr 10.20.0.0/24 counter drop
        }
    }
"""
"""Traffic that finds no tunnel stays here, and is counted: what an R9100 builds its tunnels by."""


@pytest.fixture(autouse=True)
def _programs() -> None:
    postfix.needed()
    customer.needed()


def arrange(lab: Lab, folder: Path, how: str, **options) -> tuple[Site, Mailing]:
    near, far = LINES
    site = Site(lab, folder, how, near=near, far=far, settings=(*QUICK, MAIL), **options)
    ip(lab, "router", f"address add {END}/32 dev lo")
    ip(lab, "client", f"address add {SERVER}/24 dev eth0")
    for rules in (HIDING, WANTED):
        done = lab.run("router", "nft", "-f", "-", input=rules)
        assert done.returncode == 0, done.stderr
    lab.popen("router", sys.executable, "-c", WAKE, site.router.uri)
    mailing = servers(lab, site.office, "customer", tunnel.CUSTOMER, inside=SERVER)
    site.start()  # the agent's own check is what wakes it
    return site, mailing


def mail_comes_after_the_switch(lab: Lab, site: Site, mailing: Mailing) -> None:
    mailing.send("before")
    assert eventually(lambda: mailing.arrived() == Counter(["before"])), mailing.mx.log[-3000:]
    lab.fault("dsl-down", "primary")
    there = [f"there-{number}" for number in range(10)]
    mailing.send(*there)
    report = site.office.wait(settled("backup"), 40)
    assert report["switchover"]["outcome"] == "proved"
    site.office.wait(state("customer-a", "up", "backup"), 60)
    assert eventually(lambda: mailing.arrived() == Counter(["before", *there]), 15)
    mail = site.office.wait(lambda report: report["mail"]["state"] == "drained", 5)["mail"]
    assert mail["replies"] == [[DOMAIN, "250 Queuing started"]]
    assert site.office.stop() == 0


def test_behind_a_linux_router(lab: Lab, tmp_path: Path):
    """Renewed, and drained."""
    mail_comes_after_the_switch(lab, *arrange(lab, tmp_path, RENEWED))


def test_behind_an_r9100(lab: Lab, tmp_path: Path):
    """Its tunnel is woken by traffic; `check` finds the pinhole in its server list."""
    router = stand(lab, "netopia-r9100").router
    site, mailing = arrange(lab, tmp_path, LEFT_ALONE, router=router)
    checked = site.office.command("check", str(site.office.profile)).stdout
    assert f"the router's NAT leads port 25 to {SERVER}" in checked
    mail_comes_after_the_switch(lab, site, mailing)
