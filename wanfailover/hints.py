"""What the router says unasked, as by SNMP traps: reasons to look, and never to act.

Anybody on the office's network can forge such words. The most they bring about is a reading of the
router every few seconds, and quicker probes for a part of the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from wanfailover.abilities import Prompting
from wanfailover.errors import DriverError
from wanfailover.ports import RouterDriver

CLOSE_LOOK = 10.0
"""Seconds of quicker probes: three times what it takes to know that a circuit is dead."""

REST = 50.0
"""Seconds until the next ones: whoever forges hints quickens the probes for a sixth of the time."""

LONGEST = 300
"""Characters of a hint that go into the log."""

_log = structlog.get_logger("wanfailover")


class Hints:
    """Listens to a driver that is `Prompting`; *trouble* says why it cannot, if it cannot.

    Args:
        wanted: Told of each hint; gives False where the router will be read soon in any case.
    """

    def __init__(self, driver: RouterDriver, wanted: Callable[[], bool]) -> None:
        self._driver = driver
        self._wanted = wanted
        self._quick_until = float("-inf")
        self.trouble: str | None = None

    async def listen(self) -> None:
        """Listen until cancelled; a router that cannot be heard is still read at intervals."""
        if not isinstance(self._driver, Prompting):
            return
        try:
            await self._driver.listen(self._heard)
        except DriverError as error:
            self.trouble = str(error)
            _log.warning("router-not-heard", why=self.trouble)
        except Exception as bug:  # noqa: BLE001 - logged; hints are not worth the agent
            self.trouble = f"the router's hints are not heard, by a bug in its driver: {bug!r}"
            _log.exception("router-not-heard")

    def quick(self, now: float) -> bool:
        """Tell whether the probes should be quick, at *now* of the monotonic clock."""
        return now < self._quick_until

    def _heard(self, sentence: str) -> None:
        if not self._wanted():
            return
        _log.info("router-hint", hint=sentence[:LONGEST])
        now = time.monotonic()
        if now >= self._quick_until + REST:
            self._quick_until = now + CLOSE_LOOK
