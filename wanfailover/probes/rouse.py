"""Raises a line that sleeps: one that is dialled on demand, or a mobile one that has gone idle."""

from __future__ import annotations

import asyncio

from wanfailover.core.facts import Result
from wanfailover.core.site import Path
from wanfailover.probes.kinds import build
from wanfailover.probes.names import Names
from wanfailover.probes.watch import ask
from wanfailover.specs import Icmp, Wake

PACE = 1.0
"""Seconds between two pings: one raises most lines, and a dialler may drop the first ones."""


async def rouse(wake: Wake, path: Path, names: Names) -> bool:
    """Send traffic until it is answered; False where the time was up first."""
    prober = build(Icmp(wake.host, deadline=PACE), names)
    try:
        async with asyncio.timeout(wake.within):
            while True:
                result = await ask(prober, path, f"icmp {wake.host}")
                if result.result is Result.ANSWERED:
                    return True
                await asyncio.sleep(PACE / 4)  # it may not have left this host, and failed at once
    except TimeoutError:
        return False
    finally:
        prober.close()
