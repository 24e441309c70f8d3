"""A thread that may wait for a disk, so that nobody else has to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Full, Queue

PATIENCE = 2.0
"""Seconds that `close` waits for it."""


class Worker:
    """Does jobs, none of which raises, one by one; *waiting* may wait, 0 for any number."""

    def __init__(self, name: str, waiting: int, last: Callable[[], object]) -> None:
        self._last = last
        self._jobs: Queue[Callable[[], object] | None] = Queue(waiting)
        # A daemon: a disk that never answers must not keep the agent from ending.
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def put(self, job: Callable[[], object]) -> bool:
        """Have *job* done; False where too many wait already, and it is let go."""
        with suppress(Full):
            self._jobs.put_nowait(job)
            return True
        return False

    def close(self) -> None:
        """Have done what waits, and *last*."""
        until = time.monotonic() + PATIENCE
        with suppress(Full):
            self._jobs.put(None, timeout=PATIENCE)
            self._thread.join(until - time.monotonic())

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            self._jobs.task_done()
        self._last()
