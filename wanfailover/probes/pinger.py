"""Pings over one shared ICMP socket for each path.

Every ping is one entry in a table, on the monotonic clock, and ends in exactly one of three ways: a
reply, an ICMP error that names it, or its deadline.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from dataclasses import dataclass
from ipaddress import IPv4Address

from wanfailover.core.facts import Result
from wanfailover.core.site import Path
from wanfailover.ports import ProbeResult
from wanfailover.probes.failures import SILENT, Unsent
from wanfailover.probes.icmpsocket import open_icmp


@dataclass(frozen=True, slots=True)
class _Pending:
    """A ping that has neither been answered nor given up; *sent* is in seconds, monotonic."""

    address: str
    sent: float
    outcome: asyncio.Future[ProbeResult]

    def settle(self, result: ProbeResult) -> None:
        """End it, unless it has ended already."""
        if not self.outcome.done():
            self.outcome.set_result(result)


class Pinger:
    """One ICMP socket, its identifier, and the pings that wait on it.

    Once retired it takes no new pings and closes itself with the last one that waits.
    """

    def __init__(self, path: Path, identifier: int) -> None:
        self._identifier = identifier
        self._sequence = itertools.count(1)
        self._pending: dict[tuple[int, int], _Pending] = {}
        self._retired = False
        self._socket = open_icmp(path)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.sock, self._read)

    async def ping(self, address: IPv4Address, deadline: float) -> ProbeResult:
        """Send one echo request and wait for its end, for *deadline* seconds at most.

        Raises:
            Unsent: The kernel did not take the packet.
        """
        sent = time.monotonic()
        key = self._socket.ping(address, self._identifier, next(self._sequence))
        pending = _Pending(str(address), sent, self._loop.create_future())
        self._pending[key] = pending
        # No asyncio.timeout: after a stall it would beat a reply that waits in the socket.
        timer = self._loop.call_later(deadline, pending.settle, SILENT)
        try:
            return await pending.outcome
        finally:
            timer.cancel()
            del self._pending[key]
            self._close_if_idle()

    def retire(self) -> None:
        """Take no more pings; those that wait may end in peace."""
        self._retired = True
        self._close_if_idle()

    def _close_if_idle(self) -> None:
        if self._retired and not self._pending and not self._socket.is_closed:
            self._loop.remove_reader(self._socket.sock)
            self._socket.close()

    def _read(self) -> None:
        """Settle the pings of which something has arrived."""
        for refusal in self._socket.refusals():
            pending = self._pending.get((refusal.identifier, refusal.sequence))
            if pending is not None and pending.address == refusal.destination:
                pending.settle(ProbeResult(Result.LOST, step="reply", detail=refusal.words))
        for reply in self._socket.replies():
            pending = self._pending.get((reply.identifier, reply.sequence))
            if pending is not None and pending.address == reply.source:
                elapsed = time.monotonic() - pending.sent
                # By the wall clock: what a step of that clock has made absurd is dropped.
                sat = reply.sat if 0 < reply.sat < elapsed else 0.0
                pending.settle(ProbeResult(Result.ANSWERED, rtt=elapsed - sat))


class Pingers:
    """The ICMP sockets of a process, one for each path, opened when first used.

    Probers join and leave; with the last one go the sockets.
    """

    def __init__(self) -> None:
        self._open: dict[Path, Pinger] = {}
        self._users: set[object] = set()
        self._identifiers = itertools.count(secrets.randbits(16))

    def join(self, user: object) -> None:
        """Keep the sockets for *user*."""
        self._users.add(user)

    def leave(self, user: object) -> None:
        """*user* needs them no longer."""
        self._users.discard(user)
        if not self._users:
            self.renew()

    def renew(self) -> None:
        """Ping from new sockets with new identifiers from now on."""
        for path in tuple(self._open):
            self._retire(path)

    async def ping(self, path: Path, address: IPv4Address, deadline: float) -> ProbeResult:
        """Ping *address* over *path*.

        Raises:
            Unsent: Nothing left this host.
        """
        pinger = self._open.get(path)
        if pinger is None:
            pinger = self._open[path] = Pinger(path, next(self._identifiers) & 0xFFFF)
        try:
            return await pinger.ping(address, deadline)
        except Unsent:
            # A socket stays bound to an interface that is gone when a new one has its name.
            if self._open.get(path) is pinger:
                self._retire(path)
            raise

    def _retire(self, path: Path) -> None:
        self._open.pop(path).retire()
