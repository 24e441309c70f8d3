"""Each socket by itself, under a flood: what its loop has, and how long it is held up at a time.

How long is measured in CPU time of the loop's own thread: how busy the machine is counts for
nothing.
The control socket has its ten thousand in ``tests/cli/test_control.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.hostile.test_agent import Seen
from tests.metrics.told import well
from tests.support.box import ROOT
from tests.transports.agents import free_port
from wanfailover.core.engine import QUICK_TICK
from wanfailover.journal.writer import Journal
from wanfailover.mail.sink import MOST, QUEUE, Sink
from wanfailover.page.server import Server
from wanfailover.page.sources import Sources
from wanfailover.sites import SiteDir
from wanfailover.specs import Canary
from wanfailover.transports.traps import TrapListener

pytestmark = [pytest.mark.alone, pytest.mark.timeout(120)]

RATE, SECONDS = 250, 5.0


@contextlib.asynccontextmanager
async def canary(_: Path, port: int) -> AsyncIterator[list]:
    """Where canaries land; one is under way, whose token nobody knows."""
    landed: list = []
    sink = Sink(
        Canary("canary@example.com", "canary-bounces@example.com", "127.0.0.1", port),
        landed.append,
        lambda token: token == "t" * 43,
    )
    await sink.open()
    yield landed
    assert not any(letter.token for letter in landed)
    await sink.close()


@contextlib.asynccontextmanager
async def traps(_: Path, port: int) -> AsyncIterator[list]:
    """The ear for traps."""
    prompts: list = []
    listener = TrapListener(frozenset({"127.0.0.1"}))
    listening = asyncio.create_task(listener.listen("127.0.0.1", port, prompts.append))
    yield prompts
    assert len(prompts) <= 3 * SECONDS / 2 + 3
    assert listener.strangers
    assert listener.unread
    assert not listening.done()
    listening.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listening


@contextlib.asynccontextmanager
async def page(folder: Path, port: int) -> AsyncIterator[None]:
    """The status page, of a site that is well."""
    site = SiteDir(folder / "office")
    site.path.mkdir()
    Journal(site.journal).close()
    told = well()
    server = Server(Sources(site, lambda: told.report, told.counts, lambda: 0.0), ())
    await server.open("127.0.0.1", port)
    yield
    assert server.house is not None
    assert len(server.house) == 0
    await server.close()


async def flood(kind: str, port: int, seconds: float) -> tuple[int, float, int]:
    """How much was thrown; for how long the loop was held up at most; the most tasks it had."""
    thrower = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.hostile.flood", str(RATE), f"{kind}={port}",
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    until, late, most = time.monotonic() + seconds, 0.0, 0
    while time.monotonic() < until:
        began = time.thread_time()
        await asyncio.sleep(0.002)
        late = max(late, time.thread_time() - began)
        most = max(most, len(asyncio.all_tasks()))
    told, _ = await thrower.communicate(b"")
    return json.loads(told).get(kind, 0), late, most


async def rest(tasks: int) -> None:
    """Wait until everybody has gone: no more tasks than there were."""
    async with asyncio.timeout(20):
        while len(asyncio.all_tasks()) > tasks + 1:  # noqa: ASYNC110 - nobody tells; our deadline
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)


@pytest.mark.parametrize(
    ("listening", "tasks"),
    [(canary, MOST + QUEUE), (traps, 1), (page, 100)],
    ids=lambda x: getattr(x, "__name__", ""),
)
async def test_it_holds_nobody_up_and_leaves_no_trace(tmp_path, listening, tasks):
    """No task, file or memory more than before, and the loop free within a tick."""
    kind, port = listening.__name__, free_port()
    at_rest = len(asyncio.all_tasks())
    async with listening(tmp_path, port):
        listening_at = len(asyncio.all_tasks())
        await flood(kind, port, SECONDS / 2)  # what is loaded once is loaded
        await rest(listening_at)
        before = Seen.of(os.getpid())
        gc.collect()
        gc.freeze()  # what other tests have left in this process is not looked through meanwhile
        thrown, late, most = await flood(kind, port, SECONDS)
        gc.unfreeze()
        await rest(listening_at)
        after = Seen.of(os.getpid())
    print(f"\n{kind}: {thrown} thrown, loop held up for {late * 1000:.1f} ms at most, "
          f"{most} tasks, {before} then {after}")  # fmt: skip
    assert thrown > RATE * SECONDS / 4
    assert late < QUICK_TICK
    assert most <= at_rest + 2 * tasks + 4
    assert after.files <= before.files + 5
    assert after.memory < before.memory + 10e6
    assert len(asyncio.all_tasks()) == at_rest
