"""Names of targets: found once, then never lost; the resolver here is the test's own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from ipaddress import IPv4Address

import pytest

from wanfailover.core.facts import Result
from wanfailover.core.site import Path
from wanfailover.probes import Names, once
from wanfailover.probes.failures import Unsent
from wanfailover.probes.names import system_lookup
from wanfailover.specs import Dns, Https, Icmp, ProbeSpec, Smtp, Tcp

ONE, TWO = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")


class Resolver:
    """Answers what it is told to, blocks while told to, and counts."""

    def __init__(self, *answer: IPv4Address) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.awake = threading.Event()
        self.awake.set()

    def __call__(self, host: str) -> tuple[IPv4Address, ...]:
        self.asked.append(host)
        self.awake.wait(5)
        if not self.answer:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return self.answer


@pytest.fixture
def settled(until):
    """Waits until the lookup that is under way for a name has been filed."""
    return lambda names, host: until(lambda: names._entries[host].asking is None)


async def test_address_needs_no_resolver():
    """A numeric target is its own address."""
    resolver = Resolver()
    assert await Names(resolver).resolve("192.0.2.1") == ONE
    assert resolver.asked == []


async def test_name_is_asked_for_once():
    """While an address is fresh the resolver is left alone; so are many askers at a time."""
    resolver = Resolver(ONE)
    names = Names(resolver)
    found = await asyncio.gather(*(names.resolve("far.example") for _ in range(5)))
    found.append(await names.resolve("far.example"))
    assert set(found) == {ONE}
    assert resolver.asked == ["far.example"]


async def test_old_address_is_given_while_a_new_one_is_sought(settled):
    """A stale address is used at once; nobody waits for the refresh behind it."""
    resolver = Resolver(ONE)
    names = Names(resolver, refresh=0.0)
    await names.resolve("far.example")
    resolver.awake.clear()
    resolver.answer = (TWO,)
    assert await names.resolve("far.example") == ONE
    resolver.awake.set()
    await settled(names, "far.example")
    assert await names.resolve("far.example") == TWO


async def test_last_good_address_outlives_the_resolver(settled):
    """With the resolver dead the target is still asked where it last was."""
    resolver = Resolver(ONE)
    names = Names(resolver, refresh=0.0, retry=0.0)
    await names.resolve("far.example")
    resolver.answer = ()
    for _ in range(3):
        assert await names.resolve("far.example") == ONE
        await settled(names, "far.example")
    assert len(resolver.asked) > 2


async def test_address_stays_while_it_is_valid(settled):
    """A name with several addresses does not wander among them with each lookup."""
    resolver = Resolver(ONE, TWO)
    names = Names(resolver, refresh=0.0)
    await names.resolve("far.example")
    resolver.answer = (TWO, ONE)
    await names.resolve("far.example")
    await settled(names, "far.example")
    assert await names.resolve("far.example") == ONE


async def test_unknown_name_says_why():
    """A name that was never resolved raises with the resolver's reason, and is not asked for again
    before its time."""
    resolver = Resolver()
    names = Names(resolver, retry=60.0)
    for _ in range(2):
        with pytest.raises(Unsent, match=r"cannot resolve far\.example: Temporary failure"):
            await names.resolve("far.example")
    assert len(resolver.asked) == 1


async def test_silent_resolver_is_not_waited_for_for_ever(settled):
    """Patience ends before a blocked resolver does, and no second lookup joins the first."""
    resolver = Resolver(ONE)
    resolver.awake.clear()
    names = Names(resolver, patience=0.05)
    for _ in range(2):
        with pytest.raises(Unsent, match="the resolver is silent"):
            await names.resolve("far.example")
    assert len(resolver.asked) == 1
    resolver.awake.set()
    await settled(names, "far.example")
    assert await names.resolve("far.example") == ONE


def test_program_ends_while_a_lookup_blocks():
    """A resolver that hangs does not hold up the end of the event loop, nor complain after it."""
    resolver = Resolver(ONE)
    resolver.awake.clear()

    async def give_up() -> None:
        with pytest.raises(Unsent):
            await Names(resolver, patience=0.01).resolve("far.example")

    began = time.monotonic()
    asyncio.run(give_up())
    assert time.monotonic() - began < 1
    (thread,) = [one for one in threading.enumerate() if one.name == "resolve far.example"]
    resolver.awake.set()
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    "spec",
    [
        Icmp("far.example"),
        Tcp("far.example", 80),
        Smtp("far.example"),
        Dns("far.example", "example.net"),
        Https("https://far.example/"),
    ],
    ids=lambda spec: type(spec).__name__.lower(),
)
async def test_every_kind_is_unsent_without_an_address(spec: ProbeSpec):
    """A dead resolver is no dead line: the step is `resolve`, and nothing was sent."""
    result = await once(spec, Path(), Names(Resolver()))
    assert (result.result, result.step) == (Result.UNSENT, "resolve")
    assert result.detail.startswith("cannot resolve far.example")


def test_system_resolver_knows_this_host():
    """The real lookup gives IPv4 addresses."""
    assert IPv4Address("127.0.0.1") in system_lookup("localhost")
