"""A router's console over telnet: asyncio in front, one thread of netmiko behind.

Every wait has a deadline on the loop's own clock; the thread waits only for the socket, and ends
with it. So a session that is closed, given up or lost leaves no thread and no socket behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue

from wanfailover.errors import RouterUnreachable
from wanfailover.ports import RouterAccess
from wanfailover.transports import tcp

Outbox = SimpleQueue[tuple[bytes, Callable[[], object]]]

TELNET_PORT = 23

DIAL_WITHIN = 5.0
"""Seconds to connect, with a name to be looked up."""

WRITE_WITHIN = tcp.SILENCE + 2.0
"""Seconds for what is written to leave this host; the kernel gives a dead peer up before."""


class ConsoleBusy(RouterUnreachable):
    """The router hung up without a word, as those do whose sessions are all taken."""


async def dial(access: RouterAccess, within: float = DIAL_WITHIN) -> TelnetLine:
    """Open a telnet session with the router; that it is busy is told by the first `read`.

    Raises:
        RouterUnreachable: It does not answer, or it refuses telnet.
    """
    port = access.port or TELNET_PORT
    deadline = asyncio.get_running_loop().time() + within
    try:
        sock = await tcp.connect(access.host, port, deadline)
    except tcp.Refused as error:
        raise RouterUnreachable(
            f"{tcp.named(access.host, port)} refuses telnet: see whether it is switched off on the "
            "router ('Enable Telnet Console Access') or listens on another port"
        ) from error
    return TelnetLine(sock, tcp.named(access.host, port))


class TelnetLine:
    """A telnet session on *sock*, a connected socket, which is closed with it.

    Bytes come and go without telnet's own: options are agreed to or refused beneath.
    """

    def __init__(self, sock: socket.socket, where: str) -> None:
        self._where = where
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._arrived = bytearray()
        self._spoke = False
        self._end: Callable[[], RouterUnreachable] | None = None
        self._news = asyncio.Event()
        self._ended = asyncio.Event()
        self._sending: set[asyncio.Future[None]] = set()
        self._outbox: Outbox = SimpleQueue()
        self._wake, wake = socket.socketpair()
        self._thread = threading.Thread(
            target=self._converse, args=(wake,), name="wanfailover-telnet", daemon=True
        )
        self._thread.start()

    async def read(self, within: float) -> bytes:
        """Give what has arrived, as soon as anything has; nothing if *within* seconds bring none.

        Raises:
            ConsoleBusy: The router hung up before it said anything.
            RouterUnreachable: The far side has ended it, or it is dead.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._news.wait()
        if self._end is None:
            self._news.clear()
        elif not self._arrived:
            raise self._end()
        data = bytes(self._arrived)
        self._arrived.clear()
        return data

    async def write(self, data: bytes) -> None:
        """Send *data* in one segment, if its length allows.

        Raises:
            ConsoleBusy: The router hung up before it said anything.
            RouterUnreachable: The far side has ended it, or it is dead.
        """
        if self._end is not None:
            raise self._end()
        sent = self._loop.create_future()
        self._sending.add(sent)
        self._outbox.put((data, lambda: self._post(self._sent, sent)))
        with contextlib.suppress(OSError):  # the thread has ended, which it will tell
            self._wake.send(b"!")
        try:
            await asyncio.wait({sent}, timeout=WRITE_WITHIN)
        finally:
            self._sending.discard(sent)
        if not sent.done():
            self._finish(partial(RouterUnreachable, f"{self._where} takes no more bytes"))
            tcp.sever(self._sock)
        if self._end is not None:
            raise self._end()

    async def close(self) -> None:
        """Hang up; a second time does no harm."""
        self._finish(partial(RouterUnreachable, f"the session with {self._where} is closed"))
        tcp.sever(self._sock)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(tcp.SEVERED_WITHIN):
                await self._ended.wait()
                self._thread.join()  # it has nothing left to do

    def _hear(self, data: bytes) -> None:
        self._arrived += data
        self._spoke = True
        self._news.set()

    def _sent(self, sent: asyncio.Future[None]) -> None:
        if not sent.done():
            sent.set_result(None)

    def _finish(self, end: Callable[[], RouterUnreachable]) -> None:
        """From now on every call raises *end*, unless it was over before."""
        self._end = self._end or end
        self._wake.close()
        self._news.set()
        for sent in self._sending:
            self._sent(sent)

    def _lose(self, error: OSError | EOFError | None) -> None:
        """The thread is at its end."""
        self._finish(self._sentence(error))
        self._ended.set()

    def _sentence(self, error: OSError | EOFError | None) -> Callable[[], RouterUnreachable]:
        if isinstance(error, OSError) and not isinstance(error, ConnectionError):
            return partial(RouterUnreachable, f"{self._where} was lost: {error.strerror or error}")
        if self._spoke:
            return partial(RouterUnreachable, f"{self._where} ended the session")
        return partial(
            ConsoleBusy,
            f"{self._where} hung up without a word: another session may be open; close it",
        )

    def _post(self, callback: Callable[..., object], *args: object) -> None:
        """Call back from the thread; nobody listens any more where the loop is gone."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *args)

    def _converse(self, wake: socket.socket) -> None:
        """What the thread does."""
        ended: OSError | EOFError | None = None
        with self._sock, wake, self._wake:
            try:
                # Here, for the import takes 180 ms.
                from wanfailover.transports.console.telnetsession import (  # noqa: PLC0415
                    converse,
                )

                self._sock.setblocking(True)
                converse(self._sock, wake, self._outbox, partial(self._post, self._hear))
            except (OSError, EOFError) as error:
                ended = error
            finally:
                self._post(self._lose, ended)
