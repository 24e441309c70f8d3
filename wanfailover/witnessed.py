"""Where no tunnel comes up: what the router itself says of its tunnels is told as well."""

from __future__ import annotations

import asyncio

from wanfailover.abilities import Witness
from wanfailover.core.entries import TunnelsFailed
from wanfailover.errors import DriverError
from wanfailover.ports import EntrySink, RouterDriver


class Witnessed:
    """Has the router's own words written down.

    Args:
        router: Held while somebody speaks to it.
    """

    def __init__(self, driver: RouterDriver, router: asyncio.Lock, record: EntrySink) -> None:
        self._driver = driver
        self._router = router
        self._record = record

    async def told(self, circuit: str | None) -> None:
        """Ask it once, if it can tell: a visit of some seconds, for which a switch would wait."""
        if not isinstance(self._driver, Witness):
            return
        async with self._router:
            try:
                words = "; ".join(await self._driver.testimony()) or "nothing"
            except DriverError as error:
                words = f"nothing: {error}"
        await self._record(TunnelsFailed(circuit, f"the router itself says {words}"))
