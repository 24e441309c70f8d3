"""Every socket towards a target, made in one place: device, source address, DSCP.

A probe that leaves by the wrong circuit makes a dead line read as healthy, so no prober opens a
socket by itself. Connecting is done here as well: `asyncio`'s ``sock_connect`` raises the same
error for a route that this host lacks and for one that the network lacks, and only the second is
news about the line.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from ipaddress import IPv4Address

from wanfailover.core.site import Path
from wanfailover.opening import closed_on_failure
from wanfailover.probes.failures import failed, locally, unsent

THROUGH = Path()
"""Ordinary packets, through the router."""

IP_RECVERR = 11
"""ip(7), linux/in.h: tell of every ICMP error; the socket module has no name for it."""

_FROM_AFAR = frozenset({errno.ECONNREFUSED, errno.ECONNRESET, errno.ETIMEDOUT})
"""What even an immediate failure of connect() owes to the far side, as on loopback."""


def configure(sock: socket.socket, path: Path) -> None:
    """Make a new socket of any kind send over *path*, without blocking.

    Raises:
        Unsent: This host lacks the interface, the address or the right.
    """
    sock.setblocking(False)
    if path.device is not None:
        with locally(f"bind to interface {path.device}"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, path.device.encode() + b"\0")
    if path.source is not None:
        with locally(f"send from {path.source}"):
            sock.bind((str(path.source), 0))
    # The code point is the upper six bits of what used to be the type-of-service octet.
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, path.dscp << 2)


def open_socket(kind: socket.SocketKind, path: Path) -> socket.socket:
    """Open a TCP (SOCK_STREAM) or UDP (SOCK_DGRAM) socket that sends over *path*.

    Raises:
        Unsent: As `configure` does, or no more sockets can be had.
    """
    with locally("open a socket"):
        sock = socket.socket(socket.AF_INET, kind)
    with closed_on_failure(sock):
        configure(sock, path)
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


async def connect(path: Path, address: IPv4Address, port: int) -> socket.socket:
    """Open a TCP connection over *path*; waits until cancelled.

    Raises:
        Unsent: connect() itself said that this host cannot send there.
        Failed: The network or the far side answered, or gave up.
    """
    sock = open_socket(socket.SOCK_STREAM, path)
    with closed_on_failure(sock):
        await _connect(sock, address, port)
    return sock


TOTAL_RETRANS = 100
"""Offset of tcpi_total_retrans in struct tcp_info (linux/tcp.h): eight octets, then 23 words."""


def retransmitted(sock: socket.socket) -> int:
    """Count the segments of a TCP connection that had to be sent again; its SYN is one of them.

    A connection over a line that loses half its packets is made all the same, a second later or
    three: without this, TCP would hide the loss.
    """
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TOTAL_RETRANS + 4)
    return struct.unpack_from("=I", info, TOTAL_RETRANS)[0] if len(info) > TOTAL_RETRANS else 0


def aim(sock: socket.socket, address: IPv4Address, port: int) -> None:
    """Fix the far end of a UDP socket: only its packets come in, and ICMP errors about ours.

    Raises:
        Unsent: This host cannot send there.
    """
    with locally(f"send to {address}"):
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        sock.connect((str(address), port))


async def receive(sock: socket.socket, size: int) -> bytes:
    """Wait for the next datagram, up to *size* bytes; waits until cancelled.

    Raises:
        Failed: The far side, or a router on the way, refused what was sent.
    """
    try:
        return await asyncio.get_running_loop().sock_recv(sock, size)
    except OSError as error:
        raise failed(error.errno) from error


async def _connect(sock: socket.socket, address: IPv4Address, port: int) -> None:
    """Tell what connect() says at once from what becomes of it later."""
    number = sock.connect_ex((str(address), port))
    if number == errno.EINPROGRESS:
        await _writable(sock)
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    elif number and number not in _FROM_AFAR:
        raise unsent(f"send to {address}", number)
    if number:
        raise failed(number)


async def _writable(sock: socket.socket) -> None:
    """Wait until the kernel has made up its mind about a connection."""
    loop = asyncio.get_running_loop()
    decided = asyncio.Event()
    loop.add_writer(sock, decided.set)
    try:
        await decided.wait()
    finally:
        loop.remove_writer(sock)
