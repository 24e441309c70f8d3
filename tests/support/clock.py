"""A virtual-time asyncio loop: where all would wait for a timer, time jumps to it.

An hour of sleep takes a millisecond, and lasts 3600 s to the last digit. Decorate an async test::

    from tests.support.clock import virtual_time

    @virtual_time
    async def test_waits(seconds: float = 3600) -> None: ...

The test may take fixtures, parameters and, under ``@given(...)`` on top, hypothesis' examples; its
fixtures are not async themselves, for those run on another loop. For a whole story by hand::

    took = run(story())                # gives what the coroutine returns

``asyncio.get_running_loop().time()`` begins at 0. It stands still while anything is ready to run
and while a thread of the loop's (``asyncio.to_thread``) is at work. Bytes under way between real
sockets are not seen as waited for: a test with sockets goes without the decorator, on the ordinary
loop.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Waits only for what wakes it; a time to wait is added to the clock instead."""

    now = 0.0
    threads = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or (self.threads and timeout > 0):
            return super().select()
        # The loop's own pipe, always there, only wakes one that waits; signals come by none here.
        ready = super().select(0) if len(self.get_map()) > 1 else []
        self.now += 0.0 if ready else max(0.0, timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock stands still unless everybody waits for it."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(self, *args: Any) -> asyncio.Future[Any]:
        future = super().run_in_executor(*args)
        self._jumping.threads += 1
        future.add_done_callback(self._thread_is_free)
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:
        self._jumping.threads += 1  # one of its own joins them, from 3.12 on under a time-out
        await super().shutdown_default_executor(*args)
        self._jumping.threads -= 1

    def _thread_is_free(self, _: object) -> None:
        self._jumping.threads -= 1


def run(story: Coroutine[Any, Any, T]) -> T:
    """Run *story* to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(story)


def virtual_time(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Run an async test in virtual time, on a loop of its own."""

    @functools.wraps(test)
    def on_a_virtual_clock(*args: P.args, **kwargs: P.kwargs) -> T:
        return run(test(*args, **kwargs))

    return on_a_virtual_clock
