"""What is opened and then cannot be used leaves nothing open: an agent lives for years."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from contextlib import closing
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from wanfailover import control
from wanfailover.core.site import Path as Way
from wanfailover.errors import WanFailoverError
from wanfailover.journal import reader, writer
from wanfailover.opening import closed_on_failure
from wanfailover.probes import sockets
from wanfailover.probes.failures import Failed, Unsent
from wanfailover.rollups import store
from wanfailover.transports import tcp

HERE = IPv4Address("127.0.0.1")


def newer(path: Path) -> Path:
    """A database of a version that nobody knows yet."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version=999")
    return path


def refused() -> tuple[str, int]:
    """Where nobody listens."""
    with socket.create_server((str(HERE), 0)) as listener:
        return listener.getsockname()


OPENERS = {
    "journal, to write": lambda folder: writer._open(newer(folder / "a.db")),
    "journal, to read": lambda folder: reader._connect(f"file:{newer(folder / 'a.db')}"),
    "rollups": lambda folder: store.opened(newer(folder / "a.db")),
    "control socket": lambda folder: control._listen(folder / "no" / "where"),
    "a probe's socket": lambda _: sockets.open_socket(socket.SOCK_STREAM, Way(device="nowhere0")),
    "a probe's connection": lambda _: asyncio.run(sockets.connect(Way(), HERE, refused()[1])),
    "a connection to a router": lambda _: asyncio.run(
        tcp._open(socket.AF_INET, socket.SOCK_STREAM, 0, refused())
    ),
}


REASONS = (OSError, sqlite3.Error, WanFailoverError, Failed, Unsent)


@pytest.mark.parametrize("what", OPENERS)
def test_nothing_is_left_open(tmp_path, what):
    """While the error, which knows all that was open, is still about."""
    before = set(Path("/proc/self/fd").iterdir())
    with pytest.raises(REASONS) as error:
        OPENERS[what](tmp_path)
    assert set(Path("/proc/self/fd").iterdir()) <= before
    assert error.tb is not None


def test_what_can_be_used_is_left_open_and_a_cancellation_is_a_failure():
    sock = socket.socket()
    with closed_on_failure(sock):
        pass
    assert sock.fileno() >= 0
    with pytest.raises(asyncio.CancelledError), closed_on_failure(sock):
        raise asyncio.CancelledError
    assert sock.fileno() == -1
