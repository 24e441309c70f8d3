"""A virtual R9100 on this host's loopback: telnet and SNMP on sockets, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

from wanfailover.core.site import Circuit
from wanfailover_netopia.virtual import Unit
from wanfailover_netopia.virtual.snmp import SnmpServer
from wanfailover_netopia.virtual.telnet import TelnetServer

T = TypeVar("T")

HERE = "127.0.0.1"


class Standing:
    """The unit and its ports, from ``with`` to its end."""

    def __init__(self, variant: str, circuit: Circuit, restart_seconds: float = 1.0) -> None:
        self._made = variant, circuit, restart_seconds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="r9100", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._stand(), self._loop).result(10)
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._fall(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def do(self, deed: Callable[[Unit], T]) -> T:
        """Do something to the unit, where it lives."""

        async def there() -> T:
            return deed(self.unit)

        return asyncio.run_coroutine_threadsafe(there(), self._loop).result(10)

    async def _stand(self) -> None:
        variant, circuit, seconds = self._made
        self.unit = Unit(
            variant, address=circuit.address, gateway=circuit.gateway, restart_seconds=seconds
        )
        self._telnet = TelnetServer(self.unit, HERE, 0)
        await self._telnet.start()
        self._wire, _ = await self._loop.create_datagram_endpoint(
            lambda: SnmpServer(self.unit, None), local_addr=(HERE, 0)
        )
        self.telnet_port = self._telnet.port
        self.snmp_port = self._wire.get_extra_info("sockname")[1]

    async def _fall(self) -> None:
        self.unit.close()
        self._wire.close()
        await self._telnet.stop()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*others, return_exceptions=True)
