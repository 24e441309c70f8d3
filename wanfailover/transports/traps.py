"""Hears the traps that a router's SNMP agent sends by itself (RFC 1157, section 4.1.6).

Anybody on the office's network can forge them. So they only become sentences, a few at a time; what
comes faster is left to the kernel, which throws away what its buffer does not hold.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING

from wanfailover.errors import DriverError, RouterUnreachable

if TYPE_CHECKING:
    from wanfailover.transports.pdu import Trap

PAUSE = 2.0
"""Seconds of deafness after a prompt: a router is looked at no more often, whatever is sent."""

BREATH = 0.2
"""Seconds of deafness after datagrams of strangers; a flood fills the buffer, and no CPU."""

AUTH_PAUSE = 60.0
"""Seconds between two prompts about wrong communities: our own asking may be what is told of."""

MOST = 16
"""Traps that are read of those that came at once: each costs half a millisecond."""

DRAIN = 512
"""Datagrams taken from the buffer at a time: more than it holds by default (net.core.rmem)."""

LARGEST = 4096
LONGEST = 300
"""Bytes of a datagram, and characters of a sentence: more is nobody's honest trap."""

AUTHENTICATION_FAILURE = 4
GENERIC = (
    "it has started (coldStart)",
    "it has started again (warmStart)",
    "{interface} went down (linkDown)",
    "{interface} came up (linkUp)",
    "somebody asked with a wrong community (authenticationFailure)",
    "it has lost a neighbour (egpNeighborLoss)",
    "something of its own (trap {specific} of {enterprise})",
)
"""By RFC 1157's generic-trap."""

IF_INDEX = "1.3.6.1.2.1.2.2.1.1."


async def listen(address: str, port: int, source: str, prompt: Callable[[str], object]) -> None:
    """Call *prompt* with a sentence for what the router tells; ends when it is cancelled.

    Args:
        address: Where to listen: one of this host's own, or 0.0.0.0.

        port: UDP; 162 is where agents send to, and those below 1024 need a right.

        source: The router; what others send is dropped.

        prompt: Called at once for the first, and then every `PAUSE` seconds at most.

    Raises:
        DriverError: This host cannot listen there.

        RouterUnreachable: The router's name cannot be looked up.
    """
    await TrapListener(await _addresses(source)).listen(address, port, prompt)


def try_out(address: str, port: int) -> bool:
    """Listen there for a moment; False where somebody does already, such as this site's agent.

    Raises:
        DriverError: This host cannot listen there.
    """
    try:
        with _bound(address, port):
            return True
    except DriverError as error:
        if getattr(error.__cause__, "errno", None) == errno.EADDRINUSE:
            return False
        raise


class TrapListener:
    """Turns what a router sends into prompts; what it leaves out is only counted.

    Args:
        sources: The router's addresses.
    """

    def __init__(self, sources: frozenset[str]) -> None:
        self._sources = sources
        self._auth_told = float("-inf")
        self.strangers = 0
        self.unread = 0

    async def listen(self, address: str, port: int, prompt: Callable[[str], object]) -> None:
        """As the function `listen`."""
        await asyncio.to_thread(import_module, "wanfailover.transports.pdu")
        loop = asyncio.get_running_loop()
        with _bound(address, port) as heard:
            while True:
                first = await loop.sock_recvfrom(heard, LARGEST)
                known = [data for data, host in _drain(heard, first) if self._is_router(host)]
                sentence = self._tell(known, loop.time())
                if sentence is not None:
                    prompt(sentence)
                await asyncio.sleep(PAUSE if known else BREATH)

    def _is_router(self, host: str) -> bool:
        known = host in self._sources
        self.strangers += not known
        return known

    def _tell(self, datagrams: list[bytes], now: float) -> str | None:
        """One sentence for all that came at once, if there is anything to tell."""
        from wanfailover.transports import pdu  # noqa: PLC0415 - loaded by now

        traps = list(filter(None, map(pdu.read_trap, datagrams[:MOST])))
        self.unread += len(datagrams) - len(traps)
        if all(trap.generic == AUTHENTICATION_FAILURE for trap in traps):
            if not traps or now - self._auth_told < AUTH_PAUSE:
                return None
            self._auth_told = now
        told = Counter(map(_words, traps))
        parts = [words + (f", {count} times" if count > 1 else "") for words, count in told.items()]
        return f"the router tells: {'; '.join(parts)}"[:LONGEST]


def _words(trap: Trap) -> str:
    if not 0 <= trap.generic < len(GENERIC):
        return f"trap {trap.generic}"
    named = (v for k, v in trap.values.items() if k.startswith(IF_INDEX) and isinstance(v, int))
    interface = next((f"interface {number}" for number in named), "an interface")
    return GENERIC[trap.generic].format(
        interface=interface, specific=trap.specific, enterprise=trap.enterprise
    )


async def _addresses(host: str) -> frozenset[str]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    except (socket.gaierror, UnicodeError) as error:
        raise RouterUnreachable(f"{host} cannot be looked up: {error}") from error
    return frozenset(str(address[0]) for *_, address in found)


@contextlib.contextmanager
def _bound(address: str, port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.setblocking(False)
        try:
            made.bind((address, port))
        except (OSError, OverflowError) as error:
            raise DriverError(_cannot(address, port, error)) from error
        yield made


def _cannot(address: str, port: int, error: Exception) -> str:
    number = getattr(error, "errno", None)
    remedy = {
        errno.EADDRINUSE: "another program listens there: stop it, or choose another port",
        errno.EACCES: "choose one from 1024, or give this program CAP_NET_BIND_SERVICE",
        errno.EADDRNOTAVAIL: "this host has no such address",
    }.get(number or 0, os.strerror(number) if number else str(error))
    return f"cannot listen for the router's traps at {address} port {port}: {remedy}"


def _drain(
    heard: socket.socket, first: tuple[bytes, tuple[str, int]]
) -> Iterator[tuple[bytes, str]]:
    """What has come by now, each with the host that sent it."""
    data, sender = first
    yield data, sender[0]
    with contextlib.suppress(BlockingIOError):
        for _ in range(DRAIN):
            data, sender = heard.recvfrom(LARGEST)
            yield data, sender[0]
