"""What the router says unasked: it brings about a look and quicker probes, and decides nothing."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest
import structlog

from tests.support.router import MemoryRouter
from wanfailover import agent as agents
from wanfailover import hints
from wanfailover.abilities import Prompting
from wanfailover.agent import Agent
from wanfailover.config import Profile
from wanfailover.core import router as routers
from wanfailover.core.facts import SwitchRequest
from wanfailover.core.site import Circuit, Detect, Policy
from wanfailover.errors import DriverError
from wanfailover.hints import Hints
from wanfailover.ports import RouterAccess
from wanfailover.sites import SiteDir

PRIMARY = Circuit("primary", IPv4Interface("203.0.113.2/29"), IPv4Address("203.0.113.1"))
BACKUP = Circuit("backup", IPv4Interface("198.51.100.77/24"), IPv4Address("198.51.100.1"))


@dataclass
class TalkingRouter(MemoryRouter):
    """A router in memory that speaks unasked, in whatever words a test gives it."""

    prompt: Callable[[str], object] | None = None
    deaf_by: Exception | None = None
    slow: float = 0.0
    at_once: int = 0
    most_at_once: int = 0
    cancelled: bool = False

    async def listen(self, prompt: Callable[[str], object]) -> None:
        self.prompt = prompt
        if self.deaf_by is not None:
            raise self.deaf_by
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise

    async def read(self):
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.slow)
        self.at_once -= 1
        return replace(await super().read(), at=time.monotonic())

    @property
    def reads(self) -> int:
        return self.calls.count("read")


@dataclass
class QuietRunner:
    """Stands in for the probes: sends nothing, and notes how it is pressed."""

    pressed: list[tuple] = field(default_factory=list)

    def follow(self, assignments, epoch: int = 0) -> None:
        pass

    def hasten(self, *circuits: str | None) -> None:
        self._note(circuits)

    def calm(self) -> None:
        self._note(("calm",))

    def await_tunnels(self, targets) -> None:
        pass

    def _note(self, what: tuple) -> None:
        if self.pressed[-1:] != [what]:
            self.pressed.append(what)

    async def close(self) -> None:
        pass


@dataclass
class Office:
    agent: Agent
    router: TalkingRouter
    runner: QuietRunner

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.005)


@pytest.fixture
def log():
    with structlog.testing.capture_logs() as captured:
        yield captured


@pytest.fixture
async def office(tmp_path, monkeypatch, log):
    """An agent that is read every minute of its own accord, and looks every 0.2 s if prompted."""
    monkeypatch.setattr(routers, "REREAD", 0.2)
    runner = QuietRunner()
    monkeypatch.setattr(agents, "Runner", lambda *_, **__: runner)
    router = TalkingRouter(PRIMARY.address, PRIMARY.gateway)
    profile = Profile(
        file=Path("office.yaml"),
        name="office",
        driver="memory",
        access=RouterAccess(host=None, transport="local"),
        circuits=(PRIMARY, BACKUP),
        probes=(),
        policy=Policy(Detect(silence=3600.0)),  # nobody answers a probe here, and nobody is to mind
    )
    made = Office(Agent(profile, SiteDir(tmp_path), router), router, runner)
    running = asyncio.create_task(made.agent.run())
    await made.until(lambda: router.prompt is not None and made.agent.engine.active is not None)
    await asyncio.sleep(0.25)
    yield made
    made.agent.stop()
    async with asyncio.timeout(5):
        await running


@pytest.mark.alone
async def test_a_hint_brings_a_look_and_quicker_probes(office, log):
    """At once, with its sentence in the log; and the probes of an idle circuit are let be."""
    before, began = office.router.reads, time.monotonic()
    office.router.prompt("the router tells: it has started (coldStart)")
    await office.until(lambda: office.router.reads > before)
    assert time.monotonic() - began < 0.1
    assert office.runner.pressed[-1] == ("primary", None)
    (hint,) = [event for event in log if event["event"] == "router-hint"]
    assert hint["hint"] == "the router tells: it has started (coldStart)"


async def test_quicker_probes_end_and_do_not_come_back_at_once(office, monkeypatch):
    """Whoever forges hints quickens them for a part of the time."""
    monkeypatch.setattr(hints, "CLOSE_LOOK", 0.3)
    monkeypatch.setattr(hints, "REST", 0.6)
    end = time.monotonic() + 2.0
    while time.monotonic() < end:
        office.router.prompt("again")
        await asyncio.sleep(0.02)
    quick = office.runner.pressed.count(("primary", None))
    assert 2 <= quick <= 3
    assert office.runner.pressed.count(("calm",)) >= quick


@pytest.mark.alone
async def test_a_flood_moves_neither_reads_nor_log_nor_cpu(office, log):
    """A thousand a second from a driver that thins out nothing: one look each `REREAD`."""
    reads, lines = office.router.reads, len(log)
    inbox, cpu, began = office.agent._loop.inbox, time.process_time(), time.monotonic()
    while time.monotonic() - began < 1.0:
        for _ in range(10):
            office.router.prompt("forged")
        assert inbox.qsize() <= 3
        await asyncio.sleep(0.01)
    assert 2 <= office.router.reads - reads <= 6
    assert len(log) - lines <= 6
    assert time.process_time() - cpu < 0.3


async def test_hints_never_decide(office):
    """The decision and its rule stay what they were, and nothing is done to the router."""
    before = office.agent.engine.decision.rule
    for _ in range(50):
        office.router.prompt("the backup is much better now")
        await asyncio.sleep(0.01)
    assert office.agent.engine.decision.rule == before
    assert office.agent.engine.active == "primary"
    assert set(office.router.calls) == {"read"}


async def test_a_change_by_hand_is_seen_by_the_look(office):
    """What a hint is good for: no waiting for the next interval."""
    office.router.address, office.router.gateway = BACKUP.address, BACKUP.gateway
    office.router.prompt("the router tells: an interface came up (linkUp)")
    await office.until(lambda: office.agent.engine.active == "backup")


async def test_readings_never_overlap(office):
    """A router that takes its time is asked once at a time, however much it talks."""
    office.router.slow = 2.5
    await office.until(lambda: not office.agent._loop._reading)
    idle = len(office.agent._loop._tasks)
    end = time.monotonic() + 2.0
    while time.monotonic() < end:
        office.router.prompt("busy")
        assert len(office.agent._loop._tasks) <= idle + 1, "readings wait in a row"
        await asyncio.sleep(0.01)
    assert office.router.most_at_once == 1


async def test_no_look_during_a_switchover_but_one_after_it(office, monkeypatch):
    """The router is left alone while it is changed; what was heard meanwhile is not forgotten."""
    before = office.router.reads
    holding = office.agent._loop.router
    await holding.acquire()
    office.agent._loop.inbox.put_nowait(SwitchRequest(id="x", circuit="backup", who="ann"))
    await office.until(lambda: office.agent.engine.switchover is not None)
    office.router.prompt("link went down")
    await asyncio.sleep(0.5)
    assert not office.agent._loop._reading
    assert office.router.reads == before
    monkeypatch.setattr(office.agent._loop._switchover._prover, "prove", _proved)
    holding.release()
    await office.until(lambda: office.agent.engine.active == "backup")
    done = office.router.reads
    await office.until(lambda: office.router.reads > done)


async def _proved(*_: object) -> str:
    return "answered"


async def test_listening_ends_with_the_agent(office):
    """No task is left behind."""
    office.agent.stop()
    await office.until(lambda: office.router.cancelled)


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (DriverError("cannot listen for the router's traps at port 162"), "cannot listen for"),
        (ZeroDivisionError("boom"), "by a bug in its driver"),
    ],
)
async def test_a_driver_that_cannot_listen_is_a_warning(tmp_path, monkeypatch, trouble, told):
    """`status` tells it, and the agent goes on: the router is read at intervals all the same."""
    monkeypatch.setattr(agents, "Runner", lambda *_, **__: QuietRunner())
    router = TalkingRouter(PRIMARY.address, PRIMARY.gateway, deaf_by=trouble)
    profile = Profile(
        Path("office.yaml"), "office", "memory", RouterAccess(None, "local"),
        (PRIMARY, BACKUP), (), Policy(),
    )  # fmt: skip
    agent = Agent(profile, SiteDir(tmp_path), router)
    running = asyncio.create_task(agent.run())
    office = Office(agent, router, QuietRunner())
    await office.until(lambda: bool(agent.report()["warnings"]))
    (warning,) = agent.report()["warnings"]
    assert told in warning
    assert not running.done()
    agent.stop()
    await running


async def test_drivers_that_say_nothing():
    """One that cannot listen, and one that need not, end the listening in peace."""
    mute = MemoryRouter(PRIMARY.address, PRIMARY.gateway)
    assert not isinstance(mute, Prompting)
    for driver in (mute, _Content(PRIMARY.address, PRIMARY.gateway)):
        listening = Hints(driver, lambda: True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(listening.listen(), 1)
        assert listening.trouble is None


class _Content(MemoryRouter):
    async def listen(self, prompt: Callable[[str], object]) -> None:
        """Nothing to listen to."""


async def test_a_long_hint_is_cut_in_the_log(log):
    """Nobody fills the log by one word."""
    talking = Hints(_Content(PRIMARY.address, PRIMARY.gateway), lambda: True)
    talking._heard("x" * 10_000)
    assert len(log[0]["hint"]) == hints.LONGEST
