"""Types a value into a field, and believes only what the screen shows.

How a field is emptied differs and is not known beforehand: Delete or Space may clear it whole, or
take a character, or do nothing; the first character typed may replace the old value or follow it.
So each way is tried and looked at, and what worked is tried first the next time. A key may also
move the highlight: none is pressed unless the field is seen to have it.
"""

from __future__ import annotations

from collections.abc import Callable

from wanfailover.errors import CommandRefused, UnreadableReply
from wanfailover.transports.console.console import Key
from wanfailover.transports.console.screen import Screen
from wanfailover_netopia.hands import KEY_WITHIN, same, value
from wanfailover_netopia.screens import SPEAKS_OF_RESTART, Label, field
from wanfailover_netopia.walk import Walk

ACCEPT_WITHIN = 0.7
"""Seconds for Return to show what became of it; where the highlight stays, nothing at all does."""

TYPE_WITHIN = 2.0
"""Seconds for anything of what is typed to appear; it is waited for as long as more does."""


async def fill(walk: Walk, label: Label, text: str) -> None:
    """Put *text* into the field called *label*, and accept it.

    Raises:
        CommandRefused: The router does not take it; the old value is shown again, or the screen
            was left.

        UnreadableReply: The highlight has left the field; nothing was accepted.
    """
    await walk.select(label, field)
    old = value(walk.screen, label)
    if old == text:
        return
    await _enter(walk, label, text)
    await walk.settle()
    if value(walk.screen, label) != text:
        await _revert(walk, label)
        raise CommandRefused(_typed(label, text), f"the screen shows {value(walk.screen, label)!r}")
    await _accept(walk, label, text)


async def _accept(walk: Walk, label: Label, text: str) -> None:
    """Press Return and look what became of it."""
    await _stay(walk, label)
    bells, before = walk.console.bells, walk.screen.highlighted
    await walk.console.send(Key.RETURN)
    await walk.shows(
        lambda s: s.box or not same(s.highlighted, before) or value(s, label) != text, ACCEPT_WITHIN
    )
    words = await walk.dismiss() if walk.screen.box is not None else ""
    if SPEAKS_OF_RESTART.search(words):
        words = ""  # it tells when it will hold, not that it does not
    if walk.console.bells > bells and not words:
        words = "it beeps"
    if words and same(walk.screen.highlighted, before) and value(walk.screen, label) == text:
        await _revert(walk, label)  # or it was accepted, and this leaves the screen
    shown = value(walk.screen, label)
    if shown is not None and shown != text:
        raise CommandRefused(_typed(label, text), words or f"it shows {shown!r} again")


async def _press(walk: Walk, label: Label, keys: bytes) -> None:
    """Send what belongs into the field called *label*, and nowhere else."""
    await _stay(walk, label)
    await walk.console.send(keys)


async def _stay(walk: Walk, label: Label) -> None:
    """Make sure that the field has the highlight, waiting where it is still being drawn.

    Raises:
        UnreadableReply: It has not; an entry that may have begun elsewhere is given up.
    """
    if label.names(walk.screen.highlighted):
        return
    if await walk.shows(lambda s: label.names(s.highlighted), KEY_WITHIN):
        return
    text = walk.console.text
    await walk.console.send(Key.ESCAPE)
    await walk.settle()
    raise UnreadableReply(f"highlight, which a key has moved away from {label}", text)


async def _revert(walk: Walk, label: Label) -> None:
    """Give an entry up that was not accepted."""
    shown = value(walk.screen, label)
    await walk.console.send(Key.ESCAPE)
    await walk.shows(lambda s: value(s, label) != shown, KEY_WITHIN)


async def _enter(walk: Walk, label: Label, text: str) -> None:
    """Empty the field, and type; where no key does anything, after a Return that opens it."""
    old = value(walk.screen, label)
    if walk.ways.opens:
        if await _open(walk, label, text):
            return
        await walk.select(label, field)
    if await _overwrite(walk, label, text) and (old or value(walk.screen, label)):
        return
    if value(walk.screen, label) == old and await _open(walk, label, text):
        return
    await _revert(walk, label)
    raise CommandRefused(_typed(label, text), "the old value cannot be cleared")


async def _open(walk: Walk, label: Label, text: str) -> bool:
    """Press Return, and type then; False where that did not open the field."""
    await _press(walk, label, Key.RETURN)
    await walk.settle()
    walk.ways.opens = label.names(walk.screen.highlighted) and await _overwrite(walk, label, text)
    return walk.ways.opens


async def _overwrite(walk: Walk, label: Label, text: str) -> bool:
    """Try each way to empty the field; False where none of them does."""
    for way in tuple(walk.ways.order):
        rest = text
        if way is not None:
            empty = await _wear_down(walk, label, way)
        else:
            await _press(walk, label, text[:1].encode())
            empty = await walk.shows(lambda s: value(s, label) == text[:1], haste=True)
            rest = text[1:]
        if empty:
            walk.ways.prefer(way)
            await _press(walk, label, rest.encode())
            await _appears(walk, label, text)
            return True
    return False


async def _appears(walk: Walk, label: Label, text: str) -> None:
    """Wait until *text* stands there, as long as anything changes; it is looked at again later."""
    for _ in text:
        shown = walk.screen
        await walk.shows(lambda s: value(s, label) == text, TYPE_WITHIN, haste=True)
        if value(walk.screen, label) == text or walk.screen == shown:
            return


async def _wear_down(walk: Walk, label: Label, key: Key) -> bool:
    """Press *key* until the field is empty; False where it does not get shorter."""
    while shown := value(walk.screen, label):
        await _press(walk, label, key)
        await walk.shows(_differs(label, shown), KEY_WITHIN, haste=True)
        now = value(walk.screen, label)
        if now is None or len(now) >= len(shown):
            return False
    return shown is not None


def _differs(label: Label, shown: str | None) -> Callable[[Screen], bool]:
    return lambda screen: value(screen, label) not in {None, shown}


def _typed(label: Label, text: str) -> str:
    return f"{label.words} {text}"
