"""A tunnel without secrets: IP in UDP, whose far end answers whoever it last heard from.

It stands for the IPsec tunnel between office and customer: the office's end speaks first, from
whatever address its router has now. ::

    python tube.py DEVICE                   # the far end: listens
    python tube.py DEVICE ADDRESS           # the office's end: speaks to ADDRESS
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
import sys
import time
from contextlib import suppress

PORT = 4500
EVERY = 0.1
"""Seconds between two words that keep the far end informed of where we are."""


def main() -> None:
    device, *far = sys.argv[1:]
    tun = os.open("/dev/net/tun", os.O_RDWR)
    # TUNSETIFF with IFF_TUN | IFF_NO_PI
    fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH", device.encode(), 0x1001))
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.setblocking(False)
    peer: tuple[str, int] | None = (far[0], PORT) if far else None
    wire.bind(("0.0.0.0", 0 if far else PORT))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    due = 0.0
    while True:
        if far and time.monotonic() >= due:
            due = time.monotonic() + EVERY
            send(wire, b"", peer)
        readable, _, _ = select.select([tun, wire], [], [], EVERY)
        if tun in readable:
            send(wire, os.read(tun, 4096), peer)
        if wire in readable:
            with suppress(OSError):
                packet, heard = wire.recvfrom(4096)
                peer = peer if far else heard
                if packet:
                    os.write(tun, packet)


def send(wire: socket.socket, packet: bytes, peer: tuple[str, int] | None) -> None:
    if peer is not None:
        with suppress(OSError):  # the line is dead, or the router has no address now
            wire.sendto(packet, peer)


if __name__ == "__main__":
    main()
