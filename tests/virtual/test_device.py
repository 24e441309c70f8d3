"""With a device, real packets follow what is typed on the screens."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.drivers.testbed import ROUTER, Testbed
from tests.virtual.process import Running, unit
from wanfailover.errors import LabError
from wanfailover.lab.privilege import Way, way

pytestmark = pytest.mark.packets
DOWN, MENU = b"\x1b[B", b"main screen"


class Wire:
    """A telnet session from the office's host, a step at a time."""

    def __init__(self, bed: Testbed, port: int) -> None:
        self.plug = bed.socket("agent", kind=socket.SOCK_STREAM)
        self.plug.settimeout(10)
        self.plug.connect((ROUTER, port))
        self.until(MENU)

    def until(self, words: bytes) -> None:
        heard = b""
        while words not in heard:
            heard += self.plug.recv(4096)

    def press(self, *steps: tuple[bytes, bytes]) -> None:
        """Keys, each with what shows that they have been taken."""
        for keys, words in steps:
            self.plug.sendall(keys)
            self.until(words)


@contextmanager
def dial(bed: Testbed, port: int) -> Iterator[Wire]:
    wire = Wire(bed, port)
    with wire.plug:
        yield wire


@pytest.fixture
def bed() -> Iterator[Testbed]:
    try:
        if way() is not Way.DIRECT:
            pytest.skip("needs root or a user namespace: python -m wanfailover.lab.rootless pytest")
    except LabError as error:
        pytest.skip(str(error))
    with Testbed() as bed:
        yield bed


@pytest.fixture
def running(bed: Testbed, tmp_path: Path) -> Iterator[Running]:
    argv = ("--listen", ROUTER, "--inside", f"{ROUTER}/24", "--device", "wan")
    argv += ("--restart-seconds", "4")
    with unit(tmp_path, *argv, within=bed.spaces.enter("router")) as running:
        yield running


def seen_as(bed: Testbed, address: str | None, within: float) -> None:
    """Wait until the far side sees the office at *address*; None: not at all."""
    deadline = time.monotonic() + within
    while bed.source() != address:
        assert time.monotonic() < deadline, bed.held()


def test_typed_values_move_the_office(bed: Testbed, running: Running) -> None:
    """Three values on two screens: the far side sees the office at its new address."""
    seen_as(bed, "203.0.113.2", within=5)
    with dial(bed, running.telnet) as user:
        user.press(
            (DOWN + b"\r", b"WAN information"),
            (b"\r", b"port to be"),
            (b"\r", b"of the WAN port"),
            (DOWN + b"198.51.100.77\r", b"Enter a subnet mask"),
            (b"255.255.255.0\r", b"shows the choices"),
        )
        seen_as(bed, None, within=5)
        user.press(
            (b"\x1b", b"port to be"),
            (b"\x1b", b"WAN information"),
            (b"\x1b", MENU),
            (DOWN + b"\r", b"beyond Easy Setup"),
            (b"\r", b"IP attributes"),
            (DOWN * 3 + b"198.51.100.1\r", b"Backup IP Gateway:\x1b[m"),
        )
        seen_as(bed, "198.51.100.77", within=5)
    assert running.runs == {"address": "198.51.100.77/24", "gateway": "198.51.100.1", "up": True}


def test_ping(bed: Testbed, running: Running) -> None:
    """Its own ping is a real one."""
    with dial(bed, running.telnet) as user:
        user.press(
            (DOWN * 3 + b"\r", b"test and restart"),
            (b"\r", b"ICMP Echo"),
            (b"192.0.2.10\r2\r" + DOWN * 2 + b"\r", b"Complete"),
        )
    (ping,) = [e for e in running.log if e["event"] == "ping"]
    assert ping["received"] == 2


def restart(bed: Testbed, running: Running) -> None:
    with dial(bed, running.telnet) as user:
        user.press((DOWN * 3 + b"\r", b"test and restart"), (b">\r", b"CONTINUE"))
        user.plug.sendall(b"\x1b[C\r")
        with pytest.raises(ConnectionResetError):
            user.until(b"nothing more")
    time.sleep(0.5)


def test_restart(bed: Testbed, running: Running) -> None:
    """While it restarts its namespace forwards and answers nothing; then it does again."""
    restart(bed, running)
    assert bed.source() is None
    with bed.socket("agent", kind=socket.SOCK_STREAM) as knock, pytest.raises(TimeoutError):
        knock.connect((ROUTER, running.telnet))
    seen_as(bed, "203.0.113.2", within=10)
    with dial(bed, running.telnet):
        assert "restarts" not in bed.sh("router", "nft list tables")


def test_ends_deaf_no_more(bed: Testbed, tmp_path: Path) -> None:
    """Stopped in the middle of a restart it leaves the namespace able to hear."""
    argv = ("--listen", ROUTER, "--inside", f"{ROUTER}/24", "--device", "wan")
    with unit(tmp_path, *argv, within=bed.spaces.enter("router")) as running:
        restart(bed, running)
        assert "restarts" in bed.sh("router", "nft list tables")
    assert "restarts" not in bed.sh("router", "nft list tables")
