"""Targets given by name: resolved ahead of need, and kept when the resolver dies with the line.

The last good address stays in use for as long as nothing better is known, over a restart too. So
nothing that decides, switches or proves needs DNS. Lookups run in daemon
threads of their own: the system's resolver cannot be cancelled and takes up to half a minute to
give up, and neither the event loop's worker threads nor the end of the program may wait for it,
least of all while a circuit is dying.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from wanfailover.ports import Forgetful, Notes
from wanfailover.probes.failures import Unsent

Lookup = Callable[[str], tuple[IPv4Address, ...]]
"""Blocks until the name is resolved; raises OSError or UnicodeError where it cannot be."""


def system_lookup(host: str) -> tuple[IPv4Address, ...]:
    """Ask the system's resolver (hosts file, DNS, whatever nsswitch says) for IPv4 addresses."""
    found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
    return tuple(IPv4Address(sockaddr[0]) for *_, sockaddr in found)


@dataclass(slots=True)
class _Entry:
    """What is known of a name; *due* is when to ask again, seconds, monotonic."""

    address: IPv4Address | None = None
    due: float = 0.0
    trouble: str = ""
    asking: asyncio.Future[None] | None = None


class Names:
    """A cache of addresses that forgets nothing; one is enough for a process.

    Args:
        notes: Where addresses are kept for the next start.

        refresh: Seconds after which a known address is asked for again, in the background.

        retry: Seconds after which a failed lookup is tried again.

        patience: Seconds to wait for a name of which nothing is known yet.
    """

    def __init__(
        self,
        lookup: Lookup = system_lookup,
        *,
        notes: Notes | None = None,
        refresh: float = 300.0,
        retry: float = 10.0,
        patience: float = 3.0,
    ) -> None:
        self._lookup = lookup
        self._notes = notes or Forgetful()
        self._refresh = refresh
        self._retry = retry
        self._patience = patience
        self._entries: dict[str, _Entry] = {}

    async def resolve(self, host: str) -> IPv4Address:
        """Give the address of *host*: at once where one is known, else as soon as it is.

        Raises:
            Unsent: No lookup has ever succeeded.
        """
        with suppress(AddressValueError):
            return IPv4Address(host)
        entry = self._entries.get(host) or self._recall(host)
        if entry.asking is None and time.monotonic() >= entry.due:
            self._ask(host, entry)
        if entry.address is None and entry.asking is not None:
            await asyncio.wait({entry.asking}, timeout=self._patience)
        if entry.address is None:
            raise Unsent(f"cannot resolve {host}: {entry.trouble or 'the resolver is silent'}")
        return entry.address

    def _recall(self, host: str) -> _Entry:
        """Begin with what an earlier run has found; it is asked for anew, and used meanwhile."""
        entry = self._entries[host] = _Entry()
        with suppress(AddressValueError):
            entry.address = IPv4Address(self._notes.get(host) or "")
        return entry

    def _ask(self, host: str, entry: _Entry) -> None:
        """Start a lookup in a thread; what it finds is filed on the event loop."""
        loop = asyncio.get_running_loop()
        entry.asking = loop.create_future()

        def look() -> None:
            found: tuple[IPv4Address, ...] = ()
            trouble = ""
            try:
                found = self._lookup(host)
            except (OSError, UnicodeError) as error:
                trouble = str(getattr(error, "strerror", None) or error)
            with suppress(RuntimeError):  # the loop is closed: nobody is waiting any more
                loop.call_soon_threadsafe(self._file, host, found, trouble)

        threading.Thread(target=look, name=f"resolve {host}", daemon=True).start()

    def _file(self, host: str, found: tuple[IPv4Address, ...], trouble: str) -> None:
        """Note what a lookup found; an address that is still valid is not changed for another."""
        entry = self._entries[host]
        if found and entry.address not in found:
            entry.address = found[0]
            self._notes.put(host, str(found[0]))
        entry.trouble = trouble
        entry.due = time.monotonic() + (self._refresh if found else self._retry)
        if entry.asking is not None and not entry.asking.done():
            entry.asking.set_result(None)
        entry.asking = None


class KeepingLoop(asyncio.SelectorEventLoop):
    """An event loop that looks up nothing itself: whatever connects to a name goes by *names*.

    That is the router, above all: by its console, its shell and its SNMP agent.
    """

    def __init__(self, names: Names) -> None:
        super().__init__()
        self._names = names

    async def getaddrinfo(
        self,
        host: bytes | str | None,
        port: bytes | str | int | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - as asyncio has it
        proto: int = 0,
        flags: int = 0,
    ) -> Any:
        """Give what is known of *host*, at once; IPv4 alone.

        Raises:
            socket.gaierror: Nothing is known, nor found out soon.
        """
        if not isinstance(host, str) or family not in (0, socket.AF_INET):
            return await super().getaddrinfo(
                host, port, family=family, type=type, proto=proto, flags=flags
            )
        try:
            address = await self._names.resolve(host)
        except Unsent as error:
            raise socket.gaierror(socket.EAI_AGAIN, str(error)) from error
        return [(socket.AF_INET, type or socket.SOCK_STREAM, proto, "", (str(address), port or 0))]
