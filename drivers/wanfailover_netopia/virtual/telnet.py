"""The console on a TCP port: telnet's negotiation, and how connections end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from ipaddress import IPv4Address
from typing import cast

from wanfailover_netopia.virtual.session import Session
from wanfailover_netopia.virtual.unit import Unit

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
ECHO, SUPPRESS_GO_AHEAD = 1, 3
GREETING = bytes(
    (IAC, WILL, ECHO, IAC, DO, SUPPRESS_GO_AHEAD, IAC, WILL, SUPPRESS_GO_AHEAD),
)
"""What comes first and unasked; there is no question for the terminal's type or size."""


class Stripper:
    """Takes telnet's commands (RFC 854) out of a stream, wherever it is cut.

    IAC IAC, which is the byte 255, is taken out as well: no key sends it.
    """

    def __init__(self) -> None:
        self._command = b""
        self._within = False

    def strip(self, data: bytes) -> bytes:
        """Give what was typed."""
        typed = bytearray()
        for byte in data:
            self._byte(byte, typed)
        return bytes(typed)

    def _byte(self, byte: int, typed: bytearray) -> None:
        if not self._command:
            if byte == IAC:
                self._command = bytes((IAC,))
            elif not self._within:
                typed.append(byte)
            return
        if len(self._command) == 1 and byte in {WILL, WONT, DO, DONT}:
            self._command += bytes((byte,))
            return
        if len(self._command) == 1 and byte in {SB, SE}:
            self._within = byte == SB
        self._command = b""


class _Connection(asyncio.Protocol):
    """One user's connection."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._stripper = Stripper()
        self._session: Session | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = wire = cast("asyncio.Transport", transport)
        peer = IPv4Address(wire.get_extra_info("peername")[0])
        if self._unit.is_full:
            self._unit.note("session-refused", why="too many sessions", peer=str(peer))
            wire.close()
            return
        by_wan = not peer.is_loopback and peer not in self._unit.inside_running.network
        self._session = Session(self._unit, wire.write, self._end, str(peer), by_wan=by_wan)
        self._session.start(GREETING)

    def data_received(self, data: bytes) -> None:
        if self._session is not None:
            self._session.feed(self._stripper.strip(data))

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._session is not None:
            self._session.end("closed by the user")

    def _end(self, reset: bool) -> None:
        if self._transport is None:
            return
        if reset:
            now = struct.pack("ii", 1, 0)  # closes at once, and with RST (socket(7), SO_LINGER)
            with contextlib.suppress(OSError):
                plug = self._transport.get_extra_info("socket")
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
            self._transport.abort()
        else:
            self._transport.close()


class TelnetServer:
    """Listens while the unit does: not while it restarts, nor while its telnet is switched off.

    Args:
        unit: Whose console it is.

        address: To listen on.

        port: Of it; 0 for any.
    """

    def __init__(self, unit: Unit, address: str, port: int) -> None:
        self._unit = unit
        self._address = address
        self._plug = self._bound(port)
        self.port: int = self._plug.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._turns = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen, and go by what happens to the unit from now on."""
        await self._follow()
        self._unit.heard.append(self._hear)

    async def stop(self) -> None:
        """Listen no more."""
        self._unit.heard.remove(self._hear)
        for task in self._tasks:
            task.cancel()
        self._stop_listening()
        self._plug.close()

    def _hear(self, entry: dict[str, object]) -> None:
        if entry["event"] in {"restart", "booted", "edit", "set"}:
            task = asyncio.get_running_loop().create_task(self._follow())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _follow(self) -> None:
        async with self._turns:
            wanted = not self._unit.restarting and not self._unit.refuses_telnet
            if wanted and self._server is None:
                loop = asyncio.get_running_loop()
                if self._plug.fileno() < 0:
                    self._plug = self._bound(self.port)
                self._server = await loop.create_server(
                    lambda: _Connection(self._unit), sock=self._plug
                )
            elif not wanted and self._server is not None:
                self._stop_listening()
                self._plug = self._bound(self.port)  # bound but not listening: it refuses

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _bound(self, port: int) -> socket.socket:
        plug = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        plug.bind((self._address, port))
        return plug
