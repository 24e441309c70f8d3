"""An R9100 that answers garbage: an error within the deadline, and nothing is touched."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.drivers.netopia.rig import (
    INSIDE,
    PRIMARY,
    SITE,
    actions_to,
    assert_left_alone,
    driver,
    held,
    on,
    unit,
)
from tests.support.clock import run, virtual_time
from wanfailover.errors import DriverError
from wanfailover.ports import Channel, Forgetful
from wanfailover_netopia.driver import EDIT_WITHIN, READ_WITHIN, Netopia, Router

WORDS = st.sampled_from(
    [
        b"\x1b[2J\x1b[2;28HNetopia R9100 v4.8.2",
        b"\x1b[5;30H\x1b[7mEasy Setup...\x1b[m",
        b"\x1b[6;30HWAN Configuration...",
        b"\x1b[7;30HSystem Configuration...",
        b"\x1b[8;20HLocal WAN IP Address:   203.0.113.2",
        b"\x1b[10;20H+------+\x1b[11;20H| CONTINUE |\x1b[12;20H+------+",
        b"name:",
        b"password:",
        b"\x1b[7m",
        b"\x1b[m",
        b"\x07",
        b"\r\n",
    ]
)


class Babbler:
    """Answers each key with the next piece of *answers*, whatever the key was."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers = answers
        self.typed = b""
        self._next = 0
        self._due = asyncio.Event()
        self._due.set()

    async def read(self, within: float) -> bytes:
        try:
            async with asyncio.timeout(within):
                await self._due.wait()
        except TimeoutError:
            return b""
        self._due.clear()
        self._next += 1
        return self.answers[self._next % len(self.answers)] if self.answers else b""

    async def write(self, data: bytes) -> None:
        self.typed += data
        self._due.set()

    async def close(self) -> None: ...


async def _visit(answers: list[bytes]) -> None:
    talked: list[Babbler] = []

    async def dial() -> Channel:
        talked.append(Babbler(answers))
        return talked[-1]

    who = Netopia(
        Router(host=INSIDE, dial=dial, notes=Forgetful(), circuits=SITE.circuits, snmp=None)
    )
    began = asyncio.get_running_loop().time()
    try:
        view = await who.read()
    except DriverError:
        pass
    else:
        assert SITE.identify(view) is None
    assert asyncio.get_running_loop().time() - began <= READ_WITHIN + 10
    await who.close()
    assert not any(byte in b"0123456789." for one in talked for byte in one.typed)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.binary(min_size=1, max_size=200) | WORDS, max_size=12))
def test_garbage_is_an_error(answers: list[bytes]) -> None:
    """Reading ends in time with an error of ours, or without a circuit; nothing is typed."""
    run(_visit(answers))


class _Noisy:
    """A channel on which some of what the router says is lost or turned into something else."""

    def __init__(self, channel: Channel, chance: random.Random, rate: float) -> None:
        self._channel = channel
        self._chance = chance
        self._rate = rate

    async def read(self, within: float) -> bytes:
        data = bytearray(await self._channel.read(within))
        for at in range(len(data)):
            if self._chance.random() < self._rate:
                data[at] = self._chance.randrange(256)
        return bytes(data)

    async def write(self, data: bytes) -> None:
        await self._channel.write(data)

    async def close(self) -> None:
        await self._channel.close()


@pytest.mark.parametrize("seed", range(12))
@virtual_time
async def test_a_noisy_line(seed: int) -> None:
    """With one byte in a hundred wrong it may fail, but never touches anything else or confirms."""
    router = unit("full-repaint" if seed % 2 else "classic", seed)
    chance = random.Random(seed)
    quiet = driver(router)
    actions = await actions_to(quiet, "backup")
    await quiet.close()

    async def dial() -> Channel:
        return _Noisy(await router.dial(), chance, 0.01)

    who = driver(router, dial=dial)
    began = asyncio.get_running_loop().time()
    with suppress(DriverError):
        await who.perform(actions[0])
    assert asyncio.get_running_loop().time() - began <= EDIT_WITHIN + 10
    await who.close()
    assert_left_alone(router)
    again = driver(router)
    await again.undo(actions[0])
    await again.close()
    assert held(router) == on(PRIMARY)
    assert_left_alone(router)
