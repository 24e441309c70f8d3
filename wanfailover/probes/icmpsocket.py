"""An ICMP socket over one path: pings out; replies and refusals in, as plain values.

Of icmplib only the socket, the request and the parser are used, and only here: its own statistics
read 0 % loss when the send itself fails, and its times are wall-clock times.

Both kinds of socket report ICMP errors on their error queue (IP_RECVERR, see ip(7)): the kernel has
then checked already that the error quotes a ping of this host.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from icmplib import (
    ICMPError,
    ICMPReply,
    ICMPRequest,
    ICMPSocketError,
    ICMPv4Socket,
    SocketPermissionError,
)

from wanfailover.core.site import Path
from wanfailover.opening import closed_on_failure
from wanfailover.probes.failures import Unsent, failed, unsent
from wanfailover.probes.sockets import IP_RECVERR, configure

FORBIDDEN = (
    "this process may not ping: put its group into the range of sysctl net.ipv4.ping_group_range, "
    'as in "0 2147483647", or give it CAP_NET_RAW, as in systemd\'s '
    "AmbientCapabilities=CAP_NET_RAW"
)

_PAYLOAD = b"wanfailover ping"
_PACKETS = 64  # read at one go, so that a flood does not starve the event loop
_PACKET_SIZE = 1024
_CONTROL_SIZE = 256
_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; the socket module has no names for these
_SOL_RAW = 255  # linux/socket.h
_ICMP_FILTER = 1  # linux/icmp.h; a set bit blocks that type
_ONLY_ECHO_REPLIES = struct.pack("=I", ~(1 << 0) & 0xFFFFFFFF)
_QUOTED = struct.Struct("!4xHH")
"""Identifier and sequence number of the echo request that an ICMP error quotes (RFC 792)."""

_EXTENDED_ERROR = struct.Struct("=IxBBx8x4x4s")
"""linux/errqueue.h: errno, type and code of sock_extended_err, then the sockaddr_in of who says so,
of which only the address is read."""

_Ancillary = list[tuple[int, int, bytes]]
_Message = tuple[bytes, _Ancillary, int, tuple[str, int]]
"""As recvmsg() gives it: data, ancillary data, flags, address."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An echo reply; *sat* is for how many seconds it waited in the socket to be read."""

    identifier: int
    sequence: int
    source: str
    sat: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """An ICMP error about a ping to *destination*; *words* tell what it says, and who says so."""

    identifier: int
    sequence: int
    destination: str
    words: str


class IcmpSocket(ICMPv4Socket):  # type: ignore[misc]  # icmplib has no types
    """icmplib's socket, bound to a path, with kernel time stamps and an error queue."""

    __slots__ = ("_path",)

    def __init__(self, path: Path, *, raw: bool) -> None:
        self._path = path
        super().__init__(privileged=raw)

    def _create_socket(self, kind: socket.SocketKind) -> socket.socket:
        """Called by icmplib's constructor."""
        sock = socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP)
        with closed_on_failure(sock):
            configure(sock, self._path)
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
            if kind == socket.SOCK_RAW:
                sock.setsockopt(_SOL_RAW, _ICMP_FILTER, _ONLY_ECHO_REPLIES)
        return sock

    def ping(self, address: IPv4Address, identifier: int, sequence: int) -> tuple[int, int]:
        """Send an echo request; returns identifier and sequence number as they are on the wire.

        On a datagram socket the kernel puts in an identifier of its own. The first failure may be
        an ICMP error about an earlier ping, which the kernel hands to whatever call comes next; a
        second one is this host's own.

        Raises:
            Unsent: The kernel did not take the packet.
        """
        request = ICMPRequest(
            str(address), identifier, sequence, _PAYLOAD, traffic_class=self._path.dscp << 2
        )
        try:
            self.send(request)
        except ICMPSocketError:
            try:
                self.send(request)
            except ICMPSocketError as error:
                raise _unsent(f"send to {address}", error) from error
        return request.id, request.sequence

    def replies(self) -> Iterator[Reply]:
        """Read the echo replies that have arrived."""
        for packet, ancillary, _, (source, _) in self._messages():
            reply = self._parse_reply(packet, source, 0.0)
            if reply is not None and reply.type == self._ICMP_ECHO_REPLY:
                yield Reply(reply.id, reply.sequence, source, _sat(ancillary))

    def refusals(self) -> Iterator[Refusal]:
        """Read the ICMP errors that have arrived."""
        for quoted, ancillary, _, (destination, _) in self._messages(socket.MSG_ERRQUEUE):
            if len(quoted) >= _QUOTED.size:
                identifier, sequence = _QUOTED.unpack_from(quoted)
                yield Refusal(identifier, sequence, destination, _told(ancillary))

    def _messages(self, flags: int = 0) -> Iterator[_Message]:
        """Read what has arrived, without waiting."""
        for _ in range(_PACKETS):
            try:
                yield self._sock.recvmsg(_PACKET_SIZE, _CONTROL_SIZE, flags)
            except BlockingIOError:
                return
            except OSError:  # an error's short form; the error queue has it in full
                continue


def open_icmp(path: Path) -> IcmpSocket:
    """Open an ICMP socket: a datagram socket where this process's group may, else a raw one.

    Datagram sockets come first because the kernel gives each one only its own replies.

    Raises:
        Unsent: Neither is permitted, or the path cannot be had.
    """
    for raw in (False, True):
        try:
            return IcmpSocket(path, raw=raw)
        except SocketPermissionError:
            continue
        except ICMPSocketError as error:
            raise _unsent("open an ICMP socket", error) from error
    raise Unsent(FORBIDDEN)


def _sat(ancillary: _Ancillary) -> float:
    """Seconds since the kernel stamped a packet, by the wall clock; 0 without a stamp."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, nanoseconds = struct.unpack("@ll", data)
            return time.time() - float(seconds + nanoseconds * 1e-9)
    return 0.0


def _told(ancillary: _Ancillary) -> str:
    """Put an ICMP error into words: what it says, and who says so."""
    (data,) = (data for *about, data in ancillary if about == [socket.IPPROTO_IP, IP_RECVERR])
    number, kind, code, offender = _EXTENDED_ERROR.unpack_from(data)
    source = IPv4Address(offender)
    try:
        ICMPReply(str(source), 4, 0, 0, kind, code, 0, 0.0).raise_for_status()
    except ICMPError as error:
        return f"{str(error).lower()}, says {source}"
    return str(failed(number))


def _unsent(doing: str, error: ICMPSocketError) -> Unsent:
    """Read the operating system's error behind icmplib's, whose own words mislead.

    A local firewall's EPERM, for one, reads as "broadcast is not allowed".
    """
    cause = error.__context__
    return unsent(doing, cause.errno if isinstance(cause, OSError) else None)
