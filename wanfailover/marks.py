"""Keeps the marks on the router as the engine needs them.

Probes of an idle circuit carry a mark; what the router does with it is the driver's affair. Here it
is only seen to: set where it is missing, taken away where it is old, tried again more and more
seldom where it cannot be.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from wanfailover.abilities import Marking
from wanfailover.core.site import Circuit
from wanfailover.errors import DriverError
from wanfailover.ports import RouterDriver

AGAIN = 2.0
"""Seconds until a failed attempt is repeated; doubles each time."""

SELDOM = 60.0
"""The longest that they grow to, seconds."""

_log = structlog.get_logger("wanfailover")


class Marks:
    """Of one router. *trouble* says why they cannot be set, while they cannot."""

    def __init__(self, driver: RouterDriver) -> None:
        self._driver = driver
        self._after = float("-inf")
        self._pause = AGAIN
        self.trouble: str | None = None

    def due(self, now: float) -> bool:
        """Tell whether an attempt may be made at *now*; notes that one is."""
        if not isinstance(self._driver, Marking) or now < self._after:
            return False
        self._after, self._pause = now + self._pause, min(2 * self._pause, SELDOM)
        return True

    async def set(self, circuits: Sequence[Circuit]) -> None:
        """Have the router hold the marks of exactly these; no other call to the driver runs."""
        assert isinstance(self._driver, Marking)  # noqa: S101 - `due` has said so
        try:
            await self._driver.mark(circuits)
        except DriverError as error:
            self.trouble = f"idle circuits cannot be seen by their marks: {error}"
            _log.warning("marks-failed", why=str(error))
            return
        self.trouble, self._pause = None, AGAIN
        _log.info("marks-set", circuits=[circuit.name for circuit in circuits])
