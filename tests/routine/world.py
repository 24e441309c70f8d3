"""An office in virtual time: engine, loop, switchover and journal are the real ones.

Circuits die by ``play.office.life``; the router takes faults as `MemoryRouter` does.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from tests.simulation.office import CONTROL, FarProver, Office, Prober, make_site
from tests.simulation.wire import Fates, Wire
from tests.support.router import MemoryRouter
from wanfailover.core.engine import Engine
from wanfailover.core.facts import Outcome
from wanfailover.core.site import Policy, Tunnel
from wanfailover.drill import Drills, Eyes
from wanfailover.entries import PreflightDone
from wanfailover.journal.memory import remember
from wanfailover.journal.reader import Reader
from wanfailover.journal.writer import Inline, Journal
from wanfailover.loop import Loop, Watchers
from wanfailover.recorder import Recorder
from wanfailover.switchover import Switchover
from wanfailover.tunnels import TunnelReading, TunnelState

TUNNEL = Tunnel("a", "icmp 10.20.0.1", within=90.0)


class SiteRouter(MemoryRouter):
    """What the office asks of it besides."""

    up = True

    def __init__(self, site) -> None:
        self.circuits = site.circuits
        super().__init__(IPv4Interface("203.0.113.2/29"), IPv4Address("203.0.113.1"))

    async def read(self):
        return replace(await super().read(), at=asyncio.get_running_loop().time())

    def holds(self):
        found = (c for c in self.circuits
            if (c.address, c.gateway) == (self.address, self.gateway))  # fmt: skip
        return next(found, None)


class Play:
    """From its start until it is left; *entries* is what the journal has."""

    def __init__(self, folder: Path, tunnels=(), router=None, **policy) -> None:
        self.clock = asyncio.get_running_loop().time
        policy = {"return_after": 30.0, "dwell": 10.0, **policy}
        site = make_site(Policy(**policy), shape="swap", seen=("primary", "backup"))
        self.site = site = replace(site, tunnels=tuple(tunnels))
        self.router = router or SiteRouter(site)
        self.office = Office(site, self.router, random.Random(1))
        self.path = folder / "journal.db"
        self.journal = Journal(self.path, Inline())
        self.record = Recorder(self.journal, self.clock)
        with Reader(self.path, lenient=True) as reader:
            self.engine = Engine(site, [CONTROL], remember(reader, self.clock()))
        wire = Wire(Fates())
        prover = FarProver(self.office, wire)
        switchover = Switchover(site, self.router, prover, self.record, self.clock)
        self.handled = []
        watchers = Watchers(handled=self._handled, ended=self._ended)
        self.loop = Loop(self.engine, self.router, switchover, self.record, watchers, self.clock)
        self.prober = Prober(self.office, self.engine, self.loop.inbox.put_nowait, wire)
        self.tunnels = {tunnel.name: TunnelState.UP for tunnel in tunnels}
        self.follow = dict.fromkeys(self.tunnels, True)  # tunnels that come up after a switch
        self.mail: dict | None = None
        self.drains = True
        eyes = Eyes(lambda: self.engine, self._readings, lambda: self.mail)
        self.preflight: PreflightDone | None = PreflightDone("green", 1.0)
        self.drills = Drills(site, eyes, self.loop.ask, self._preflight, self.record, self.clock)

    async def __aenter__(self):
        self.loop.inbox.put_nowait(await self.router.read())
        self.task = asyncio.create_task(self.loop.run())
        await asyncio.sleep(30.0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.loop.stop()
        with suppress(asyncio.CancelledError):
            await self.task
        await self.loop.close()
        self.journal.close()
        self.loop.blame()

    def entries(self, *kinds):
        with Reader(self.path) as reader:
            return [record.entry for record in reader.records(*kinds)]

    def _handled(self, now: float) -> None:
        self.prober.aim(now)
        for watcher in self.handled:
            watcher()

    def _ended(self, outcome: Outcome) -> None:
        for name, comes in self.follow.items():
            self.tunnels[name] = TunnelState.UP if comes else TunnelState.DOWN
        if self.mail is not None:
            self.mail = {"state": "drained" if self.drains else "waiting", "because": "451 later"}

    def _readings(self):
        return {
            name: TunnelReading(state, "no answer within 90 s", 0.0, None)
            for name, state in self.tunnels.items()
        }

    async def _preflight(self) -> PreflightDone | None:
        await asyncio.sleep(1.0)
        return self.preflight
