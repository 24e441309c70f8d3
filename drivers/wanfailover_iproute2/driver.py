"""The driver: four verbs over a shell, marks for idle circuits, and a look round for `check`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from wanfailover.core.facts import RouterView
from wanfailover.core.plan import Step
from wanfailover.core.site import Circuit
from wanfailover.errors import CommandRefused, LoginRefused
from wanfailover.ports import Action, Finding, Severity
from wanfailover.transports.router import RouterShell
from wanfailover_iproute2 import commands
from wanfailover_iproute2.commands import Own
from wanfailover_iproute2.findings import judge
from wanfailover_iproute2.marking import Marker, Standpoint
from wanfailover_iproute2.reading import READ, LinuxView, read_view
from wanfailover_iproute2.survey import SURVEY, read_survey

READ_WITHIN = 10.0
"""Seconds to read the router, log-in included; it takes milliseconds, and 0.3 s to log in."""

ACT_WITHIN = 30.0
"""Seconds for one action. Our own lines take milliseconds; the site's may restart a service."""


FORGET_AGAIN = 5
"""How often connections are forgotten anew after one of them ended in the middle of it."""


class Iproute2:
    """Drives a Linux router by ``ip``, ``conntrack`` and ``arping``."""

    def __init__(self, shell: RouterShell, own: Own, standpoint: Standpoint) -> None:
        self._shell = shell
        self._own = own
        marked = tuple(circuit for circuit in own.circuits if circuit.marked)
        self._marker = Marker(shell, marked, standpoint)

    async def read(self) -> LinuxView:
        """Read addresses and default routes, in one round trip; in another one marks, if any."""
        view = await self._read()
        marks, remarks = await self._marker.read(view)
        return replace(view, marks=marks, remarks=(*view.remarks, *remarks))

    async def mark(self, circuits: Sequence[Circuit]) -> None:
        """Have packets from this host that carry a circuit's code point leave by that circuit."""
        await self._marker.mark(circuits, await self._read())

    def compile(self, steps: Sequence[Step], view: RouterView) -> tuple[Action, ...]:
        """Turn abstract steps into actions of this router; touches nothing."""
        return commands.compile_steps(steps, view, self._own)

    async def perform(self, action: Action) -> str:
        """Type what the action does; returns the router's words."""
        return await self._type(action.does)

    async def undo(self, action: Action) -> str:
        """Type what takes it back, from whatever point it may have stopped at."""
        return await self._type(action.undoes)

    async def close(self) -> None:
        """Log out; the next call logs in again."""
        await self._shell.close()

    async def inspect(self) -> tuple[Finding, ...]:
        """Look at tools, rights and other writers; changes nothing."""
        view = await self._read()
        try:
            reply = await self._shell.run(SURVEY, within=READ_WITHIN, root=True)
        except LoginRefused as error:  # by sudo: reading took no rights
            return (Finding("rights", Severity.RED, str(error), "see the driver's README: sudo"),)
        survey, repairs = read_survey(reply), bool(self._own.after)
        found = judge(view, survey, self._own.circuits, repairs=repairs)
        return (*found, *await self._marker.inspect(view))

    async def _read(self) -> LinuxView:
        reply = await self._shell.run(READ, within=READ_WITHIN)
        ours = frozenset(circuit.address.ip for circuit in self._own.circuits)
        return read_view(reply, time.monotonic(), ours)

    async def _type(self, lines: tuple[str, ...]) -> str:
        if not lines:
            return ""
        script = commands.script(lines)
        done = await self._shell.run_detached(script, within=ACT_WITHIN)
        for _ in range(FORGET_AGAIN):
            if not commands.stumbled(lines, done):
                break
            done = await self._shell.run_detached(script, within=ACT_WITHIN)
        if commands.failed(lines, done):
            raise CommandRefused(commands.culprit(lines, done), done.words)
        return done.words
