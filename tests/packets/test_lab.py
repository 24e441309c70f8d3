"""The site of the lab is as it is drawn: who reaches whom, from which address, and what answers."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.packets.hosts import (
    BACKUP,
    DEAD,
    HERE,
    PRIMARY,
    THIRD,
    WELL,
    ip,
    look,
    seen_from_outside,
    shares,
    to_backup,
)
from wanfailover.lab import Lab, Nat, Shape
from wanfailover.lab.addresses import ECHO, PAGE, SPARE


@pytest.mark.alone
def test_it_is_quickly_up_and_then_works(record_property):
    """It takes well under a second on an idle machine, and no probe is lost from then on."""
    began = time.monotonic()
    with Lab() as lab:
        took = time.monotonic() - began
        record_property("seconds_up", took)
        assert took < 3.0
        assert shares(lab) == WELL
        assert shares(lab, host="client") == WELL


def test_labs_do_not_know_of_each_other():
    """Two labs built at the same time each have an Internet of their own."""
    labs = Lab(), Lab()
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(Lab.up, labs))
        labs[0].fault("upstream-dead", "primary")
        assert look(labs[0], "--only", "far")["far"] == 0.0
        assert look(labs[1], "--only", "far")["far"] == 1.0
    finally:
        for lab in labs:
            lab.down()


def test_each_of_three_circuits_leads_out(make_lab):
    """With three circuits on one port, the third is used by its address and gateway alone."""
    lab = make_lab(3)
    assert [circuit.interface for circuit in lab.circuits] == ["wan", "wan", "wan"]
    assert seen_from_outside(lab) == str(PRIMARY.address.ip)
    ip(
        lab,
        "router",
        f"address add {THIRD.address} dev wan",
        f"route replace default via {THIRD.gateway} dev wan src {THIRD.address.ip}",
        f"address delete {PRIMARY.address} dev wan",
    )
    assert seen_from_outside(lab) == str(THIRD.address.ip)


@pytest.mark.parametrize("nat", Nat)
def test_a_port_for_each_circuit(make_lab, nat):
    """With a port each, every circuit is there from the start and only the route moves."""
    lab = make_lab(3, shape=Shape.PORTS, nat=nat)
    assert [circuit.interface for circuit in lab.circuits] == ["wan0", "wan1", "wan2"]
    for circuit in lab.circuits:
        ip(lab, "router", f"route replace default via {circuit.gateway} dev {circuit.interface}")
        assert seen_from_outside(lab) == str(circuit.address.ip)


def test_fixed_nat_stays_with_the_primary(make_lab):
    """After a move by address and route alone, a fixed SNAT sends what the provider drops."""
    lab = make_lab(nat=Nat.SNAT)
    assert seen_from_outside(lab) == str(PRIMARY.address.ip)
    to_backup(lab)
    assert look(lab, "--only", "far")["far"] == 0.0
    assert lab.foreign("backup") >= 20


def test_a_provider_drops_foreign_sources(lab):
    """Each provider lets its own customer's addresses in and no others (BCP 38)."""
    ip(lab, "router", f"address add {BACKUP.address} dev wan")
    lab.run("router", "nft", "delete", "table", "ip", "nat", check=True)
    own, foreign = str(PRIMARY.address.ip), str(BACKUP.address.ip)
    assert look(lab, "--only", "far", "--source", own, host="router")["far"] == 1.0
    assert lab.foreign("primary") == 0
    assert look(lab, "--only", "far", "--source", foreign, host="router")["far"] == 0.0
    assert lab.foreign("primary") == 20
    assert lab.foreign("backup") == 0


@pytest.mark.parametrize("path", [("--device", "eth1"), ("--source", str(SPARE.ip))])
def test_the_second_interface_sees_the_primary(lab, path):
    """Bound to eth1 or to its address, the office sees the primary whatever the router does."""
    to_backup(lab)
    assert shares(lab, *path) == WELL
    lab.fault("dsl-down", "primary")
    assert shares(lab, *path) == DEAD
    assert shares(lab, "--gateway", str(BACKUP.gateway)) == WELL


def test_ordinary_traffic_never_takes_the_second_interface(lab):
    """Even the primary's gateway is reached by the router, unless a socket says otherwise."""
    ip(lab, "router", "link set wan down")
    assert shares(lab) == DEAD
    assert shares(lab, "--device", "eth1") == WELL


def test_nobody_outside_reaches_the_office_by_its_second_interface(lab):
    """The guard on eth1 lets answers in and nothing that was not asked for."""
    ping = ("--only", "gateway", "--gateway", str(SPARE.ip))
    assert look(lab, *ping, host="inet")["gateway"] == 0.0
    lab.run("office", "nft", "delete", "table", "ip", "guard", check=True)
    assert look(lab, *ping, host="inet")["gateway"] == 1.0


def test_a_reboot_forgets_everything(lab):
    """The router comes back on its first circuit, without processes, rules or connections."""
    to_backup(lab)
    assert seen_from_outside(lab) == str(BACKUP.address.ip)
    daemon = lab.popen("router", "sleep", "60")
    ip(lab, "router", f"rule add from {PRIMARY.address.ip} table 101 priority 200")
    lab.run("router", "nft", "add table ip scrap", check=True)
    mac = lab.run("router", "cat", "/sys/class/net/wan/address").stdout
    lab.reboot_router()
    assert daemon.wait(5) == -signal.SIGKILL
    assert lab.pids("router") == ()
    assert lab.run("router", "conntrack", "-L").stdout == ""
    assert lab.run("router", "nft", "list", "tables").stdout == "table ip nat\n"
    assert "101" not in lab.run("router", "ip", "rule").stdout
    assert lab.run("router", "cat", "/sys/class/net/wan/address").stdout == mac
    assert seen_from_outside(lab) == str(PRIMARY.address.ip)


def test_servers_are_what_careful_clients_expect(lab):
    """Names resolve; page, mail server and their certificates are genuine; datagrams come home."""
    environment = {**os.environ, "SSL_CERT_FILE": lab.authority}
    visit = lab.run("office", sys.executable, HERE / "visit.py", env=environment)
    assert visit.returncode == 0, visit.stderr
    assert json.loads(visit.stdout) == {
        "page": PAGE,
        "mail": {"starttls": 220, "rcpt": [250, 554], "refused": {}},
        "www.example.edu": "Name or service not known",
        "whoami": str(PRIMARY.address.ip),
        "echoes": [str(address) for address in ECHO],
    }
    (message,) = Path(lab.authority).with_name("mail").iterdir()
    assert b"the line is back" in message.read_bytes()


def test_without_its_authority_the_page_is_not_believed(lab):
    """Only a client that was given the lab's authority takes its certificates."""
    fetch = "import urllib.request as u; u.urlopen('https://www.example.net/', timeout=5)"
    environment = {**os.environ, "SSL_CERT_FILE": "/dev/null", "SSL_CERT_DIR": "/nonexistent"}
    fetched = lab.run("office", sys.executable, "-c", fetch, env=environment)
    assert "CERTIFICATE_VERIFY_FAILED" in fetched.stderr


def test_the_machine_itself_is_left_alone(lab):
    """Nothing of the lab is in the machine's own namespace, nor is its name server changed."""
    assert {name for _, name in socket.if_nameindex()}.isdisjoint({"wan", "lan", "eth1"})
    assert "192.0.2.53" not in Path("/etc/resolv.conf").read_text()
    assert "192.0.2.53" in lab.run("office", "cat", "/etc/resolv.conf").stdout
