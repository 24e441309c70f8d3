"""What a probe is said to cost, against what the kernel counts of it."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address
from pathlib import Path as FilePath

import pytest

from tests.probes.test_dns import NameServer, good
from tests.probes.test_https import WebServer, page
from tests.probes.test_smtp import MailServer
from wanfailover import specs
from wanfailover.core.facts import Result
from wanfailover.core.site import Path
from wanfailover.probes import Names, once
from wanfailover.traffic import Cost, of_probe

HOST = "127.0.0.1"
NAMED = "mail.example.com"
COUNTED = FilePath("/proc/self/net/dev")
TIMES = 10


def counted() -> Cost:
    fields = next(
        line.split() for line in COUNTED.read_text().splitlines() if line.strip().startswith("lo:")
    )
    return Cost(packets=int(fields[2]), size=int(fields[1]))


@pytest.fixture
def wire(loopback, until):
    """Counts what a probe costs, over several, in packets of the size that a line takes."""
    loopback.ip("link set lo mtu 1500")

    async def count(spec: specs.ProbeSpec) -> Cost:
        names = Names(lambda _: (IPv4Address(HOST),))
        before = counted()
        for _ in range(TIMES):
            assert (await once(spec, Path(), names)).result is Result.ANSWERED
        await asyncio.sleep(0.3)
        after = counted()
        return Cost((after.packets - before.packets) / TIMES, (after.size - before.size) / TIMES)

    return count


def near(measured: Cost, spec: specs.ProbeSpec, tolerance: float) -> bool:
    said = of_probe(spec)
    return all(
        one <= other * tolerance and other <= one * tolerance
        for one, other in ((measured.packets, said.packets), (measured.size, said.size))
    )


async def test_ping(wire):
    """A ping is what is said to a byte."""
    assert await wire(specs.Icmp(HOST)) == of_probe(specs.Icmp(HOST))


async def test_connection(wire):
    """A connection is what is said, give or take an acknowledgement."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), HOST, 0)
    async with server:
        spec = specs.Tcp(HOST, server.sockets[0].getsockname()[1])
        assert near(await wire(spec), spec, 1.2)


async def test_question(wire):
    """A name server's answer is about as long as is said."""
    async with NameServer(lambda question: [good(question).to_wire()]) as server:
        spec = specs.Dns(HOST, "example.net", port=server.port)
        assert near(await wire(spec), spec, 1.5)


async def test_page(wire, trusted):
    """So is a page of some thousand bytes."""
    async with WebServer(trusted.issue(NAMED), page("x" * 5000)) as server:
        spec = specs.Https(f"https://{NAMED}:{server.port}/")
        assert near(await wire(spec), spec, 2)


@pytest.mark.parametrize("more", [{}, {"rcpt": "a@example.com"}, {"starttls": True}])
async def test_mail(wire, trusted, more):
    """So is a talk to a mail server, with what else may be asked of it."""
    async with MailServer(trusted.issue(NAMED)) as server:
        spec = specs.Smtp(NAMED, server.port, **more)
        assert near(await wire(spec), spec, 2)
