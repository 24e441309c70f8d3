"""The driver: four verbs over a console and an SNMP agent, and a look round for `check`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from wanfailover.abilities import Pinhole
from wanfailover.core.facts import RouterView
from wanfailover.core.plan import Step
from wanfailover.core.site import Circuit
from wanfailover.errors import DriverError, NeedsRestart, RouterTimeout, RouterUnreachable
from wanfailover.ports import Action, Dial, Finding, Notes, Secret, Snmp
from wanfailover.transports import traps
from wanfailover_netopia import changes, edits, look, tour
from wanfailover_netopia.changes import EDIT, EFFECT, LOOK, Change
from wanfailover_netopia.edits import read_configured, read_resets
from wanfailover_netopia.effect import RESTART, Effect, Habit
from wanfailover_netopia.reading import Reader
from wanfailover_netopia.restart import Restarter
from wanfailover_netopia.session import IDLE, Sessions
from wanfailover_netopia.sight import Sight
from wanfailover_netopia.values import NetopiaView, Values
from wanfailover_netopia.walk import Walk

READ_WITHIN = 90.0
"""Seconds to read the router: a slow one draws its eight screens in twenty."""

EDIT_WITHIN = 240.0
"""Seconds for the three edits: 25 on a slow unit, and a few rounds where it refuses some."""

EFFECT_WITHIN = 90.0
"""Seconds to see them in effect, besides a restart."""

LOOK_WITHIN = 60.0
"""Seconds for Quick View and a ping; fifteen on a slow unit."""

TYPING = 5.0
"""Seconds from log-in to the last value in effect, of one that holds a change at once: what a user
behind the virtual one waits (``make bench``)."""

BACK_EVERY = 5.0
"""Seconds between attempts to put back what was there, on a router that is away."""

FORBIDDEN = (
    "changes of this router wait for a restart, as was found out before: set "
    "router.options.restart to allowed"
)

INSPECT_WITHIN = 180.0
"""Seconds to look round; ten screens, some of which may not be there."""


@dataclass(frozen=True, slots=True)
class Router:
    """What the driver is made of.

    Args:
        host: As the profile has it.

        dial: Opens a telnet session.

        snmp: The agent; None where the profile says that there is none.

        settable: A community to set with was given.

        restart: It may be restarted.

        restart_within: Seconds in which it must be back then.

        trap_listen: Address and port to hear its traps at.
    """

    host: str | None
    dial: Dial
    notes: Notes
    circuits: tuple[Circuit, ...] = ()
    username: str | None = None
    password: Secret | None = None
    communities: tuple[Secret, ...] = ()
    snmp: Snmp | None = None
    settable: bool = False
    restart: bool = False
    restart_within: float = 120.0
    trap_listen: tuple[str, int] | None = None


class Netopia:
    """Drives an R9100 by its menus, and reads it by SNMP where it answers."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._sessions = Sessions(router.dial, router.username, router.password, router.communities)
        self._sight = Sight(router.snmp, self._sessions, router.circuits, router.host)
        self._reader = Reader(self._sessions, self._sight, router.circuits)
        setter = router.snmp if router.settable else None
        restarter = Restarter(setter, self._sessions, self._sight, router.restart_within)
        self._habit = Habit(router.notes)
        self._effect = Effect(self._sight, restarter, self._habit, allowed=router.restart)
        self._notice = False
        self._servers: str | None = None  # what its screens hold of them, when last looked round
        self._entered = False  # its screens, to type the values of the latest action

    async def read(self) -> NetopiaView:
        """Read what it runs, by SNMP; and what stands on its screens, when that may be news."""
        async with self._within(READ_WITHIN, "reading the router"):
            view = await self._reader.read()
            self._know(view)
            return view

    def compile(self, steps: Sequence[Step], view: RouterView) -> tuple[Action, ...]:
        """Turn abstract steps into actions of this router; touches nothing."""
        router = self._router
        refused = FORBIDDEN if self._effect.forbidden else ""
        return changes.compile_steps(
            steps, view, router.circuits, restart=router.restart, refused=refused
        )

    def outage(self) -> float:
        """Seconds that a switch keeps users waiting, as far as this router's habits are known."""
        kind = self._habit.kind
        if kind == RESTART or (kind is None and self._router.restart):
            return self._router.restart_within / 2  # it is given twice what it is thought to take
        return TYPING

    def longest(self, call: str) -> float:
        """Seconds that a call takes at the most, by the deadlines below."""
        typing = EDIT_WITHIN + self._router.restart_within
        match call:
            case "read":
                return READ_WITHIN
            case "perform":
                return max(2 * READ_WITHIN, self._effect_within) + typing
            case "undo":
                return typing + EDIT_WITHIN + self._effect_within
            case _:
                return INSPECT_WITHIN

    async def perform(self, action: Action) -> str:
        """Type the values, see them in effect, or look from the router; returns what it showed."""
        change = _known(action)
        if change.name == EDIT:
            try:
                return await self._edit(change)
            except DriverError as error:
                error.untouched |= not self._entered
                raise
        if change.name == EFFECT:
            return await self._take_effect(change)
        async with self._within(LOOK_WITHIN, "looking from the router"):
            words = await self._sessions.visit(lambda walk: look.look(walk, change.goal))
        await self._sessions.close()
        return words

    async def undo(self, action: Action) -> str:
        """Put back what was there and see it in effect, from wherever it may have stopped."""
        change = _known(action)
        if change.name != EDIT:
            await self._sessions.close()
            return ""
        words = await self._type_back(change.restored, change.ran)
        async with self._within(self._effect_within, "seeing the old values in effect"):
            words += "; " + await self._effect.see(change.ran, notice=self._notice)
        await self._sessions.close()
        return words

    async def close(self) -> None:
        """Log out; the next call logs in again."""
        await self._sessions.close()
        if self._router.snmp is not None:
            await self._router.snmp.close()

    async def inspect(self) -> tuple[Finding, ...]:
        """Look for what would make a switch fail; changes nothing."""
        async with self._within(INSPECT_WITHIN, "looking round"):
            view = await self._reader.read(afresh=True)
            self._know(view)
            seen = await self._sessions.visit(tour.take)
            await self._sessions.close()
        self._servers = seen.servers
        router = self._router
        return tour.judge(
            view,
            seen,
            tour.Knowledge(
                snmp=router.snmp is not None,
                snmp_answers=self._sight.snmp_answers,
                snmp_trouble=self._sight.trouble,
                trap_listen=router.trap_listen,
                settable=router.settable,
                restart=router.restart,
                changes=self._habit.kind,
                recent=self._habit.recent,
                resets=self._habit.resets,
                turned=not self._habit.waits,
                circuits=router.circuits,
            ),
        )

    async def pinholes(self) -> tuple[Pinhole, ...]:
        """NAT's servers as they were seen when it looked round, or are now."""
        if self._servers is None:
            await self.inspect()
        return tour.pinholes(self._servers or "")

    async def testimony(self) -> tuple[str, ...]:
        """What it says of its own tunnels: VPN QuickView, and the last of the WAN Event History."""
        async with self._within(LOOK_WITHIN, "reading of its tunnels"):
            words = await self._sessions.visit(tour.witness)
        await self._sessions.close()
        return words

    async def record(self) -> str:
        """Visit all screens that matter, changing nothing; returns what was said, scrubbed."""
        async with self._within(INSPECT_WITHIN, "recording a visit"):
            return await self._sessions.recorded(tour.take_all)

    async def listen(self, prompt: Callable[[str], object]) -> None:
        """Call *prompt* for the router's traps, if the profile says where to listen.

        Raises:
            DriverError: This host cannot listen there.
        """
        if self._router.trap_listen is not None and self._router.host is not None:
            address, port = self._router.trap_listen
            await traps.listen(address, port, self._router.host, prompt)

    @property
    def _effect_within(self) -> float:
        return EFFECT_WITHIN + (self._router.restart_within if self._router.restart else 0.0)

    def _know(self, view: NetopiaView) -> None:
        self._habit.firmware = view.firmware
        self._habit.resets = self._reader.resets

    async def _edit(self, change: Change) -> str:
        self._entered = False
        if self._effect.forbidden and not change.idle:
            async with self._within(READ_WITHIN, "reading a setting"):
                self._habit.resets = await self._sessions.visit(read_resets)
            if self._effect.forbidden:
                raise NeedsRestart(FORBIDDEN)
        if change.blind and change.found.back is None:
            async with self._within(READ_WITHIN, "reading its screens"):
                stood = await self._sessions.visit(read_configured)
            change.found.back = changes.back_to(change.ran, stood, self._router.circuits)
        words = await self._type(change.goal, change.restored)
        change.found.typed_at = change.found.typed_at or asyncio.get_running_loop().time()
        return words

    async def _take_effect(self, change: Change) -> str:
        try:
            async with self._within(self._effect_within, "seeing the values in effect"):
                words = await self._effect.see(
                    change.goal,
                    before=change.ran,
                    typed_at=change.found.typed_at,
                    notice=self._notice,
                )
        except NeedsRestart:
            await self._type_back(change.restored, change.restored)
            await self._sessions.close()
            raise
        self._sessions.keep(IDLE)
        return words

    async def _type_back(self, values: Values, back: Values) -> str:
        """Type *values*, and do not give up soon: it is the last word on what the router holds.

        A router may be restarting by itself, or an operator be at its console.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._router.restart_within
        while True:
            try:
                return await self._type(values, back)
            except (RouterTimeout, RouterUnreachable):
                if loop.time() >= deadline:
                    raise
                await asyncio.sleep(BACK_EVERY)

    async def _type(self, values: Values, back: Values) -> str:
        """Make its screens hold *values*."""
        self._notice = self._entered = False

        async def work(walk: Walk) -> None:
            self._entered = True
            await edits.change(walk, values, back)
            self._notice |= walk.tells_of_restart

        try:
            async with self._within(EDIT_WITHIN, "typing the values"):
                await self._sessions.visit(work)
        except BaseException:
            if self._entered:
                self._reader.doubt()
            raise
        self._reader.typed(values)
        self._sessions.keep(self._effect_within)
        return f"its screens hold {values}"

    @asynccontextmanager
    async def _within(self, seconds: float, doing: str) -> AsyncIterator[None]:
        """Give up after *seconds*; on any failure, log out."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except DriverError:
            await self._sessions.close()
            raise
        except TimeoutError as error:
            await self._sessions.close()
            raise RouterTimeout(f"gave up {doing} after {seconds:g} s") from error


def _known(action: Action) -> Change:
    """The action as this driver compiled it.

    Raises:
        DriverError: It did not.
    """
    if not isinstance(action, Change) or action.name not in {EDIT, EFFECT, LOOK}:
        raise DriverError(f"{action.name!r} is no action of an R9100")
    return action
