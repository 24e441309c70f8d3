"""Goes about in the router's menus as a careful person would.

A key is pressed, and then the screen is looked at. Return is pressed only while exactly the wanted
item is highlighted, on a screen that has come to rest. Only items that a goal names are ever
chosen. A box that nobody asked for is read, remembered, and left by Escape or CANCEL; by Return
only where it has nothing to decide. Whatever is not understood ends the walk, with the screen in
the error.
"""

from __future__ import annotations

from collections.abc import Callable

from wanfailover.errors import UnreadableReply
from wanfailover.transports.console.console import Console, Key
from wanfailover.transports.console.items import Item, Kind
from wanfailover.transports.console.screen import Screen
from wanfailover_netopia.hands import KEY_WITHIN, SETTLED, Hands, Ways
from wanfailover_netopia.pace import Paced
from wanfailover_netopia.screens import (
    CANCEL,
    SPEAKS_OF_RESTART,
    Goal,
    Label,
    choice,
    is_main_menu,
    is_notice,
)

SCREEN_WITHIN = 8.0
"""Seconds for a new screen: 2500 bytes at 9600 baud take 2.6 s, behind keys of 0.25 s each."""

LEFT_WITHIN = 3.0
"""Seconds for Escape to leave a screen, if it does: it may only have ended an entry."""

DEPTH = 10
"""Escapes to the Main Menu; the deepest screens lie five below it."""

UNMOVED = 2
"""Escapes without a change: one may end an entry, or a test that runs."""

STEPS = 40
"""Choices and retreats on the way to a goal; all dead ends together take about twenty."""


class Walk(Hands):
    """One session at the console, logged in and in the menus somewhere.

    Attributes:
        heard: What boxes have said that nobody had asked for, the latest last.
    """

    def __init__(self, console: Console, pace: Paced, ways: Ways) -> None:
        super().__init__(console, pace, ways)
        self.heard: list[str] = []
        self._trail: list[str] = []  # what was chosen since the Main Menu
        self._dead: set[tuple[str, ...]] = set()
        self._seen: list[Screen] = []

    @property
    def tells_of_restart(self) -> bool:
        """A box has said something of a restart, without being asked."""
        return any(SPEAKS_OF_RESTART.search(words) for words in self.heard)

    async def reach(self, goal: Goal) -> Screen:
        """Go to *goal*, from wherever this is.

        Raises:
            UnreadableReply: No way leads there, or a screen is not understood.
        """
        if goal.reached(self.screen) and self.screen.box is None:
            return self.screen
        await self.to_main_menu()
        return await self._search(goal)

    async def again(self, goal: Goal) -> Screen:
        """Leave the screen of *goal* and come back, so that it shows what the router has stored."""
        await self.back()
        return await self._search(goal)

    async def explore(self, goal: Goal) -> tuple[Screen, ...]:
        """Go wherever the hops of *goal* lead; gives all screens that were seen, once each."""
        self._seen.clear()
        try:
            await self.reach(goal)
        except UnreadableReply:
            if not is_main_menu(self.screen):
                raise
        self._dead = {trail for trail in self._dead if trail[0] != goal.name}
        return tuple(dict.fromkeys(self._seen))

    async def to_main_menu(self) -> None:
        """Press Escape until it is there.

        Raises:
            UnreadableReply: It is not reached.
        """
        unmoved = 0
        for _ in range(DEPTH):
            if is_main_menu(self.screen):
                self._trail.clear()
                return
            unmoved = 0 if await self.back() else unmoved + 1
            if unmoved == UNMOVED:
                break
        raise UnreadableReply("screen, which leads nowhere", self.console.text)

    async def back(self) -> bool:
        """Leave this screen, list or box; False where nothing came of it."""
        before = shape(self.screen)
        if self.screen.box is None:
            await self.console.send(Key.ESCAPE)
            if not await self.shows(lambda s: shape(s) != before, LEFT_WITHIN):
                return False
            await self.shows(ready, SCREEN_WITHIN)
        if self.screen.box is not None:  # which it was, or what leaving had to say
            await self.dismiss()
        if self._trail:
            self._trail.pop()
        return True

    async def dismiss(self) -> str:
        """Leave a box that nobody asked for, changing nothing; returns what it said.

        Raises:
            UnreadableReply: Escape does not close it, and what else would is not understood.
        """
        box = self.screen.box
        words = box.text if box else ""
        self.heard.append(words)
        await self._leave_box()
        return words

    async def choose(self, label: Label, until: Callable[[Screen], object] | None = None) -> bool:
        """Press Return on the menu item called *label*; False where nothing came of it.

        Args:
            label: Of an item, on the screen or in a list.

            until: How the new screen is known; by a highlight, if this is not given.
        """
        await self.select(label, choice)
        before = shape(self.screen)
        await self.console.send(Key.RETURN)
        known = until or ready
        await self.shows(lambda s: shape(s) != before and known(s), SCREEN_WITHIN)
        return shape(self.screen) != before

    async def _search(self, goal: Goal) -> Screen:
        for _ in range(STEPS):
            if goal.reached(self.screen):
                return self.screen
            self._seen.append(self.screen)
            if is_main_menu(self.screen):
                self._trail.clear()
            hop = self._next_hop(goal) or await self._hop_after_all(goal)
            if goal.reached(self.screen):
                return self.screen
            if hop is None:
                await self._retreat(goal)
            elif not await self.choose(hop, lambda s: goal.reached(s) or ready(s)):
                self._dead.add((goal.name, *self._trail, hop.words))
            else:
                self._trail.append(hop.words)
        raise UnreadableReply(f"menus: no way to {goal.name}", self.console.text)

    def _next_hop(self, goal: Goal) -> Label | None:
        untried = (
            hop for hop in goal.hops if (goal.name, *self._trail, hop.words) not in self._dead
        )
        return next((hop for hop in untried if choice(self.screen, hop)), None)

    async def _hop_after_all(self, goal: Goal) -> Label | None:
        """Look once more when the screen is sure to be whole: a dead end has to be one."""
        await self.settle(SETTLED)
        return self._next_hop(goal)

    async def _retreat(self, goal: Goal) -> None:
        if is_main_menu(self.screen):
            raise UnreadableReply(f"menus: no way to {goal.name}", self.console.text)
        self._dead.add((goal.name, *self._trail))
        if not await self.back():
            raise UnreadableReply("screen, which leads nowhere", self.console.text)

    async def _leave_box(self) -> None:
        box = self.screen.box
        if box is None:
            return

        def gone(screen: Screen) -> bool:
            return screen.box is None or screen.box.text != box.text

        def cancel(screen: Screen, label: Label) -> Item | None:
            return None if gone(screen) else choice(screen, label)

        await self.console.send(Key.ESCAPE)
        # It may be answered late, and a Return must not follow it onto the screen below.
        if not await self.shows(gone, SCREEN_WITHIN):
            if cancel(self.screen, CANCEL):
                await self.select(CANCEL, cancel)
            elif not is_notice(self.screen):
                raise UnreadableReply("dialog, which Escape does not close", self.console.text)
            await self.console.send(Key.RETURN)
            if not await self.shows(gone, SCREEN_WITHIN):
                raise UnreadableReply("dialog, which stays", self.console.text)
        await self.shows(ready, KEY_WITHIN)


def shape(screen: Screen) -> tuple[object, ...]:
    """What makes it another screen; values and highlights do not."""
    labels = tuple((item.label, item.row) for item in screen.items if item.kind is not Kind.TEXT)
    return screen.title, labels, screen.box.text if screen.box else None


def ready(screen: Screen) -> bool:
    """Tell whether it waits for a key: something is highlighted, or a box asks for any key."""
    return screen.highlighted is not None or screen.box is not None
