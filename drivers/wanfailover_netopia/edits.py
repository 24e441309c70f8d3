"""Sets the three values, on two screens, whatever order the router will have them in.

Address, mask, gateway is the order that most likely passes. A router may refuse a gateway outside
the network it has just now, or an address that the old mask makes a broadcast; so what was refused
is tried again when the others have changed, as long as that changes anything. A mask may be reset
by a new address, and may be hidden until there is one: it comes after the address, and is looked at
again. What holds the wanted value already is left alone, so that a second time nothing is touched,
and what an earlier session has left half done is thereby finished.

Each screen is left and entered again, for only then does it show what was stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import AddressValueError, IPv4Address

from wanfailover.errors import CommandRefused, UnreadableReply
from wanfailover.transports.console.screen import Screen
from wanfailover_netopia.fields import fill
from wanfailover_netopia.hands import value
from wanfailover_netopia.screens import (
    ADDRESS,
    ADVANCED,
    GATEWAY,
    IP,
    MASK,
    RESETS,
    WAN,
    Goal,
    Label,
)
from wanfailover_netopia.values import NOWHERE, Values
from wanfailover_netopia.walk import Walk

ROUNDS = 4
"""Rounds over both screens; each must bring at least one of three values further."""

_PLACES: tuple[tuple[Goal, Mapping[str, Label]], ...] = (
    (WAN, {"address": ADDRESS, "mask": MASK}),
    (IP, {"gateway": GATEWAY}),
)


async def read_configured(walk: Walk) -> Values:
    """Read what stands on the screens; changes nothing."""
    held = Values()
    for goal, labels in _PLACES:
        held = replace(held, **_shown(await walk.reach(goal), labels))
    return held


async def read_resets(walk: Walk) -> bool | None:
    """Read whether the router says that changes hold at once; None where it does not say."""
    await walk.to_main_menu()  # it may stand on that screen since it was last read
    try:
        screen = await walk.reach(ADVANCED)
    except UnreadableReply:
        return None
    return {"yes": True, "on": True, "no": False, "off": False}.get(
        (value(screen, RESETS) or "").lower()
    )


async def change(walk: Walk, wanted: Values, back: Values) -> None:
    """Make the router hold *wanted*, where it does not yet.

    Args:
        walk: A session.

        wanted: Where it has None, nothing is touched.

        back: What is put back, as far as it goes, where the router refuses the *wanted* ones.

    Raises:
        CommandRefused: With the router's words.
    """
    refused = await _Editing(walk, wanted).run()
    if not refused:
        return
    name, words = next(iter(refused.items()))
    left = await _Editing(walk, back).run()
    and_left = f"; and {', '.join(left)} did not go back either" if left else ""
    raise CommandRefused(f"{name} {getattr(wanted, name)}", words + and_left)


@dataclass(slots=True)
class _Editing:
    """One attempt at all of *wanted*; knows what each screen was last seen to hold."""

    walk: Walk
    wanted: Values
    held: Values = field(default_factory=Values)
    refused: dict[str, str] = field(default_factory=dict)

    async def run(self) -> dict[str, str]:
        """Work until all is held or nothing goes further; gives what was refused, with why."""
        for _ in range(ROUNDS):
            before = self.held
            self.refused = {}
            for goal, labels in _PLACES:
                if any(name in self._open(labels) for name in labels):
                    await self._visit(goal, labels)
            left = self._open({name: label for _, part in _PLACES for name, label in part.items()})
            if not left:
                return {}
            if self.held == before:
                break
        return {name: self.refused.get(name, "it does not hold it") for name in left}

    def _open(self, labels: Mapping[str, Label]) -> list[str]:
        """Which of these values are not held yet."""
        return [name for name in self.held.differ(self.wanted) if name in labels]

    async def _visit(self, goal: Goal, labels: Mapping[str, Label]) -> None:
        """Edit the fields of one screen, and read them again as stored."""
        self._look(await self.walk.reach(goal), labels)
        if not self._open(labels):
            return
        for name, label in labels.items():
            screen = await self.walk.reach(goal)
            text = str(getattr(self.wanted, name))
            if value(screen, label) in {None, text} or getattr(self.wanted, name) is None:
                continue
            try:
                await fill(self.walk, label, text)
            except CommandRefused as error:
                self.refused[name] = error.words
        await self.walk.reach(goal)
        self._look(await self.walk.again(goal), labels)

    def _look(self, screen: Screen, labels: Mapping[str, Label]) -> None:
        self.held = replace(self.held, **_shown(screen, labels))


def _shown(screen: Screen, labels: Mapping[str, Label]) -> dict[str, IPv4Address | None]:
    return {name: _read(value(screen, label)) for name, label in labels.items()}


def _read(text: str | None) -> IPv4Address | None:
    """A field's value. Empty is as good as 0.0.0.0; None where it is hidden or is no address."""
    if not text:
        return None if text is None else NOWHERE
    try:
        return IPv4Address(text)
    except AddressValueError:
        return None
