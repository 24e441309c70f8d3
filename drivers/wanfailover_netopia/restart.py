"""Restarts the router, once, and waits until it is back.

A restart takes the office off line for a minute, so nothing is taken for one that failed until the
router shows that it did not happen: a request whose answer is lost may have been heard.
"""

from __future__ import annotations

import asyncio

from wanfailover.errors import (
    CommandRefused,
    DriverError,
    LoginRefused,
    RouterTimeout,
    RouterUnreachable,
    UnreadableReply,
)
from wanfailover.ports import Snmp
from wanfailover.transports.console.console import Key
from wanfailover_netopia.running import DEVICE_RESTART, RESTART
from wanfailover_netopia.screens import (
    CONTINUE,
    RESTART_BOX,
    SPEAKS_OF_RESTART,
    choice,
    destroys,
)
from wanfailover_netopia.session import Sessions
from wanfailover_netopia.sight import Sight
from wanfailover_netopia.walk import Walk

GOES_WITHIN = 10.0
"""Seconds in which a restart that was asked for shows: silence, or an uptime that began anew."""

LOOK_EVERY = 1.0
"""Seconds between looks whether it is back."""


class Restarter:
    """Restarts one router.

    Args:
        snmp: To ask for it; None where there is no community to set with, or no agent.

        within: Seconds in which it must be back.
    """

    def __init__(self, snmp: Snmp | None, sessions: Sessions, sight: Sight, within: float) -> None:
        self._snmp = snmp
        self._sessions = sessions
        self._sight = sight
        self._within = within

    async def restart(self) -> str:
        """Restart it; returns how, and how long it was away.

        Raises:
            DriverError: It does not restart, or does not come back.
        """
        began = asyncio.get_running_loop().time()
        seen = await self._sight.by_snmp() if self._sight.snmp_answers else None
        uptime = seen.uptime if seen else None
        how = "by SNMP" if await self._by_snmp(uptime) else "from its menu"
        if how != "by SNMP":
            await self._by_console(uptime)
        await self._back(uptime)
        took = asyncio.get_running_loop().time() - began
        return f"restarted {how}, back after {took:.0f} s"

    async def _by_snmp(self, uptime: float | None) -> bool:
        """Ask the agent to; False where it does not."""
        if self._snmp is None or uptime is None:
            return False
        await self._sessions.close()
        try:
            await self._snmp.set(DEVICE_RESTART, RESTART)
        except CommandRefused:
            return False
        except (RouterTimeout, RouterUnreachable):
            pass  # it may have been heard
        return await self._goes(uptime)

    async def _by_console(self, uptime: float | None) -> None:
        """Choose it from the menu."""
        hung_up = await self._sessions.visit(_choose_restart)
        await self._sessions.close()
        if not hung_up and (uptime is None or not await self._goes(uptime)):
            raise CommandRefused("Restart System", "it does not restart")

    async def _goes(self, uptime: float) -> bool:
        """Wait until it is seen to restart; False where it runs on."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + GOES_WITHIN
        while loop.time() < deadline:
            seen = await self._sight.by_snmp()
            if seen is None or (seen.uptime is not None and seen.uptime < uptime):
                return True
            await asyncio.sleep(LOOK_EVERY)
        return False

    async def _back(self, uptime: float | None) -> None:
        """Wait until its console greets again, and its agent, if it has one, has begun anew."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._within
        while loop.time() < deadline:
            if await self._is_back(uptime):
                return
            await asyncio.sleep(LOOK_EVERY)
        raise RouterTimeout(
            f"the router did not come back within {self._within:g} s of its restart: see to it, or "
            "raise router.options.restart_within"
        )

    async def _is_back(self, uptime: float | None) -> bool:
        if uptime is not None:
            seen = await self._sight.by_snmp()
            if seen is None or seen.uptime is None or seen.uptime >= uptime:
                return False
        try:
            await self._sessions.visit(_greet)
        except LoginRefused:
            raise
        except DriverError:
            return False
        return True


async def _greet(walk: Walk) -> None:
    await walk.to_main_menu()


async def _choose_restart(walk: Walk) -> bool:
    """Restart from the menu, which must ask first, and must be understood.

    A session that is lost before that answer may begin again; after it, that is no loss.

    Returns:
        Whether it hung up thereupon, as it does when it restarts.

    Raises:
        UnreadableReply: It asks something else, or for more than a restart.
    """
    await walk.reach(RESTART_BOX)
    box = walk.screen.box
    known = box is not None and SPEAKS_OF_RESTART.search(box.text) and not destroys(box.text)
    if not known or not choice(walk.screen, CONTINUE):
        raise UnreadableReply("question before a restart", walk.console.text)
    await walk.select(CONTINUE, choice)
    if box is None or walk.screen.box is None or walk.screen.box.text != box.text:
        raise UnreadableReply("question before a restart, which has changed", walk.console.text)
    try:
        await walk.console.send(Key.RETURN)
        await walk.shows(lambda _: False, GOES_WITHIN)
    except RouterUnreachable:
        return True
    return False
