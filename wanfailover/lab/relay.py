"""A slow line in user space: ``python -m wanfailover.lab.relay IF1 IF2 MS JITTER``.

Carries frames between two interfaces and keeps each for MS milliseconds and up to JITTER more,
without changing their order. It stands in for the kernel's netem, which a machine may lack. Prints
``ready`` once it listens; on SIGTERM it takes no more frames and ends when the last one is out.
"""

from __future__ import annotations

import random
import select
import signal
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress

# linux/if_packet.h
SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP = 1
PACKET_MR_PROMISC = 1
PACKET_VNET_HDR = 15
PACKET_IGNORE_OUTGOING = 23
ETH_P_ALL = 3

BIGGEST = 1 << 17
"""More octets than any frame has, also one that the kernel has not segmented yet (64 KiB)."""


class Direction:
    """Frames on their way from one interface to the other."""

    def __init__(
        self, source: socket.socket, sink: socket.socket, delay: float, jitter: float
    ) -> None:
        self._source = source
        self._sink = sink
        self._delay = delay
        self._jitter = jitter
        self._queue: deque[tuple[float, bytes]] = deque()

    def take(self, now: float) -> None:
        """Take in every frame that waits at the source."""
        for frame in _frames(self._source):
            due = now + self._delay + random.uniform(0, self._jitter)
            if self._queue:
                due = max(due, self._queue[-1][0])
            self._queue.append((due, frame))

    def give(self, now: float) -> None:
        """Send every frame whose time has come; a full or dead interface loses it."""
        while self._queue and self._queue[0][0] <= now:
            with suppress(OSError):
                self._sink.send(self._queue.popleft()[1])

    def due(self) -> float | None:
        """When the next frame is to be sent, if there is one."""
        return self._queue[0][0] if self._queue else None


def interface(name: str) -> socket.socket:
    """Open an interface for whole frames.

    PACKET_VNET_HDR carries the kernel's note on unfinished checksums from one side to the other:
    veth leaves them to the hardware there is not, and without the note every TCP and UDP packet
    would arrive corrupt.
    """
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    port.bind((name, ETH_P_ALL))
    port.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    port.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    promiscuous = struct.pack("iHH8x", socket.if_nametoindex(name), PACKET_MR_PROMISC, 0)
    port.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, promiscuous)
    port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    port.setblocking(False)
    return port


def _frames(source: socket.socket) -> Iterator[bytes]:
    while True:
        try:
            yield source.recv(BIGGEST)
        except OSError:  # nothing more, or the interface is down
            return


def relay(one: str, other: str, delay: float, jitter: float) -> None:
    """Carry frames both ways, *delay* and *jitter* in seconds, until SIGTERM."""
    left, right = interface(one), interface(other)
    there, back = Direction(left, right, delay, jitter), Direction(right, left, delay, jitter)
    sources = {left: there, right: back}
    wakeup, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGTERM, lambda *_: sources.clear())
    print("ready", flush=True)
    while sources or there.due() or back.due():
        dues = [due for due in (there.due(), back.due()) if due is not None]
        wait = max(0.0, min(dues) - time.monotonic()) if dues else None
        readable, _, _ = select.select([*sources, wakeup], [], [], wait)
        now = time.monotonic()
        for source in readable:
            if source is wakeup:
                wakeup.recv(64)
            elif direction := sources.get(source):
                direction.take(now)
        there.give(now)
        back.give(now)


if __name__ == "__main__":
    _, _one, _other, _delay, _jitter = sys.argv
    relay(_one, _other, int(_delay) / 1000, int(_jitter) / 1000)
