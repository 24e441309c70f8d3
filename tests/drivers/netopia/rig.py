"""A virtual R9100 in memory, the driver on it, and what the unit says was done to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

from wanfailover.core import plan
from wanfailover.core.site import Circuit, Site
from wanfailover.errors import DriverError
from wanfailover.ports import Action, Channel, Dial, Forgetful, Secret
from wanfailover_netopia.driver import Netopia, Router
from wanfailover_netopia.values import Values
from wanfailover_netopia.virtual import Unit

SITE = Site(
    "office",
    (
        Circuit("primary", IPv4Interface("203.0.113.2/29"), IPv4Address("203.0.113.1")),
        Circuit("backup", IPv4Interface("198.51.100.77/24"), IPv4Address("198.51.100.1")),
    ),
)
PRIMARY, BACKUP = SITE.circuits
INSIDE = "192.168.1.1"

THREE = {"wan.address", "wan.mask", "ip.gateway"}
"""The fields of the unit that a switch may change."""

PASSWORD = "secret9100"


def unit(variant: str = "", seed: int = 0, restart_seconds: float = 30.0) -> Unit:
    return Unit(variant=variant, seed=seed, restart_seconds=restart_seconds)


def driver(of: Unit, *, dial: Dial | None = None, **changes: Any) -> Netopia:
    """A driver that is let in, with all that the profile could give it."""
    community = "s3cret-rw" if "rw-custom" in of.variants else "private"
    username, password = credentials(of)
    given: dict[str, Any] = {
        "host": INSIDE,
        "dial": dial or of.dial,
        "notes": Forgetful(),
        "circuits": SITE.circuits,
        "username": username,
        "password": password,
        "communities": (Secret(community),),
        "snmp": of.snmp(community, "public"),
        "settable": True,
        "restart": True,
    }
    return Netopia(Router(**(given | changes)))


def credentials(of: Unit) -> tuple[str | None, Secret | None]:
    if "password" in of.variants:
        return "admin", Secret(PASSWORD)
    if of.variants & {"password-only", "name-empty"}:
        return None, Secret(PASSWORD)
    return None, None


async def actions_to(who: Netopia, target: str) -> tuple[Action, ...]:
    view = await who.read()
    return who.compile(plan.make(SITE, target, view).steps, view)


async def switch(who: Netopia, target: str) -> list[str]:
    """Carry a switch out as the agent does; gives the router's words."""
    words = []
    for action in await actions_to(who, target):
        try:
            words.append(await who.perform(action))
        except DriverError:
            if action.essential:
                raise
    return words


async def active(who: Netopia) -> str | None:
    circuit = SITE.identify(await who.read())
    return circuit.name if circuit else None


def held(of: Unit) -> tuple[Values, Values]:
    """What the unit is configured to, and what it runs."""
    return tuple(Values(v.address, v.mask, v.gateway) for v in (of.configured, of.running))  # type: ignore[return-value]


def on(circuit: Circuit) -> tuple[Values, Values]:
    return Values.of(circuit), Values.of(circuit)


def edited(of: Unit) -> list[str]:
    """The fields that were changed, in order."""
    return [entry["field"] for entry in of.log if entry["event"] == "edit"]


def confirmed(of: Unit) -> list[str]:
    """Questions that were not answered with CANCEL or Escape."""
    asked = [entry for entry in of.log if entry["event"] == "dialog"]
    return [entry["name"] for entry in asked if entry["answer"] == "CONTINUE"]


def assert_left_alone(of: Unit) -> None:
    """Only the three values were touched, only a needed restart confirmed, nobody is logged in."""
    assert set(edited(of)) <= THREE
    assert set(confirmed(of)) <= ({"restart"} if of.delayed else set())
    assert of.sessions == 0
    assert PASSWORD not in str(of.log)


@dataclass
class Cut:
    """Sessions that are lost after so many writes, all of them together; or *then* is called."""

    of: Unit
    after: int | None = None
    then: Callable[[], object] | None = None
    writes: int = 0

    async def dial(self) -> Channel:
        return _Cut(self, await self.of.dial())


@dataclass
class _Cut:
    cut: Cut
    channel: Channel

    async def read(self, within: float) -> bytes:
        return await self.channel.read(within)

    async def write(self, data: bytes) -> None:
        self.cut.writes += 1
        await self.channel.write(data)
        if self.cut.writes == self.cut.after:
            await asyncio.sleep(0)
            (self.cut.then or self.cut.of.drop_sessions)()

    async def close(self) -> None:
        await self.channel.close()
