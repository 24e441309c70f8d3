"""The virtual clock that other tests rely on."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import run, virtual_time


@virtual_time
async def test_hours_pass_at_once_and_to_the_digit() -> None:
    """Sleeping costs nothing and lasts exactly what was asked for, side by side as well."""
    loop, began = asyncio.get_running_loop(), time.monotonic()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        woken.append((name, loop.time()))

    await asyncio.gather(sleeper("b", 3600), sleeper("a", 0.25), sleeper("c", 3600.5))
    assert woken == [("a", 0.25), ("b", 3600), ("c", 3600.5)]
    assert time.monotonic() - began < 5


@virtual_time
async def test_time_outs_are_exact() -> None:
    """A time-out ends a wait at its instant, and what came before it is not cut off."""
    event = asyncio.Event()
    asyncio.get_running_loop().call_later(9.999, event.set)
    async with asyncio.timeout(10):
        await event.wait()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(10):
            await asyncio.Event().wait()
    assert asyncio.get_running_loop().time() == pytest.approx(19.999, abs=1e-9)


@virtual_time
async def test_a_thread_holds_the_clock() -> None:
    """While a thread works, no time-out of the loop overtakes it."""
    async with asyncio.timeout(0.001):
        assert await asyncio.to_thread(time.sleep, 0.05) is None
    assert asyncio.get_running_loop().time() < 0.001


@pytest.mark.parametrize("seconds", [1, 2])
@virtual_time
async def test_takes_parameters_and_fixtures(seconds: int, tmp_path: object) -> None:
    """Parameters and fixtures arrive as in any other test."""
    await asyncio.sleep(seconds)
    assert tmp_path
    assert asyncio.get_running_loop().time() == seconds


@given(st.floats(0.001, 1e6))
@virtual_time
async def test_takes_examples(seconds: float) -> None:
    """Each example has a clock of its own, which begins at nought."""
    await asyncio.sleep(seconds)
    assert asyncio.get_running_loop().time() == pytest.approx(seconds)


def test_runs_a_story_and_gives_its_answer() -> None:
    """A story run by hand gives what it returns."""
    assert run(asyncio.sleep(60, "done")) == "done"
