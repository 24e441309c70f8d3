"""The driver: four verbs over a shell, marks for idle circuits, and a look round for `check`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from wanfailover.core.facts import RouterView
from wanfailover.core.plan import Step
from wanfailover.core.site import Circuit, Tunnel
from wanfailover.errors import CommandRefused, LoginRefused
from wanfailover.ports import Action, Finding, Notes, Severity
from wanfailover.transports.router import STOP_WITHIN, RouterShell
from wanfailover_iproute2 import commands, tunnels
from wanfailover_iproute2.commands import Own
from wanfailover_iproute2.deadman import ARM_WITHIN, DISARM_WITHIN, DeadMen
from wanfailover_iproute2.findings import judge
from wanfailover_iproute2.marking import Marker, Standpoint
from wanfailover_iproute2.reading import READ, LinuxView, read_view
from wanfailover_iproute2.survey import SURVEY, read_survey
from wanfailover_iproute2.writer import Writer

READ_WITHIN = 10.0
"""Seconds to read the router, log-in included; it takes milliseconds, and 0.3 s to log in."""

ACT_WITHIN = 10.0
"""Seconds for one action, or its undo; it takes milliseconds, and 0.3 s to log in."""

OWN_WITHIN = 30.0
"""The same for the site's own commands, which may restart a service."""

FORGET_AGAIN = 5
"""How often connections are forgotten anew after one of them ended in the middle of it."""


class Iproute2:
    """Drives a Linux router by ``ip``, ``conntrack`` and ``arping``."""

    def __init__(self, shell: RouterShell, own: Own, standpoint: Standpoint, notes: Notes) -> None:
        self._shell = shell
        self._own = own
        marked = tuple(circuit for circuit in own.circuits if circuit.marked)
        self._marker = Marker(shell, marked, standpoint)
        self._dead_men = DeadMen(shell)
        self._writer = Writer(shell, notes)

    async def read(self) -> LinuxView:
        """Read addresses and default routes, in one round trip; in another one marks, if any."""
        view = await self._read()
        marks, remarks = await self._marker.read(view)
        return replace(view, marks=marks, remarks=(*view.remarks, *remarks))

    async def mark(self, circuits: Sequence[Circuit]) -> None:
        """Have packets from this host that carry a circuit's code point leave by that circuit."""
        self._writer.insist()
        await self._marker.mark(circuits, await self._read())

    def compile(self, steps: Sequence[Step], view: RouterView) -> tuple[Action, ...]:
        """Turn abstract steps into actions of this router; touches nothing."""
        return commands.compile_steps(steps, view, self._own)

    async def perform(self, action: Action) -> str:
        """Type what the action does; returns the router's words."""
        return await self._type(action.does, _within(action))

    async def undo(self, action: Action) -> str:
        """Type what takes it back, from whatever point it may have stopped at."""
        return await self._type(action.undoes, _within(action))

    def renewal(self, tunnel: Tunnel) -> str:
        """By swanctl; see `abilities.Renewing`."""
        return f"swanctl ends {tunnel.ike} by force and begins {tunnel.child}"

    def fires_after(self, actions: Sequence[Action], proving: float) -> float:
        """All that a switchover may take, by its deadlines; see `abilities.DeadMan`."""
        acts = [_within(action) for action in actions if action.does]
        acts += [_within(action) for action in actions if action.undoes]
        acts += [ARM_WITHIN, DISARM_WITHIN]
        reads = 2 * (READ_WITHIN + self._marker.reads_within)
        return sum(acts) + STOP_WITHIN * len(acts) + reads + proving

    async def arm(self, token: str, actions: Sequence[Action], seconds: float) -> bool:
        """Leave a timed undo on the router."""
        return await self._dead_men.arm(token, actions, seconds)

    async def disarm(self, token: str) -> bool:
        """Cancel a timed undo; tell whether it has fired."""
        return await self._dead_men.disarm(token)

    async def armed(self) -> tuple[str, ...]:
        """Tokens of the timed undos on the router."""
        return await self._dead_men.armed()

    async def claim(self, name: str) -> str:
        """Have it known on the router that *name* changes it."""
        return await self._writer.claim(name)

    async def release(self) -> None:
        """Take our name from the router."""
        await self._writer.release()

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
        found = judge(view, survey, self._own.circuits, repairs=repairs, now=time.time())
        return (*found, *await self._marker.inspect(view), *await self._look_at_tunnels(view))

    async def _look_at_tunnels(self, view: LinuxView) -> tuple[Finding, ...]:
        """Whether strongSwan has what is to be renewed, and as it should be."""
        renewed = [tunnel for tunnel in self._own.tunnels if tunnel.ike is not None]
        if not renewed:
            return ()
        uri = self._own.swanctl_uri
        known, standing, filtering = [
            await self._shell.run(asked, within=READ_WITHIN, root=True)
            for asked in (tunnels.question(uri), tunnels.question(uri, "sas"), "nft list ruleset")
        ]
        rules = filtering.out if not filtering.status else None
        astray = tunnels.astray(standing.out, view.source)
        return tuple(tunnels.judge(renewed, known, rules, astray))

    async def _read(self) -> LinuxView:
        reply = await self._shell.run(READ, within=READ_WITHIN)
        ours = frozenset(circuit.address.ip for circuit in self._own.circuits)
        return read_view(reply, time.monotonic(), ours)

    async def _type(self, lines: tuple[str, ...], within: float) -> str:
        if not lines:
            return ""
        script, until = commands.script(lines), time.monotonic() + within
        done = await self._shell.run_detached(script, within=within)
        for _ in range(FORGET_AGAIN):
            if not commands.stumbled(lines, done):
                break
            left = max(0.0, until - time.monotonic())
            done = await self._shell.run_detached(script, within=left)
        if commands.failed(lines, done):
            raise CommandRefused(commands.culprit(lines, done), done.words)
        return done.words


def _within(action: Action) -> float:
    return OWN_WITHIN if action.name == commands.AFTER else ACT_WITHIN
