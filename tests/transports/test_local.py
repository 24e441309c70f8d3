"""The shell of this host, and of a network namespace on it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drivers.testbed import Testbed
from tests.transports.server import until
from wanfailover.errors import RouterTimeout, RouterUnreachable
from wanfailover.transports.local import LocalShell
from wanfailover.transports.shell import Completed


async def test_gives_status_and_both_outputs() -> None:
    """A command's exit status, output and complaints arrive apart."""
    done = await LocalShell().run("echo yes; echo no >&2; exit 3", within=5)
    assert done == Completed(3, "yes\n", "no\n")
    assert done.words == "no"


async def test_feeds_standard_input() -> None:
    """What is given as standard input is read by the command; one that reads none is no error."""
    shell = LocalShell()
    assert (await shell.run("cat", within=5, stdin="a\nb\n")).out == "a\nb\n"
    assert (await shell.run("exec <&-; true", within=5, stdin="x" * 200_000)).status == 0


async def test_finds_the_tools_of_an_administrator() -> None:
    """sbin is on the PATH whatever our own is, and the tools speak English."""
    done = await LocalShell().run("command -v ip; echo $LC_ALL", within=5)
    assert done.out.split() == [done.out.split()[0], "C"]
    assert done.out.startswith("/")


async def test_hands_down_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that came to us by environment goes no further."""
    monkeypatch.setenv("ROUTER_PASSWORD", "hunter2")
    assert "hunter2" not in (await LocalShell().run("env", within=5)).out


async def test_what_takes_too_long_is_killed_with_its_children(tmp_path: Path) -> None:
    """At the deadline the command and all it started are gone."""
    mark = tmp_path / "child"
    began = time.monotonic()
    with pytest.raises(RouterTimeout, match=r"over 0\.3 s"):
        await LocalShell().run(f"sleep 60 & echo $! >{mark}; wait", within=0.3)
    assert time.monotonic() - began < 5
    await until(lambda: not alive(int(mark.read_text())))


async def test_cancelling_kills(tmp_path: Path) -> None:
    """A caller that goes away leaves no process behind."""
    mark = tmp_path / "child"
    command = f"echo $$ >{mark}.new; mv {mark}.new {mark}; exec sleep 60"
    running = asyncio.create_task(LocalShell().run(command, within=60))
    await until(mark.exists)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: not alive(int(mark.read_text())))


async def test_a_namespace_that_is_not_there() -> None:
    """A router that is a missing namespace is unreachable, and the remedy is told."""
    with pytest.raises(RouterUnreachable, match="'nowhere'; `ip netns list`"):
        await LocalShell("nowhere").run("true", within=5)


@pytest.mark.packets
async def test_runs_in_a_namespace(make_bed: Callable[[], Testbed]) -> None:
    """Commands see the namespace's interfaces and not the host's."""
    bed = make_bed()
    done = await LocalShell(bed.router).run("ip -br link", within=5)
    assert {line.split("@")[0] for line in done.out.splitlines()} >= {"lan", "wan"}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
