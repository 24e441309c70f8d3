"""The line that says what `check` is waiting for."""

from __future__ import annotations

import asyncio

from tests.support.clock import virtual_time
from wanfailover.cli.progress import CLEAR, Progress


@virtual_time
async def test_what_takes_long_is_told_and_taken_away() -> None:
    """What is done within a second has no line; a row finds a clean one; no line is left."""
    shown: list[str] = []
    progress = Progress(shown.append)
    async with progress.shown():
        progress.now("reading the router")
        await asyncio.sleep(0.5)
        progress.now("looking round on the router")
        await asyncio.sleep(2.9)
        progress.clear()
        shown.append("a row\n")
        progress.now("asking a target")
        await asyncio.sleep(0.2)
    assert shown == [
        f"{CLEAR}looking round on the router ... 1 s",
        f"{CLEAR}looking round on the router ... 2 s",
        CLEAR,
        "a row\n",
    ]
