"""A profile that changes while its agent runs: what may, and what only a restart takes up.

Probes, thresholds, windows, how circuits are seen and what is kept may change. What the driver was
built from may not, nor what the router holds: a switchover, a hold or an undo that is under way
speaks of those.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import fields

import structlog

from wanfailover import logs
from wanfailover.config import Profile, load
from wanfailover.config.document import Fault, read
from wanfailover.core.site import Circuit
from wanfailover.errors import ProfileError
from wanfailover.ports import RouterAccess

MAY_CHANGE = {
    *("file", "probes", "policy", "devices", "calendar", "keep", "warnings"),
    *("access", "circuits"),  # looked into by themselves
}
"""Fields of a `Profile`. Whatever joins it later takes a restart, until it is said here."""

KEYS = {
    "name": ("site",),
    "driver": ("router", "driver"),
    "wakes": ("circuits",),
    "notices": ("notify",),
}
"""Where in the file a field of `Profile` stands, if it has not the key's name."""

PLAIN = {"host", "transport", "port", "options"}
"""Fields of `RouterAccess` that stand in `router:` itself; the others in `credentials:`."""

BEYOND = {"notes", "circuits", "tunnels"}
"""Fields of `RouterAccess` that are none of `router:`."""

RESTART = "this cannot change while the agent runs: restart it to have it so, or change it back"


_log = structlog.get_logger("wanfailover")


class Reloader:
    """Reads an agent's profile again. *trouble* says why the file is not what is in force.

    Args:
        take: Has the agent go by a new one.
    """

    def __init__(self, take: Callable[[Profile], Awaitable[None]]) -> None:
        self._take = take
        self._one = asyncio.Lock()
        self.trouble: str | None = None

    async def __call__(self, profile: Profile) -> None:
        """Go over from *profile* to what its file says now; stay with it where that cannot be."""
        async with self._one:
            try:
                fresh = await asyncio.to_thread(successor, profile)
            except ProfileError as error:
                first, *rest = error.complaints
                more = f" (and {len(rest)} more)" if rest else ""
                self.trouble = f"the profile as it is now is not in force: {first}{more}"
                _log.warning("profile-refused", why=str(error))
                return
            logs.hide(fresh.secrets())
            await self._take(fresh)
            self.trouble = None
            _log.info("profile-reloaded", file=str(fresh.file))


def successor(old: Profile) -> Profile:
    """Read the profile of *old* again.

    Raises:
        ProfileError: It is wrong; or what changed in it cannot change now, each with its place.
    """
    new = load(old.file)
    faults = [Fault(at, RESTART, key=True) for at in _fixed(old, new)]
    if faults:
        document = read(old.file)
        raise ProfileError([document.complaint(fault) for fault in faults])
    return new


def _fixed(old: Profile, new: Profile) -> Iterator[tuple[str | int, ...]]:
    """The keys that have changed and may not."""
    for each in fields(Profile):
        if each.name not in MAY_CHANGE and getattr(old, each.name) != getattr(new, each.name):
            yield KEYS.get(each.name, (each.name,))
    for each in fields(RouterAccess):
        was, now = getattr(old.access, each.name), getattr(new.access, each.name)
        if each.name not in BEYOND and was != now:
            yield ("router", *([] if each.name in PLAIN else ["credentials"]), each.name)
    if len(old.circuits) != len(new.circuits):
        yield ("circuits",)
        return
    for index, (was, now) in enumerate(zip(old.circuits, new.circuits, strict=True)):
        if _held(was) != _held(now):
            yield ("circuits", index, "name")


def _held(circuit: Circuit) -> tuple[object, ...]:
    """What the router holds of it, and the driver knows; its mark is set up there."""
    mark = circuit.vantage.dscp if circuit.vantage else 0
    return circuit.name, circuit.address, circuit.gateway, circuit.interface, mark
