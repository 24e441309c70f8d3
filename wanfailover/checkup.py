"""Preflights on a schedule: the agent asks itself whether a failover would work now.

One gives way at once when something is amiss, for then the router is wanted for something else, and
what it found would mean nothing. It is begun again when all is calm.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog

from wanfailover import preflight, report
from wanfailover.core.facts import RouterView
from wanfailover.entries import PreflightDone
from wanfailover.errors import DriverError
from wanfailover.ports import EntrySink, Finding, RouterDriver, Severity
from wanfailover.report import Report

SETTLE = 300.0
"""Seconds after a start until the first: what it looks at must have been seen by then."""

WITHIN = 600.0
"""Seconds for one: the longest known, an R9100's at 9600 baud with dead targets, takes a fifth."""

AGAIN = 60.0
"""Seconds until it is tried again after it has given way."""

LATE = 1.25
"""One that is later than this part of its interval is overdue, but not by less than `LEAST`."""

LEAST = 3600.0

ORDER = (Severity.GREEN, Severity.YELLOW, Severity.RED)

_log = structlog.get_logger("wanfailover")

Look = Callable[[], AsyncIterator[Finding]]


@dataclass(frozen=True, slots=True)
class Last:
    """The last preflight, and the instant of the monotonic clock that it was done at."""

    done: PreflightDone
    at: float


class Preflights:
    """One site's.

    Args:
        every: Seconds between two; None for none at all.

        look: Begins one.

        calm: Tells whether nothing is amiss.

        record: Writes what came of it.

        last: Of an earlier run.
    """

    def __init__(
        self,
        every: float | None,
        look: Look,
        calm: Callable[[], bool],
        record: EntrySink,
        last: Last | None,
        clock: Callable[[], float],
    ) -> None:
        self.every = every
        self._look = look
        self._calm = calm
        self._record = record
        self._last = last
        self._clock = clock
        self._began = clock()
        self._one = asyncio.Lock()
        self._looking: asyncio.Task[PreflightDone] | None = None

    def due(self) -> float:
        """Seconds until the next."""
        settled = self._began + SETTLE - self._clock()
        if self._last is None or self.every is None:
            return max(0.0, settled)
        return max(0.0, settled, self._last.at + self.every - self._clock())

    async def run(self) -> None:
        """Do the one that is due, as soon as all is calm and for as long as it is."""
        while await self.now("schedule") is None:  # noqa: ASYNC110 - nobody tells when all is calm
            await asyncio.sleep(AGAIN)

    async def now(self, who: str) -> PreflightDone | None:
        """Do one now; gives what came of it, or None where it had to give way."""
        async with self._one:
            if not self._calm():
                return None
            self._looking = asyncio.ensure_future(self._once(who))
            try:
                await asyncio.wait({self._looking})
            finally:
                self._looking.cancel()
            if self._looking.cancelled():
                _log.info("preflight-gave-way")
                return None
            done = self._looking.result()
            self._last = Last(done, self._clock())
        await self._record(done)
        return done

    def give_way(self) -> None:
        """The router is wanted."""
        if self._looking is not None and not self._calm():
            self._looking.cancel()

    @property
    def overdue(self) -> str | None:
        """A sentence, where one should have been by now."""
        if self.every is None:
            return None
        since = self._last.at if self._last is not None else self._began
        age = self._clock() - since
        if age <= max(LATE * self.every, self.every + LEAST):
            return None
        was = f"the last was {age / 3600:.0f} h ago" if self._last else "there was none"
        return f"it is overdue: {was}, and it should be done every {self.every / 3600:g} h"

    def report(self) -> Report | None:
        """As ``status --json`` has it."""
        if self._last is None:
            return None
        age = max(0.0, self._clock() - self._last.at)
        return report.preflight(self._last.done, age, overdue=self.overdue is not None)

    async def _once(self, who: str) -> PreflightDone:
        began, rows = self._clock(), []
        try:
            async with asyncio.timeout(WITHIN):
                async for row in self._look():
                    rows.append(row)  # noqa: PERF401 - what came before an error is told, too
        except DriverError as error:
            rows.append(preflight.unreachable(error))
        except TimeoutError:
            sentence = f"has not come to an end within {WITHIN:g} s"
            remedy = "run `wanfailover check`: it shows what it waits for"
            rows.append(Finding("preflight", Severity.RED, sentence, remedy))
        worst = max((row.severity for row in rows), key=ORDER.index, default=Severity.GREEN)
        told = tuple(
            (row.subject, str(row.severity), row.sentence, row.remedy)
            for row in rows
            if row.severity is not Severity.GREEN
        )
        return PreflightDone(str(worst), round(self._clock() - began, 3), told, who)


LOOKS = ("inspect", "pinholes", "renewal")
"""What a preflight asks of a driver besides reading, where it can: see `abilities`."""


class Turns:
    """A driver's eyes, which take turns with the loop's hands: the router is held for a call."""

    def __init__(self, driver: RouterDriver, router: asyncio.Lock) -> None:
        self._driver = driver
        self._router = router
        for name in LOOKS:
            able = getattr(driver, name, None)
            if able is not None:  # on the instance, where `isinstance` looks for it
                waits = inspect.iscoroutinefunction(able)
                setattr(self, name, self._in_turn(able) if waits else able)

    async def read(self) -> RouterView:
        """Read what the router holds now."""
        async with self._router:
            return await self._driver.read()

    def _in_turn(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def turn(*args: Any) -> Any:
            async with self._router:
                return await call(*args)

        return turn
