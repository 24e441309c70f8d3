"""Several workers on one machine: a world for each, and turns for tests that must be alone.

`make` has pytest-xdist run tests in several processes at a time. What they would otherwise share,
loopback's ports and the files in /run by which network namespaces have their names, each of them
has for itself where the machine allows it; where it does not there are no packet tests either.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000  # `os.unshare` is Python 3.12's

# Where resolv.conf is a link into the old /run, as systemd-resolved makes it, it leads there again.
_FURNISH = """
resolver=$(readlink -m /etc/resolv.conf) && says=$(cat "$resolver" 2>/dev/null)
mount --make-rprivate / && mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/netns || exit
[ -e "$resolver" ] || { mkdir -p "${resolver%/*}" && printf '%s\\n' "$says" >"$resolver"; }
ip link set lo up
"""


def move_apart() -> None:
    """Have this process in a network and a /run of its own; does nothing where that cannot be.

    Both go with the process, and whatever it has left in them.
    """
    if os.geteuid() or not _succeeds("unshare", "--mount", "--net", "sh", "-c", _FURNISH):
        return
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS | CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "cannot have a world of its own")
    subprocess.run(["sh", "-c", _FURNISH], check=True)


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


class Door:
    """Lets in many tests at a time, or one that must be alone; who comes first goes first.

    Args:
        folder: The same for all workers.
    """

    def __init__(self, folder: Path) -> None:
        self._queue = (folder / "door-queue").open("w")
        self._room = (folder / "door-room").open("w")

    @contextmanager
    def through(self, *, alone: bool) -> Iterator[None]:
        """Wait for the turn; be inside for the block."""
        fcntl.flock(self._queue, fcntl.LOCK_EX)
        fcntl.flock(self._room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(self._queue, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._room, fcntl.LOCK_UN)
