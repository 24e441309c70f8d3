"""The two ways to see what the router runs: by SNMP, which disturbs nobody, else on its screens."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import AddressValueError, IPv4Address

from wanfailover.core.site import Circuit
from wanfailover.errors import RouterTimeout, RouterUnreachable, UnreadableReply
from wanfailover.ports import Snmp
from wanfailover_netopia import running
from wanfailover_netopia.edits import read_configured
from wanfailover_netopia.screens import QUICK_VIEW
from wanfailover_netopia.session import Sessions
from wanfailover_netopia.values import Running
from wanfailover_netopia.walk import SCREEN_WITHIN, Walk


class Sight:
    """Sees what one router runs.

    Args:
        snmp: Its agent; None where the profile says that there is none.

        sessions: Its console.

        circuits: The site's.

        host: Where it is reached, which is not its WAN address.
    """

    def __init__(
        self, snmp: Snmp | None, sessions: Sessions, circuits: Sequence[Circuit], host: str | None
    ) -> None:
        self._snmp = snmp
        self._sessions = sessions
        self._circuits = circuits
        self._host = _address(host)
        self.snmp_answers = snmp is not None
        self.trouble = ""  # why it does not answer, in its own words

    async def by_snmp(self) -> Running | None:
        """Ask the agent; None where it does not answer, or not in a way that can be read."""
        if self._snmp is None:
            return None
        try:
            seen = await running.ask(self._snmp, self._circuits, self._host)
        except (RouterTimeout, RouterUnreachable, UnreadableReply) as error:
            self.snmp_answers, self.trouble = False, str(error)
            return None
        self.snmp_answers, self.trouble = True, ""
        return seen

    async def now(self) -> Running | None:
        """Look, by whichever way was open last; None where the agent does not answer just now.

        Raises:
            DriverError: Its console is closed to us as well.
        """
        if self.snmp_answers:
            return await self.by_snmp()
        return await self._sessions.visit(_on_screens)


async def _on_screens(walk: Walk) -> Running:
    """Read Quick View, and only where there is none what is configured."""
    return await quick_view(walk) or running.as_configured(await read_configured(walk))


async def quick_view(walk: Walk) -> Running | None:
    """Read Quick View anew; None where there is none, or nothing of use on it."""
    try:
        if QUICK_VIEW.reached(walk.screen):
            await walk.to_main_menu()
        await walk.reach(QUICK_VIEW)
    except UnreadableReply:
        return None
    # It may have a clock and never rest: what is looked for is enough.
    await walk.shows(lambda s: running.read_quick_view(s).values.address, SCREEN_WITHIN / 4)
    seen = running.read_quick_view(walk.screen)
    return seen if seen.values.address or seen.values.gateway else None


def _address(host: str | None) -> IPv4Address | None:
    try:
        return IPv4Address(host or "")
    except AddressValueError:
        return None
