"""Each fault of the lab leaves its own pattern, and only where it strikes."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.packets.hosts import BACKUP, FAR, SIGNALS, WELL, look, shares, to_backup
from wanfailover.errors import LabError
from wanfailover.lab import FAULTS, Lab

ALL, NO, FEW, SOME = (1.0, 1.0), (0.0, 0.0), (0.04, 0.15), (0.04, 0.96)
TABLE = {
    # fault                  gateway far  tcp80 tcp25 dns
    "none":                 (ALL, ALL, ALL, ALL, ALL),
    "hub-port-down":        (NO, NO, NO, NO, NO),
    "dsl-down":             (NO, NO, NO, NO, NO),
    "blackhole":            (NO, NO, NO, NO, NO),
    "upstream-dead":        (ALL, NO, NO, NO, NO),
    "upstream-unreachable": (ALL, NO, NO, NO, NO),
    "no-return":            (ALL, NO, NO, NO, NO),
    "no-egress":            (ALL, NO, NO, NO, NO),
    "loss 30":              (SOME, SOME, SOME, SOME, SOME),
    "burst 80 40":          (SOME, SOME, SOME, SOME, SOME),
    "delay 100 20":         (ALL, ALL, ALL, ALL, ALL),
    "delay 300 50":         (NO, NO, NO, NO, NO),  # slower than the probes' patience of 0.4 s
    "port25":               (ALL, ALL, ALL, NO, ALL),
    "port25-reject":        (ALL, ALL, ALL, NO, ALL),
    "icmp-limited":         (FEW, ALL, ALL, ALL, ALL),
    "icmp-filtered":        (NO, NO, ALL, ALL, ALL),
    "dns-dead":             (ALL, ALL, ALL, ALL, NO),
}  # fmt: skip

MUCH = f"""
import socket, threading
octets = bytes(range(256)) * 2048
with socket.create_connection(("{FAR}", 7), 10) as session:
    threading.Thread(target=session.sendall, args=(octets,)).start()
    came = bytearray()
    while len(came) < len(octets):
        came += session.recv(1 << 16)
print("same" if came == octets else "corrupt")
"""


def acquaint(lab: Lab) -> None:
    """Let the neighbours on the way learn of each other: on a bad line ARP is lost or late too."""
    assert shares(lab, "--count", "1") == WELL


def unlike(seen: tuple[float, ...], fault: str) -> dict[str, float]:
    """The signals whose share of answers is not what the table says of *fault*."""
    rows = zip(SIGNALS, seen, TABLE[fault], strict=True)
    return {signal: share for signal, share, (low, high) in rows if not low <= share <= high}


@pytest.fixture(scope="module")
def site() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture
def patient(site: Lab) -> Iterator[Lab]:
    """A lab that many faults strike in turn; its neighbours' memory of them is wiped."""
    yield site
    site.clear("primary")
    for box, port in (("router", "wan"), ("isp-primary", "customer")):
        site.run(box, "ip", "neigh", "flush", "dev", port, check=True)


@pytest.mark.parametrize("fault", TABLE)
def test_each_shows_in_its_own_way(patient, fault):
    """Every fault has its pattern on the five signals; the router's port keeps its carrier."""
    acquaint(patient)
    patient.fault(fault, "primary")
    assert unlike(shares(patient), fault) == {}
    assert patient.run("router", "cat", "/sys/class/net/wan/carrier").stdout == "1\n"


def test_the_table_is_complete():
    """There is no fault without its row."""
    assert {row.split()[0] for row in TABLE} == set(FAULTS)


def test_each_is_taken_back_whole(lab):
    """After `clear` the circuit is as before, whatever it suffered from."""
    for fault in TABLE:
        lab.fault(fault, "primary")
        lab.clear("primary")
    assert shares(lab) == WELL
    lab.clear("primary")


def test_a_new_one_takes_the_place_of_the_old(lab):
    """A circuit has one fault at a time."""
    for fault in ("dsl-down", "delay 10 0", "upstream-dead", "port25"):
        lab.fault(fault, "primary")
    assert unlike(shares(lab), "port25") == {}


def test_one_strikes_its_own_circuit_only(lab):
    """A dead backup does not harm the primary, though both are on one segment."""
    lab.fault("blackhole", "backup")
    assert shares(lab) == WELL


def test_both_circuits_may_be_ill(lab):
    """Each circuit has a fault of its own."""
    lab.fault("upstream-dead", "backup")
    lab.fault("port25", "primary")
    assert unlike(shares(lab), "port25") == {}
    to_backup(lab)
    assert unlike(shares(lab, "--gateway", str(BACKUP.gateway)), "upstream-dead") == {}


@pytest.mark.alone
def test_loss_is_what_it_says(lab):
    """30 % each way is 51 % of round trips; of 400 that is within 10 points, at 4 sigma."""
    acquaint(lab)
    lab.fault("loss 30", "primary")
    answered = look(lab, "--only", "far", "--count", "400", "--every", "0.002")["far"]
    assert answered == pytest.approx(0.49, abs=0.1)


@pytest.mark.alone
def test_a_burst_takes_many_in_a_row(lab):
    """Of 40 frames 12 go in a row: 12 requests, for they are never answered; 14 trips pass."""
    acquaint(lab)
    lab.fault("burst 40 12", "primary")
    seen = look(lab, "--only", "far", "--count", "200", "--every", "0.005")
    assert seen["far"] == pytest.approx(14 / 26, abs=0.1)
    assert 10 <= seen["worst_run"] <= 14


@pytest.mark.alone
def test_delay_is_what_it_says(lab):
    """A round trip takes both directions' delay, and at most their jitter more."""
    acquaint(lab)
    for fault, least, most in (("delay 20 0", 0.04, 0.06), ("delay 100 20", 0.2, 0.26)):
        lab.fault(fault, "primary")
        seen = look(lab, "--only", "tcp80")
        assert seen["tcp80"] == 1.0
        assert least <= seen["median_trip"] <= most


def test_a_slow_line_carries_big_segments_unharmed(lab):
    """The relay passes on what the kernel has neither checksummed nor segmented yet."""
    lab.fault("delay 5 0", "primary")
    done = lab.run("client", sys.executable, "-c", MUCH, timeout=20)
    assert done.stdout == "same\n", done.stderr


def test_one_that_does_not_exist_changes_nothing(lab):
    """The fault that stands goes on."""
    lab.fault("port25", "primary")
    with pytest.raises(LabError, match="there is no fault 'dsl-dwon'"):
        lab.fault("dsl-dwon", "primary")
    assert look(lab, "--only", "tcp25")["tcp25"] == 0.0


def test_a_circuit_that_does_not_exist_is_refused(lab):
    """The message names the circuits there are."""
    with pytest.raises(LabError, match="no circuit 'third'; it has primary, backup"):
        lab.fault("dsl-down", "third")
