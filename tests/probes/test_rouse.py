"""Raising a line: traffic until it answers or its time is up; in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from tests.scenarios.world import site
from tests.support.clock import virtual_time
from wanfailover.core.facts import Result
from wanfailover.core.plan import Reach
from wanfailover.core.site import Path
from wanfailover.errors import ProofFailed
from wanfailover.ports import ProbeResult
from wanfailover.probes import Names, rouse
from wanfailover.proofs import reach
from wanfailover.proofs.reach import FarProver
from wanfailover.specs import Icmp, Wake

MARKED = Path(dscp=8)
WAKE = Wake("192.0.2.12", within=30.0)
FAR = Icmp("192.0.2.10")


class Line:
    """It is up *takes* seconds after the first traffic; *deaf* targets never answer."""

    def __init__(self, monkeypatch, takes: float, *deaf: str) -> None:
        self.takes, self.deaf = takes, deaf
        self.asked: list[tuple[str, Path]] = []
        self.open = 0
        self.raised: float | None = None
        for module in (rouse, reach):
            monkeypatch.setattr(module, "build", self.build)

    def build(self, spec, names):
        self.open += 1
        return _Prober(self, spec)


class _Prober:
    def __init__(self, line: Line, spec: Icmp) -> None:
        self.line, self.spec = line, spec

    async def probe(self, path, heard):
        line, clock = self.line, asyncio.get_running_loop().time
        line.asked.append((self.spec.host, path))
        line.raised = clock() + line.takes if line.raised is None else line.raised
        if clock() >= line.raised and self.spec.host not in line.deaf:
            return ProbeResult(Result.ANSWERED, rtt=0.01)
        await asyncio.sleep(self.spec.deadline)
        return ProbeResult(Result.LOST)

    def close(self) -> None:
        self.line.open -= 1


@virtual_time
async def test_until_it_answers(monkeypatch):
    """About once a second, by the way that leads to it."""
    line = Line(monkeypatch, 8.0)
    assert await rouse.rouse(WAKE, MARKED, Names())
    assert 8 <= asyncio.get_running_loop().time() < 10
    assert set(line.asked) == {("192.0.2.12", MARKED)}
    assert 6 <= len(line.asked) <= 10
    assert line.open == 0


@virtual_time
async def test_no_longer_than_its_time(monkeypatch):
    """It is not raised: whoever waits goes on."""
    line = Line(monkeypatch, 1e9)
    assert not await rouse.rouse(WAKE, MARKED, Names())
    assert asyncio.get_running_loop().time() == pytest.approx(30)
    assert line.open == 0


@virtual_time
async def test_a_proof_raises_the_line(monkeypatch):
    """What raises it is asked too, and only over the circuit that is being proved."""
    line = Line(monkeypatch, 8.0)
    prover = FarProver([FAR], site(), Names(), {"backup": WAKE})
    said = await prover.prove(Reach(1, 30.0), "backup")
    assert said.startswith("icmp 192.0.2.10 answered")
    assert {host for host, _ in line.asked} == {"192.0.2.10", "192.0.2.12"}
    line.asked.clear()
    await prover.prove(Reach(1, 30.0), "primary")
    assert {host for host, _ in line.asked} == {"192.0.2.10"}
    assert line.open == 0


@virtual_time
async def test_what_raises_it_proves_nothing(monkeypatch):
    """It answers, and no far target does."""
    line = Line(monkeypatch, 1.0, "192.0.2.10")
    prover = FarProver([FAR], site(), Names(), {"backup": WAKE})
    with pytest.raises(ProofFailed, match="0 of the 1 far targets needed answered within 30 s"):
        await prover.prove(Reach(1, 30.0), "backup")
    assert line.open == 0
