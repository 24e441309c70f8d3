"""Who may change a router, and what was left on it to undo a change by itself.

Before anything is changed our name must stand on the router, where the driver can write it there:
never two writers. And what an earlier life of ours has left there, a timed undo that nobody
cancelled, must be gone, or it would fire into what is done now.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
from collections.abc import Sequence

import structlog

from wanfailover.abilities import Claiming, DeadMan
from wanfailover.errors import DriverError
from wanfailover.ports import Action, RouterDriver

KEEP_EVERY = 60.0
"""Seconds between two refreshments of our name on the router."""

_log = structlog.get_logger("wanfailover")


class Custody:
    """One site's, over one router.

    *taken* tells whether the router was ever found to be ours to change. *trouble* is a sentence
    for the operator while there is something the matter with it. *found*
    tells whether a timed undo of ours was there when it was last taken, cancelled or fired: what
    was interrupted had left a circuit that worked.
    """

    def __init__(self, site: str, driver: RouterDriver) -> None:
        self._site = site
        self._driver = driver
        self._name = f"wanfailover on {platform.node()} (pid {os.getpid()})"
        self.trouble: str | None = None
        self.taken = False
        self.found = False

    async def take(self) -> None:
        """Claim the router, and disarm what was left on it; both again before each change.

        Raises:
            RouterHeld: Another writer has it; it was not touched.
            DriverError: It cannot be found out.
        """
        await self._claim()
        if not isinstance(self._driver, DeadMan):
            return
        for token in await self._driver.armed():
            if token.rpartition(".")[0] == self._site:
                fired = await self._driver.disarm(token)
                _log.warning("dead-man-found", token=token, fired=fired)
                self.found = True

    async def keep(self) -> None:
        """Refresh our name on the router; what goes wrong is told by `trouble`."""
        try:
            await self._claim()
        except DriverError as error:
            self.trouble = str(error)

    async def watch(self, router: asyncio.Lock) -> None:
        """Have it known on the router that we still live, until cancelled.

        Args:
            router: Held while the driver is called.
        """
        while True:
            await asyncio.sleep(KEEP_EVERY)
            async with router:
                await self.keep()

    async def release(self) -> None:
        """Let others in; what cannot be taken back grows old by itself."""
        if isinstance(self._driver, Claiming):
            with contextlib.suppress(DriverError):
                await self._driver.release()

    def guards(self, actions: Sequence[Action], proving: float) -> float | None:
        """Seconds until a timed undo of *actions* would fire; None where the driver has none."""
        driver = self._driver
        return driver.fires_after(actions, proving) if isinstance(driver, DeadMan) else None

    async def arm(self, id_: str, actions: Sequence[Action], seconds: float) -> bool:
        """Leave a timed undo of switchover *id_* on the router; see `abilities.DeadMan`."""
        driver = self._driver
        return isinstance(driver, DeadMan) and await driver.arm(self._token(id_), actions, seconds)

    async def disarm(self, id_: str) -> bool:
        """Cancel it; tell whether it has fired. See `abilities.DeadMan`."""
        driver = self._driver
        return isinstance(driver, DeadMan) and await driver.disarm(self._token(id_))

    async def _claim(self) -> None:
        if not isinstance(self._driver, Claiming):
            self.taken = True
            return
        remark = await self._driver.claim(self._name) or None
        if remark is not None and remark != self.trouble:
            _log.warning("router-claimed", remark=remark)
        self.taken, self.trouble = True, remark

    def _token(self, id_: str) -> str:
        return f"{self._site}.{id_}"
