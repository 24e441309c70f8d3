"""The control socket: real requests over a real socket, to a desk that notes them."""

from __future__ import annotations

import asyncio
import getpass
import socket
import stat

import pytest

from wanfailover.client import NoAgent, ask
from wanfailover.control import Control, Reply
from wanfailover.core.facts import ResumeRequest
from wanfailover.errors import ControlError
from wanfailover.sites import SOCKET_LIMIT, SiteDir


class Desk:
    """Answers everything, and notes what was asked."""

    def __init__(self):
        self.asked = []

    def report(self):
        return {"site": "office"}

    async def switch(self, request, *, dry_run):
        self.asked.append((request, dry_run))
        return Reply(1, "not now", "held-by-operator", ("a line",))

    async def auto(self, who):
        self.asked.append(who)
        return Reply(0, "automation decides again")

    async def automation(self, request):
        self.asked.append(request)
        return Reply(0, "as you wish")

    def explanation(self):
        return {"rule": "steady"}


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "office"
    path.mkdir()
    return SiteDir(path)


@pytest.fixture
async def desk(site):
    desk = Desk()
    control = Control(desk, site.socket)
    await control.open()
    yield desk
    await control.close()
    assert not site.socket.exists()


async def test_status_and_requests(desk, site):
    """What is asked arrives with the asker's own login name, and the answer comes back whole."""
    assert await asyncio.to_thread(ask, site, "/status") == {"site": "office"}
    body = {"circuit": "backup", "hold": 7200, "dry_run": True, "reason": "test"}
    reply = await asyncio.to_thread(ask, site, "/switch", body)
    assert reply == {
        "exit": 1, "sentence": "not now", "rule": "held-by-operator", "lines": ["a line"],
    }  # fmt: skip
    (request, dry_run) = desk.asked[0]
    assert (request.circuit, request.hold, request.reason, dry_run) == (
        "backup", 7200.0, "test", True,
    )  # fmt: skip
    assert request.who == getpass.getuser()
    await asyncio.to_thread(ask, site, "/auto", {})
    assert desk.asked[1] == getpass.getuser()


async def test_pause_resume_and_explain(desk, site):
    """They arrive with the asker's name; a pause has seconds, or none for "until resume"."""
    me = getpass.getuser()
    for seconds in (1800, None):
        await asyncio.to_thread(ask, site, "/pause", {"seconds": seconds})
    await asyncio.to_thread(ask, site, "/resume", {})
    first, second, third = desk.asked
    assert (first.seconds, first.who, second.seconds) == (1800.0, me, None)
    assert (type(third), third.who) == (ResumeRequest, me)
    assert await asyncio.to_thread(ask, site, "/explain") == {"rule": "steady"}
    with pytest.raises(ControlError, match="not a pause request"):
        await asyncio.to_thread(ask, site, "/pause", {"seconds": "soon"})


async def test_only_owner_and_group_may_connect(desk, site):
    """The socket's mode is 0660 whatever the umask was."""
    assert stat.S_IMODE(site.socket.stat().st_mode) == 0o660


@pytest.mark.parametrize(
    "junk",
    [
        b"\x00\xff\xfe" * 100,
        b"GET / HTTP/1.1\r\nHost: agent\r\n\r\n",
        b"POST /switch HTTP/1.0\r\nContent-Length: 3\r\n\r\n{]}",
        b"POST /switch HTTP/1.0\r\nContent-Length: 2\r\n\r\n[]",
        b'POST /switch HTTP/1.0\r\nContent-Length: 30\r\n\r\n{"circuit": "b", "hold": "x"}  ',
        b"POST /switch HTTP/1.0\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 200_000,
        b"DELETE /status HTTP/1.0\r\n\r\n",
    ],
)
async def test_junk_is_refused_and_changes_nothing(desk, site, junk):
    """No request that is not understood reaches the desk, and the next one is answered."""

    def send():
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(site.socket))
            try:
                connection.sendall(junk)
                connection.shutdown(socket.SHUT_WR)
                return connection.recv(100)
            except (BrokenPipeError, ConnectionResetError):
                return b"HTTP/1.0 4"

    assert b" 200 " not in await asyncio.to_thread(send)
    assert desk.asked == []
    assert await asyncio.to_thread(ask, site, "/status") == {"site": "office"}


def test_nobody_there_is_said(site):
    """No socket, or one that nobody listens at: no agent runs."""
    with pytest.raises(NoAgent, match="no agent runs for office"):
        ask(site, "/status")
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(site.socket))
    dead.close()
    with pytest.raises(NoAgent):
        ask(site, "/status")


def test_a_path_too_long_for_a_socket_is_said(tmp_path):
    """The kernel's limit comes with the remedy."""
    with pytest.raises(ControlError, match="choose a --state-dir of at most"):
        _ = SiteDir(tmp_path / ("x" * SOCKET_LIMIT)).socket
