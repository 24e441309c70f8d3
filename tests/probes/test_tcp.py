"""The tcp probe against real listeners."""

from __future__ import annotations

import asyncio
import socket

from wanfailover.core.facts import Result
from wanfailover.probes import once
from wanfailover.specs import Inside, Tcp


async def test_open_port_answers():
    """A connection is an answer; the time it took to make is the round trip."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        result = await once(Tcp("127.0.0.1", server.getsockname()[1]))
    assert result.result is Result.ANSWERED
    assert [step for step, _ in result.steps] == ["resolve", "connect"]
    assert result.rtt == dict(result.steps)["connect"] > 0


async def test_it_hangs_up():
    """The probe closes its connection: the other side reads the end of it."""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read() == b""
        ended.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        await once(Tcp("127.0.0.1", server.sockets[0].getsockname()[1]))
        await asyncio.wait_for(ended.wait(), 5)


async def test_closed_port_is_lost():
    """A refused connection is lost at its step, in plain words."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        result = await once(Tcp("127.0.0.1", sock.getsockname()[1]))
    assert result.result is Result.LOST
    assert (result.step, result.detail) == ("connect", "connection refused")


async def test_refusal_of_the_inside_is_life():
    """The router's own refusal comes from the router: as a control it is an answer."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        result = await once(Inside("127.0.0.1", sock.getsockname()[1]))
    assert result.result is Result.ANSWERED
    assert result.rtt == dict(result.steps)["connect"] > 0


async def test_silence_of_the_inside_is_lost():
    """A router that does not even refuse has shown no life."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            result = await once(Inside("127.0.0.1", port, deadline=0.1))
    assert (result.result, result.step) == (Result.LOST, "connect")


async def test_a_lost_syn_is_not_hidden_by_tcp(loopback):
    """TCP tries again by itself after a second: an answer, and a packet lost on the way to it."""
    loopback.nft(
        "table ip lossy { chain input { type filter hook input priority 0; "
        "tcp dport 7 tcp flags & (syn|ack) == syn numgen inc mod 2 == 0 drop; }; }"
    )
    with socket.create_server(("127.0.0.1", 7)):
        first = await once(Tcp("127.0.0.1", 7))
    assert (first.result, first.retries) == (Result.ANSWERED, 1)
    assert first.rtt > 0.9
    loopback.nft("delete table ip lossy")
    with socket.create_server(("127.0.0.1", 7)):
        second = await once(Tcp("127.0.0.1", 7))
    assert (second.result, second.retries) == (Result.ANSWERED, 0)
