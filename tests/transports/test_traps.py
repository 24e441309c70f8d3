"""The trap listener: what it makes of traps, and that forged and too many of them cost nothing."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import sys
import time

import pytest
from pyasn1.codec.ber import encoder

from tests.transports.agents import V1, free_port
from wanfailover.errors import DriverError, RouterUnreachable
from wanfailover.transports import traps
from wanfailover.transports.traps import TrapListener

ROUTER, STRANGER = "127.0.0.1", "127.0.0.2"


def trap(generic: int, specific: int = 0, enterprise="1.3.6.1.4.1.304", interface=None) -> bytes:
    message, pdu = V1.Message(), V1.TrapPDU()
    V1.apiMessage.set_defaults(message)
    V1.apiTrapPDU.set_defaults(pdu)
    V1.apiTrapPDU.set_enterprise(pdu, enterprise)
    V1.apiTrapPDU.set_generic_trap(pdu, generic)
    V1.apiTrapPDU.set_specific_trap(pdu, specific)
    if interface is not None:
        V1.apiTrapPDU.set_varbinds(pdu, [("1.3.6.1.2.1.2.2.1.1.2", V1.Integer(interface))])
    V1.apiMessage.set_pdu(message, pdu)
    return encoder.encode(message)


COLD_START, LINK_DOWN, AUTH = trap(0), trap(2, interface=2), trap(4)


def test_a_port_is_tried_out():
    """It is free, or taken, as by a running agent; or it cannot be had, and that is told."""
    port = free_port()
    assert traps.try_out("127.0.0.1", port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", port))
        assert not traps.try_out("0.0.0.0", port)
    with pytest.raises(DriverError, match="this host has no such address"):
        traps.try_out("192.0.2.1", port)


class Ears:
    """A listener at work, and what it has prompted."""

    def __init__(self) -> None:
        self.port = free_port()
        self.listener = TrapListener(frozenset({ROUTER}))
        self.prompts: list[str] = []
        self.more = asyncio.Event()

    def prompt(self, sentence: str) -> None:
        self.prompts.append(sentence)
        self.more.set()

    def send(self, *datagrams: bytes, host: str = ROUTER) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind((host, 0))
            for datagram in datagrams:
                sender.sendto(datagram, ("127.0.0.1", self.port))

    async def heard(self, count: int = 1) -> list[str]:
        async with asyncio.timeout(5):
            while len(self.prompts) < count:
                self.more.clear()
                await self.more.wait()
        return self.prompts


@pytest.fixture
async def ears(monkeypatch):
    monkeypatch.setattr(traps, "PAUSE", 0.2)
    monkeypatch.setattr(traps, "BREATH", 0.02)
    made = Ears()
    listening = asyncio.create_task(made.listener.listen("127.0.0.1", made.port, made.prompt))
    await asyncio.sleep(0.1)
    yield made
    listening.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listening


@pytest.mark.alone
async def test_the_first_is_told_at_once(ears):
    """In a sentence with the trap's own name."""
    began = time.monotonic()
    ears.send(COLD_START)
    assert await ears.heard() == ["the router tells: it has started (coldStart)"]
    assert time.monotonic() - began < 0.1


async def test_what_comes_during_the_pause_becomes_one(ears):
    """Nothing is lost, and nothing is told twice."""
    ears.send(COLD_START)
    await ears.heard()
    ears.send(LINK_DOWN, LINK_DOWN, trap(3, interface=2), trap(6, 17))
    await ears.heard(2)
    assert ears.prompts[1] == (
        "the router tells: interface 2 went down (linkDown), 2 times; interface 2 came up "
        "(linkUp); something of its own (trap 17 of 1.3.6.1.4.1.304)"
    )


@pytest.mark.alone
async def test_strangers_are_counted_and_not_heard(ears):
    """A forged trap from another address prompts nothing, and does not hold up a true one."""
    ears.send(*[COLD_START] * 50, host=STRANGER)
    await asyncio.sleep(0.1)
    assert ears.prompts == []
    assert ears.listener.strangers == 50
    await asyncio.sleep(0.2)
    ears.send(COLD_START, host=STRANGER)
    await asyncio.sleep(0.01)
    began = time.monotonic()
    ears.send(LINK_DOWN)
    await ears.heard()
    assert time.monotonic() - began < 0.1


async def test_garbage_is_counted_and_not_heard(ears, caplog):
    """Noise, a cut trap, an answer, a later version: no prompt, no exception, no log line."""
    dice = random.Random(3)
    later = bytearray(COLD_START)
    later[later.index(b"\x02\x01\x00") + 2] = 1
    noise = [dice.randbytes(length) for length in (0, 1, 40, 1400)]
    ears.send(*noise, COLD_START[:-2], bytes(later), trap(0) + b"x")
    await asyncio.sleep(0.1)
    assert ears.prompts == []
    assert ears.listener.unread == 7
    assert caplog.records == []
    ears.send(COLD_START)
    await ears.heard()


async def test_wrong_communities_are_told_seldom(ears, monkeypatch):
    """Our own asking may be what the router complains of: no look may beget the next look."""
    ears.send(AUTH)
    assert "authenticationFailure" in (await ears.heard())[0]
    ears.send(AUTH)
    await asyncio.sleep(0.5)
    ears.send(AUTH)
    await asyncio.sleep(0.3)
    assert len(ears.prompts) == 1
    ears.send(AUTH, COLD_START)
    assert "coldStart" in (await ears.heard(2))[1]
    monkeypatch.setattr(traps, "AUTH_PAUSE", 0.0)
    await asyncio.sleep(0.3)
    ears.send(AUTH)
    await ears.heard(3)


FLOOD = """
import socket, sys, time
host, port, datagram = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3])
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.bind((host, 0))
end = time.monotonic() + 2
while time.monotonic() < end:
    for _ in range(10):
        sender.sendto(datagram, ("127.0.0.1", port))
    time.sleep(0.01)
"""


@pytest.mark.parametrize("host", [ROUTER, STRANGER])
@pytest.mark.alone
async def test_a_flood_costs_next_to_nothing(ears, host):
    """A thousand a second, in the router's name or not: few prompts, and hardly any CPU."""
    before = time.process_time()
    words = (sys.executable, "-c", FLOOD, host, str(ears.port), COLD_START.hex())
    flood = await asyncio.create_subprocess_exec(*words)
    assert await flood.wait() == 0
    assert time.process_time() - before < 0.2  # of two seconds, with pauses a tenth of the true
    assert len(ears.prompts) <= 3.0 / traps.PAUSE
    assert bool(ears.prompts) == (host == ROUTER)


async def test_a_long_sentence_is_cut(ears):
    """Whoever forges a trap fills no log with it."""
    long = "1.3.6.1.4.1." + ".".join(["4294967295"] * 120)
    ears.send(trap(6, 1, long))
    assert len((await ears.heard())[0]) == traps.LONGEST


@pytest.mark.parametrize(
    ("address", "port", "told"),
    [
        ("192.0.2.1", 1162, "this host has no such address"),
        ("127.0.0.1", 70000, "port 70000"),
    ],
)
async def test_where_it_cannot_listen_it_says_so(address, port, told):
    """One sentence with the address, the port and what to do."""
    with pytest.raises(DriverError, match="cannot listen for the router's traps") as refused:
        await traps.listen(address, port, ROUTER, print)
    assert told in str(refused.value)


async def test_a_port_that_is_taken():
    """Another agent, or snmptrapd, has it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        with pytest.raises(DriverError, match="another program listens there"):
            await traps.listen("127.0.0.1", port, ROUTER, print)


async def test_a_router_whose_name_nobody_knows():
    """Nobody could be told from a stranger then."""
    with pytest.raises(RouterUnreachable, match="cannot be looked up"):
        await traps.listen("127.0.0.1", free_port(), "no-such-router.invalid", print)
