"""The device probe: what a modem says of its line, and that its silence says nothing."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path as FilePath

import pytest

from tests.transports.agents import V1, agent, free_port, loopback_up, snmpd
from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.site import Detect, Path, Target
from wanfailover.ports import Secret
from wanfailover.probes import Assignment, Runner, once
from wanfailover.specs import IF_OPER_STATUS, Device
from wanfailover.transports import snmp

LINE = f"{IF_OPER_STATUS}.2"
VENDORS = "1.3.6.1.4.1.99999.1.4.0"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    loopback_up()
    monkeypatch.setattr(snmp, "TRY_WITHIN", 0.1)


def modem(port: int, **given: object) -> Device:
    return Device(**({"host": "127.0.0.1", "oid": LINE, "port": port} | given))


def saying(value: object, oid: str = LINE):
    """An agent with that one object."""

    def behave(request):
        if request.oids != [oid]:
            return [request.answer(status=2, index=1)]
        return [request.answer({oid: value})]

    return behave


@pytest.mark.parametrize(
    ("value", "up", "result", "detail"),
    [
        (V1.Integer(1), (1,), Result.ANSWERED, ""),
        (V1.Integer(2), (1,), Result.LOST, "says 2 (down)"),
        (V1.Integer(7), (1,), Result.LOST, "says 7 (lower layer down)"),
        (V1.Integer(5), (1, 5), Result.ANSWERED, ""),
        (V1.Gauge(8128), (1,), Result.LOST, "says 8128"),
        (V1.OctetString(b"showtime\0"), ("showtime",), Result.ANSWERED, ""),
        (V1.OctetString(b"idle\x1b[2J"), ("showtime", 1), Result.LOST, "says idle [2J"),
        (V1.OctetString(b"1"), (1,), Result.ANSWERED, ""),
    ],
)
async def test_what_it_says_of_its_line(value, up, result, detail):
    """A value that means up is an answer; any other is a loss, in words that fit into a log."""
    async with agent(saying(value)) as there:
        got = await once(modem(there.port, up=up))
    assert (got.result, got.detail) == (result, detail)
    assert (got.rtt is not None) is (result is Result.ANSWERED)


async def test_an_object_of_the_vendor_s():
    """The words for ifOperStatus are for that alone."""
    async with agent(saying(V1.Integer(2), VENDORS)) as there:
        got = await once(modem(there.port, oid=VENDORS))
    assert (got.result, got.detail) == (Result.LOST, "says 2")


async def test_an_object_that_it_has_not_is_no_news():
    """A wrong index is our mistake, and no dead line."""
    async with agent(saying(V1.Integer(1), VENDORS)) as there:
        got = await once(modem(there.port))
    assert (got.result, got.step) == (Result.UNSENT, "value")
    assert LINE in got.detail


async def test_silence_is_no_news():
    """Nobody there, and somebody who never answers: neither says anything about the line."""
    got = await once(modem(free_port()))
    assert (got.result, got.step) == (Result.UNSENT, "ask")
    assert "refuses SNMP" in got.detail
    async with agent(lambda _: []) as there:
        got = await once(modem(there.port))
        assert (got.result, got.step) == (Result.UNSENT, "ask")
        assert "does not answer SNMP" in got.detail
        got = await once(modem(there.port, deadline=0.05))
    assert got.result is Result.UNSENT
    assert "within 0.05 s" in got.detail


async def test_a_slow_modem_is_never_told_as_lost():
    """However overdue its answer is, the runner does not take it for a loss in the meantime."""
    told: list[ProbeSample] = []
    async with agent(saying(V1.Integer(1)), after=0.08) as there:
        spec = modem(there.port, every=0.1)
        runner = Runner(told.append, detect=Detect(timeout_least=0.01, timeout_most=0.02))
        target = Target(spec.name, Role.DEVICE, spec.every)
        runner.follow([Assignment(spec, target, "primary")])
        await asyncio.sleep(0.5)
        await runner.close()
    assert len(told) >= 3
    assert {(s.result, s.role, s.circuit) for s in told} == {
        (Result.ANSWERED, Role.DEVICE, "primary")
    }


async def test_one_socket_for_life_and_none_after_it():
    """Each modem has one socket, whatever becomes of its questions; with the prober it goes."""

    def sockets() -> int:
        mine = FilePath("/proc/self/fd").iterdir()
        links = (str(each.readlink()) for each in mine if os.path.lexists(each))
        return sum(link.startswith("socket:") for link in links)

    async with agent(saying(V1.Integer(1))) as there:
        before = sockets()
        told: list[ProbeSample] = []
        runner = Runner(told.append)
        spec = modem(there.port, every=0.02)
        runner.follow([Assignment(spec, Target(spec.name, Role.DEVICE, 0.02), "primary")])
        await asyncio.sleep(0.5)
        assert len(told) > 5
        assert sockets() == before + 1
        assert len({request.sender for request in there.requests}) == 1
        await runner.close()
        await asyncio.sleep(0)
        assert sockets() == before


@pytest.mark.packets
async def test_against_net_snmp(tmp_path: FilePath):
    """An agent that somebody else wrote, about this host's own loopback."""
    with snmpd(tmp_path) as port:
        spec = modem(port, oid=f"{IF_OPER_STATUS}.1", community=Secret("r3ad"))
        got = await once(spec)
        assert got.result is Result.ANSWERED, got
        got = await once(modem(port, community=Secret("wr0ng")))
        assert got.result is Result.UNSENT


async def test_the_community_is_not_shown():
    """Neither the value nor a result of it repeats the secret."""
    async with agent(lambda _: []) as there:
        spec = modem(there.port, community=Secret("hunter2"))
        got = await once(spec, Path())
    assert "hunter2" not in repr(spec) + repr(got)
