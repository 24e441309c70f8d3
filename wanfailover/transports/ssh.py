"""A router's shell over SSH: asyncio in front, one thread of netmiko behind.

A session is kept between commands. Every wait has a deadline on the loop's own clock, for the
libraries behind measure with wall time, and some waits of theirs have no end at all. A wait that is
given up is ended by closing its socket, which wakes the thread: a thread is never left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from wanfailover.errors import RouterTimeout
from wanfailover.ports import RouterAccess
from wanfailover.transports import login, tcp
from wanfailover.transports.shell import Completed, NeverSent

if TYPE_CHECKING:
    from wanfailover.transports.session import Session

T = TypeVar("T")


class SshShell:
    """Runs commands on the host of *access*, over one session that is renewed when it died."""

    def __init__(self, access: RouterAccess) -> None:
        self._access = access
        self._socket: socket.socket | None = None
        self._session: Session | None = None
        self._worker: ThreadPoolExecutor | None = None

    @property
    def where(self) -> str:
        """Where it is, as printed to the operator."""
        return login.where(self._access)

    @property
    def user(self) -> str:
        """Whose shell it is, as printed to the operator."""
        return self._access.username or ""

    async def run(self, command: str, *, within: float, stdin: str = "") -> Completed:
        """Run *command*; log in first where no session lives.

        A kept session that turns out dead before the command was sent is renewed, once. A command
        that may have run is never sent again: that is for a caller who knows what it does.
        """
        deadline = asyncio.get_running_loop().time() + within
        if self._session is not None:
            with contextlib.suppress(NeverSent):
                return await self._execute(self._session, command, stdin, deadline)
        session = await self._log_in(deadline)
        return await self._execute(session, command, stdin, deadline)

    async def close(self) -> None:
        """Log out; the next `run` logs in again."""
        await self._drop()
        if self._worker is not None:
            self._worker.shutdown(wait=False)
            self._worker = None

    async def _log_in(self, deadline: float) -> Session:
        sock = self._socket = await tcp.connect(
            self._access.host, login.port(self._access), deadline
        )

        def work(_: float) -> Session:
            # In this thread, for the import takes 200 ms; kept here, lest a race should lose it.
            from wanfailover.transports.session import Session  # noqa: PLC0415

            self._session = Session(sock, self._access)
            return self._session

        return await self._in_worker(work, deadline)

    async def _execute(
        self, session: Session, command: str, stdin: str, deadline: float
    ) -> Completed:
        return await self._in_worker(
            lambda within: session.execute(command, stdin, within), deadline
        )

    async def _in_worker(self, work: Callable[[float], T], deadline: float) -> T:
        """Do *work*, which is told how many seconds it has, in the thread; drop what fails."""
        if self._worker is None:
            self._worker = ThreadPoolExecutor(1, thread_name_prefix="wanfailover-ssh")
        loop = asyncio.get_running_loop()
        within = max(0.0, deadline - loop.time())
        future = loop.run_in_executor(self._worker, work, within)
        try:
            done, _ = await asyncio.wait({future}, timeout=within)
        except asyncio.CancelledError:
            await self._give_up(future)
            raise
        if not done:
            await self._give_up(future)
            raise RouterTimeout(login.too_late(self.where, within))
        if future.exception() is not None:
            await self._drop()
        return future.result()

    async def _give_up(self, future: asyncio.Future[T]) -> None:
        """Wake the thread by closing the socket it waits for, and wait until it is free."""
        tcp.sever(self._socket)
        if (await asyncio.wait({future}, timeout=tcp.SEVERED_WITHIN))[0]:
            future.exception()  # its own account of the end, which was ours
        await self._drop()

    async def _drop(self) -> None:
        """Forget the session, as its end is known or wanted."""
        session, self._session = self._session, None
        sock, self._socket = self._socket, None
        tcp.sever(sock)
        if session is not None and self._worker is not None:
            future = asyncio.get_running_loop().run_in_executor(self._worker, session.close)
            await asyncio.wait({future}, timeout=tcp.SEVERED_WITHIN)
        if sock is not None:
            sock.close()  # paramiko leaves it open where the peer hung up first
