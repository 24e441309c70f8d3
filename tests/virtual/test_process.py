"""The command: ports, files, how it ends; and that no junk from the network upsets it."""

from __future__ import annotations

import random
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.virtual.process import unit

GREETING = b"\xff\xfb\x01\xff\xfd\x03\xff\xfb\x03"
CONTINUE = b"\x1b[C\r"


def dial(port: int) -> socket.socket:
    plug = socket.create_connection(("127.0.0.1", port), timeout=10)
    plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return plug


def until(plug: socket.socket, words: bytes) -> bytes:
    """Read until *words* have come."""
    heard = b""
    while words not in heard:
        data = plug.recv(4096)
        assert data, f"closed after {heard!r}"
        heard += data
    return heard


def test_greeting(tmp_path: Path) -> None:
    """Three negotiations, unasked, in this order; then the screen, with its name in bold."""
    with unit(tmp_path, "--variant", "fw48") as running, dial(running.telnet) as user:
        first = until(user, b"main screen")
    title = b"\x1b[2J\x1b[2;28H\x1b[m\x1b[1mNetopia R9100 v4.8.2\x1b"
    assert first.startswith(GREETING + title)


def test_greeting_with_a_name(tmp_path: Path) -> None:
    """Where a name is asked for, the prompt comes in the screen's place."""
    with unit(tmp_path, "--variant", "password") as running, dial(running.telnet) as user:
        assert until(user, b":") == GREETING + b"\x1b[2J\x1b[Hname:"
        user.sendall(b"admin\r\0")
        until(user, b"password:")
        user.sendall(b"secret9100\r\n")
        until(user, b"main screen")
    assert "secret9100" not in (tmp_path / "edits.jsonl").read_text()


def test_telnet_commands_are_no_keys(tmp_path: Path) -> None:
    """Answers to the negotiation, and whatever else telnet says of itself, type nothing."""
    said = (
        b"\xff\xfd\x01\xff\xfd\x03\xff\xfb\x03"
        b"\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0\xff\xfa\x18\x00VT100\xff\xff\xff\xf0\xff\xf1"
    )
    with unit(tmp_path) as running, dial(running.telnet) as user:
        until(user, b"main screen")
        for byte in said:
            user.sendall(bytes((byte,)))
        user.sendall(b"\x1b[B\r")
        until(user, b"sites' WAN information")
        keys = [e["key"] for e in running.log if e["event"] == "key"]
    assert keys == ["Down", "Return"]


def go_to_wan(user: socket.socket) -> None:
    """From the Main Menu to the WAN's own screen."""
    for keys, words in (
        (b"\x1b[B\r", b"WAN information"),
        (b"\r", b"port to be"),
        (b"\r", b"of the WAN port"),
    ):
        user.sendall(keys)
        until(user, words)


def test_files(tmp_path: Path) -> None:
    """Every change is in the edit log at once, and what runs in the other file, whole."""
    given = ("--address", "192.0.2.2/30", "--gateway", "192.0.2.1", "--inside", "127.0.0.1/8")
    with unit(tmp_path, *given) as running, dial(running.telnet) as user:
        assert running.runs == {"address": "192.0.2.2/30", "gateway": "192.0.2.1", "up": True}
        go_to_wan(user)
        user.sendall(b"\x1b[B198.51.100.77\r")
        until(user, b"Enter a subnet mask")
        deadline = time.monotonic() + 5
        while not (edits := [e for e in running.log if e["event"] == "edit"]):
            assert time.monotonic() < deadline
        assert edits[0]["new"] == "198.51.100.77"
        assert running.runs == {"address": "198.51.100.77/30", "gateway": None, "up": True}


def test_one_at_a_time(tmp_path: Path) -> None:
    """A second connection is closed without a byte."""
    with unit(tmp_path) as running, dial(running.telnet) as first:
        until(first, b"main screen")
        with dial(running.telnet) as second:
            assert second.recv(100) == b""
        assert [e["event"] for e in running.log][-1] == "session-refused"


def test_telnet_off(tmp_path: Path) -> None:
    """Nobody listens."""
    with (
        unit(tmp_path, "--variant", "telnet-off") as running,
        pytest.raises(ConnectionRefusedError),
    ):
        dial(running.telnet)


def test_restart(tmp_path: Path) -> None:
    """Connections are reset, none is taken until it is back, and then they are again."""
    with unit(tmp_path, "--restart-seconds", "1") as running:
        with dial(running.telnet) as user:
            until(user, b"main screen")
            user.sendall(b"\x1b[B\x1b[B\x1b[B\r")
            until(user, b"you can test and restart")
            user.sendall(b">\r")
            until(user, b"CONTINUE")
            user.sendall(CONTINUE)
            with pytest.raises(ConnectionResetError):
                until(user, b"nothing more")
        assert running.runs["up"] is False
        with pytest.raises(ConnectionRefusedError):
            dial(running.telnet)
        deadline = time.monotonic() + 10
        while "booted" not in [e["event"] for e in running.log]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.1)
        with dial(running.telnet) as user:
            until(user, b"main screen")
        assert running.runs["up"] is True


def test_junk(tmp_path: Path) -> None:
    """Garbage at both ports: no traceback, no answer, and it still works."""
    rng = random.Random(9)
    with unit(tmp_path) as running:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plug:
            plug.settimeout(0.2)
            request = bytes.fromhex(
                "302602010004067075626c6963a019020401020304020100020100300b300906052b060102010500"
            )
            for length in range(len(request)):
                plug.sendto(request[:length], ("127.0.0.1", running.snmp))
            for _ in range(300):
                spoiled = bytearray(request)
                spoiled[rng.randrange(len(request))] = rng.randrange(256)
                plug.sendto(bytes(spoiled), ("127.0.0.1", running.snmp))
                plug.sendto(rng.randbytes(rng.randrange(80)), ("127.0.0.1", running.snmp))
        for _ in range(20):
            with dial(running.telnet) as user:
                user.sendall(rng.randbytes(2000).replace(b"\r", b""))
                user.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        deadline = time.monotonic() + 10
        while True:
            with dial(running.telnet) as user:
                if user.recv(4096):
                    break
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_version_2c_is_ignored(tmp_path: Path) -> None:
    """Only version 1 is answered."""
    request = "30260201{}04067075626c6963a019020401020304020100020100300b300906052b060102010500"
    with unit(tmp_path) as running, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plug:
        plug.settimeout(5)
        plug.sendto(bytes.fromhex(request.format("00")), ("127.0.0.1", running.snmp))
        assert plug.recv(2000)
        plug.settimeout(0.5)
        plug.sendto(bytes.fromhex(request.format("01")), ("127.0.0.1", running.snmp))
        with pytest.raises(TimeoutError):
            plug.recv(2000)


def test_trap(tmp_path: Path) -> None:
    """Traps go to whoever is to hear them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(10)
        port = ear.getsockname()[1]
        argv = ("--variant", "link-reset", "--trap-to", f"127.0.0.1:{port}")
        argv += ("--inside", "127.0.0.1/8")
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "wanfailover_netopia.virtual"),
                *("--telnet-port", "0", "--snmp-port", "0", *argv),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            told = process.stdout.readline()
            assert f'"trap": {port}' in told
            telnet = int(told.partition('"telnet": ')[2].partition(",")[0])
            with dial(telnet) as user:
                until(user, b"main screen")
                go_to_wan(user)
                user.sendall(b"\x1b[B203.0.113.3\r")
                trap, _ = ear.recvfrom(2000)
        finally:
            process.kill()
            process.communicate()
    assert b"public" in trap
    assert b"\x40\x04\x7f\x00\x00\x01\x02\x01\x02\x02\x01\x00" in trap  # agent, linkDown, specific


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--variant", "fw3+fw410"), "the variants fw3 and fw410 contradict each other"),
        (("--variant", "fw9"), "there is no variant 'fw9'"),
        (("--listen", "203.0.113.99"), "cannot listen"),
    ],
)
def test_refused(argv: tuple[str, ...], words: str) -> None:
    """What it cannot do it says in a sentence, and ends."""
    command = [
        *(sys.executable, "-m", "wanfailover_netopia.virtual"),
        *("--telnet-port", "0", "--snmp-port", "0", *argv),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode in {1, 2}
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
