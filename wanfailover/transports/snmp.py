"""Asks a router's SNMP agent, by version 1 (RFC 1157), over one UDP socket.

The socket is connected, so the kernel hands over only what the router's own port has sent. Every
wait goes by the loop's clock: the wall clock may be set meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from wanfailover.errors import (
    CommandRefused,
    DriverError,
    RouterTimeout,
    RouterUnreachable,
    UnreadableReply,
)
from wanfailover.ports import Secret, SnmpValue

if TYPE_CHECKING:
    from wanfailover.transports.pdu import Answer, Verb

PORT = 161

DEFAULT_COMMUNITY = "public"
"""What agents come with, to read."""

TRY_WITHIN = 1.0
"""Seconds for one answer. On a LAN it takes milliseconds; a router's CPU may be busy for longer."""

TRIES = 3
"""A datagram may be lost, and a second one; whoever misses three is away or does not want to."""

CALL_WITHIN = 10.0
"""Seconds for a call that takes several requests: looking the name up, absent OIDs one by one."""

WALK_WITHIN = 20.0
"""Seconds for a whole table, a request a row."""

MOST_ROWS = 2000
"""Rows of a table; the longest of interest, an event log, has a few hundred."""

AT_ONCE = 8
"""OIDs in one request: agents need not bear messages above 484 bytes (RFC 1157, section 4)."""

NO_SUCH_NAME = 2
STATUS = ("noError", "tooBig", "noSuchName", "badValue", "readOnly", "genErr")
"""RFC 1157, section 4.1.1: ErrorStatus."""


class SnmpClient:
    """One router's agent. A `wanfailover.ports.Snmp`.

    Args:
        host: Address or name.

        community: To read and to set; nothing is set without.

        read_community: To read, where it is another one.
    """

    def __init__(
        self,
        host: str,
        port: int = PORT,
        community: Secret | None = None,
        read_community: Secret | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._community = community
        self._read_community = read_community or community or Secret(DEFAULT_COMMUNITY)
        self._line: _Line | None = None
        self._opening = asyncio.Lock()

    @property
    def where(self) -> str:
        """Where it is, as printed to the operator."""
        return f"{self._host} port {self._port}"

    async def get(self, *oids: str) -> tuple[SnmpValue | None, ...]:
        """Give one value for each OID; None where there is no such object."""
        found: dict[str, SnmpValue | None] = {}
        async with self._within(CALL_WITHIN):
            for start in range(0, len(oids), AT_ONCE):
                found |= await self._get(oids[start : start + AT_ONCE])
        return tuple(found.get(oid) for oid in oids)

    async def walk(self, root: str) -> dict[str, SnmpValue]:
        """Give all that lies below *root*, by the rest of its OID, in the agent's order."""
        rows: dict[str, SnmpValue] = {}
        last = root
        async with self._within(WALK_WITHIN):
            for _ in range(MOST_ROWS):
                following = await self._next(last)
                if following is None or not following[0].startswith(f"{root}."):
                    return rows
                oid, value = following
                if _order(oid) <= _order(last):
                    raise UnreadableReply(f"SNMP table {root}", f"{oid} comes after {last}")
                last = oid
                if value is not None:
                    rows[oid.removeprefix(f"{root}.")] = value
        raise UnreadableReply(f"SNMP table {root}", f"more than {MOST_ROWS} rows")

    async def set(self, oid: str, value: int) -> None:
        """Set an INTEGER. Where no answer comes it may have been set nevertheless."""
        command = f"SNMP set {oid} to {value}"
        if self._community is None:
            raise CommandRefused(command, "the profile has no community to set with")
        async with self._within(CALL_WITHIN):
            answer = await self._ask("set", self._community, (oid,), value)
        if answer.status:
            raise CommandRefused(command, _status(answer))

    async def close(self) -> None:
        """Let go of the socket; the next call makes a new one."""
        self.hang_up()

    def hang_up(self) -> None:
        """The same, for who cannot wait: there is nothing to wait for."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    async def _get(self, oids: Sequence[str]) -> dict[str, SnmpValue | None]:
        """Ask for several at once; leave out whichever the agent says it has not.

        Version 1 answers all or none, and names one that is absent. Where it names none, as for an
        answer that would be too big, each half is asked for by itself.
        """
        wanted = list(oids)
        while wanted:
            answer = await self._ask("get", self._read_community, wanted)
            if not answer.status:
                return answer.values
            if answer.status == NO_SUCH_NAME and 1 <= answer.index <= len(wanted):
                del wanted[answer.index - 1]
            elif len(wanted) == 1:
                break
            else:
                half = len(wanted) // 2
                return await self._get(wanted[:half]) | await self._get(wanted[half:])
        return {}

    async def _next(self, oid: str) -> tuple[str, SnmpValue | None] | None:
        """The object that follows; None at the end of all."""
        answer = await self._ask("get-next", self._read_community, (oid,))
        if answer.status == NO_SUCH_NAME:
            return None
        if answer.status or not answer.values:
            raise UnreadableReply(f"answer to SNMP get-next {oid}", _status(answer))
        return next(iter(answer.values.items()))

    async def _ask(
        self, verb: Verb, community: Secret, oids: Sequence[str], value: int | None = None
    ) -> Answer:
        """Send a request until it is answered.

        The same one: an answer to an earlier try is as good, and to set a value twice is to set it.
        """
        line = await self._open()
        from wanfailover.transports import pdu  # noqa: PLC0415 - loaded by now

        id_ = secrets.randbelow(2**31 - 1) + 1  # a stranger who forges an answer must guess it
        request = pdu.write_request(verb, id_, community.reveal(), oids, value)
        failure: OSError | None = None
        for _ in range(TRIES):
            answer = await line.ask(id_, request)
            if answer is not None and not isinstance(answer, OSError):
                return answer
            failure = answer
        await self.close()  # a new socket has the source address and the look-up of its day
        raise RouterTimeout(self._no_answer(failure))

    def _no_answer(self, failure: OSError | None) -> str:
        if isinstance(failure, ConnectionRefusedError):
            return f"{self.where} refuses SNMP: it is switched off there, or at another port"
        if failure is not None:
            return f"{self.where} does not answer SNMP: {_reason(failure)}"
        return (
            f"{self.where} does not answer SNMP: it is switched off there, or at another port, "
            "or the community is another one"
        )

    async def _open(self) -> _Line:
        async with self._opening:
            if self._line is None or self._line.closed:
                # In a thread, for it takes a while, and the probes shall not wait for it.
                pdu = await asyncio.to_thread(import_module, "wanfailover.transports.pdu")
                self._line = await self._connect(pdu.read_answer)
            return self._line

    async def _connect(self, read: Callable[[bytes], Answer | None]) -> _Line:
        loop = asyncio.get_running_loop()
        try:
            _, line = await loop.create_datagram_endpoint(
                lambda: _Line(read), remote_addr=(self._host, self._port), family=socket.AF_INET
            )
        except (socket.gaierror, UnicodeError) as error:
            raise RouterUnreachable(f"{self._host} cannot be looked up: {error}") from error
        except OSError as error:
            raise RouterTimeout(self._no_answer(error)) from error
        return line

    @asynccontextmanager
    async def _within(self, seconds: float) -> AsyncIterator[None]:
        """End what takes longer altogether, however many requests it takes."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except DriverError:
            raise
        except TimeoutError:
            await self.close()
            late = f"{self.where} has not answered by SNMP within {seconds:g} s"
            raise RouterTimeout(late) from None


class _Line(asyncio.DatagramProtocol):
    """A socket to one agent, and who waits for an answer there."""

    def __init__(self, read: Callable[[bytes], Answer | None]) -> None:
        self._read = read
        self._waiting: dict[int, asyncio.Future[Answer | OSError]] = {}

    async def ask(self, id_: int, request: bytes) -> Answer | OSError | None:
        """Send once and wait; gives why it was refused, or None where nothing came."""
        if self.closed:
            return None
        answer: asyncio.Future[Answer | OSError] = asyncio.get_running_loop().create_future()
        self._waiting[id_] = answer
        try:
            self._transport.sendto(request)
            async with asyncio.timeout(TRY_WITHIN):
                return await answer
        except TimeoutError:
            return None
        finally:
            del self._waiting[id_]

    @property
    def closed(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, _: object) -> None:
        """Hand an answer to whoever waits for it; anything else is nobody's."""
        answer = self._read(data)
        if answer is not None:
            self._settle(answer.id, answer)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there, or there is no way there: no need to wait."""
        for id_ in self._waiting:
            self._settle(id_, exc if isinstance(exc, OSError) else OSError(str(exc)))

    def _settle(self, id_: int, answer: Answer | OSError) -> None:
        waiting = self._waiting.get(id_)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)


def _order(oid: str) -> tuple[int, ...]:
    return tuple(map(int, oid.split(".")))


def _status(answer: Answer) -> str:
    status = answer.status
    return STATUS[status] if 0 <= status < len(STATUS) else f"error {status}"


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
