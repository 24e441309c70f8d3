"""The tcp probe: a connection is made, and closed."""

from __future__ import annotations

from contextlib import suppress

from wanfailover.core.site import Path
from wanfailover.probes.conversation import Conversation, Steps
from wanfailover.probes.failures import Refused
from wanfailover.probes.names import Names
from wanfailover.specs import Tcp


class TcpProber(Conversation):
    """Connects to a port. Steps: resolve, connect."""

    def __init__(self, spec: Tcp, names: Names) -> None:
        super().__init__(spec.host, spec.port, spec.deadline, names)

    async def talk(self, path: Path, steps: Steps) -> None:
        """Connect, and hang up."""
        sock = await self.connect(path, steps)
        sock.close()


class InsideProber(TcpProber):
    """Connects to a port of the router's inside, where a refusal is an answer too."""

    async def talk(self, path: Path, steps: Steps) -> None:
        """Connect and hang up, or be refused."""
        with suppress(Refused):
            await super().talk(path, steps)
