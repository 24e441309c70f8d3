"""Reads the router: what it runs each time, what stands on its screens when that may be news.

Polling never holds the console, of which there may be only one. So the screens are visited at the
first reading, which also proves the log-in, and then when SNMP is silent, when what it tells has
changed, after an edit that was cut short, and now and then while they hold something else than what
runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Interface

from wanfailover.core.site import Circuit
from wanfailover.errors import DriverError, RouterTimeout, RouterUnreachable
from wanfailover.transports.console.telnet import ConsoleBusy
from wanfailover_netopia.edits import read_configured, read_resets
from wanfailover_netopia.running import as_configured, filled, firmware_in
from wanfailover_netopia.session import Sessions
from wanfailover_netopia.sight import Sight, quick_view
from wanfailover_netopia.values import NetopiaView, Running, Values
from wanfailover_netopia.walk import Walk

BUSY_WITHIN = 3.0
"""Seconds to wait for a busy console only to read."""

VISIT_WITHIN = 75.0
"""Seconds to read its screens where SNMP has told the rest: a slow one draws them in seventeen."""

AGAIN_AFTER = 300.0
"""Seconds between visits that nothing but trouble calls for: a console that refused us is left in
peace, for each try may be counted against us, or take the place of an operator."""

NO_NEWS = 5.0
"""Seconds by which an uptime may seem to fall behind between two readings without a restart."""


@dataclass(frozen=True, slots=True)
class _Visit:
    """What the screens showed."""

    configured: Values
    quick: Running | None
    firmware: str | None
    resets: bool | None


class Reader:
    """Reads one router, and remembers what its screens held."""

    def __init__(self, sessions: Sessions, sight: Sight, circuits: Sequence[Circuit]) -> None:
        self._sessions = sessions
        self._sight = sight
        self._circuits = circuits
        self._seen: Running | None = None  # by SNMP, when the screens were last read
        self._screens: _Visit | None = None
        self._doubted = False  # an edit was cut short since then
        self._visited = 0.0  # when the screens were last visited, or a visit failed
        self._trouble = ""  # why it failed

    async def read(self, *, afresh: bool = False) -> NetopiaView:
        """Read it.

        Args:
            afresh: Visit the screens in any case.

        Raises:
            DriverError: It cannot be read; or its console lets us in for the first time, and not
                in a way that time would mend.
        """
        seen = await self._sight.by_snmp()
        busy = False
        if afresh or seen is None or (self._is_news(seen) and not self._rests()):
            try:
                await self._look(seen, None if afresh else self._screens)
            except ConsoleBusy:
                if seen is None:
                    raise
                busy = True
            except DriverError as error:
                again = self._screens is not None or self._trouble
                self._visited, self._trouble = asyncio.get_running_loop().time(), str(error)
                passes = isinstance(error, (RouterUnreachable, RouterTimeout))
                if afresh or seen is None or not (again or passes):
                    raise
        return self._view(seen, busy=busy)

    async def _look(self, seen: Running | None, before: _Visit | None) -> None:
        try:
            async with asyncio.timeout(None if seen is None else VISIT_WITHIN):
                self._screens = await self._sessions.visit(
                    lambda walk: _visit(walk, quick=seen is None, before=before), BUSY_WITHIN
                )
        except TimeoutError as error:
            if isinstance(error, RouterTimeout):
                raise
            raise RouterTimeout(
                f"its screens could not be read within {VISIT_WITHIN:g} s"
            ) from error
        self._seen = seen
        self._visited = asyncio.get_running_loop().time()
        self._doubted, self._trouble = False, ""

    @property
    def resets(self) -> bool | None:
        """What the router's setting says of changes: see `effect.Habit`."""
        return self._screens.resets if self._screens else None

    def _rests(self) -> bool:
        """A visit has failed not long ago."""
        now = asyncio.get_running_loop().time()
        return bool(self._trouble) and now - self._visited < AGAIN_AFTER

    def doubt(self) -> None:
        """An edit was cut short: the screens may hold anything of it."""
        self._doubted = True

    def typed(self, values: Values) -> None:
        """The screens were seen to hold *values*."""
        self._doubted, self._trouble = False, ""
        if self._screens is not None:
            held = self._screens.configured
            self._screens = replace(
                self._screens,
                configured=Values(
                    values.address or held.address,
                    values.mask or held.mask,
                    values.gateway or held.gateway,
                ),
            )

    def _is_news(self, seen: Running) -> bool:
        last = self._seen
        if last is None or self._screens is None or self._doubted:
            return True
        if seen.values.contradict(self._screens.configured) and (
            asyncio.get_running_loop().time() - self._visited >= AGAIN_AFTER
        ):
            return True
        restarted = (seen.uptime or 0.0) + NO_NEWS < (last.uptime or 0.0)
        pending = seen.pending_gateway not in {None, last.pending_gateway}
        ours = seen.pending_gateway == self._screens.configured.gateway
        moved = seen.values != last.values and not seen.values.hold(self._screens.configured)
        if not (restarted or moved or (pending and not ours)):
            self._seen = seen
            return False
        return True

    def _view(self, seen: Running | None, *, busy: bool) -> NetopiaView:
        screens = self._screens
        configured = screens.configured if screens else Values()
        running = seen or (screens.quick if screens else None) or as_configured(configured)
        running = filled(running, configured)
        values = running.values
        interface = self._interface(values)
        return NetopiaView(
            at=asyncio.get_running_loop().time(),
            gateway=values.gateway,
            source=values.address,
            interface=interface,
            addresses=tuple(_addresses(running, interface)),
            remarks=tuple(_remarks(running, configured, self._trouble, busy=busy)),
            unfinished=self._unfinished(values),
            configured=configured,
            firmware=running.firmware or (screens.firmware if screens else None),
            uptime=running.uptime,
            told_by=running.source,
        )

    def _unfinished(self, runs: Values) -> str:
        """What it will hold after its next restart, where that is, or may be, something else."""
        if self._screens is None:
            return "something unknown: its screens could not be read yet"
        if self._doubted:
            return "something unknown: an edit was cut short, and its screens not read since"
        configured = self._screens.configured
        return str(configured) if runs.contradict(configured) else ""

    def _interface(self, values: Values) -> str | None:
        """The name that the profile gives the WAN: the router itself has none for it."""
        on = [circuit for circuit in self._circuits if values.hold(Values.of(circuit))]
        names = dict.fromkeys(circuit.interface for circuit in on or self._circuits)
        return next(iter(names)) if len(names) == 1 else None


async def _visit(walk: Walk, *, quick: bool, before: _Visit | None) -> _Visit:
    """Read the screens; what is seldom turned only where it was not read *before*."""
    await walk.to_main_menu()
    firmware = firmware_in(walk.screen.title)
    seen = await quick_view(walk) if quick else None
    resets = before.resets if before else await read_resets(walk)
    configured = await read_configured(walk)
    await walk.to_main_menu()
    return _Visit(configured, seen, firmware, resets)


def _addresses(running: Running, interface: str | None) -> Iterator[tuple[str, IPv4Interface]]:
    if running.values.interface is not None:
        yield interface or "WAN", running.values.interface
    for address in running.inside:
        yield "LAN", address


def _remarks(running: Running, configured: Values, trouble: str, *, busy: bool) -> Iterator[str]:
    if trouble:
        yield f"its console could not be read, so a switch would fail: {trouble}"
    if busy:
        yield "its console is busy: what stands on its screens was not read"
    if running.source == "the configuration":
        yield (
            "neither SNMP nor Quick View tells what it runs: what stands on its screens is taken "
            "for it"
        )
    if configured.by_dhcp:
        yield "it takes its WAN address by DHCP: a switch sets a fixed one, an undo DHCP again"
    elif configured.address is not None and not running.values.hold(configured):
        yield (
            f"its screens hold {configured}, and it runs {running.values}: a change waits for a "
            "restart, or was left half done"
        )
