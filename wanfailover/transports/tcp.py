"""A connection to a router that notices when its far side has gone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import Any

from wanfailover.errors import RouterUnreachable
from wanfailover.opening import closed_on_failure

CONNECT_WITHIN = 4.0
"""Seconds to connect: requests go out at 0, 1 and 3 s."""

SILENCE = 3
"""Seconds of unanswered bytes after which the kernel gives a connection up (tcp(7))."""

SEVERED_WITHIN = 5.0
"""Seconds for a thread to wake after its socket was closed; it takes a few milliseconds."""

SOCKET_OPTIONS = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),  # else 48 ms a command instead of 2
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE * 1000),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),  # notices who dies while we only listen
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 3),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, SILENCE),
)


class Refused(RouterUnreachable):
    """It answers, and nobody listens there."""


def named(host: str | None, port: int) -> str:
    """The router as printed to the operator."""
    return f"{host} port {port}"


async def connect(host: str | None, port: int, deadline: float) -> socket.socket:
    """Connect until *deadline*, of the loop's clock, and for `CONNECT_WITHIN` at most.

    Raises:
        RouterUnreachable: It does not answer, its name is unknown, or it refuses (`Refused`).
    """
    within = min(deadline, asyncio.get_running_loop().time() + CONNECT_WITHIN)
    try:
        async with asyncio.timeout_at(within):
            return await _open(*await _look_up(host or "", port))
    except RouterUnreachable:
        raise  # for it is an OSError too
    except TimeoutError as error:
        raise RouterUnreachable(f"{named(host, port)} does not answer") from error
    except OSError as error:
        # asyncio puts words of its own in the place of the system's
        reason = os.strerror(error.errno) if error.errno else error
        kind = Refused if isinstance(error, ConnectionRefusedError) else RouterUnreachable
        raise kind(f"{named(host, port)} does not answer: {reason}") from error


def sever(sock: socket.socket | None) -> None:
    """Shut a connection, which ends every wait for it, in whatever thread."""
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


async def _look_up(host: str, port: int) -> tuple[Any, ...]:
    """Family, kind, protocol and address of a socket to the router."""
    loop = asyncio.get_running_loop()
    try:
        (*how, _, address), *_ = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise RouterUnreachable(f"{host} cannot be looked up: {error}") from error
    return (*how, address)


async def _open(family: int, kind: int, protocol: int, address: tuple[str, int]) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    with closed_on_failure(sock):
        sock.setblocking(False)
        for option in SOCKET_OPTIONS:
            sock.setsockopt(*option)
        await asyncio.get_running_loop().sock_connect(sock, address)
    return sock
