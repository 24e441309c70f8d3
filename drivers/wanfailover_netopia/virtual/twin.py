"""The unit's two ways in without a network: a telnet session and an SNMP client, both in memory."""

from __future__ import annotations

import asyncio
from collections import deque
from ipaddress import IPv4Address

from wanfailover.errors import CommandRefused, RouterTimeout, RouterUnreachable
from wanfailover.ports import SnmpValue
from wanfailover_netopia.virtual.agent import Agent, Answer
from wanfailover_netopia.virtual.router import Router
from wanfailover_netopia.virtual.session import Session

WITHIN = 2.0
"""Seconds until an SNMP client gives up."""


class MemoryChannel:
    """A telnet session in memory, without telnet's negotiation; a `Channel`."""

    def __init__(self, router: Router, *, by_wan: bool = False) -> None:
        self._arrived: deque[bytes] = deque()
        self._something = asyncio.Event()
        self._ended = ""
        self._session = Session(router, self._deliver, self._end, by_wan=by_wan)

    def begin(self) -> None:
        """Let the unit show its first screen."""
        self._session.start()

    def refuse(self) -> None:
        """Let the unit end it without a word."""
        self._end(False)

    async def read(self, within: float) -> bytes:
        """Give the next segment; nothing if *within* seconds bring none.

        Raises:
            RouterUnreachable: The unit has ended it.
        """
        if not self._arrived and not self._ended:
            self._something.clear()
            try:
                async with asyncio.timeout(within):
                    await self._something.wait()
            except TimeoutError:
                return b""
        if self._arrived:
            return self._arrived.popleft()
        raise RouterUnreachable(self._ended)

    async def write(self, data: bytes) -> None:
        """Send *data* in one segment.

        Raises:
            RouterUnreachable: The unit has ended it.
        """
        if self._ended:
            raise RouterUnreachable(self._ended)
        self._session.feed(data)

    async def close(self) -> None:
        """End it; a second time does no harm."""
        if not self._ended:
            self._session.end("closed by the user")
            self._ended = "the connection is closed"

    def _deliver(self, data: bytes) -> None:
        self._arrived.append(data)
        self._something.set()

    def _end(self, reset: bool) -> None:
        self._ended = "the router reset the connection" if reset else "the router ended the session"
        self._something.set()


class MemorySnmp:
    """An SNMPv1 client in memory, with the communities it asks and sets with; an `Snmp`."""

    def __init__(self, agent: Agent, community: str | None, read_community: str | None) -> None:
        self._agent = agent
        self._write = community
        self._read = read_community if read_community is not None else community

    async def get(self, *oids: str) -> tuple[SnmpValue | None, ...]:
        """Give one value for each OID; None where there is no such object.

        Raises:
            RouterTimeout: No answer.
        """
        answers = [await self._answer(self._agent.get(_arcs(oid), self._read)) for oid in oids]
        return tuple(answer.value for answer in answers)

    async def walk(self, root: str) -> dict[str, SnmpValue]:
        """Give all that lies below *root*, by the rest of its OID.

        Raises:
            RouterTimeout: No answer.
        """
        found: dict[str, SnmpValue] = {}
        above = at = _arcs(root)
        while True:
            answer = await self._answer(self._agent.next(at, self._read))
            at = answer.oid
            if answer.error or answer.value is None or at[: len(above)] != above:
                return found
            found[".".join(map(str, at[len(above) :]))] = answer.value

    async def set(self, oid: str, value: int | bytes | IPv4Address) -> None:
        """Set a value.

        Raises:
            RouterTimeout: No answer.
            CommandRefused: The agent refused it, or there is no community to set with.
        """
        if self._write is None:
            raise CommandRefused(f"set {oid}", "there is no community to set with")
        answer = await self._answer(self._agent.set(_arcs(oid), value, self._write))
        if answer.error:
            raise CommandRefused(f"set {oid}", answer.error)

    async def close(self) -> None:
        """Nothing is open."""

    async def _answer(self, answer: Answer | None) -> Answer:
        if answer is None:
            await asyncio.sleep(WITHIN)
            raise RouterTimeout("no answer by SNMP: check that it is on, and its community")
        await asyncio.sleep(0)
        return answer


def _arcs(oid: str) -> tuple[int, ...]:
    return tuple(map(int, oid.split(".")))
