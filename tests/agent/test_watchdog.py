"""Signs of life only while all that must turn does; no answer before it is written down."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.scenarios.world import site
from tests.support.clock import virtual_time
from tests.support.router import MemoryRouter
from tests.switchover.test_switchover import Prover
from wanfailover.core import entries as log
from wanfailover.core.engine import Engine
from wanfailover.core.facts import PauseRequest, SwitchRequest
from wanfailover.core.site import Path
from wanfailover.loop import Loop
from wanfailover.probes import Assignment, Runner
from wanfailover.specs import Tcp
from wanfailover.switchover import Switchover
from wanfailover.watchdog import Notifier, feed

SITE = site()
PRIMARY = SITE.circuits[0]


class Heard(Notifier):
    """Notes what systemd would hear, and when."""

    def __init__(self, patience: float | None) -> None:
        self.patience = patience
        self.told: list[float] = []

    def __call__(self, state: str) -> None:
        assert state == "WATCHDOG=1"
        self.told.append(asyncio.get_running_loop().time())


@virtual_time
async def test_signs_of_life_end_where_something_stands_still():
    """At half of the patience, so that there is no doubt; and they go on when it does."""
    loop, heard = asyncio.get_running_loop(), Heard(30.0)
    turned = {"at": 0.0}
    feeding = asyncio.create_task(feed(heard, lambda: loop.time() - turned["at"]))
    await asyncio.sleep(60)
    assert max(heard.told) < 15
    turned["at"] = loop.time()
    await asyncio.sleep(10)
    assert max(heard.told) > 60
    feeding.cancel()


@virtual_time
async def test_probes_that_stand_still_are_late():
    """A timer that was lost, by whatever bug: its watch is behind, and more and more so."""

    class Silent:
        async def probe(self, path, heard=lambda: None):
            await asyncio.sleep(3600)

        def renew(self) -> None: ...

        def close(self) -> None: ...

    loop = asyncio.get_running_loop()
    runner = Runner(lambda _: None, build=lambda *_: Silent(), clock=loop.time)
    runner.follow(
        [Assignment(Tcp("192.0.2.80", 443, every=5.0), SITE.targets[2], "primary", Path())]
    )
    await asyncio.sleep(100)
    assert runner.late() <= 0.0
    (watch,) = runner._watches.values()
    watch._timer.cancel()
    await asyncio.sleep(100)
    assert runner.late() >= 90.0
    await runner.close()


@virtual_time
async def test_without_systemd_nothing_is_fed():
    """It returns at once."""
    await feed(Heard(None), lambda: 0.0)


@pytest.mark.parametrize("abstract", [False, True])
def test_the_socket_is_the_one_that_is_named(tmp_path, abstract):
    """In the file system, or in the abstract place; its name is no longer in the environment."""
    name = f"@wanfailover-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    environment = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "3000000", "HOME": "/"}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(name.replace("@", "\0"))
        systemd.settimeout(2)
        notify = Notifier(environment)
        notify("READY=1\nSTATUS=steady: so it is")
        assert systemd.recv(100) == b"READY=1\nSTATUS=steady: so it is"
    notify("STOPPING=1")  # nobody is there any more
    assert environment == {"HOME": "/"}
    assert notify.patience == 3.0


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "3000000"},
        {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"},
        {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "soon"},
    ],
)
def test_nobody_waits_for_us_who_does_not_say_so(environment):
    """No systemd, no watchdog, or one that watches another process."""
    notify = Notifier(environment)
    notify("READY=1")
    assert notify.patience is None


class Pen:
    """Takes its time to write."""

    def __init__(self) -> None:
        self.written: list[log.Entry] = []

    async def __call__(self, *entries: log.Entry) -> None:
        await asyncio.sleep(0.4)
        self.written += entries


@pytest.mark.parametrize("stops", [False, True])
@virtual_time
async def test_nobody_is_answered_before_it_is_written(stops: bool):
    """A hold and a pause are on the disk by then, also where the agent is told to stop."""
    pen, router = Pen(), MemoryRouter(PRIMARY.address, PRIMARY.gateway)
    clock = asyncio.get_running_loop().time
    engine = Engine(SITE)
    switchover = Switchover(SITE, router, Prover(), pen, clock)
    loop = Loop(engine, router, switchover, pen, clock=clock)
    loop.inbox.put_nowait(await router.read())
    running = asyncio.create_task(loop.run())

    async def asked(request) -> list[log.Entry]:
        await loop.ask(request)
        return list(pen.written)

    paused = await asked(PauseRequest("p", 60.0, "ann"))
    assert log.PauseBegan(60.0, "ann") in paused
    switching = asyncio.create_task(asked(SwitchRequest("s", "backup", who="ann")))
    await asyncio.sleep(0.1)
    if stops:
        loop.stop()
        await running
        await loop.close()
    held = await switching
    assert log.HoldBegan("backup", None, "ann", "") in held
    if not stops:
        loop.stop()
        await running
        await loop.close()
