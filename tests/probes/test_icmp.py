"""Pings: the packets are real, the far side is a TUN interface that the test reads and writes."""

from __future__ import annotations

import asyncio
import os
import random
import time
from ipaddress import IPv4Address
from pathlib import Path as FilePath

import icmplib
import pytest

from wanfailover.core.facts import Result
from wanfailover.core.site import Path
from wanfailover.ports import ProbeResult
from wanfailover.probes import build, once
from wanfailover.probes.failures import SILENT
from wanfailover.probes.icmp import permission, socket_kind
from wanfailover.probes.pinger import Pingers
from wanfailover.specs import Icmp

pytestmark = pytest.mark.packets

FAR = "192.0.2.10"
THROUGH = Path()


@pytest.fixture(params=["datagram", "raw"])
def kind(request: pytest.FixtureRequest, loopback) -> str:
    """Both kinds of ICMP socket; the kernel offers the first to the groups it is told of."""
    loopback.let_ping("0 0" if request.param == "datagram" else "1 0")
    return request.param


async def test_loopback_answers(kind):
    """A ping of this host itself is answered within a blink, over either kind of socket."""
    assert socket_kind() == kind
    result = await once(Icmp("127.0.0.1"))
    assert result.result is Result.ANSWERED
    assert 0 < result.rtt < 0.2
    assert permission() is None


async def test_silence_is_lost_at_the_deadline(kind, far_side):
    """A line that says nothing ends the probe at its deadline, as lost, with nothing to add."""
    far_side()
    began = time.monotonic()
    assert await once(Icmp(FAR, deadline=0.05)) == SILENT
    assert 0.05 <= time.monotonic() - began < 0.5


@pytest.mark.alone
async def test_round_trip_is_measured(kind, far_side):
    """The round-trip time is the line's."""
    far_side().echo(0.05)
    result = await once(Icmp(FAR))
    assert result.result is Result.ANSWERED
    assert 0.05 <= result.rtt < 0.15


@pytest.mark.alone
async def test_busy_agent_does_not_slow_the_line(kind, names):
    """A reply that waits in the socket while the event loop is blocked is not a slow reply."""
    prober = build(Icmp("127.0.0.1"), names)
    await prober.probe(THROUGH)
    await asyncio.sleep(0.02)  # the kernel begins to stamp packets a little after it is told to
    pinging = asyncio.create_task(prober.probe(THROUGH))
    await asyncio.sleep(0)
    time.sleep(0.2)  # noqa: ASYNC251  # blocking is the point
    result = await pinging
    assert result.result is Result.ANSWERED
    assert result.rtt < 0.1
    prober.close()


async def test_deadline_passed_while_busy_still_reads_the_reply(kind):
    """A reply that arrived in time counts, though the event loop slept past the deadline."""
    pinging = asyncio.create_task(once(Icmp("127.0.0.1", deadline=0.05)))
    await asyncio.sleep(0)
    time.sleep(0.1)  # noqa: ASYNC251  # blocking is the point
    assert (await pinging).result is Result.ANSWERED


@pytest.mark.parametrize(
    ("icmp", "words"),
    [
        ((3, 0), "destination network unreachable, says 203.0.113.1"),
        ((3, 1), "destination host unreachable, says 203.0.113.1"),
        ((3, 13), "packet filtered, says 203.0.113.1"),
        ((11, 0), "time to live exceeded, says 203.0.113.1"),
    ],
)
async def test_router_refuses(kind, far_side, icmp, words):
    """An ICMP error about our ping ends it at once, and names who sent it."""
    far_side().answer = lambda packet: [(0, packet.refusal("203.0.113.1", *icmp))]
    began = time.monotonic()
    result = await once(Icmp(FAR))
    assert result == ProbeResult(Result.LOST, step="reply", detail=words)
    assert time.monotonic() - began < 1


async def test_refusal_of_one_is_no_trouble_for_the_next(kind, far_side, names, until):
    """The kernel hands an old ping's ICMP error to the next send, which has not failed by it."""
    far = far_side()
    pingers = Pingers()
    first, second = (build(Icmp(host), names, pingers) for host in (FAR, "192.0.2.11"))
    refused = asyncio.create_task(first.probe(THROUGH))
    await until(lambda: far.pings)
    far.deliver(far.pings[0].refusal("203.0.113.1"))  # unread, as only this coroutine runs now
    far.echo()
    answered = second.probe(THROUGH)
    assert (await answered).result is Result.ANSWERED
    assert (await refused).detail.endswith("says 203.0.113.1")
    first.close()
    second.close()


async def test_strangers_are_not_believed(kind, far_side):
    """Only the target's own reply to this very ping counts: not another's, not another number."""
    far = far_side()
    elsewhere = IPv4Address("192.0.2.99").packed
    far.answer = lambda packet: [
        (0, packet.reply(source=elsewhere)),
        (0, packet.reply(rest=b"\0\0" + packet.raw[26:])),
        (0, packet.reply(rest=packet.raw[24:26] + b"\xff\xff" + packet.raw[28:])),
        (0, packet._replace(raw=packet.raw[:16] + elsewhere + packet.raw[20:]).refusal(FAR)),
    ]
    assert await once(Icmp(FAR, deadline=0.05)) == SILENT
    assert len(far.pings) == 1


async def test_garbage_is_passed_over(kind, far_side):
    """Whatever arrives, the true reply is found among it and nothing raises."""
    far = far_side()
    dice = random.Random(20010)

    def babble(packet):
        ours = packet.raw[20:]
        junk = [dice.randbytes(dice.randrange(60)) for _ in range(50)]
        junk += [ours[: dice.randrange(len(ours))] for _ in range(10)]
        heads = [bytes([kind_, 0, 0, 0]) for kind_ in (0, 3, 8, 11)]
        junk += [dice.choice(heads) + dice.randbytes(dice.randrange(40)) for _ in range(50)]
        from_there = [packet.raw[:12] + packet.destination + packet.source + some for some in junk]
        return [*((0, raw) for raw in from_there), (0.01, packet.reply())]

    far.answer = babble
    assert (await once(Icmp(FAR))).result is Result.ANSWERED


async def test_one_socket_for_all_targets(kind, far_side, names):
    """All targets over one path share one socket, and each gets its own replies."""
    far = far_side()
    far.answer = lambda packet: [(0.05 - packet.destination[-1] / 1000, packet.reply())]
    pingers = Pingers()
    probers = [build(Icmp(f"192.0.2.{n}"), names, pingers) for n in (10, 20, 30)]
    results = await asyncio.gather(*(prober.probe(THROUGH) for prober in probers))
    assert [result.result for result in results] == [Result.ANSWERED] * 3
    assert results[0].rtt > results[1].rtt > results[2].rtt
    assert len({ping.identifier for ping in far.pings}) == 1
    assert icmp_sockets(kind) == 1
    for prober in probers:
        prober.close()
    assert icmp_sockets(kind) == 0


async def test_renewed_pings_have_a_new_identifier(kind, far_side, names):
    """After `renew` every target pings with a new identifier, and still from one socket."""
    far = far_side()
    far.echo()
    pingers = Pingers()
    probers = [build(Icmp(f"192.0.2.{n}"), names, pingers) for n in (10, 20)]
    for _ in range(2):
        for prober in probers:
            await prober.probe(THROUGH)
        for prober in probers:
            prober.renew()
    identifiers = [ping.identifier for ping in far.pings]
    assert identifiers[0] == identifiers[1] != identifiers[2] == identifiers[3]
    for prober in probers:
        prober.close()
    assert icmp_sockets(kind) == 0


async def test_renewal_does_not_break_a_waiting_ping(kind, far_side, names):
    """A ping that waits while its socket is retired still gets its answer; then the socket goes."""
    far_side().echo(0.05)
    prober = build(Icmp(FAR), names)
    waiting = asyncio.create_task(prober.probe(THROUGH))
    await asyncio.sleep(0.01)
    prober.renew()
    assert (await waiting).result is Result.ANSWERED
    assert icmp_sockets(kind) == 0
    prober.close()


async def test_no_route_is_unsent_where_icmplib_reads_no_loss(namespace):
    """Without a route nothing is sent: that is neither loss nor life, and never 0 % loss."""
    theirs = icmplib.ping(FAR, count=2, interval=0, timeout=0.1)
    assert (theirs.packets_sent, theirs.packet_loss) == (0, 0.0)
    result = await once(Icmp(FAR))
    assert result == ProbeResult(
        Result.UNSENT,
        step="send",
        detail=f"cannot send to {FAR}: this host has no route there",
    )


async def test_own_firewall_is_unsent(kind, far_side, loopback):
    """A packet that this host's firewall drops was never sent, and the firewall is named."""
    far_side().echo()
    hook = "type filter hook output priority 0"
    loopback.nft(f"table ip t {{ chain out {{ {hook} ; ip protocol icmp drop ; }} ; }}")
    result = await once(Icmp(FAR))
    assert result.result is Result.UNSENT
    assert "firewall" in result.detail


async def test_interface_that_comes_back_is_used_again(kind, far_side, names):
    """A socket stays bound to an interface that is gone; the next ping opens another one."""
    prober = build(Icmp(FAR), names)
    path = Path(device="far0")
    far = far_side()
    far.echo()
    assert (await prober.probe(path)).result is Result.ANSWERED
    far.vanish()
    assert (await prober.probe(path)).result is Result.UNSENT
    assert (await prober.probe(path)).detail == (
        "cannot bind to interface far0: this host has no such interface"
    )
    far_side().echo()
    assert (await prober.probe(path)).result is Result.ANSWERED
    prober.close()


async def test_forbidden_pings_say_what_to_allow(loopback):
    """Where neither kind of socket may be opened, one sentence names both ways out."""
    os.seteuid(65534)
    try:
        sentence = permission()
        kind = socket_kind()
        result = await once(Icmp("127.0.0.1"))
    finally:
        os.seteuid(0)
    assert "net.ipv4.ping_group_range" in sentence
    assert "CAP_NET_RAW" in sentence
    assert kind is None
    assert result == ProbeResult(Result.UNSENT, step="send", detail=sentence)


async def test_group_may_ping_without_privilege(loopback):
    """A process without any capability pings where its group is in the kernel's range."""
    loopback.let_ping("0 0")
    os.seteuid(65534)
    try:
        result = await once(Icmp("127.0.0.1"))
    finally:
        os.seteuid(0)
    assert result.result is Result.ANSWERED


def icmp_sockets(kind: str) -> int:
    """ICMP sockets open in this namespace."""
    table = {"raw": "raw", "datagram": "icmp"}[kind]
    return len(FilePath(f"/proc/thread-self/net/{table}").read_text().splitlines()) - 1
