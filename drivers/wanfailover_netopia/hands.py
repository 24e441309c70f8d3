"""Presses keys and looks: waits for what a key should do, and brings the highlight to an item.

Return is for whoever has an item selected here: it is then highlighted for certain, on a screen
that has come to rest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from wanfailover.errors import RouterTimeout, UnreadableReply
from wanfailover.transports.console.console import Console, Key
from wanfailover.transports.console.items import Item, Kind
from wanfailover.transports.console.screen import Screen
from wanfailover_netopia.pace import Paced
from wanfailover_netopia.screens import Label, field

KEY_WITHIN = 1.5
"""Seconds for a key to show what it does, if it does anything; a slow unit takes 0.25 s."""

SETTLED = 1.0
"""Seconds of quiet that make sure of a screen on which something is missed."""

TRIES = 3
"""Attempts to bring the highlight to an item, which a slow repaint may show where it is not."""

BY_CURSOR = 0.2
"""Seconds of quiet where only the cursor says what is highlighted: it also passes by in drawing."""

Finder = Callable[[Screen], Item | None]


@dataclass(slots=True)
class Ways:
    """How a router's fields want to be typed into, as far as it was found out.

    Args:
        order: How to empty one, the likeliest first; None is to type over it. Delete and Backspace
            come again, for when an entry has begun; Space is last, as it may be typed.

        opens: Only after a Return that opens it.
    """

    order: list[Key | None] = dataclasses.field(
        default_factory=lambda: [
            Key.DELETE,
            Key.BACKSPACE,
            None,
            Key.BACKSPACE,
            Key.DELETE,
            Key.SPACE,
        ]
    )
    opens: bool = False

    def prefer(self, way: Key | None) -> None:
        """Remember what has emptied a field, to try it first the next time."""
        if self.order[0] != way:
            self.order.insert(0, way)


class Hands:
    """On one session's keyboard.

    Attributes:
        console: Whose keys are pressed.

        ways: How the router's fields want to be typed into.
    """

    def __init__(self, console: Console, pace: Paced, ways: Ways) -> None:
        self.console = console
        self.ways = ways
        self._pace = pace

    @property
    def screen(self) -> Screen:
        """The screen as it is now."""
        return self.console.screen

    async def shows(
        self,
        condition: Callable[[Screen], object],
        within: float = KEY_WITHIN,
        *,
        haste: bool = False,
    ) -> bool:
        """Wait until *condition* holds of a screen at rest; False where it does not in time.

        Args:
            condition: What to wait for.

            within: Seconds.

            haste: Do not wait for rest: what is seen is looked at again before it counts.
        """
        quiet = self._pace.haste if haste else self._pace.quiet
        try:
            await self.console.until(condition, within, quiet=quiet)
        except RouterTimeout:
            return False
        return True

    async def settle(self, quiet: float = 0.0) -> None:
        """Wait until the screen is at rest, and for *quiet* seconds at least."""
        await self.console.settle(max(quiet, self._pace.quiet))

    async def select(self, label: Label, find: Callable[[Screen, Label], Item | None]) -> Item:
        """Move the highlight to the item called *label*, and make sure of it.

        Raises:
            UnreadableReply: It is not there, or the highlight does not come to it.
        """
        for _ in range(TRIES):
            await _Highlight(self, lambda screen: find(screen, label)).bring(str(label))
            await self.settle()
            item = find(self.screen, label)
            if item is not None and not any(row == item.row for row, _ in self.screen.reverse):
                await self.settle(BY_CURSOR)
                item = find(self.screen, label)
            if item is not None and same(item, self.screen.highlighted):
                return item
            await self.settle(SETTLED)
        raise UnreadableReply(f"highlight, which does not come to {label}", self.console.text)


class _Highlight:
    """Brings the highlight to an item. Whether it wraps, and in which order it goes, is unknown."""

    def __init__(self, hands: Hands, find: Finder) -> None:
        self._hands = hands
        self._find = find
        self._pressed: dict[tuple[int, int], list[Key]] = {}

    async def bring(self, words: str) -> None:
        if not await self._hands.shows(lambda s: self._find(s) and s.highlighted, SETTLED):
            await self._find_it(words)
        while not self._there():
            key = self._next_key()
            if key is None:
                await self._sweep()
                return
            await self._move(key)
            if not self._moved_at_all() and len(self._keys_here()) > 1:
                raise RouterTimeout(
                    f"the router's console does not react to arrow keys; it shows "
                    f"{self._hands.screen.title!r}"
                )

    def _there(self) -> bool:
        screen = self._hands.screen
        return same(self._find(screen), screen.highlighted)

    async def _find_it(self, words: str) -> None:
        """Nothing seems highlighted, or the item is missing: repaint, then a step down and up."""
        for key in (Key.CTRL_L, Key.DOWN, Key.UP):
            await self._hands.console.send(key)
            await self._hands.settle()
            screen = self._hands.screen
            if self._find(screen) and screen.highlighted:
                return
        raise UnreadableReply(f"screen, without {words} to choose", self._hands.console.text)

    def _keys_here(self) -> list[Key]:
        lit = self._hands.screen.highlighted
        return self._pressed.setdefault((lit.row, lit.column) if lit else (-1, -1), [])

    def _moved_at_all(self) -> bool:
        return len(self._pressed) > 1

    def _next_key(self) -> Key | None:
        """The key that should bring it nearer, of those not yet pressed at this place."""
        here, there = self._hands.screen.highlighted, self._find(self._hands.screen)
        if here is None or there is None:
            return None
        before = (here.row, here.column) < (there.row, there.column)
        keys = [Key.DOWN, Key.UP] if before else [Key.UP, Key.DOWN]
        if here.row == there.row and here.kind is not Kind.FIELD:  # there they move in its text
            keys.insert(0, Key.RIGHT if before else Key.LEFT)
        return next((key for key in keys if key not in self._keys_here()), None)

    async def _move(self, key: Key) -> None:
        self._keys_here().append(key)
        before = self._hands.screen.highlighted
        await self._hands.console.send(key)
        await self._hands.shows(
            lambda s: s.highlighted is not None and not same(s.highlighted, before),
            haste=True,
        )
        self._keys_here()  # a place that was reached

    async def _sweep(self) -> None:
        """Go over all items, down and then up: their order is not that of their places."""
        most = 2 * len(self._hands.screen.items) + 2
        for key in [Key.DOWN] * most + [Key.UP] * most:
            if self._there():
                return
            await self._move(key)


def same(one: Item | None, other: Item | None) -> bool:
    """Tell whether two items, of two moments, are the same one."""
    return (
        one is not None
        and other is not None
        and (one.label, one.row, one.column) == (other.label, other.row, other.column)
    )


def value(screen: Screen, label: Label) -> str | None:
    """What a field shows; None where the screen has none of that name."""
    item = field(screen, label)
    return None if item is None else item.value.strip("_ ")
