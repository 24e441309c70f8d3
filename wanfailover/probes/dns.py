"""The dns probe: one question over UDP, sent every time.

A resolver library with a cache answers with the server dead, so only dnspython's messages are used
here, and the packets are our own.
"""

from __future__ import annotations

import socket

import dns.exception
import dns.message
import dns.rcode

from wanfailover.core.site import Path
from wanfailover.probes.conversation import Conversation, Steps
from wanfailover.probes.failures import Failed, locally
from wanfailover.probes.names import Names
from wanfailover.probes.sockets import aim, open_socket, receive
from wanfailover.specs import Dns

_LARGEST = 65535
"""Bytes of a UDP datagram at most: one that is cut short could not be read."""


class DnsProber(Conversation):
    """Asks a name server. Steps: resolve, send, answer, rcode, empty."""

    round_trip = "answer"

    def __init__(self, spec: Dns, names: Names) -> None:
        super().__init__(spec.server, spec.port, spec.deadline, names)
        self._spec = spec

    async def talk(self, path: Path, steps: Steps) -> None:
        """Ask, and look at the answer."""
        address = await self.resolve(steps)
        steps.enter("send")
        question = dns.message.make_query(self._spec.query, self._spec.type)
        with open_socket(socket.SOCK_DGRAM, path) as sock:
            aim(sock, address, self._port)
            with locally(f"send to {address}"):
                sock.send(question.to_wire())
            steps.enter("answer")
            answer = await _answer(sock, question)
        self._judge(answer)

    def _judge(self, answer: dns.message.Message) -> None:
        """An answer must be a success and hold what was asked for."""
        if answer.rcode() != dns.rcode.NOERROR:
            raise Failed(dns.rcode.to_text(answer.rcode()), "rcode")
        if not answer.answer:
            raise Failed(f"no {self._spec.type} records for {self._spec.query}", "empty")


async def _answer(sock: socket.socket, question: dns.message.Message) -> dns.message.Message:
    """Wait for the answer to *question*, and pass over whatever else comes in."""
    while True:
        packet = await receive(sock, _LARGEST)
        try:
            message = dns.message.from_wire(packet)
        except (dns.exception.DNSException, ValueError):
            continue
        if question.is_response(message):
            return message
