"""A router in memory: four verbs over three values, with a fault at any call."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface

from wanfailover.core.facts import RouterView
from wanfailover.core.plan import Announce, ForgetConnections, RenewTunnel, SetAddress, SetGateway
from wanfailover.errors import CommandRefused, RouterTimeout, RouterUnreachable
from wanfailover.ports import Action


@dataclass
class MemoryRouter:
    """Holds one external address and one gateway. A `RouterDriver`.

    Args:
        faults: Names of calls that fail: ``read``, ``perform NAME``, ``undo NAME``; with ``after``
            in front, the call does its work and then fails, like a session lost at the end.

        deaf: It accepts every command and does nothing.
    """

    address: IPv4Interface
    gateway: IPv4Address
    faults: set[str] = field(default_factory=set)
    deaf: bool = False
    calls: list[str] = field(default_factory=list)
    announced: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    async def read(self) -> RouterView:
        self._fail("read")
        return RouterView(0.0, self.gateway, self.address.ip, "wan", (("wan", self.address),))

    def compile(self, steps, view) -> tuple[Action, ...]:
        return tuple(
            Action(
                type(step).__name__,
                str(step),
                (self._line(step),),
                (self._line(step.undo()),) if step.undo() else (),
                essential=not isinstance(step, Announce | RenewTunnel),
            )
            for step in steps
        )

    async def perform(self, action: Action) -> str:
        return self._do(f"perform {action.name}", action.does)

    async def undo(self, action: Action) -> str:
        return self._do(f"undo {action.name}", action.undoes)

    async def close(self) -> None:
        self.calls.append("close")

    def _line(self, step) -> str:
        match step:
            case SetAddress(new=new):
                return f"address {new}"
            case SetGateway(new=new):
                return f"gateway {new}"
            case ForgetConnections(address=address):
                return f"forget {address}"
            case Announce(address=address):
                return f"announce {address}"
            case RenewTunnel(tunnel=tunnel):
                return f"renew {tunnel.name}"

    def _do(self, call: str, lines: tuple[str, ...]) -> str:
        self._fail(call)
        for line in lines if not self.deaf else ():
            verb, value = line.split()
            match verb:
                case "address":
                    self.address = IPv4Interface(value)
                case "gateway":
                    self.gateway = IPv4Address(value)
                case "forget":
                    self.forgotten.append(value)
                case "announce":
                    self.announced.append(value)
        self._fail(f"after {call}")
        return "ok"

    def _fail(self, call: str) -> None:
        self.calls.append(call)
        if call in self.faults:
            raise RouterTimeout("no answer") if "after" in call else CommandRefused(call, "refused")
        if f"before {call}" in self.faults:
            error = RouterUnreachable("somebody else is at its console")
            error.untouched = True
            raise error
