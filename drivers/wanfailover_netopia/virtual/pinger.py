"""The unit's own ping, as its ICMP Ping screen shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from ipaddress import IPv4Address

from wanfailover_netopia.virtual.router import Router
from wanfailover_netopia.virtual.values import NOTHING, dotted

RESOLVING = 2.0
"""Seconds until it gives up on a name; it knows no name server that answers."""

LAST_REPLY = 2.0
"""Seconds it waits for answers after the last packet."""


class Pinger:
    """One session's ping.

    Args:
        router: That pings.

        changed: Called whenever there is something new to be shown.
    """

    def __init__(self, router: Router, changed: Callable[[], object]) -> None:
        self._router = router
        self._changed = changed
        self._task: asyncio.Task[None] | None = None
        self._status = ""
        self._out = 0
        self._lost = 0
        self._times: list[float] = []

    @property
    def busy(self) -> bool:
        """Whether it is at work."""
        return self._task is not None

    def start(self, host: str, packets: int, delay: float) -> None:
        """Ping *host* so many times, *delay* seconds apart."""
        self.close()
        self._out, self._lost, self._times = 0, 0, []
        self._task = asyncio.get_running_loop().create_task(self._run(host, packets, delay))

    def stop(self) -> None:
        """Stop it, as the user asks."""
        if self.busy:
            self.close()
            self._say("Cancelled by user")

    def close(self) -> None:
        """Stop it without a word."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def show(self, word: str) -> str:
        """The text of ``[ping.out]`` and its like."""
        match word:
            case "ping.status":
                return self._status
            case "ping.out":
                return str(self._out)
            case "ping.in":
                return str(len(self._times))
            case "ping.lost":
                return f"{self._lost} ({100 * self._lost // max(self._out, 1)}%)"
            case "ping.times":
                times = self._times or [0.0]
                least, mean = min(times), sum(times) / len(times)
                return f"{least:.3f} / {max(times):.3f} / {mean:.3f} secs"
        raise LookupError(word)

    async def _run(self, host: str, packets: int, delay: float) -> None:
        address = dotted(host)
        if address is None:
            self._say("Resolving host name")
            await asyncio.sleep(RESOLVING)
            status = "Can't resolve host name"
        elif self._unreachable(address):
            self._out = self._lost = 1
            status = f"Destination unreachable from {self._router.inside_running.ip}"
        else:
            await self._ping(address, packets, delay)
            status = "Complete"
        self._task = None
        self._router.note("ping", host=host, sent=self._out, received=len(self._times))
        self._say(status)

    async def _ping(self, address: IPv4Address, packets: int, delay: float) -> None:
        self._say("Pinging")
        async with asyncio.TaskGroup() as group:
            under_way = []
            for number in range(packets):
                if number:
                    await asyncio.sleep(max(delay, 0.01))
                self._out += 1
                under_way.append(group.create_task(self._one(address)))
                self._changed()
            _, late = await asyncio.wait(under_way, timeout=LAST_REPLY)
            self._lost += len(late)
            for task in late:
                task.cancel()

    async def _one(self, address: IPv4Address) -> None:
        time = await self._router.echo(address)
        if time is None:
            self._lost += 1
        else:
            self._times.append(time)
        self._changed()

    def _unreachable(self, address: IPv4Address) -> bool:
        running, inside = self._router.running, self._router.inside_running
        near = [network for network in (running.network, inside.network) if network is not None]
        return running.gateway == NOTHING and not any(address in network for network in near)

    def _say(self, status: str) -> None:
        self._status = status
        self._changed()
