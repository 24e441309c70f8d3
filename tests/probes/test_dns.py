"""The dns probe against a name server that says what the test wants."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Self

import dns.message
import dns.rcode
import dns.rrset
from hypothesis import given, settings
from hypothesis import strategies as st

from wanfailover.core.facts import Result
from wanfailover.ports import ProbeResult
from wanfailover.probes import once
from wanfailover.specs import Dns

Answer = Callable[[dns.message.Message], list[bytes]]


class NameServer(asyncio.DatagramProtocol):
    """Answers each question with the packets that *answer* makes of it."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[dns.message.Message] = []
        self.port = 0

    def connection_made(self, transport) -> None:
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr) -> None:
        question = dns.message.from_wire(data)
        self.asked.append(question)
        for packet in self._answer(question):
            self._transport.sendto(packet, addr)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, ("127.0.0.1", 0))
        return self

    async def __aexit__(self, *_) -> None:
        self._transport.close()


def good(question: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(question)
    (asked,) = question.question
    response.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "A", "192.0.2.80"))
    return response


async def ask(answer: Answer, **spec) -> ProbeResult:
    async with NameServer(answer) as server:
        options = {"query": "example.net", "deadline": 2.0, **spec}
        return await once(Dns("127.0.0.1", port=server.port, **options))


async def test_answer_is_life():
    """A record in answer to the question is an answer; the wait for it is the round trip."""
    result = await ask(lambda question: [good(question).to_wire()])
    assert result.result is Result.ANSWERED
    assert [step for step, _ in result.steps] == ["resolve", "send", "answer"]
    assert result.rtt == dict(result.steps)["answer"]


async def test_every_probe_asks_anew():
    """Nothing is answered from a cache: with the server gone, the next probe is lost."""
    async with NameServer(lambda question: [good(question).to_wire()]) as server:
        spec = Dns("127.0.0.1", "example.net", port=server.port, deadline=0.1)
        for _ in range(2):
            assert (await once(spec)).result is Result.ANSWERED
        first, second = server.asked
        assert first.id != second.id
    assert (await once(spec)).result is Result.LOST


async def test_other_answers_are_passed_over():
    """Another's answer, another question's, our own question and garbage are not the answer."""

    def answer(question):
        wrong_id, wrong_question, truth = good(question), good(question), good(question)
        wrong_id.id ^= 1
        wrong_question.question = dns.message.make_query("example.org", "A").question
        messages = [wrong_id, wrong_question, question, truth]
        return [b"", b"\xff" * 40, *(message.to_wire() for message in messages)]

    assert (await ask(answer)).result is Result.ANSWERED


async def test_only_wrong_answers_are_silence():
    """Where the answer itself never comes, the probe is lost while waiting for it."""

    def answer(question):
        message = good(question)
        message.id ^= 1
        return [message.to_wire()]

    result = await ask(answer, deadline=0.1)
    assert (result.result, result.step) == (Result.LOST, "answer")


async def test_silent_server_is_lost():
    """No answer by the deadline is a loss."""
    result = await ask(lambda _: [], deadline=0.1)
    assert result.result is Result.LOST
    assert (result.step, result.detail) == ("answer", "no answer within 0.1 s")


async def test_dead_server_is_lost_at_once():
    """A host without a name server refuses, and the probe does not wait for more."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    result = await once(Dns("127.0.0.1", "example.net", port=port, deadline=20.0))
    assert (result.result, result.step, result.detail) == (
        Result.LOST,
        "answer",
        "connection refused",
    )


async def test_error_code_is_lost():
    """A resolver that cannot reach the Internet says SERVFAIL: that is no life."""

    def answer(question):
        response = dns.message.make_response(question)
        response.set_rcode(dns.rcode.SERVFAIL)
        return [response.to_wire()]

    result = await ask(answer)
    assert (result.result, result.step, result.detail) == (Result.LOST, "rcode", "SERVFAIL")


async def test_empty_answer_is_lost():
    """A success without records is what a captive resolver says of what it does not know."""
    result = await ask(lambda question: [dns.message.make_response(question).to_wire()])
    assert result.result is Result.LOST
    assert (result.step, result.detail) == ("empty", "no A records for example.net")


@settings(max_examples=40)
@given(
    junk=st.lists(st.binary(max_size=80), max_size=4),
    flip=st.integers(0, 40),
    bit=st.integers(1, 255),
)
async def test_no_packet_breaks_the_probe(junk, flip, bit):
    """Arbitrary bytes, and answers with a byte wrong, end in a result."""

    def answer(question):
        wire = bytearray(good(question).to_wire())
        wire[flip % len(wire)] ^= bit
        return [question.id.to_bytes(2, "big") + piece for piece in junk] + [bytes(wire)]

    result = await ask(answer, deadline=0.01)
    assert result.result in (Result.ANSWERED, Result.LOST)
    assert result.step != "probe"
