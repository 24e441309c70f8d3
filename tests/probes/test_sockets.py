"""Every kind of probe leaves by its path, and knows its own host's failures from the line's."""

from __future__ import annotations

import asyncio
import socket
import time
from ipaddress import IPv4Address

import pytest

from wanfailover.core.facts import Result
from wanfailover.core.site import Path
from wanfailover.probes import once
from wanfailover.probes.failures import Failed, Unsent
from wanfailover.probes.sockets import THROUGH, connect, open_socket
from wanfailover.specs import Dns, Https, Icmp, ProbeSpec, Smtp, Tcp

FAR = "192.0.2.10"
WITHIN = 0.05
every_kind = pytest.mark.parametrize(
    "spec",
    [
        pytest.param(Icmp(FAR, deadline=WITHIN), id="icmp"),
        pytest.param(Tcp(FAR, 443, deadline=WITHIN), id="tcp"),
        pytest.param(Dns(FAR, "example.net", deadline=WITHIN), id="dns"),
        pytest.param(Smtp(FAR, deadline=WITHIN), id="smtp"),
        pytest.param(Https(f"https://{FAR}/", deadline=WITHIN), id="https"),
    ],
)


@every_kind
@pytest.mark.packets
async def test_source_and_code_point_are_on_the_wire(spec: ProbeSpec, far_side, loopback):
    """A packet carries the path's source address, and its DSCP in the upper six bits."""
    far = far_side()
    loopback.ip("addr add 198.51.100.3/24 dev far0")
    await once(spec, Path(source=IPv4Address("198.51.100.3"), dscp=8))
    assert far.sent[0].source == IPv4Address("198.51.100.3").packed
    assert far.sent[0].raw[1] == 8 << 2


@every_kind
@pytest.mark.packets
async def test_ordinary_packets_follow_the_routes(spec: ProbeSpec, far_side):
    """The empty path is unmarked and leaves as the host's routes say."""
    far = far_side()
    await once(spec)
    assert far.sent[0].source == IPv4Address("198.51.100.2").packed
    assert far.sent[0].raw[1] == 0


@every_kind
@pytest.mark.packets
async def test_device_beats_the_default_route(spec: ProbeSpec, far_side):
    """A probe bound to an interface leaves by it though the default route goes elsewhere."""
    usual = far_side()
    spare = far_side("far1", "addr add 203.0.113.3/29 dev far1", f"route add {FAR}/32 dev far0")
    await once(spec, Path(device="far1"))
    assert usual.sent == []
    assert spare.sent[0].source == IPv4Address("203.0.113.3").packed


@every_kind
@pytest.mark.packets
@pytest.mark.parametrize(
    ("route", "words"),
    [
        (None, "this host has no route there"),
        ("unreachable", "this host's routes call it unreachable"),
        ("blackhole", "this host's routes discard it"),
        ("prohibit", "this host's routes or rights forbid it"),
    ],
)
async def test_no_way_out_is_unsent(spec: ProbeSpec, loopback, route, words):
    """What this host refuses to send says nothing about the line, and the sentence says why."""
    if route:
        loopback.ip(f"route add {route} {FAR}")
    result = await once(spec)
    assert result.result is Result.UNSENT
    assert result.detail == f"cannot send to {FAR}: {words}"


@every_kind
@pytest.mark.packets
@pytest.mark.parametrize(
    ("path", "detail"),
    [
        (Path(device="far9"), "cannot bind to interface far9: this host has no such interface"),
        (
            Path(source=IPv4Address("203.0.113.9")),
            "cannot send from 203.0.113.9: this host does not have that address",
        ),
    ],
)
async def test_path_that_this_host_lacks_is_unsent(spec: ProbeSpec, loopback, path, detail):
    """A vantage whose interface or address is gone is our trouble and not the circuit's."""
    result = await once(spec, path)
    assert (result.result, result.detail) == (Result.UNSENT, detail)


@every_kind
@pytest.mark.packets
async def test_refusal_from_the_network_is_lost(spec: ProbeSpec, far_side):
    """The same "network unreachable" told by a router on the way is news about the line."""
    far_side().answer = lambda packet: [(0, packet.refusal("203.0.113.1"))]
    result = await once(spec)
    assert result.result is Result.LOST
    assert "network" in result.detail
    assert "unreachable" in result.detail


@every_kind
@pytest.mark.packets
async def test_silence_is_lost_in_time(spec: ProbeSpec, far_side):
    """A dead line ends every kind of probe at its own deadline."""
    far_side()
    began = time.monotonic()
    result = await once(spec)
    assert result.result is Result.LOST
    assert "no answer" in result.detail
    assert WITHIN <= time.monotonic() - began < WITHIN + 0.3


async def test_connection_is_ready_to_use():
    """A connected socket does not block, and sends small packets at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sock = await connect(THROUGH, IPv4Address("127.0.0.1"), server.getsockname()[1])
    with sock:
        assert not sock.getblocking()
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_refused_on_loopback_is_the_far_side_s():
    """A closed port answers within the call itself on loopback, and yet it is an answer."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        with pytest.raises(Failed, match="refused"):
            await connect(THROUGH, IPv4Address("127.0.0.1"), sock.getsockname()[1])


async def test_no_socket_is_left_behind():
    """A connection that is given up, or never got as far, closes its socket."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with (
            socket.create_connection(("127.0.0.1", port)),
            pytest.raises(TimeoutError),  # a warning about an open socket would fail this test
        ):
            async with asyncio.timeout(0.05):
                await connect(THROUGH, IPv4Address("127.0.0.1"), port)
    with pytest.raises(Unsent):
        open_socket(socket.SOCK_STREAM, Path(source=IPv4Address("203.0.113.9")))
