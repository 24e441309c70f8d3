"""A deadline of ours around every call to a driver: the agent never waits for one for ever.

A driver promises a deadline of its own. One that breaks its promise, in a library's thread or by a
bug, is left behind here: it is told to end, given a moment for it, and logged out, and its caller
gets a `RouterTimeout`. A switchover has a deadline as a whole, too: past it nothing more is done,
only undone; and past the undo's it is stuck.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import structlog

from wanfailover.abilities import Bounded
from wanfailover.core.facts import RouterView
from wanfailover.core.plan import Step
from wanfailover.errors import DriverError, RouterTimeout
from wanfailover.ports import Action, RouterDriver

T = TypeVar("T")

LONGEST = 120.0
"""Seconds for one call, where the driver does not say: the drivers here take a third of it."""

MOMENT = 5.0
"""Seconds that a call has to end when it is told to."""

MARGIN = 10.0
"""Seconds beyond what a driver says: its own deadline says better what was the matter."""

TWICE = 2
"""A switchover may take as long as two calls that take as long as one may, and its undo again."""

ENDLESS = "listen"

_log = structlog.get_logger("wanfailover")


class Guarded:
    """A `RouterDriver` that ends, with all that the driver in it can do besides."""

    def __init__(self, driver: RouterDriver) -> None:
        self._driver = driver
        self._forth = self._back = self._hurried = float("inf")
        self._performing: asyncio.Timeout | None = None
        for name in dir(driver):
            if not name.startswith("_") and not hasattr(type(self), name):
                able = getattr(driver, name)
                # On the instance, where `isinstance` looks for what a driver is able to do.
                setattr(self, name, self._bounded(name, able) if _waits(name, able) else able)

    def longest(self, call: str) -> float:
        """Seconds after which a call is given up; see `abilities.Bounded`."""
        if isinstance(self._driver, Bounded):
            return self._driver.longest(call) + MARGIN
        return LONGEST

    def hurry(self, seconds: float) -> None:
        """Have a switchover under way do nothing more after *seconds*; it undoes then."""
        self._hurried = asyncio.get_running_loop().time() + seconds
        self._forth = min(self._forth, self._hurried)
        if self._performing is not None:
            self._performing.reschedule(min(self._forth, self._performing.when() or self._forth))

    async def read(self) -> RouterView:
        """Read what the router holds now."""
        return await self._call("read", self._driver.read())

    def compile(self, steps: Sequence[Step], view: RouterView) -> tuple[Action, ...]:
        """Turn abstract steps into actions; a switchover begins with it, and so does its time."""
        actions = self._driver.compile(steps, view)
        given = asyncio.get_running_loop().time() + TWICE * self.longest("perform")
        self._forth = min(given, self._hurried)
        self._back = float("inf")
        return actions

    async def perform(self, action: Action) -> str:
        """Do it, while the switchover has time."""
        if asyncio.get_running_loop().time() >= self._forth:
            late = RouterTimeout("the switchover has taken too long")
            late.untouched = True
            raise late
        try:
            return await self._call("perform", self._driver.perform(action), self._forth)
        finally:
            self._performing = None

    async def undo(self, action: Action) -> str:
        """Take it back, while the undo has time."""
        now = asyncio.get_running_loop().time()
        self._back = min(self._back, now + TWICE * self.longest("undo"))
        if now >= self._back:
            raise RouterTimeout("the undo has taken too long")
        return await self._call("undo", self._driver.undo(action), self._back)

    async def close(self) -> None:
        """Log out, or leave it be."""
        with suppress(RouterTimeout):
            await self._end(asyncio.ensure_future(self._driver.close()), "close", 2 * MOMENT)

    async def _call(
        self, name: str, call: Coroutine[Any, Any, T], until: float = float("inf")
    ) -> T:
        within = self.longest(name)
        task = asyncio.ensure_future(call)
        limit = min(asyncio.get_running_loop().time() + within, until)
        try:
            async with asyncio.timeout_at(limit) as given:
                if name == "perform":
                    self._performing = given
                await asyncio.wait({task})
        except TimeoutError:
            _log.error("driver-hangs", call=name)
            await self._leave(task)
            await self.close()
            raise RouterTimeout(f"the driver did not end its {name} in time") from None
        except asyncio.CancelledError:
            await self._leave(task)
            raise
        return task.result()

    def _bounded(
        self, name: str, call: Callable[..., Coroutine[Any, Any, T]]
    ) -> Callable[..., Coroutine[Any, Any, T]]:
        async def ends(*args: Any, **kwargs: Any) -> T:
            return await self._call(name, call(*args, **kwargs))

        return ends

    async def _end(self, task: asyncio.Future[None], name: str, within: float) -> None:
        done, _ = await asyncio.wait({task}, timeout=within)
        if not done:
            await self._leave(task)
            raise RouterTimeout(f"the driver did not end its {name} in time")
        task.result()

    async def _leave(self, task: asyncio.Future[Any]) -> None:
        """Tell it to end; one that does not is left behind, and its end is nobody's concern."""
        task.add_done_callback(_unheard)
        task.cancel()
        await asyncio.wait({task}, timeout=MOMENT)


def _waits(name: str, able: object) -> bool:
    return inspect.iscoroutinefunction(able) and name != ENDLESS


def _unheard(task: asyncio.Future[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        level = "info" if isinstance(error, DriverError) else "error"
        getattr(_log, level)("driver-ended-late", why=str(error))
