"""What a user's traffic looks like: each flow sends numbered probes and tells of their answers."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress

from wanfailover.lab.addresses import ECHO_PORT

_NUMBER = struct.Struct("!Q")
_ICMP = struct.Struct("!BBHHH")
_ECHO_REQUEST, _ECHO_REPLY = 8, 0


class Flow(ABC):
    """One way of sending probes to *host*; an error of the network is no answer, and nothing else.

    Args:
        host: Its address; where it does not echo on the usual port, with the port behind a colon.

        answered: Called with a probe's number when its answer is here.

        patience: After so many seconds nobody cares for an answer any more.
    """

    broken: str | None = None
    """Why no answer can come any more, where the flow itself has ended."""

    def __init__(self, host: str, answered: Callable[[int], None], patience: float) -> None:
        name, _, port = host.partition(":")
        self.address = name, int(port or ECHO_PORT)
        self.answered = answered
        self.patience = patience

    async def open(self) -> None:  # noqa: B027
        """Get ready to send."""

    @abstractmethod
    def send(self, number: int) -> None:
        """Send one probe; returns at once."""

    @abstractmethod
    def close(self) -> None:
        """Let go of sockets."""


class UdpFixed(Flow):
    """One flow of datagrams, as a call or a tunnel is: a stale NAT entry keeps it where it was."""

    async def open(self) -> None:
        self._socket = self._make()
        self._socket.connect(self.address)
        asyncio.get_running_loop().add_reader(self._socket, self._receive)

    def send(self, number: int) -> None:
        with suppress(OSError):
            self._socket.send(self._pack(number))

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _receive(self) -> None:
        with suppress(OSError):
            number = self._unpack(self._socket.recv(2048))
            if number is not None:
                self.answered(number)

    def _make(self) -> socket.socket:
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def _pack(self, number: int) -> bytes:
        return _NUMBER.pack(number)

    def _unpack(self, packet: bytes) -> int | None:
        return int.from_bytes(packet, "big")


class Icmp(UdpFixed):
    """Pings under one identifier, which NAT treats as one flow too."""

    def _make(self) -> socket.socket:
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
        return socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP)

    def _pack(self, number: int) -> bytes:
        identifier, sequence, body = os.getpid() & 0xFFFF, number & 0xFFFF, _NUMBER.pack(number)
        bare = _ICMP.pack(_ECHO_REQUEST, 0, 0, identifier, sequence) + body
        return _ICMP.pack(_ECHO_REQUEST, 0, _checksum(bare), identifier, sequence) + body

    def _unpack(self, packet: bytes) -> int | None:
        message = packet[(packet[0] & 0xF) * 4 :]
        kind, _, _, identifier, _ = _ICMP.unpack_from(message)
        if (kind, identifier) != (_ECHO_REPLY, os.getpid() & 0xFFFF):
            return None
        return int.from_bytes(message[_ICMP.size :], "big")


class _Fresh(Flow):
    """A new socket for each probe, and so a new NAT entry."""

    kind: socket.SocketKind

    async def open(self) -> None:
        self._probes: set[asyncio.Task[None]] = set()

    def send(self, number: int) -> None:
        probe = asyncio.get_running_loop().create_task(self._probe(number))
        self._probes.add(probe)
        probe.add_done_callback(self._probes.discard)

    def close(self) -> None:
        for probe in self._probes:
            probe.cancel()

    async def _probe(self, number: int) -> None:
        with suppress(OSError), socket.socket(socket.AF_INET, self.kind) as fresh:
            fresh.setblocking(False)
            async with asyncio.timeout(self.patience):
                await self._ask(fresh)
            self.answered(number)

    async def _ask(self, fresh: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(fresh, self.address)
        await loop.sock_sendall(fresh, b"?")
        if not await loop.sock_recv(fresh, 16):
            raise ConnectionResetError


class UdpFresh(_Fresh):
    """A new flow for each datagram: name lookups."""

    kind = socket.SOCK_DGRAM


class TcpFresh(_Fresh):
    """A new connection each time, which must be answered: the web."""

    kind = socket.SOCK_STREAM


class TcpSession(Flow):
    """One long connection: a terminal, a download. It stalls when its path does, and may break."""

    async def open(self) -> None:
        self._writer: asyncio.StreamWriter | None = None
        self._connected = asyncio.Event()
        self._talking = asyncio.create_task(self._talk())
        with suppress(TimeoutError):  # a dead line: then the first probes go nowhere
            await asyncio.wait_for(self._connected.wait(), self.patience)

    def send(self, number: int) -> None:
        if self._writer is not None and self.broken is None:
            self._writer.write(_NUMBER.pack(number))

    def close(self) -> None:
        self._talking.cancel()
        if self._writer is not None:
            self._writer.close()

    async def _talk(self) -> None:
        try:
            reader, self._writer = await asyncio.open_connection(*self.address)
            self._connected.set()
            while True:
                self.answered(int.from_bytes(await reader.readexactly(_NUMBER.size), "big"))
        except (OSError, EOFError) as error:
            self.broken = str(error)
            self._connected.set()


FLOWS: dict[str, type[Flow]] = {
    "icmp": Icmp,
    "udp-fixed": UdpFixed,
    "udp-fresh": UdpFresh,
    "tcp-fresh": TcpFresh,
    "tcp-session": TcpSession,
}


def _checksum(octets: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of octets."""
    total: int = sum(word for (word,) in struct.iter_unpack("!H", octets))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
