"""The driver: the site's own commands, one that reads the router and one that sets it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from wanfailover.core.facts import RouterView
from wanfailover.core.plan import ForgetConnections, SetAddress, SetGateway, Step
from wanfailover.errors import CommandRefused, UnreadableReply
from wanfailover.ports import Action
from wanfailover.transports.router import RouterShell

READ_WITHIN = 10.0
"""Seconds for the command that reads."""

ACT_WITHIN = 10.0
"""Seconds for one that sets, or forgets; a router that takes longer needs a driver of its own."""


@dataclass(frozen=True, slots=True)
class Options:
    """The profile's `router.options`.

    Args:
        read: Prints what the router runs now, a line each: ``address 203.0.113.2/29``, ``gateway
            203.0.113.1`` and, where it has several, ``interface wan``. It changes nothing.

        set: Gives the router WAN_ADDRESS (with prefix length), WAN_NETMASK and WAN_GATEWAY, on
            WAN_INTERFACE where the profile names one. Run twice, it does no harm.

        forget: Drops the router's NAT entries of WAN_OLD_ADDRESS; None: the router does so itself.
    """

    read: str
    set: str
    forget: str | None = None


class ByCommand:
    """Drives a router by commands that its administrator wrote. A `RouterDriver`."""

    def __init__(self, shell: RouterShell, options: Options) -> None:
        self._shell = shell
        self._options = options

    async def read(self) -> RouterView:
        """Ask the router what it runs.

        Raises:
            UnreadableReply: The command printed something else.
            CommandRefused: It failed.
        """
        done = await self._shell.run(self._options.read, within=READ_WITHIN)
        if done.status:
            raise CommandRefused(self._options.read, done.words)
        return parsed(done.out, time.monotonic())

    def compile(self, steps: Sequence[Step], view: RouterView) -> tuple[Action, ...]:  # noqa: ARG002
        """Make one action of address and gateway, which are half a change each; touches nothing.

        What announces is left to the router, and a tunnel is renewed by whoever can.
        """
        actions = []
        address = next((step for step in steps if isinstance(step, SetAddress)), None)
        gateway = next((step for step in steps if isinstance(step, SetGateway)), None)
        if address is not None and gateway is not None:
            back, way_back = address.undo(), gateway.undo()
            undoes = (self._set(back, way_back),) if back and way_back else ()
            title = f"{address}, and {gateway}"
            actions.append(Action("apply", title, (self._set(address, gateway),), undoes))
        old = next((step for step in steps if isinstance(step, ForgetConnections)), None)
        if old is not None and self._options.forget is not None:
            does, away = (self._forget(old),), (self._forget(old.undo()),)
            actions.append(Action("forget", str(old), does, away, essential=False))
        return tuple(actions)

    async def perform(self, action: Action) -> str:
        """Run what the action does; returns the command's words."""
        return await self._run(action.does)

    async def undo(self, action: Action) -> str:
        """Run what takes it back."""
        return await self._run(action.undoes)

    async def close(self) -> None:
        """Log out; the next call logs in again."""
        await self._shell.close()

    async def _run(self, lines: Sequence[str]) -> str:
        words = []
        for line in lines:
            done = await self._shell.run_detached(line, within=ACT_WITHIN)
            if done.status:
                raise CommandRefused(line, done.words)
            words.append(done.words)
        return "\n".join(words)

    def _set(self, address: SetAddress, gateway: SetGateway) -> str:
        values = {
            "WAN_ADDRESS": address.new,
            "WAN_NETMASK": address.new.netmask,
            "WAN_GATEWAY": gateway.new,
            "WAN_INTERFACE": address.interface or "",
        }
        return _told(values, self._options.set)

    def _forget(self, step: ForgetConnections) -> str:
        return _told({"WAN_OLD_ADDRESS": step.address}, self._options.forget or "")


def parsed(text: str, at: float) -> RouterView:
    """Make a view of what the reading command printed at *at*, seconds, monotonic.

    Raises:
        UnreadableReply: A line is missing, twice there, or no such line.
    """
    said: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        word, _, value = line.partition(" ")
        if word not in {"address", "gateway", "interface"} or word in said:
            raise UnreadableReply("address, gateway and interface, a line each", text)
        said[word] = value.strip()
    try:
        address = IPv4Interface(said["address"])
        gateway = IPv4Address(said["gateway"]) if said.get("gateway") else None
    except (KeyError, ValueError) as error:
        raise UnreadableReply("address and gateway", text) from error
    interface = said.get("interface") or None
    held = ((interface or "wan", address),)
    return RouterView(at, gateway, address.ip, interface, held)


def _told(values: dict[str, object], command: str) -> str:
    """The command with its values before it, as the shell has them and `--dry-run` prints them."""
    given = " ".join(f"{name}={shlex.quote(str(value))}" for name, value in values.items())
    return f"export {given}; {command}"
