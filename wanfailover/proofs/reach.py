"""The proof that traffic flows: far targets answer through the circuit just taken.

Every target is asked at once and again on its pace, each time anew: a first packet may die while
the router still looks for its new gateway's hardware address.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from wanfailover.core.facts import Result
from wanfailover.core.plan import Proof
from wanfailover.core.site import Path, Site
from wanfailover.errors import ProofFailed
from wanfailover.ports import ProbeResult
from wanfailover.probes import Names, build
from wanfailover.probes.kinds import KINDS
from wanfailover.probes.rouse import rouse
from wanfailover.probes.watch import ask
from wanfailover.specs import Icmp, ProbeSpec, Wake

AGAIN_ICMP = 0.25
AGAIN = 1.0
"""Seconds between two tries: a ping costs nothing, the others are given time to end."""


class FarProver:
    """Proves with the profile's far probes; with the circuit's gateway where it has none.

    A line that sleeps is raised meanwhile, which proves nothing by itself.
    """

    def __init__(
        self,
        probes: Sequence[ProbeSpec],
        site: Site,
        names: Names,
        wakes: Mapping[str, Wake] = MappingProxyType({}),
    ) -> None:
        self._probes = tuple(probes)
        self._wakes = wakes
        self._site = site
        self._names = names

    async def prove(self, proof: Proof, circuit: str) -> str:
        """Wait until *need* targets have answered, each over the router as it is now.

        Raises:
            ProofFailed: They did not within the proof's deadline.
        """
        specs = self._probes or (Icmp(str(self._site.circuit(circuit).gateway)),)
        need = min(proof.need, len(specs))
        began = time.monotonic()
        answered: list[str] = []
        silent = {spec.name: "no answer" for spec in specs}
        tasks = [asyncio.create_task(self._ask(spec, silent)) for spec in specs]
        wake = self._wakes.get(circuit)
        rousing = [asyncio.create_task(rouse(wake, Path(), self._names))] if wake else []
        try:
            async with asyncio.timeout(proof.within):
                for next_done in asyncio.as_completed(tasks):
                    answered.append(await next_done)
                    if len(answered) >= need:
                        break
        except TimeoutError:
            failed = "; ".join(f"{n}: {why}" for n, why in silent.items() if n not in answered)
            raise ProofFailed(
                f"{len(answered)} of the {need} far targets needed answered within "
                f"{proof.within:g} s ({failed})"
            ) from None
        finally:
            for task in (*tasks, *rousing):
                task.cancel()
            await asyncio.gather(*tasks, *rousing, return_exceptions=True)
        return f"{', '.join(answered)} answered within {time.monotonic() - began:.2f} s"

    async def _ask(self, spec: ProbeSpec, silent: dict[str, str]) -> str:
        """Ask one target until it answers; *silent* is kept up to date with why it does not."""
        prober = build(spec, self._names)
        pace = AGAIN_ICMP if isinstance(spec, Icmp) else AGAIN
        pending: set[asyncio.Task[ProbeResult]] = set()
        try:
            while True:
                if len(pending) < KINDS[type(spec)].in_flight:
                    pending.add(asyncio.create_task(ask(prober, Path(), spec.name)))
                done, pending = await asyncio.wait(
                    pending, timeout=pace, return_when=asyncio.FIRST_COMPLETED
                )
                for result in (task.result() for task in done):
                    if result.result is Result.ANSWERED:
                        return spec.name
                    silent[spec.name] = result.detail or f"failed at {result.step}"
                if done:
                    await asyncio.sleep(pace)
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
            prober.close()
