"""The device probe: a modem is asked by SNMP whether its line is up.

Only what the modem says is news: one that is not reached, or not understood, says nothing about its
line.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from wanfailover.core.facts import Result
from wanfailover.core.site import Path
from wanfailover.errors import DriverError
from wanfailover.ports import ProbeResult, SnmpValue, nobody
from wanfailover.probes.failures import legible
from wanfailover.probes.names import Names
from wanfailover.specs import IF_OPER_STATUS, Device
from wanfailover.transports.snmp import SnmpClient

_STATUS = {
    "1": "up",
    "2": "down",
    "3": "testing",
    "4": "unknown",
    "5": "dormant",
    "6": "not present",
    "7": "lower layer down",
}
"""RFC 2863: what ifOperStatus may be."""


class DeviceProber:
    """Asks one modem, over one socket of its own. Steps: ask, value.

    ANSWERED: it says that its line is up. LOST: it says anything else. UNSENT: it says nothing.
    """

    def __init__(self, spec: Device, _: Names) -> None:
        self._spec = spec
        self._client = SnmpClient(spec.host, spec.port, read_community=spec.community)

    async def probe(self, _: Path, heard: Callable[[], object] = nobody) -> ProbeResult:
        """Ask once, by this host's ordinary routes: a modem's own address is on no circuit."""
        heard()  # whatever becomes of it: its silence is no loss of the line, however long
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._spec.deadline):
                (value,) = await self._client.get(self._spec.oid)
        except DriverError as error:
            return ProbeResult(Result.UNSENT, step="ask", detail=legible(str(error)))
        except TimeoutError:
            self._client.hang_up()
            within = f"{self._spec.host} has not answered by SNMP within {self._spec.deadline:g} s"
            return ProbeResult(Result.UNSENT, step="ask", detail=within)
        return self._judge(value, time.monotonic() - began)

    def _judge(self, value: SnmpValue | None, rtt: float) -> ProbeResult:
        if value is None:
            lacks = f"{self._spec.host} has no object {self._spec.oid}"
            return ProbeResult(Result.UNSENT, step="value", detail=lacks)
        said = (
            value.decode(errors="replace").strip("\0 ") if isinstance(value, bytes) else str(value)
        )
        if said in map(str, self._spec.up):
            return ProbeResult(Result.ANSWERED, rtt=rtt)
        return ProbeResult(Result.LOST, step="value", detail=legible(f"says {self._told(said)}"))

    def _told(self, said: str) -> str:
        """A value in words, where there are any for it."""
        status = self._spec.oid.startswith(f"{IF_OPER_STATUS}.")
        word = _STATUS.get(said) if status else None
        return f"{said} ({word})" if word else said

    def renew(self) -> None:
        """Nothing to do: no circuit is crossed."""

    def close(self) -> None:
        """Let go of the socket."""
        self._client.hang_up()
