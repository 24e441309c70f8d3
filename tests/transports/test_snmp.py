"""The SNMP client against agents that lie, stammer and fall silent, over real sockets."""

from __future__ import annotations

import asyncio
import gc
import random
import socket
import time
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from tests.transports.agents import V1, agent, free_port
from wanfailover.errors import CommandRefused, RouterTimeout, RouterUnreachable, UnreadableReply
from wanfailover.ports import Secret, Snmp
from wanfailover.transports import snmp
from wanfailover.transports.snmp import TRIES, SnmpClient

READ, WRITE = Secret("r3ad-s3cret"), Secret("wr1te-s3cret")
DESCR, UPTIME, ADDRESS, OBJECT, COUNTER, ABSENT = (
    "1.3.6.1.2.1.1.1.0",
    "1.3.6.1.2.1.1.3.0",
    "1.3.6.1.2.1.4.20.1.1.192.168.1.1",
    "1.3.6.1.2.1.1.2.0",
    "1.3.6.1.2.1.2.2.1.10.1",
    "1.3.6.1.4.1.304.1.3.1.4.5.0",
)
HELD = {
    DESCR: V1.OctetString(b"Netopia R9100 v4.8.2"),
    OBJECT: V1.ObjectIdentifier("1.3.6.1.4.1.304.2.2.9"),
    UPTIME: V1.TimeTicks(4294967295),
    COUNTER: V1.Counter(7),
    ADDRESS: V1.IpAddress("192.168.1.1"),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Nobody here is further away than loopback."""
    monkeypatch.setattr(snmp, "TRY_WITHIN", 0.1)


def client(port: int, **given) -> SnmpClient:
    made = SnmpClient("127.0.0.1", port, **({"community": WRITE, "read_community": READ} | given))
    kept: Snmp = made  # mypy: it is one
    return kept


def honest(request):
    """Version 1: all of it, or the name of one that is absent."""
    for index, oid in enumerate(request.oids, 1):
        if oid not in HELD:
            return [request.answer(status=2, index=index)]
    return [request.answer({oid: HELD[oid] for oid in request.oids})]


def next_of(held):
    """An agent that walks over *held*, in its order."""

    def behave(request):
        oids = list(held)
        place = oids.index(request.oids[0]) + 1 if request.oids[0] in held else 0
        if place == len(oids):
            return [request.answer(status=2, index=1)]
        return [request.answer({oids[place]: held[oids[place]]})]

    return behave


async def test_values_come_as_what_they_are():
    """Text as bytes, addresses as addresses, OIDs as text, the rest as numbers; absent as None."""
    async with agent(honest) as there:
        asking = client(there.port)
        got = await asking.get(DESCR, ABSENT, OBJECT, UPTIME, ADDRESS, f"{ABSENT}.1", COUNTER)
        assert got == (
            b"Netopia R9100 v4.8.2",
            None,
            "1.3.6.1.4.1.304.2.2.9",
            4294967295,
            IPv4Address("192.168.1.1"),
            None,
            7,
        )
        assert {request.community for request in there.requests} == {READ.reveal()}
        await asking.close()


@pytest.mark.parametrize("index", [0, 9])
async def test_an_agent_that_names_no_absent_oid_is_asked_by_halves(index):
    """Some agents leave the index out or get it wrong; what is there is had all the same."""

    def vague(request):
        absent = [oid for oid in request.oids if oid not in HELD]
        return [request.answer(status=2, index=index)] if absent else honest(request)

    async with agent(vague) as there:
        asking = client(there.port)
        got = await asking.get(ABSENT, DESCR, f"{ABSENT}.1", f"{ABSENT}.2", COUNTER)
        assert got == (None, b"Netopia R9100 v4.8.2", None, None, 7)
        await asking.close()


async def test_an_answer_that_would_be_too_big_is_had_in_parts():
    """tooBig says nothing about which; an agent that says it of a single one has not got it."""

    def small(request):
        return [request.answer(status=1)] if len(request.oids) > 1 else honest(request)

    async with agent(small) as there:
        asking = client(there.port)
        assert await asking.get(COUNTER, DESCR) == (7, b"Netopia R9100 v4.8.2")
        await asking.close()
    async with agent(lambda request: [request.answer(status=1)]) as there:
        asking = client(there.port)
        assert await asking.get(COUNTER, DESCR) == (None, None)
        await asking.close()


async def test_many_oids_go_in_several_requests():
    """No message is longer than an old agent must bear."""
    async with agent(honest) as there:
        asking = client(there.port)
        assert await asking.get(*[UPTIME] * 30) == (4294967295,) * 30
        assert len(there.requests) > 1
        assert all(len(request.data) <= 484 for request in there.requests)
        await asking.close()


async def test_without_communities_it_reads_by_the_default_and_sets_nothing():
    """`public` reads nearly everywhere; nothing is ever set by guessing."""
    async with agent(honest) as there:
        asking = client(there.port, community=None, read_community=None)
        await asking.get(DESCR)
        with pytest.raises(CommandRefused, match="no community to set with"):
            await asking.set(ABSENT, 2)
        assert [request.community for request in there.requests] == ["public"]
        await asking.close()
        asking = client(there.port, read_community=None)
        await asking.get(DESCR)
        assert there.requests[-1].community == WRITE.reveal()
        await asking.close()


async def test_a_set_that_is_refused_says_by_which_error():
    """The names are RFC 1157's; no community is told."""
    async with agent(lambda request: [request.answer(status=3, index=1)]) as there:
        asking = client(there.port)
        with pytest.raises(CommandRefused, match="badValue") as refused:
            await asking.set(ABSENT, 2)
        assert "s3cret" not in str(refused.value)
        assert there.requests[-1].community == WRITE.reveal()
        await asking.close()


async def test_a_silent_agent_is_asked_three_times_and_named():
    """The sentence says where, and what may be the reason; no community is in it."""
    async with agent(lambda _: []) as there:
        asking = client(there.port)
        began = time.monotonic()
        with pytest.raises(RouterTimeout) as silent:
            await asking.get(DESCR)
        assert 0.28 < time.monotonic() - began < 1
        assert len(there.requests) == TRIES
        assert f"127.0.0.1 port {there.port} does not answer SNMP" in str(silent.value)
        assert "switched off there, or at another port, or the community" in str(silent.value)
        assert "s3cret" not in str(silent.value)
        there.behave = honest
        assert await asking.get(COUNTER) == (7,)  # and when it wakes up, all is well
        assert there.requests[-1].sender != there.requests[0].sender, "an old socket's old address"
        await asking.close()


async def test_a_wall_clock_set_back_lengthens_no_wait(monkeypatch):
    """Deadlines go by the loop's clock, also while a request is on its way."""
    async with agent(lambda _: []) as there:
        asking = client(there.port)
        asked = asyncio.create_task(asking.get(DESCR))
        await asyncio.sleep(0.05)
        began = time.monotonic()
        monkeypatch.setattr(time, "time", lambda: began - 3600)
        with pytest.raises(RouterTimeout):
            await asked
        assert time.monotonic() - began < 1
        await asking.close()


async def test_a_slow_answer_to_an_earlier_try_counts():
    """An agent that takes longer than one try is not asked for ever."""
    async with agent(honest, after=0.15) as there:
        asking = client(there.port)
        assert await asking.get(COUNTER) == (7,)
        assert len(there.requests) == 2
        await asking.close()


@pytest.mark.alone
async def test_a_port_where_nobody_listens_is_told_at_once():
    """The router's own word for it (ICMP port unreachable) need not be waited for."""
    asking = client(free_port())
    began = time.monotonic()
    with pytest.raises(RouterTimeout, match="switched off there, or at another port"):
        await asking.get(DESCR)
    assert time.monotonic() - began < 0.1
    await asking.close()


async def test_a_name_nobody_knows():
    """Said as such, and not as a silent agent."""
    asking = SnmpClient("no-such-router.invalid")
    with pytest.raises(RouterUnreachable, match="cannot be looked up"):
        await asking.get(DESCR)


async def test_a_walk_is_a_table_by_the_rest_of_the_oid():
    """It ends with the table, or with the whole MIB; what is NULL is left out."""
    rows = {
        "1.3.6.1.2.1.4.20.1.3.10.0.0.9": V1.IpAddress("255.0.0.0"),
        "1.3.6.1.2.1.4.20.1.3.10.0.0.10": V1.IpAddress("255.255.0.0"),
        "1.3.6.1.2.1.4.20.1.3.10.0.0.11": V1.null,
        "1.3.6.1.2.1.4.20.1.30.1": V1.Integer(1),
    }
    async with agent(next_of(rows)) as there:
        asking = client(there.port)
        assert await asking.walk("1.3.6.1.2.1.4.20.1.3") == {
            "10.0.0.9": IPv4Address("255.0.0.0"),
            "10.0.0.10": IPv4Address("255.255.0.0"),
        }
        assert await asking.walk("1.3.6.1.2.1.4.20.1.30") == {}  # first of all comes its brother
        await asking.close()


async def test_an_agent_that_goes_round_in_circles_is_not_followed():
    """Half a table is not taken for a whole one."""
    table = "1.3.6.1.2.1.4.20.1.1"
    async with agent(lambda request: [request.answer({f"{table}.5": V1.Integer(1)})]) as there:
        asking = client(there.port)
        with pytest.raises(UnreadableReply, match="comes after"):
            await asking.walk(table)
        assert len(there.requests) == 2
        await asking.close()


async def test_a_table_without_an_end_is_left(monkeypatch):
    """Rows are limited, and so is the time for all of them."""
    monkeypatch.setattr(snmp, "MOST_ROWS", 50)
    table = "1.3.6.1.2.1.4.20.1.1"

    def endless(request):
        row = int(request.oids[0].removeprefix(table).lstrip(".") or 0)
        return [request.answer({f"{table}.{row + 1}": V1.Integer(1)})]

    async with agent(endless) as there:
        asking = client(there.port)
        with pytest.raises(UnreadableReply, match="more than 50 rows"):
            await asking.walk(table)
        monkeypatch.setattr(snmp, "WALK_WITHIN", 0.2)
        monkeypatch.setattr(snmp, "MOST_ROWS", 10**6)
        there.after = 0.02
        began = time.monotonic()
        with pytest.raises(RouterTimeout, match=r"within 0\.2 s"):
            await asking.walk(table)
        assert time.monotonic() - began < 1
        await asking.close()


def garbage(request):
    """Noise, a cut answer, an answer to somebody else, a trap, a request, a later version."""
    dice = random.Random(7)
    true = honest(request)[0]
    later = bytearray(true)
    later[true.index(b"\x02\x01\x00") + 2] = 1
    trap = V1.Message()
    V1.apiMessage.set_defaults(trap)
    pdu = V1.TrapPDU()
    V1.apiTrapPDU.set_defaults(pdu)
    V1.apiMessage.set_pdu(trap, pdu)
    noise = [dice.randbytes(length) for length in (0, 1, 7, 40, 484, 9000)]
    return [
        *noise,
        true[:-3],
        b"0\x80" * 400,
        request.answer({DESCR: V1.OctetString(b"forged")}, id_=12345),
        encoder_of(trap),
        request.data,
        bytes(later),
    ]


def encoder_of(message) -> bytes:
    from pyasn1.codec.ber import encoder

    return encoder.encode(message)


async def test_garbage_neither_answers_nor_breaks_anything(caplog):
    """No datagram becomes an exception in the loop, and the true answer is still taken."""
    broken = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: broken.append(context))
    async with agent(lambda request: garbage(request) + honest(request)) as there:
        asking = client(there.port)
        assert await asking.get(DESCR) == (b"Netopia R9100 v4.8.2",)
        there.behave = garbage
        with pytest.raises(RouterTimeout):
            await asking.get(DESCR)
        await asking.close()
    assert broken == []
    assert caplog.records == []


async def test_only_the_routers_own_port_can_answer():
    """Whoever has seen the request, and forges its answer from elsewhere, is not heard."""

    def betray(request):
        for host in ("127.0.0.2", "127.0.0.1"):  # another address, and another port
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.bind((host, 0))
                forged = request.answer({DESCR: V1.OctetString(b"forged")})
                stranger.sendto(forged, request.sender)
        return honest(request)

    async with agent(betray, after=0.03) as there:
        asking = client(there.port)
        assert await asking.get(DESCR) == (b"Netopia R9100 v4.8.2",)
        await asking.close()


def held_by_us() -> tuple[int, int]:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir())), len(asyncio.all_tasks())


async def test_three_hundred_calls_leave_nothing_behind():
    """Sockets and tasks stay as many as after the first, whether calls succeed or not."""
    async with agent(honest) as there:
        asking = client(there.port)
        await asking.get(DESCR)
        before = held_by_us()
        for _ in range(300):
            await asking.get(DESCR)
        assert held_by_us() == before
        there.behave = lambda _: []
        for _ in range(10):
            call = asyncio.create_task(asking.get(DESCR))
            await asyncio.sleep(0.01)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        assert held_by_us() == before
        await asking.close()
        await asyncio.sleep(0.01)
        assert held_by_us()[0] == before[0] - 1
        await asking.close()
        there.behave = honest
        assert await asking.get(COUNTER) == (7,)
        await asking.close()


async def test_calls_side_by_side_do_not_mix_their_answers():
    """Each takes the answer with its own number."""
    async with agent(honest, after=0.01) as there:
        asking = client(there.port)
        got = await asyncio.gather(*(asking.get(oid) for oid in (COUNTER, UPTIME, ABSENT) * 5))
        assert got == [(7,), (4294967295,), (None,)] * 5
        assert len({request.sender for request in there.requests}) == 1
        await asking.close()
