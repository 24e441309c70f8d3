"""Sees changes take effect; finds out whether they wait for a restart, and remembers it.

The sources leave it open: a change of the WAN address may hold at once, may reset the link for some
seconds, or may wait for the next restart, by firmware and by a setting. So the running values are
watched. As long as they move, or are away, the router is at work; when the old ones stand still and
whole, it waits. That may be wrong, or somebody may turn the setting: so it is forgotten when values
hold at once, and refuses a switch for a day only. What the setting says, where it was read, only
tells how long to watch, and allows a switch to be tried again when it has been turned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from wanfailover.errors import NeedsRestart, RouterTimeout
from wanfailover.ports import Notes
from wanfailover_netopia.restart import Restarter
from wanfailover_netopia.sight import Sight
from wanfailover_netopia.values import UNKNOWN, Running, Values

EVERY = 0.5
"""Seconds between looks."""

STILL = 10.0
"""Seconds of old values, unchanged, after which it waits for a restart; a link is reset in less."""

AWAY = 25.0
"""The same where address or route are missing, or nothing answers: it is resetting its link."""

AT_ONCE = 2.5
"""Seconds up to which a change has held at once."""

PROMISED = 25.0
"""The same where the router's setting says that changes hold at once."""

FORETOLD = 5.0
"""The same where it says that they wait, and nothing else was seen."""

IMMEDIATE, LINK_RESET, RESTART = "immediate", "link-reset", "restart"

IN_SPITE = "in-spite"
"""Said of a restart that was waited for although the router's setting promised that none was."""

BELIEVED = timedelta(days=1)
"""How long a switch is refused because one has waited for a restart before."""


def utc_now() -> datetime:
    """The time of day, which notes outlive this process by."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Habit:
    """What is known of how the router's changes take effect, kept by firmware.

    Args:
        resets: What the router's own setting says: they hold at once, they wait for a restart; None
            where it was not read.
    """

    notes: Notes
    firmware: str | None = None
    now: Callable[[], datetime] = utc_now
    resets: bool | None = None

    @property
    def kind(self) -> str | None:
        """``immediate``, ``link-reset``, ``restart``, or None where it is not known."""
        return self._note()[0]

    @property
    def recent(self) -> bool:
        """It was found out within the last day; a clock that was set back tells nothing."""
        since = self._note()[1]
        return since is not None and timedelta() <= self.now() - since < BELIEVED

    @property
    def waits(self) -> bool:
        """A change has waited for a restart, and the setting was not turned since then."""
        kind, _, in_spite = self._note()
        return kind == RESTART and (in_spite or self.resets is not True)

    @property
    def patience(self) -> float:
        """Seconds of old values, unchanged, after which a change waits for a restart."""
        if self.resets is False and self.kind is None:
            return FORETOLD
        return PROMISED if self.resets else STILL

    def learn(self, kind: str) -> None:
        """Remember it, and when it was found out."""
        if self.kind != kind or kind == RESTART:
            words = [kind, self.now().isoformat(timespec="seconds")]
            if kind == RESTART and self.resets is True:
                words.append(IN_SPITE)
            self.notes.put(self._key, " ".join(words))

    def _note(self) -> tuple[str | None, datetime | None, bool]:
        kind, time, *more = [*(self.notes.get(self._key) or "").split(" "), ""]
        try:
            since = datetime.fromisoformat(time)
        except ValueError:
            return None, None, False
        known = kind in {IMMEDIATE, LINK_RESET, RESTART} and since.tzinfo is not None
        return (kind, since, IN_SPITE in more) if known else (None, None, False)

    @property
    def _key(self) -> str:
        return f"netopia-r9100 {self.firmware or 'unknown firmware'}: changes"


class Effect:
    """Waits until the router runs what it is configured to.

    Args:
        allowed: It may be restarted.
    """

    def __init__(self, sight: Sight, restarter: Restarter, habit: Habit, *, allowed: bool) -> None:
        self._sight = sight
        self._restarter = restarter
        self._habit = habit
        self._allowed = allowed

    @property
    def forbidden(self) -> bool:
        """It is known that nothing can be changed without a restart, and none is allowed."""
        return self._habit.waits and self._habit.recent and not self._allowed

    async def see(
        self,
        wanted: Values,
        *,
        before: Values = UNKNOWN,
        typed_at: float | None = None,
        notice: bool = False,
    ) -> str:
        """Wait until *wanted* runs, with a restart if it takes one; returns how it came.

        Args:
            wanted: What it is configured to.

            before: What it ran when it was set to that; nothing where its haste tells nothing.

            typed_at: When it was set to that, seconds of the loop's clock.

            notice: It has said that a restart is needed.

        Raises:
            NeedsRestart: It takes one, and none is allowed.
            DriverError: It does not come to run it.
        """
        waits = self._habit.waits and (self._allowed or self._habit.recent)
        began = asyncio.get_running_loop().time()
        patience = 0.0 if notice else AT_ONCE if waits else self._habit.patience
        watch = await self._watch(wanted, patience)
        if watch.holds and watch.last is not None:
            now = asyncio.get_running_loop().time()
            took = now - began
            # Later than that, or where these ran before, a restart may have brought them.
            if typed_at is not None and began - typed_at < AT_ONCE and not before.hold(wanted):
                self._habit.learn(LINK_RESET if watch.was_away or took > AT_ONCE else IMMEDIATE)
            return f"it runs {watch.last.values}, says {watch.last.source}, after {took:.1f} s"
        if watch.last is None:
            raise RouterTimeout(f"the router does not tell what it runs; it was set to {wanted}")
        old = watch.whole and watch.last.values.hold(before)
        # One that waits for a restart, and woke from a power cut with half of a change, runs that.
        half = before.address is not None and before.gateway is None and watch.last.values == before
        if not (old or half or waits or notice):
            raise RouterTimeout(
                f"the router was set to {wanted}, and does not come to run it: it last told of "
                f"{watch.last.values}; see whether its WAN port has a link"
            )
        if old:
            self._habit.learn(RESTART)
        if not self._allowed:
            raise NeedsRestart(
                f"the router still runs {watch.last.values}, and will run {wanted} only after a "
                "restart: set router.options.restart to allowed, or see the driver's README"
            )
        return await self._by_restart(wanted)

    async def _by_restart(self, wanted: Values) -> str:
        words = await self._restarter.restart()
        watch = await self._watch(wanted, patience=AWAY)
        if not watch.holds or watch.last is None:
            runs = watch.last.values if watch.last else "what it does not tell"
            raise RouterTimeout(
                f"the router was restarted and runs {runs}, although it was set to {wanted}"
            )
        return f"{words}; it runs {watch.last.values}, says {watch.last.source}"

    async def _watch(self, wanted: Values, patience: float) -> _Watch:
        """Look until *wanted* runs, or nothing has moved for *patience* seconds."""
        loop = asyncio.get_running_loop()
        watch = _Watch()
        since = loop.time()
        while True:
            seen = await self._sight.now()
            if watch.takes(seen, wanted):
                return watch
            if watch.moved:
                since = loop.time()
            if loop.time() - since >= (patience if watch.whole else AWAY):
                return watch
            await asyncio.sleep(EVERY)


@dataclass(slots=True)
class _Watch:
    """What was seen of the running values."""

    last: Running | None = None
    holds: bool = False
    moved: bool = False
    whole: bool = False
    was_away: bool = False

    def takes(self, seen: Running | None, wanted: Values) -> bool:
        """Take another look into account; True when they are the *wanted* ones."""
        self.moved = (seen.values if seen else None) != (self.last.values if self.last else None)
        self.whole = seen is not None and None not in {seen.values.address, seen.values.gateway}
        self.was_away |= not self.whole
        self.last = seen or self.last
        self.holds = seen is not None and seen.hold(wanted)
        return self.holds
