"""A virtual R9100 on an agent's wire: faults come as they come by telnet and SNMP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

from tests.simulation.wire import Fates, Garbage, Trouble, Wire
from wanfailover.core.site import Circuit, Site
from wanfailover.errors import CommandRefused, LoginRefused, RouterTimeout, RouterUnreachable
from wanfailover.ports import Channel, Forgetful, Notes, Secret, Snmp, SnmpValue
from wanfailover_netopia.driver import Netopia, Router
from wanfailover_netopia.values import Values
from wanfailover_netopia.virtual import Unit
from wanfailover_netopia.virtual.twin import WITHIN

BOOT = 20.0
"""Seconds that a restart takes."""


@dataclass
class VirtualR9100:
    """The router; it keeps what its screens hold, also without power."""

    site: Site
    variant: str = ""
    fates: Fates = field(default_factory=Fates)
    trouble: Trouble = field(default_factory=Trouble)
    gaps: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        first = self.site.circuits[0]
        self._values = [(Values.of(circuit), circuit) for circuit in self.site.circuits]
        self.unit = Unit(
            self.variant, address=first.address, gateway=first.gateway, restart_seconds=BOOT
        )

    # What befalls it.

    def lose_sessions(self) -> None:
        """Cut every session."""
        self.unit.drop_sessions()

    def cut_power(self) -> None:
        """Off and on again: it wakes with what its screens hold."""
        self.unit.power_cycle()

    def set_by_hand(self, address: IPv4Interface, gateway: IPv4Address) -> None:
        """Somebody types another address and gateway in the place of what is there."""
        self.unit.set_by_hand(address=address, gateway=gateway)

    @property
    def up(self) -> bool:
        return not self.unit.restarting

    # What it is asked.

    def holds(self) -> Circuit | None:
        """The circuit that its traffic really takes, whole; None where it takes none."""
        running = self.unit.running
        if not self.unit.up:
            return None
        return self._whose(Values(running.address, running.mask, running.gateway))

    def keeps(self) -> Circuit | None:
        """The circuit that it will be on after its next restart."""
        kept = self.unit.configured
        return self._whose(Values(kept.address, kept.mask, kept.gateway))

    def _whose(self, values: Values) -> Circuit | None:
        return next((c for own, c in self._values if own == values), None)

    def driver(self, wire: Wire, notes: Notes | None = None) -> Netopia:
        """A driver with all that a profile could give it."""

        async def dial() -> Channel:
            return await self._dial(wire)

        return Netopia(
            Router(
                host="192.168.1.1",
                dial=dial,
                notes=notes or Forgetful(),
                circuits=self.site.circuits,
                communities=(Secret("private"),),
                snmp=_Snmp(self, wire, self.unit.snmp("private", "public")),
                settable=True,
                restart=True,
            )
        )

    async def _dial(self, wire: Wire) -> Channel:
        wire.meet("dial")
        if self.trouble.away:
            raise RouterUnreachable("the router refused the connection")
        if self.trouble.bars or self.trouble.refuses:
            raise LoginRefused("the router refused our password")
        if self.trouble.silent:
            await asyncio.sleep(5.0)
            raise RouterTimeout("the router did not answer")
        channel = await self.unit.dial()
        tapped = _Channel(self, wire, channel)
        wire.hang_up.append(tapped.end)
        wire.meet("dialled")
        return tapped


@dataclass
class _Channel:
    """A telnet session."""

    router: VirtualR9100
    wire: Wire
    inner: Any

    async def read(self, within: float) -> bytes:
        data: bytes = await self.inner.read(within)
        if data:
            self.wire.meet("screen")
        trouble = self.router.trouble
        if trouble.hangs:
            await asyncio.Event().wait()
        if trouble.silent:
            await asyncio.sleep(within)
            return b""
        return Garbage.bytes_(data) if trouble.garbles else data

    async def write(self, data: bytes) -> None:
        self.wire.meet("key")
        if not self.router.trouble.silent:
            await self.inner.write(data)

    async def close(self) -> None:
        await self.inner.close()

    def end(self) -> None:
        """The process is gone, and its kernel closes what it held."""
        if not self.inner._ended:
            self.inner._session.end("closed by the user")
            self.inner._ended = "the connection is closed"


@dataclass
class _Snmp:
    """An SNMP client; noise that comes by UDP is dropped, like nothing."""

    router: VirtualR9100
    wire: Wire
    inner: Snmp

    async def get(self, *oids: str) -> tuple[SnmpValue | None, ...]:
        return await self._ask("get", lambda: self.inner.get(*oids))

    async def walk(self, root: str) -> dict[str, SnmpValue]:
        return await self._ask("walk", lambda: self.inner.walk(root))

    async def set(self, oid: str, value: int) -> None:
        if self.router.trouble.refuses:
            self.wire.meet("set")
            raise CommandRefused(f"set {oid}", "readOnly")
        await self._ask("set", lambda: self.inner.set(oid, value))

    async def close(self) -> None:
        """Nothing is open."""

    async def _ask(self, name: str, deed: Callable[[], Any]) -> Any:
        self.wire.meet(name)
        trouble = self.router.trouble
        lost = trouble.silent or trouble.away
        if not lost:
            answer = await deed()
            self.wire.meet(f"{name} done")
        if lost or trouble.garbles or trouble.silent:
            await asyncio.sleep(WITHIN)
            raise RouterTimeout("no answer by SNMP")
        return answer
