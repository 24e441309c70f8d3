"""Sets marks up on the router, looks whether they are still there, and takes them away."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import AddressValueError, IPv4Address

from wanfailover.core.facts import Instant
from wanfailover.core.site import Circuit
from wanfailover.errors import CommandRefused, DriverError
from wanfailover.ports import Finding, Severity
from wanfailover.transports.router import RouterShell
from wanfailover.transports.shell import Shell
from wanfailover_iproute2 import commands, marks
from wanfailover_iproute2.findings import judge_marks
from wanfailover_iproute2.holding import Holding, question, read_holding
from wanfailover_iproute2.marks import Mark
from wanfailover_iproute2.reading import LinuxView

LOOK_WITHIN = 10.0
SET_UP_WITHIN = 30.0

ARRIVED_WITHIN = 30.0
"""Seconds in which a marked packet must have come by; a circuit's gateway is pinged every second,
and on a metered one every ten."""

PATIENCE = 10.0
"""Seconds after which it is worth a sentence that none has come since the mark was set up."""


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Where the agent is, as the router sees it.

    Args:
        transport: How it reaches the router.

        here: A shell on the agent's own host; None where that is the router.

        host: The router's inside address, to find our own by.
    """

    transport: str
    here: Shell | None = None
    host: str | None = None

    async def peer(self, view: LinuxView) -> IPv4Address | None:
        """The agent's address; None where the agent is on the router itself.

        Raises:
            DriverError: Nobody tells, or it is not by IPv4.
        """
        if self.transport != "local":
            return _ipv4(view.peer, "the router's SSH server (SSH_CONNECTION)")
        if self.here is None:
            return None
        if self.host is None:
            raise DriverError(
                "marks need `host` in `router`, its inside address, to find our own address by"
            )
        command = f"ip -json -4 route get {_ipv4(self.host, '`host` in `router`')}"
        done = await self.here.run(command, within=LOOK_WITHIN)
        try:
            (route,) = json.loads(done.out)
        except ValueError as error:
            raise DriverError(f"this host has no way to {self.host}: {done.words}") from error
        if route.get("type") == "local":
            return None
        return _ipv4(str(route.get("prefsrc", "")), "this host's route to the router")


def _ipv4(text: str, who: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except AddressValueError as error:
        raise DriverError(f"marks go by IPv4, and {who} tells {text or 'no address'!r}") from error


@dataclass(slots=True)
class _Seen:
    """How many packets of a mark had been met when that number last changed."""

    packets: int
    at: Instant


@dataclass(slots=True)
class Marker:
    """Keeps the marks of a router.

    Args:
        circuits: Those of the site that have a mark.
    """

    shell: RouterShell
    circuits: tuple[Circuit, ...]
    standpoint: Standpoint
    _seen: dict[str, _Seen] = field(default_factory=dict)

    @property
    def reads_within(self) -> float:
        """Seconds that `read` may take."""
        return LOOK_WITHIN if self.circuits else 0.0

    async def read(self, view: LinuxView) -> tuple[frozenset[str], tuple[str, ...]]:
        """Tell by which circuits marked packets leave, and what hinders others, in sentences.

        A mark counts while packets are seen to take it: who clears the code point between the agent
        and the router sends them out by the active circuit.
        """
        if not self.circuits:
            return frozenset(), ()
        try:
            peer = await self.standpoint.peer(view)
            wanted = [Mark.of(circuit, view) for circuit in self.circuits]
        except DriverError as error:
            return frozenset(), (str(error),)
        holding = await self._look(wanted, peer)
        now = time.monotonic()
        whole = [mark for mark in wanted if not holding.lacks(mark, peer, view)]
        return frozenset(
            mark.circuit.name
            for mark in whole
            if self._arrives(mark, holding.packets(mark, peer), now)
        ), ()

    async def inspect(self, view: LinuxView) -> tuple[Finding, ...]:
        """Look at the marks of the site, for `check`; changes nothing."""
        if not self.circuits:
            return ()
        try:
            peer = await self.standpoint.peer(view)
        except DriverError as error:
            remedy = "see the driver's README: marks"
            return (Finding("mark", Severity.RED, str(error), remedy),)
        wanted = [Mark.of(circuit, view) for circuit in self.circuits]
        return tuple(judge_marks(wanted, await self._look(wanted, peer), peer, view))

    async def mark(self, circuits: Sequence[Circuit], view: LinuxView) -> None:
        """Make exactly *circuits* so.

        Raises:
            DriverError: It cannot be done; then nothing of ours is left.
        """
        wanted = [Mark.of(circuit, view) for circuit in circuits]
        peer = await self.standpoint.peer(view) if wanted else None
        holding = await self._look(wanted, peer)
        if not wanted:
            await self._clear(view, holding)
            return
        for mark in wanted:
            if sentence := holding.taken(mark):
                raise DriverError(sentence)
        lacking = any(holding.lacks(mark, peer, view) for mark in wanted)
        leftover = marks.clear_away(wanted, view, holding.remains(), firewall=False)
        if lacking or leftover or not holding.only(wanted, peer):
            await self._set_up(wanted, peer, view, holding)
        else:
            self._complain(wanted, peer, holding)

    async def _set_up(
        self, wanted: list[Mark], peer: IPv4Address | None, view: LinuxView, holding: Holding
    ) -> None:
        what = f"the mark of {' and '.join(mark.circuit.name for mark in wanted)}"
        lines = marks.set_up(wanted, peer, view, holding.remains())
        done = await self.shell.run_detached(commands.script(lines), within=SET_UP_WITHIN)
        if not done.status:
            for mark in wanted:
                self._seen.pop(mark.circuit.name, None)
            return
        # What there is of it now is not known, and half of it is of no use.
        with contextlib.suppress(DriverError):
            left = await self._look(wanted, peer)
            added = frozenset((mark.interface, mark.circuit.address) for mark in wanted)
            held = frozenset(view.addresses)
            await self._clear(replace(view, kept=view.kept | (added - held)), left)
        without = "" if holding.nft else "nft is not installed there; "
        raise CommandRefused(what, without + done.words)

    async def _clear(self, view: LinuxView, holding: Holding) -> None:
        lines = marks.clear_away((), view, holding.remains())
        if not lines:
            return
        done = await self.shell.run_detached(commands.script(lines), within=SET_UP_WITHIN)
        if done.status:
            raise CommandRefused("taking the marks away", done.words)

    async def _look(self, wanted: Sequence[Mark], peer: IPv4Address | None) -> Holding:
        asked = question(wanted, peer)
        return read_holding(await self.shell.run(asked, within=LOOK_WITHIN, root=True))

    def _arrives(self, mark: Mark, packets: int, now: Instant) -> bool:
        """Tell whether packets of a mark are seen to come by."""
        seen = self._seen.get(mark.circuit.name)
        if seen is None or seen.packets != packets:
            seen = self._seen[mark.circuit.name] = _Seen(packets, now)
        return packets > 0 and now - seen.at <= ARRIVED_WITHIN

    def _complain(self, wanted: list[Mark], peer: IPv4Address | None, holding: Holding) -> None:
        """Say so where all is set up and yet nothing comes."""
        now = time.monotonic()
        for mark in wanted:
            packets = holding.packets(mark, peer)
            if not self._arrives(mark, packets, now):
                seen = self._seen[mark.circuit.name]
                if now - seen.at > PATIENCE:
                    raise DriverError(
                        f"no packet marked {mark.dscp} reaches the router for {mark.circuit.name}: "
                        "something between this host and the router clears the code point (DSCP)"
                    )
