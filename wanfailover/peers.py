"""Who is at the other end of a Unix socket: by the kernel's word, not by his own."""

from __future__ import annotations

import os
import pwd
import socket
import struct
from dataclasses import dataclass
from functools import cache

SO_PEERGROUPS = getattr(socket, "SO_PEERGROUPS", 59)
"""asm-generic/socket.h, since Linux 4.13; Python has no name for it."""

MOST = 256
"""Groups that fit what Python lets us ask for (1024 bytes)."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The process that connected, as it was then.

    Args:
        groups: Its own and all others that it is in.
    """

    uid: int
    groups: frozenset[int]

    @classmethod
    def of(cls, connection: socket.socket) -> Peer:
        """Ask the kernel.

        Raises:
            OSError: It does not tell.
        """
        size = struct.calcsize("3i")
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        _, uid, gid = struct.unpack("3i", credentials)
        return cls(uid, frozenset({gid, *_others(connection, uid, gid)}))

    @property
    def name(self) -> str:
        """The login name."""
        return _login(self.uid)

    def may_ask(self, group: int) -> bool:
        """Tell whether it is root, our own user, or in *group*; the file's mode says the same."""
        return self.uid in {0, os.geteuid()} or group in self.groups


def _others(connection: socket.socket, uid: int, gid: int) -> tuple[int, ...]:
    try:
        told = connection.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, 4 * MOST)
    except OSError:  # another kernel, or more groups than fit
        return tuple(os.getgrouplist(_login(uid), gid))
    return struct.unpack(f"{len(told) // 4}I", told)


@cache
def _login(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
