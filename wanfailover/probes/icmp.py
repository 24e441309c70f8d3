"""The icmp probe: an echo request, and its reply before the deadline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from wanfailover.core.facts import Result
from wanfailover.core.site import Path
from wanfailover.ports import ProbeResult, nobody
from wanfailover.probes.failures import Unsent
from wanfailover.probes.icmpsocket import open_icmp
from wanfailover.probes.names import Names
from wanfailover.probes.pinger import Pingers
from wanfailover.specs import Icmp


class IcmpProber:
    """Pings one target. Probers that are given the same *pingers* share a socket for each path."""

    def __init__(self, spec: Icmp, names: Names, pingers: Pingers | None = None) -> None:
        self._host = spec.host
        self._deadline = spec.deadline
        self._names = names
        self._pingers = pingers if pingers is not None else Pingers()
        self._pingers.join(self)

    async def probe(self, path: Path, heard: Callable[[], object] = nobody) -> ProbeResult:  # noqa: ARG002
        """Ping once; ends with the reply, with an ICMP error that names this ping, or in time."""
        step = "resolve"
        try:
            address = await self._names.resolve(self._host)
            step = "send"
            return await self._pingers.ping(path, address, self._deadline)
        except Unsent as failure:
            return ProbeResult(Result.UNSENT, step=step, detail=str(failure))

    def renew(self) -> None:
        """Go on with a new socket and a new identifier."""
        self._pingers.renew()

    def close(self) -> None:
        """Let go of the shared sockets."""
        self._pingers.leave(self)


def socket_kind() -> Literal["datagram", "raw"] | None:
    """Find out which kind of ICMP socket this process may open; None for neither."""
    try:
        sock = open_icmp(Path())
    except Unsent:
        return None
    with sock:
        return "raw" if sock.is_privileged else "datagram"


def permission() -> str | None:
    """Say what must be allowed before this process can ping; None where all is well."""
    try:
        open_icmp(Path()).close()
    except Unsent as failure:
        return str(failure)
    return None
