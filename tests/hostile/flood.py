"""Throws junk at sockets, from a process of its own.

``python -m tests.hostile.flood RATE KIND=WHERE ...``, where WHERE is the path of a Unix socket or a
port on loopback: RATE pieces a second go to each, until the standard input ends; then it prints how
many were thrown at each, as JSON. Of what goes over a connection every other piece is only half
sent, and of the answers none is taken.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import sys
import threading
import time
from collections import Counter, deque
from itertools import count

from tests.hostile.junk import KINDS, junk

HELD = 150
"""Connections that are left open at a time, on each socket: more than it takes."""

STRANGER, NEIGHBOUR = "127.0.0.9", "127.0.0.1"
"""Whence traps come: from anybody, and in the router's own name."""


def connected(where: str) -> socket.socket:
    """A connection that waits for nobody."""
    family = socket.AF_UNIX if where.startswith("/") else socket.AF_INET
    made = socket.socket(family)
    made.settimeout(0.5)
    made.connect(where if family == socket.AF_UNIX else ("127.0.0.1", int(where)))
    return made


def throw(kind: str, where: str, rate: float, over: threading.Event, thrown: Counter[str]) -> None:
    """Throw at one socket, until it is over."""
    held: deque[socket.socket] = deque()
    began = time.monotonic()
    for number, piece in zip(count(), junk(*KINDS[kind]), strict=False):
        if over.wait(max(0.0, began + number / rate - time.monotonic())):
            break
        with contextlib.suppress(OSError):  # refused, cut off, or full: so it should be
            if kind == "traps":
                datagram(piece, int(where), (STRANGER, NEIGHBOUR)[number // 2 % 2])
            else:
                held.append(connected(where))
                held[-1].sendall(piece if number % 2 else piece[: len(piece) // 2])
            thrown[kind] += 1
        while len(held) > HELD:
            held.popleft().close()
    for each in held:
        each.close()


def datagram(piece: bytes, port: int, source: str) -> None:
    """Send one; over UDP nobody knows who it was."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind((source, 0))
        made.sendto(piece, ("127.0.0.1", port))


def main() -> None:
    """Throw at all of them at once."""
    os.nice(10)  # what the agent has to do comes first: the machine's speed is not the question
    random.seed(1)
    rate, *targets = sys.argv[1:]
    over, thrown = threading.Event(), Counter[str]()
    threads = [
        threading.Thread(target=throw, args=(*target.split("="), float(rate), over, thrown))
        for target in targets
    ]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()
    print(json.dumps(thrown))


if __name__ == "__main__":
    main()
