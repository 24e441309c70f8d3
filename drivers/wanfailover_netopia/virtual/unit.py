"""The whole unit in memory: what a test or a simulation has in its hands."""

from __future__ import annotations

import asyncio

from wanfailover.errors import RouterTimeout, RouterUnreachable
from wanfailover_netopia.virtual.agent import Agent
from wanfailover_netopia.virtual.router import Router
from wanfailover_netopia.virtual.twin import MemoryChannel, MemorySnmp
from wanfailover_netopia.virtual.variants import session_limit

DIAL_WITHIN = 5.0
"""Seconds until a telnet client gives up on a unit that says nothing."""


class Unit(Router):
    """An R9100 with its ways in; must be made where an event loop runs.

    ::

        unit = Unit(variant="password+restart+minimal-diff")
        channel = await unit.dial()
        snmp = unit.snmp("public")
    """

    @property
    def sessions(self) -> int:
        """How many telnet sessions are open."""
        return len(self.open)

    @property
    def refuses_telnet(self) -> bool:
        """Whether nobody listens."""
        return self.settings["security.telnet"] == "No"

    @property
    def is_full(self) -> bool:
        """Whether another session is closed without a word."""
        return len(self.open) >= session_limit(self.variants)

    async def dial(self, *, by_wan: bool = False) -> MemoryChannel:
        """Open a telnet session, from beyond the WAN if *by_wan*.

        Raises:
            RouterUnreachable: Telnet is off.
            RouterTimeout: It is restarting or silent.
        """
        if not self.answering:
            await asyncio.sleep(DIAL_WITHIN)
            raise RouterTimeout(f"the router did not answer within {DIAL_WITHIN:g} s")
        if self.refuses_telnet:
            self.note("session-refused", why="telnet is off")
            raise RouterUnreachable("the router refused the connection: is telnet enabled there?")
        channel = MemoryChannel(self, by_wan=by_wan)
        if self.is_full:
            self.note("session-refused", why="too many sessions")
            channel.refuse()
        else:
            channel.begin()
        return channel

    def snmp(self, community: str | None, read_community: str | None = None) -> MemorySnmp:
        """Give an SNMP client that sets with *community*, and reads with the other, if there is."""
        return MemorySnmp(Agent(self), community, read_community)
