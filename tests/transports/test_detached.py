"""Scripts that finish though their session dies, over a real SSH server and on this host."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from pathlib import Path

import pytest

from tests.transports.server import Server, until
from wanfailover.errors import RouterTimeout, RouterUnreachable
from wanfailover.transports import detached
from wanfailover.transports.local import LocalShell
from wanfailover.transports.root import Sudo
from wanfailover.transports.router import RouterShell
from wanfailover.transports.shell import Completed
from wanfailover.transports.ssh import SshShell

PLACE = "dirname $(readlink /proc/$$/fd/1)"
"""Shell text that prints the folder of the script it is in."""

over_ssh = [pytest.mark.packets, pytest.mark.sshd]


async def test_reports_as_if_it_had_run_in_front() -> None:
    """Status, output and complaints are the script's own, and its folder is gone afterwards."""
    shell = RouterShell(LocalShell())
    done = await shell.run_detached(f"echo it\\'s; {PLACE}; echo 'no' >&2; exit 9", within=5)
    words, place = done.out.splitlines()
    assert (done.status, words, done.err) == (9, "it's", "no\n")
    assert place.startswith("/tmp/wanfailover.")
    assert not Path(place).exists()  # noqa: ASYNC240


@pytest.mark.alone
async def test_costs_milliseconds() -> None:
    """Waiting for it is no polling."""
    shell = RouterShell(LocalShell())
    took = []
    for _ in range(5):
        began = time.monotonic()
        await shell.run_detached("true", within=5)
        took.append(time.monotonic() - began)
    assert min(took) < detached.POLL


async def test_is_started_once(tmp_path: Path) -> None:
    """The same text, sent again and at once, starts nothing and reports the same ending."""
    place, trace = tmp_path / "place", tmp_path / "trace"
    command = f"echo begun >>{trace}; sleep 0.2; echo done; exit 5"
    text = detached.start_once(command, str(place), 5)
    shell = LocalShell()
    first, second = await asyncio.gather(shell.run(text, within=5), shell.run(text, within=5))
    third = await shell.run(text, within=5)
    assert first == second == third == Completed(5, "done\n", "")
    assert trace.read_text() == "begun\n"


async def test_a_folder_that_cannot_be_made() -> None:
    """Where nothing can be kept nothing is started, and the system's words say why."""
    text = detached.start_once("echo ran", "/proc/nothing/place", 5)
    done = await LocalShell().run(text, within=5)
    assert done.status == 1
    assert "mkdir" in done.err
    assert done.out == ""


async def test_ends_at_its_deadline(tmp_path: Path) -> None:
    """What takes too long is reported so and ended, for the undo must have the last word."""
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    script = f"{PLACE} >{begun}; sleep 0.5; echo late >{ended}"
    with pytest.raises(RouterTimeout):
        await RouterShell(LocalShell()).run_detached(script, within=0.2)
    await asyncio.sleep(0.5)
    assert not ended.exists()
    place = begun.read_text().strip()
    assert not os.path.exists(place)  # noqa: ASYNC240, PTH110


class TestOverSsh:
    pytestmark = over_ssh

    async def test_survives_its_session(self, server: Server) -> None:
        """A script whose session is killed under it runs on, once, and its ending is reported."""
        trace = server.desk / "trace"
        shell = RouterShell(SshShell(server.access()))
        script = f"echo begun >>{trace}; sleep 0.5; echo ended >>{trace}; echo fine; exit 4"
        running = asyncio.create_task(shell.run_detached(script, within=10))
        await until(trace.exists)
        server.kill_sessions()
        assert await running == Completed(4, "fine\n", "")
        assert trace.read_text() == "begun\nended\n"
        await shell.close()

    async def test_survives_with_a_password_for_sudo(self, server: Server) -> None:
        """So does a script that sudo asked a password for, although sudo gave it a terminal."""
        trace = server.desk / "trace"
        sudo = Sudo(("ip",), "ip -V", server.by_password().password)
        shell = RouterShell(SshShell(server.access()), sudo)
        script = f"id -un >>{trace}; sleep 0.5; echo ended >>{trace}"
        with server.user.may("ALL"):
            running = asyncio.create_task(shell.run_detached(script, within=15))
            await until(trace.exists)
            server.kill_sessions()
            assert (await running).status == 0
        assert trace.read_text() == "root\nended\n"
        await shell.close()

    async def test_what_it_leaves_in_the_background(self, server: Server) -> None:
        """A job that the script does not wait for outlives it, and the terminal that sudo gave."""
        trace = server.desk / "trace"
        shell = RouterShell(SshShell(server.access()), Sudo(("ip",), "ip -V"))
        with server.user.may("NOPASSWD: ALL", defaults="use_pty"):
            await shell.run_detached(f"(sleep 1; touch {trace}) &", within=10)
            assert not trace.exists()
        await until(trace.exists)
        await shell.close()

    async def test_a_router_that_does_not_come_back(self, server: Server) -> None:
        """Where the router is gone for good the script still ends, and the loss is reported."""
        trace = server.desk / "trace"
        shell = RouterShell(SshShell(server.access()))
        script = f"{PLACE} >{trace}; sleep 0.3; echo ended >>{trace}"
        running = asyncio.create_task(shell.run_detached(script, within=10))
        await until(trace.exists)
        server.stop()
        with pytest.raises(RouterUnreachable):
            await running
        await until(lambda: trace.read_text().endswith("ended\n"))
        shutil.rmtree(trace.read_text().split()[0])
        await shell.close()

    async def test_its_folder_is_private(self, server: Server) -> None:
        """Nobody else on the router can read a script's words, or put theirs in its place."""
        shell = RouterShell(SshShell(server.access()))
        done = await shell.run_detached(f"stat -c '%a %U' $({PLACE})", within=5)
        assert done.out == f"700 {server.user.name}\n"
        await shell.close()
