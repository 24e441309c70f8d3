"""The control socket: real requests over a real socket, to a desk that notes them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import getpass
import os
import socket
import stat
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.root import is_root
from wanfailover import control, peers
from wanfailover.client import NoAgent, ask
from wanfailover.control import MOST, QUEUE, Control, Reply
from wanfailover.core.engine import QUICK_TICK
from wanfailover.core.facts import ResumeRequest
from wanfailover.errors import ControlError
from wanfailover.peers import Peer
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
    listening = Control(desk, site.socket)
    await listening.open()
    yield desk
    await listening.close()
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


CALL = """
import os, socket, sys
path, uid, gid, *groups = sys.argv[1:]
os.setgroups([int(group) for group in groups])
os.setgid(int(gid))
os.setuid(int(uid))
with socket.socket(socket.AF_UNIX) as connection:
    try:
        connection.connect(path)
    except PermissionError:
        sys.exit("no way in")
    connection.sendall(b"POST /auto HTTP/1.0\\r\\n\\r\\n")
    print(connection.makefile().read())
"""
NOBODY, TEAM = 65534, 4242


async def call(path: Path, *ids: int) -> str:
    """As somebody else: user, group, other groups. His answer, or his complaint."""
    made = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CALL, path, *map(str, ids),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await made.communicate()
    return said.decode()


@pytest.mark.skipif(not is_root(), reason="needs root: somebody else must ask")
async def test_a_stranger_is_kept_out_by_the_mode_and_by_the_kernels_word():
    """Neither the file's mode alone, nor what it was once set to: who asks must be in its group."""
    with tempfile.TemporaryDirectory() as place:  # where anybody may look
        path, desk = Path(place) / "agent.sock", Desk()
        os.chmod(place, 0o755)  # noqa: PTH101 - whoever holds the loop here holds up nobody
        listening = Control(desk, path)
        await listening.open()
        assert (await call(path, NOBODY, NOBODY)).strip() == "no way in"
        path.chmod(0o666)  # somebody's mistake
        refused = await call(path, NOBODY, NOBODY, TEAM)
        assert " 403 " in refused
        assert "is not in the socket's group" in refused
        assert desk.asked == []
        assert " 200 " in await call(path, NOBODY, os.getgid())
        assert " 200 " in await call(path, NOBODY, NOBODY, TEAM, os.getgid())
        assert desk.asked == ["nobody", "nobody"]
        await listening.close()


@pytest.mark.skipif(not is_root(), reason="needs root: the socket is another group's")
async def test_the_group_is_the_sockets_own():
    """Not the agent's: a directory may hand on its own (setgid)."""
    with tempfile.TemporaryDirectory() as place:
        os.chown(place, -1, TEAM)
        os.chmod(place, 0o2755)  # noqa: PTH101
        path, desk = Path(place) / "agent.sock", Desk()
        listening = Control(desk, path)
        await listening.open()
        assert " 200 " in await call(path, NOBODY, NOBODY, TEAM)
        assert (await call(path, NOBODY, os.getgid())).strip() == "no way in"
        await listening.close()


async def test_without_the_kernels_list_of_groups_the_user_database_tells(monkeypatch):
    """An old kernel has none, and a user may be in more than can be asked for."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        known = Peer.of(ours)
        monkeypatch.setattr(peers, "SO_PEERGROUPS", 9999)
        guessed = Peer.of(ours)
    assert known == Peer(os.getuid(), frozenset({os.getgid(), *os.getgroups()}))
    assert guessed.uid == known.uid
    assert os.getgid() in guessed.groups


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


def _connect(site):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(5)
    while True:
        try:
            connection.connect(str(site.socket))
        except BlockingIOError:  # the queue is full
            time.sleep(0.001)
        else:
            return connection


@pytest.fixture
def connect(site):
    """Makes connections that are open for the test."""
    with contextlib.ExitStack() as open_ones:
        yield lambda: open_ones.enter_context(_connect(site))


def _files():
    return len(list(Path("/proc/self/fd").iterdir()))


JUNK = [
    b"\x00\xff\xfe" * 100,
    b"\r\n\r\n",
    b"GET /status HTTP/9.9\r\n\r\n",
    b"GET /" + b"a" * 100_000,
    b"POST /switch HTTP/1.0\r\nContent-Length: -1\r\n\r\n",
    b"POST /switch HTTP/1.0\r\nContent-Length: 9999999999999\r\n\r\n" + b"x" * 100_000,
    b"POST /switch HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
    b'POST /auto HTTP/1.0\r\nContent-Length: 6\r\n\r\n"auto"',
    b"POST /resume HTTP/1.0\r\nContent-Length: 4\r\n\r\n[[[[",
    b"POST /pause HTTP/1.0\r\nContent-Length: 16\r\n\r\n" + b'{"seconds": NaN}',
    b"GET /switch HTTP/1.0\r\n\r\n",
    b"POST /pause HTTP/1.0\r\nContent-Length: 60000\r\n\r\n" + b"[" * 60_000,
]


def _throw(site, junk, times):
    """Send junk; half of it is never finished, and of the rest nobody takes the answer."""
    held = []
    for number in range(times):
        connection = _connect(site)
        whole = junk[number % len(junk)]
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
            connection.sendall(whole if number % 2 else whole[: len(whole) // 2])
        held.append(connection)
        if len(held) > 100:
            held.pop(0).close()
    for connection in held:
        connection.close()


def _rss():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.alone
async def test_ten_thousand_junk_requests_leave_no_trace(desk, site):
    """No crash, nothing asked of the desk, no task, file or memory more, and the loop in time."""
    warm = asyncio.create_task(asyncio.to_thread(_throw, site, JUNK, 200))
    await warm
    fds, memory = _files(), _rss()
    gc.collect()
    gc.freeze()  # what other tests have left in this process is not looked through meanwhile
    late, most = [], 0
    flood = asyncio.create_task(asyncio.to_thread(_throw, site, JUNK, 10_000))
    while not flood.done():
        began = time.thread_time()  # of this loop alone: how busy the machine is counts for nothing
        await asyncio.sleep(0.01)
        late.append(time.thread_time() - began)
        most = max(most, len(asyncio.all_tasks()))
    await flood
    gc.unfreeze()
    assert await asyncio.to_thread(ask, site, "/status") == {"site": "office"}
    assert desk.asked == []
    assert most <= MOST + 4 * QUEUE  # asyncio has a task or two for each that it takes
    await asyncio.sleep(0.2)
    assert len(asyncio.all_tasks()) <= 2
    assert _files() <= fds + 5
    assert _rss() < memory + 20e6
    assert max(late) < QUICK_TICK, "a tick of the decision loop came late"


async def test_who_is_slow_is_cut_off(desk, connect, monkeypatch):
    """Half a request, and an answer that nobody takes, are not waited for."""
    monkeypatch.setattr(control, "PATIENCE", 0.2)
    slow = [connect() for _ in range(5)]
    for connection in slow:
        connection.sendall(b"POST /switch HTTP/1.0\r\nContent-Length: 10\r\n\r\n{")
    ends = [await asyncio.to_thread(connection.recv, 100) for connection in slow]
    assert ends == [b""] * 5
    desk.report = lambda: {"long": "x" * 10_000_000}
    deaf = connect()
    deaf.sendall(b"GET /status HTTP/1.0\r\n\r\n")
    await asyncio.sleep(0.1)
    assert len(asyncio.all_tasks()) > 1
    await asyncio.sleep(0.4)
    assert len(asyncio.all_tasks()) == 1


async def test_many_who_never_finish_keep_nobody_out(desk, site, connect):
    """The one goes that has longest been sending; who asks in earnest is heard at once."""
    slow = [connect() for _ in range(MOST + 8)]
    await asyncio.sleep(0.05)
    for connection in slow:
        with contextlib.suppress(BrokenPipeError):  # the first of them are gone already
            connection.sendall(b"POST /sw")
    began = time.monotonic()
    assert await asyncio.to_thread(ask, site, "/status") == {"site": "office"}
    assert time.monotonic() - began < 1
    assert len(asyncio.all_tasks()) <= MOST + 1


async def test_when_all_are_asking_in_earnest_one_more_is_told(desk, site):
    """They are not put out for it."""
    answered, heard = asyncio.Event(), []

    async def switch(request, *, dry_run):
        heard.append(request)
        await answered.wait()
        return Reply(0, "done")

    desk.switch = switch
    body = {"circuit": "backup"}
    pool = ThreadPoolExecutor(MOST)
    loop = asyncio.get_running_loop()
    asking = [loop.run_in_executor(pool, ask, site, "/switch", body) for _ in range(MOST)]
    async with asyncio.timeout(5):
        while len(heard) < MOST:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    with pytest.raises(ControlError, match="too many ask at once"):
        await asyncio.to_thread(ask, site, "/status")
    answered.set()
    assert {reply["sentence"] for reply in await asyncio.gather(*asking)} == {"done"}


@pytest.mark.parametrize(
    "body",
    [
        {"circuit": 7}, {"circuit": None}, {"circuit": "b", "hold": 0},
        {"circuit": "b", "hold": -1},
        {"circuit": "b", "hold": True}, {"circuit": "b", "hold": "7200"},
        {"circuit": "b", "hold": 1e300}, {"circuit": "b", "hold": 10**400},
        {"circuit": "b", "hold": float("nan")}, {"circuit": "b", "hold": float("inf")},
        {"circuit": "b", "once": "yes"}, {"circuit": "b", "force": 1},
        {"circuit": "b", "dry_run": []}, {"circuit": "b", "reason": {}},
    ],
)  # fmt: skip
async def test_wrong_types_are_refused(desk, site, body):
    """A hold of no length, or for ever by a number that is none, would be a hold for ever."""
    with pytest.raises(ControlError, match="not a switch request"):
        await asyncio.to_thread(ask, site, "/switch", body)
    assert desk.asked == []


async def test_a_bug_behind_the_desk_is_told_as_one(desk, site):
    """And the next is served."""
    desk.report = lambda: 1 / 0
    with pytest.raises(ControlError, match="this is a bug in wanfailover"):
        await asyncio.to_thread(ask, site, "/status")
    assert await asyncio.to_thread(ask, site, "/explain") == {"rule": "steady"}
