"""How the unit's bytes leave it: at once, in small pieces, or at the pace of a serial line."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable

BYTES_PER_SECOND = 960
"""9600 baud, with start and stop bits."""

_SERIAL_PIECE = 32


class Outlet:
    """Lets bytes out in order.

    Args:
        deliver: Is given each segment.

        variants: Of which `segmented` and `slow` matter here.

        rng: Where the pieces end.
    """

    def __init__(
        self, deliver: Callable[[bytes], object], variants: frozenset[str], rng: random.Random
    ) -> None:
        self._deliver = deliver
        self._segmented = "segmented" in variants
        self._slow = "slow" in variants
        self._rng = rng
        self._pieces: deque[bytes] = deque()
        self._next: asyncio.Handle | None = None

    def send(self, data: bytes) -> None:
        """Let *data* out behind what is still waiting."""
        if not self._segmented and not self._slow:
            self._deliver(data)
            return
        while data:
            size = self._rng.randint(1, 3) if self._segmented else _SERIAL_PIECE
            self._pieces.append(data[:size])
            data = data[size:]
        if self._next is None:
            self._wait()

    def close(self) -> None:
        """Forget what is still waiting."""
        self._pieces.clear()
        if self._next is not None:
            self._next.cancel()

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        if not self._pieces:
            self._next = None
        elif self._slow:
            self._next = loop.call_later(len(self._pieces[0]) / BYTES_PER_SECOND, self._one)
        else:
            self._next = loop.call_soon(self._one)

    def _one(self) -> None:
        self._deliver(self._pieces.popleft())
        self._wait()
