"""Idle circuits as they are seen by marks and by their modems, on real packets."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.packets.hosts import eventually
from tests.packets.ssh import Door
from tests.packets.test_failover import BACKUP, PRIMARY, QUICK, settled
from tests.packets.users import public_address
from tests.transports.conftest import user  # noqa: F401
from tests.transports.server import TOOLS, Account
from wanfailover.lab import Lab, Shape
from wanfailover.lab.addresses import DNS, ECHO, MAIL, MAIL_HOST, OFFICE, WEB, WEB_HOST
from wanfailover.lab.office import Office, Report, linux

pytestmark = pytest.mark.timeout(150)

MakeLab = Callable[..., Lab]
SHAPES = pytest.mark.parametrize("shape", list(Shape))
MARK = "{mark: 8}"

COUNTERS = {
    "router": (
        f'iifname "lan" ip saddr {OFFICE.ip} ip dscp 8 counter comment "marked"; '
        f'iifname "lan" ip saddr {OFFICE.ip} ip dscp 0 ip daddr != 192.168.10.1 '
        'counter comment "plain"; '
    ),
    "isp-primary": 'iifname "customer" counter comment "primary"; ',
    "isp-backup": 'iifname "customer" counter comment "backup"; ',
}


def state(report: Report, circuit: str = "primary") -> str:
    return report["health"][circuit]["state"]


def seen(circuit_state: str) -> Callable[[Report], bool]:
    return lambda report: state(report) == circuit_state


def marked(lab: Lab) -> bool:
    """There is an nft table of ours on the router, with the mark in it."""
    return "57460008" in lab.run("router", "nft", "list", "table", "ip", "wanfailover").stdout


def held(lab: Lab) -> str:
    """The router's addresses, rules, routes of all tables, and firewall."""
    script = "ip -4 addr; ip rule; ip -4 route show table all; nft list ruleset"
    return lab.run("router", "sh", "-ec", script).stdout


@contextmanager
def by_way_of(way: str, lab: Lab, tmp_path: Path, account: Account | None) -> Iterator[Office]:
    """An office whose agent reaches the router in one way or another, on the backup by order."""
    with ExitStack() as open_:
        router = None
        if account is not None:
            door = Door(lab, tmp_path, account)
            open_.enter_context(door.open())
            open_.enter_context(account.may(f"NOPASSWD: {TOOLS}"))
            router = linux(*door.profile())
        office = Office(lab, tmp_path, router=router, vantage=MARK, settings=QUICK)
        office.start()
        on_backup(office, lab)
        yield office
        assert office.stop() == 0


def on_backup(office: Office, lab: Lab) -> None:
    """The operator's order, which holds: what is seen of the idle primary moves nothing."""
    switched = office.command("switch", "backup")
    assert switched.returncode == 0, switched.stderr
    office.wait(settled("backup"), 10)
    # until then it is up by what was seen while it was the active one
    office.wait(lambda _: marked(lab), 10)
    report = office.wait(seen("up"), 15)
    assert report["health"]["primary"]["vantage"] == "mark 8"


@contextmanager
def counting(lab: Lab) -> Iterator[None]:
    """Count what comes from the agent, by its code point, and what each provider gets."""
    for box, rules in COUNTERS.items():
        chain = f"type filter hook prerouting priority -310; {rules}"
        lab.run(box, "nft", f"table ip watch {{ chain in {{ {chain} }}; }}").check_returncode()
    yield
    for box in COUNTERS:
        lab.run(box, "nft", "delete table ip watch").check_returncode()


def counted(lab: Lab) -> dict[str, int]:
    found = {}
    for box in COUNTERS:
        listed = json.loads(lab.run(box, "nft", "-j", "list", "table", "ip", "watch").stdout)
        for rule in (item["rule"] for item in listed["nftables"] if "rule" in item):
            (packets,) = (e["counter"]["packets"] for e in rule["expr"] if "counter" in e)
            found[rule["comment"]] = packets
    return found


@contextmanager
def frozen(office: Office) -> Iterator[None]:
    """The agent sends nothing for a while, so that what is on its way arrives."""
    signal_to(office, signal.SIGSTOP)
    time.sleep(0.3)
    try:
        yield
    finally:
        signal_to(office, signal.SIGCONT)


def signal_to(office: Office, number: int) -> None:
    os.kill(office.pid, number)


FAULTS = (
    ("dsl-down", "down"),
    ("none", "up"),
    ("upstream-dead", "down"),
    ("none", "up"),
    ("no-return", "down"),
    ("none", "up"),
)
SOAK = bool(os.environ.get("WANFAILOVER_SOAK"))


@SHAPES
@pytest.mark.parametrize("way", ["local", pytest.param("ssh", marks=pytest.mark.sshd)])
def test_an_idle_primary_is_seen_as_it_is(
    make_lab: MakeLab,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    shape: Shape,
    way: str,
):
    """Each main fault is told right, and no marked probe leaves by the other provider.

    Every packet is counted: the backup's provider gets what the agent sent plain, and no more.
    """
    lab = make_lab(shape=shape)
    account = request.getfixturevalue("user") if way == "ssh" else None
    with by_way_of(way, lab, tmp_path, account) as office, counting(lab):
        for fault, right in FAULTS if way == "local" or SOAK else FAULTS[:2]:
            lab.fault(fault, "primary")
            report = office.wait(seen(right), 25)
            assert report["active"] == "backup"
        lab.fault("icmp-filtered", "primary")
        assert watched(office, 4) <= {"up", "degraded"}
        assert {public_address(lab, kind) for kind in ("tcp", "udp")} == {BACKUP}
        with frozen(office):
            packets = counted(lab)
        assert packets["marked"] > 50
        assert 30 < packets["primary"] <= packets["marked"]
        # each of the client's two questions takes some packets, and nobody else is there
        ours = packets["backup"] - packets["plain"]
        assert 0 < ours < 20, packets
        assert [lab.foreign(name) for name in ("primary", "backup")] == [0, 0]


@SHAPES
def test_no_probe_goes_astray_while_nobody_else_sends(
    make_lab: MakeLab, tmp_path: Path, shape: Shape
):
    """To the packet: what comes plain goes to the backup, what comes marked to the primary."""
    lab = make_lab(shape=shape)
    with by_way_of("local", lab, tmp_path, None) as office:
        with frozen(office), counting(lab):
            signal_to(office, signal.SIGCONT)
            time.sleep(5)
            signal_to(office, signal.SIGSTOP)
            time.sleep(0.3)
            packets = counted(lab)
        assert packets["marked"] > 20
        assert packets["plain"] > 20
        assert packets["primary"] == packets["marked"]
        assert packets["backup"] == packets["plain"]


NAT = (
    "nft 'table ip nat { chain postrouting { type nat hook postrouting priority srcnat; "
    """oifname "wan" masquerade; }; }'"""
)
"""The router's own, as it boots."""

DAMAGES = (
    "nft delete table ip wanfailover",
    "nft flush table ip wanfailover",
    f"nft flush ruleset; {NAT}",
    "ip rule del priority 408",
    "ip rule del priority 408; ip rule del priority 472",
    "ip route flush table 7708",
)


def test_a_mark_that_vanishes_is_seen_and_set_again(lab: Lab, tmp_path: Path):
    """Of a dead primary, whose probes the backup would answer, nothing good is ever told."""
    with by_way_of("local", lab, tmp_path, None) as office:
        lab.fault("dsl-down", "primary")
        office.wait(seen("down"), 15)
        time.sleep(3)  # the last answer is long ago
        for damage in DAMAGES:
            whole = shape_of(held(lab))
            lab.run("router", "sh", "-ec", damage).check_returncode()
            assert shape_of(held(lab)) != whole
            assert eventually(lambda: shape_of(held(lab)) == whole, 10), damage  # noqa: B023
            # what went astray until the next look is taken back by that
            report = office.wait(lambda report: state(report) in BLIND, 6)
            assert report["active"] == "backup"
            assert watched(office, 2) <= BLIND, damage
        lab.clear("primary")
        office.wait(seen("up"), 15)


BLIND = {"down", "unknown"}


def watched(office: Office, seconds: float) -> set[str]:
    """Every state that is told of the primary in so many seconds."""
    told = set()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        told.add(state(office.wait(lambda _: True, 1)))
        time.sleep(0.03)
    return told


def shape_of(text: str) -> str:
    """The same without what counts."""
    return re.sub(r"packets \d+ bytes \d+", "", text)


def test_the_return_is_by_what_is_seen(lab: Lab, tmp_path: Path):
    """With marks alone the agent fails over, sees the primary recover and goes back to it."""
    office = Office(lab, tmp_path, vantage=MARK, settings=QUICK)
    office.start()
    office.wait(seen("up"), 10)
    lab.fault("dsl-down", "primary")
    office.wait(settled("backup"), 15)
    office.wait(lambda _: marked(lab), 10)
    assert public_address(lab) == BACKUP
    time.sleep(5)
    assert state(office.wait(lambda _: True, 1)) == "down"
    lab.clear("primary")
    report = office.wait(settled("primary"), 30)
    assert report["switchover"]["rule"] == "preferred-recovered"
    assert public_address(lab) == PRIMARY
    assert eventually(lambda: not marked(lab), 10), "of the active circuit there is no mark"
    assert office.stop() == 0


@SHAPES
def test_a_stop_leaves_nothing_and_a_kill_is_made_good(
    make_lab: MakeLab, tmp_path: Path, shape: Shape
):
    """After a stop the router is to the letter what it was; after a kill the next one tidies up."""
    lab = make_lab(shape=shape)
    with by_way_of("local", lab, tmp_path, None):
        pass
    bare = held(lab)
    assert not marked(lab)
    office = Office(lab, tmp_path, vantage=MARK, settings=QUICK)
    office.start()
    office.wait(seen("up"), 15)
    assert held(lab) != bare
    office.stop(signal.SIGKILL)
    assert marked(lab)
    office.start()
    office.wait(seen("up"), 15)
    assert office.stop() == 0
    assert held(lab) == bare


def test_check_with_and_without_an_agent(lab: Lab, tmp_path: Path):
    """Without one nothing is asked over the mark; with one, all is, and by the right circuit."""
    with by_way_of("local", lab, tmp_path, None) as office:
        lab.fault("dsl-down", "primary")
        office.wait(seen("down"), 15)
        said = office.command("check", str(office.profile)).stdout
        assert "leave by primary" in said
        assert "no answer" in said
    before = held(lab)
    done = office.command("check", str(office.profile))
    assert "marks that the router does not hold now" in done.stdout, done.stdout + done.stderr
    assert "no answer" not in done.stdout
    assert held(lab) == before


ASK = f"""
import asyncio, sys
from wanfailover.core.site import Path
from wanfailover.probes import once
from wanfailover.specs import Dns, Https, Icmp, Smtp, Tcp
kinds = dict(
    icmp=Icmp("{ECHO[0]}"), tcp=Tcp("{WEB}", 443), dns=Dns("{DNS}", "{WEB_HOST}"),
    smtp=Smtp("{MAIL_HOST}", starttls=True), https=Https("https://{WEB_HOST}/"),
)
for _ in range(3):
    print(asyncio.run(once(kinds[sys.argv[1]], Path(dscp=8))).result)
"""

TOWARDS = {
    "icmp": f"ip daddr {ECHO[0]}",
    "tcp": f"ip daddr {WEB}",
    "dns": f"ip daddr {DNS}",
    "smtp": f"ip daddr {MAIL}",
    "https": f"ip daddr {WEB}",
}


@pytest.mark.parametrize("kind", TOWARDS)
def test_every_packet_of_a_probe_is_marked(lab: Lab, kind: str):
    """From the first to the last one of a whole conversation, TLS and good-byes as well."""
    rules = "; ".join(
        f'{TOWARDS[kind]} ip dscp {sign} 8 counter comment "{name}"'
        for sign, name in (("==", "marked"), ("!=", "plain"))
    )
    chain = f"type filter hook prerouting priority -310; {rules};"
    lab.run("router", "nft", f"table ip watch {{ chain in {{ {chain} }}; }}").check_returncode()
    trust = f"SSL_CERT_FILE={lab.authority}"
    asked = lab.run("office", "env", trust, sys.executable, "-c", ASK, kind)
    assert asked.stdout.split() == ["answered"] * 3, asked.stdout + asked.stderr
    time.sleep(0.2)
    listed = lab.run("router", "nft", "list", "table", "ip", "watch").stdout
    found = {
        line.split('"')[1]: int(line.partition("packets ")[2].split()[0])
        for line in listed.splitlines()
        if "comment" in line
    }
    # names are looked up by this host's own resolver, which is not our socket
    resolving = 6 if kind == "dns" else 0
    assert found["marked"] >= 3
    assert found["plain"] <= resolving, found


@SHAPES
def test_a_modem_tells_of_its_line(make_lab: MakeLab, tmp_path: Path, shape: Shape):
    """With nothing else to see the idle primary by: no line is down, a line is no proof of more."""
    lab = make_lab(shape=shape)
    modem = lab.modem("primary").replace("}", ", every: 1s}")
    office = Office(lab, tmp_path, vantage=f"{{device: {modem}}}", settings=QUICK)
    office.start()
    switched = office.command("switch", "backup")
    assert switched.returncode == 0, switched.stderr
    report = office.wait(settled("backup"), 10)
    assert report["health"]["primary"]["vantage"].startswith("device 192.168.10.101")
    lab.fault("dsl-down", "primary")
    office.wait(seen("down"), 15)
    lab.fault("upstream-dead", "primary")
    report = office.wait(lambda report: state(report) != "down", 60)
    assert state(report) == "unknown"
    assert office.stop() == 0


def test_a_modem_beside_a_mark(lab: Lab, tmp_path: Path):
    """On the active circuit as well: its word is there before any probe is overdue for long."""
    modem = lab.modem("primary").replace("}", ", every: 0.2s}")
    office = Office(lab, tmp_path, vantage=f"{{mark: 8, device: {modem}}}", settings=QUICK)
    office.start()
    office.wait(seen("up"), 10)
    lab.fault("dsl-down", "primary")
    report = office.wait(settled("backup"), 15)
    assert report["switchover"]["rule"] == "active-down"
    lab.clear("primary")
    office.wait(settled("primary"), 30)
    assert office.stop() == 0
