"""DNS is dead everywhere: what was known of names serves on, over a restart, and for the router."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from ipaddress import IPv4Address

import pytest

from tests.scenarios.world import site
from wanfailover.core.facts import Result
from wanfailover.core.plan import Reach
from wanfailover.core.site import Path
from wanfailover.errors import ProofFailed, RouterUnreachable
from wanfailover.notes import FileNotes
from wanfailover.ports import Forgetful, RouterAccess
from wanfailover.probes import Names, once
from wanfailover.probes.failures import Unsent
from wanfailover.probes.names import KeepingLoop
from wanfailover.proofs import FarProver
from wanfailover.specs import Device, Tcp
from wanfailover.transports import tcp
from wanfailover.transports.console import telnet
from wanfailover.transports.snmp import SnmpClient
from wanfailover.transports.ssh import SshShell

HERE = IPv4Address("127.0.0.1")


@pytest.fixture(params=["refuses", "hangs"])
def dead(request):
    """A resolver that fails at once, or not before the test is over."""
    over = threading.Event()

    def lookup(_: str) -> tuple[IPv4Address, ...]:
        if request.param == "hangs":
            over.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    yield lookup
    over.set()


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def kept(**known: str) -> Forgetful:
    notes = Forgetful()
    for name, address in known.items():
        notes.put(name, address)
    return notes


def by(names: Names, work):
    """Run it on a loop that goes by *names*."""
    with asyncio.Runner(loop_factory=lambda: KeepingLoop(names)) as runner:
        return runner.run(work())


async def test_an_address_outlives_the_agent(tmp_path, dead):
    """It is used at once at the next start, though nobody resolves anything any more."""
    first = Names(lambda _: (HERE,), notes=FileNotes(tmp_path / "names.json"))
    await first.resolve("far.example")
    first._notes._writer.shutdown()
    began = time.monotonic()
    names = Names(dead, notes=FileNotes(tmp_path / "names.json"))
    assert await names.resolve("far.example") == HERE
    assert time.monotonic() - began < 0.5
    with pytest.raises(Unsent, match="cannot resolve other"):
        await Names(dead, notes=FileNotes(tmp_path / "names.json"), patience=0.2).resolve("other")


async def test_a_note_that_is_no_address_is_none(dead):
    """Somebody has edited the file."""
    names = Names(dead, notes=kept(router="the one in the hall"), patience=0.1)
    with pytest.raises(Unsent):
        await names.resolve("router")


async def test_an_address_that_has_changed_takes_the_old_ones_place():
    """What is kept is used while it is asked for, and no longer."""
    notes = kept(router="192.0.2.1")
    names = Names(lambda _: (HERE,), notes=notes)
    assert str(await names.resolve("router")) == "192.0.2.1"
    async with asyncio.timeout(5):
        while await names.resolve("router") != HERE:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    assert notes.get("router") == str(HERE)


def test_a_router_by_name_is_reached(dead, server):
    """By its console, its shell and its SNMP agent: each goes by the kept address, at once."""
    names = Names(dead, notes=kept(router="127.0.0.1"))

    async def work() -> None:
        deadline = asyncio.get_running_loop().time() + 3
        (await tcp.connect("router", server, deadline)).close()
        access = RouterAccess("router", "telnet", server)
        await (await telnet.dial(access)).close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
            agent.bind(("127.0.0.1", 0))
            agent.settimeout(3)
            client = SnmpClient("router", agent.getsockname()[1])
            asking = asyncio.create_task(client.get("1.3.6.1.2.1.1.1.0"))
            assert await asyncio.to_thread(agent.recv, 1000)
            asking.cancel()
            await client.close()

    by(names, work)


def test_a_router_of_which_nothing_is_known_is_said_to_be_so(dead):
    """At the first start, by each of the ways, within its deadline."""

    async def work() -> None:
        access = RouterAccess("router", "ssh", username="u")
        with pytest.raises(RouterUnreachable, match="router cannot be looked up"):
            await SshShell(access).run("true", within=10)
        with pytest.raises(RouterUnreachable, match="router cannot be looked up"):
            await SnmpClient("router").get("1.3.6.1.2.1.1.1.0")

    began = time.monotonic()
    by(Names(dead, patience=0.3), work)
    assert time.monotonic() - began < 5


def test_proofs_and_probes_need_no_resolver(dead, server):
    """Far targets by name, in the proof after a switch; and a modem by name."""
    names = Names(dead, notes=kept(far="127.0.0.1", modem="127.0.0.1"))

    async def work() -> None:
        prover = FarProver([Tcp("far", server)], site(), names)
        assert "answered" in await prover.prove(Reach(1, 5.0), "backup")
        unknown = FarProver([Tcp("nowhere", server)], site(), names)
        with pytest.raises(ProofFailed, match="cannot resolve nowhere"):
            await unknown.prove(Reach(1, 4.0), "backup")
        result = await once(Device("modem", "1.3.6.1.2.1.2.2.1.8.1", deadline=1.0), Path(), names)
        assert result.result is Result.UNSENT
        assert "looked up" not in result.detail

    by(names, work)


def test_a_resolver_that_hangs_holds_one_thread_a_name():
    """However often a name is asked for, and none of the loop's own threads."""
    over = threading.Event()
    names = Names(lambda _: (over.wait(60), (HERE,))[1], patience=0.01)

    async def work() -> None:
        before = threading.active_count()
        for _ in range(50):
            with pytest.raises(socket.gaierror):
                await asyncio.get_running_loop().getaddrinfo("router", 22)
        assert threading.active_count() <= before + 1
        assert await asyncio.to_thread(lambda: "the loop's threads are free") is not None

    try:
        by(names, work)
    finally:
        over.set()
