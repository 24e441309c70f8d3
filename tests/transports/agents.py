"""SNMP agents on loopback: one that says what a test wants, and net-snmp's own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api

V1 = api.PROTOCOL_MODULES[0]


@dataclass
class Request:
    """What an agent was asked, and the answers it can give."""

    data: bytes
    sender: tuple[str, int]

    def __post_init__(self) -> None:
        self.message, _ = decoder.decode(self.data, asn1Spec=V1.Message())
        self.pdu = V1.apiMessage.get_pdu(self.message)

    @property
    def oids(self) -> list[str]:
        return [str(oid) for oid, _ in V1.apiPDU.get_varbinds(self.pdu)]

    @property
    def community(self) -> str:
        return bytes(V1.apiMessage.get_community(self.message)).decode()

    def answer(
        self, values: dict | None = None, status: int = 0, index: int = 0, id_: int | None = None
    ) -> bytes:
        """An answer; without *values*, the request's own binds come back, as with an error."""
        message = V1.apiMessage.get_response(self.message)
        pdu = V1.apiMessage.get_pdu(message)
        binds = V1.apiPDU.get_varbinds(self.pdu) if values is None else list(values.items())
        V1.apiPDU.set_varbinds(pdu, binds)
        V1.apiPDU.set_error_status(pdu, status)
        V1.apiPDU.set_error_index(pdu, index)
        if id_ is not None:
            V1.apiPDU.set_request_id(pdu, id_)
        V1.apiMessage.set_pdu(message, pdu)
        return encoder.encode(message)


Behaviour = Callable[[Request], "list[bytes]"]


@dataclass
class Agent(asyncio.DatagramProtocol):
    """Answers each request with the datagrams that *behave* gives for it, *after* seconds."""

    behave: Behaviour
    after: float = 0.0
    requests: list[Request] = field(default_factory=list)

    def connection_made(self, transport) -> None:
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, sender) -> None:
        self.requests.append(Request(data, sender))
        for answer in self.behave(self.requests[-1]):
            loop = asyncio.get_running_loop()
            loop.call_later(self.after, self.transport.sendto, answer, sender)


@contextlib.asynccontextmanager
async def agent(behave: Behaviour, after: float = 0.0) -> AsyncIterator[Agent]:
    loop = asyncio.get_running_loop()
    transport, made = await loop.create_datagram_endpoint(
        lambda: Agent(behave, after), local_addr=("127.0.0.1", 0)
    )
    try:
        yield made
    finally:
        transport.close()


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


CONFIG = """\
agentAddress udp:127.0.0.1:{port}
com2sec reader 127.0.0.1 r3ad
com2sec writer 127.0.0.1 wr1te
group readers v1 reader
group writers v1 writer
view all included .1
access readers "" v1 noauth exact all none none
access writers "" v1 noauth exact all all none
sysDescr Netopia R9100 v4.8.2
sysServices 72
"""


def loopback_up() -> None:
    """In a user namespace of our own, even the way to ourselves is down at first."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=False, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def snmpd(folder: Path) -> Iterator[int]:
    """Run net-snmp's agent on loopback, version 1 alone, with a configuration of its own."""
    found = shutil.which("snmpd", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip("needs snmpd")
    loopback_up()
    port = free_port()
    (folder / "snmpd.conf").write_text(CONFIG.format(port=port))
    environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(folder), "MIBS": ""}
    running = subprocess.Popen(
        [found, "-f", "-C", "-c", folder / "snmpd.conf", "-Lf", folder / "snmpd.log"],
        env=environment,
    )
    try:
        deadline = time.monotonic() + 10
        while "NET-SNMP version" not in _log(folder):
            assert running.poll() is None, _log(folder)
            assert time.monotonic() < deadline, _log(folder)
            time.sleep(0.02)
        yield port
    finally:
        running.terminate()
        running.wait(10)


def _log(folder: Path) -> str:
    log = folder / "snmpd.log"
    return log.read_text() if log.exists() else ""
