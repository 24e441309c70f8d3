"""While marks come, stand and go, the active circuit and its switches are what they ever were."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.drivers.marked import (
    MARKED_SWAP,
    SHAPES,
    MakeBed,
    drive,
    everything,
    seen_as,
    seen_whole,
)
from tests.drivers.test_moves import active, address, switch
from tests.drivers.testbed import Testbed, ask
from tests.transports.conftest import server, user  # noqa: F401
from wanfailover.core import plan
from wanfailover.core.site import Site
from wanfailover.errors import DriverError
from wanfailover.ports import Severity
from wanfailover_iproute2.driver import Iproute2

pytestmark = pytest.mark.packets


@SHAPES
async def test_the_active_circuit_loses_not_a_single_packet(enter: MakeBed, site: Site) -> None:
    """While marks come, are mended and go, a flow of the LAN goes on without a gap."""
    bed = enter(site)
    driver = drive(bed)
    with bed.socket("agent") as sock:
        assert ask(sock) == address(site, "primary")
        sock.setblocking(False)
        sent = received = 0
        busy = asyncio.create_task(_come_and_go(bed, driver, site))
        while not busy.done():
            sock.sendto(b"?", ("192.0.2.10", 7))
            sent += 1
            await asyncio.sleep(0.001)
            received += _drain(sock, address(site, "primary"))
        await busy
        await asyncio.sleep(0.2)
        received += _drain(sock, address(site, "primary"))
    assert sent > 100
    assert received == sent


async def _come_and_go(bed: Testbed, driver: Iproute2, site: Site) -> None:
    for _ in range(3):
        await driver.mark([site.circuits[1]])
        bed.sh("router", "nft delete table ip wanfailover; ip route flush table 7709")
        await driver.mark([site.circuits[1]])
        await driver.mark([])


def _drain(sock: socket.socket, source: str) -> int:
    count = 0
    while True:
        try:
            assert sock.recv(100).decode() == source
        except BlockingIOError:
            return count
        count += 1


@SHAPES
async def test_switching_with_marks_about(enter: MakeBed, site: Site) -> None:
    """To a marked circuit, and away: the same as without, and the idle one is seen again."""
    bed = enter(site)
    driver = drive(bed)
    await switch(driver, site, "primary")
    held = bed.held()
    for target, idle, dscp in (
        ("backup", "primary", 8),
        ("primary", "backup", 9),
        ("backup", "primary", 8),
    ):
        await switch(driver, site, target)
        assert await active(driver, site) == target
        assert seen_as(bed, 0) == address(site, target)
        await driver.mark([site.circuit(idle)])
        assert await seen_whole(bed, driver, dscp) == {idle}
        assert seen_as(bed, dscp) == address(site, idle)
        assert seen_as(bed, 0) == address(site, target)
    await switch(driver, site, "primary")
    await driver.mark([])
    assert bed.held() == held


@SHAPES
async def test_undoing_and_repeating_with_marks_about(enter: MakeBed, site: Site) -> None:
    """An undo, from every point, leads to the same circuit; repeated, an action does no harm."""
    bed = enter(site)
    driver = drive(bed)
    bare = bed.held()
    await driver.mark([site.circuits[1]])
    view = await driver.read()
    actions = driver.compile(plan.make(site, "backup", view).steps, view)
    for begun in range(1, len(actions) + 1):
        for action in actions[:begun]:
            await driver.perform(action)
            await driver.perform(action)
        assert seen_as(bed, 0) == address(site, "backup")
        for action in reversed(actions[:begun]):
            await driver.undo(action)
        assert bed.held() == bare
        assert seen_as(bed, 0) == address(site, "primary")
        await driver.mark([site.circuits[1]])
        assert await seen_whole(bed, driver, 9) == {"backup"}


async def test_a_flow_on_the_dead_circuit_is_not_kept_alive_by_its_address(enter: MakeBed) -> None:
    """With its address back on the router, a masqueraded flow goes on by the new circuit."""
    bed = enter(MARKED_SWAP)
    driver = drive(bed)
    with bed.socket("agent") as sock:
        assert ask(sock) == "203.0.113.2"
        await switch(driver, MARKED_SWAP, "backup")
        await driver.mark([MARKED_SWAP.circuits[0]])
        assert ask(sock) == "198.51.100.77"
        assert "203.0.113.2" not in bed.sh("router", "conntrack -L -p udp 2>/dev/null")


async def test_the_provider_s_network_is_reached_as_ever(enter: MakeBed) -> None:
    """The kept address makes no route to the idle provider's network for ordinary traffic."""
    bed = enter(MARKED_SWAP)
    await drive(bed).mark([MARKED_SWAP.circuits[1]])
    assert "via 203.0.113.1" in bed.sh("router", "ip route get 198.51.100.9")


async def test_what_check_says(enter: MakeBed) -> None:
    """Free, set up and not reached, at work, damaged: each in a row, and no more rows than before.

    A fixed source of our own is none of the site's.
    """
    bed = enter(MARKED_SWAP)
    driver = drive(bed)

    async def rows() -> list[tuple[str, Severity]]:
        found = await driver.inspect()
        assert [f.severity for f in found if f.subject != "mark"].count(Severity.GREEN) == len(
            [f for f in found if f.subject != "mark"]
        ), found
        return [(f.sentence, f.severity) for f in found if f.subject == "mark"]

    before = everything(bed)
    assert [severity for _, severity in await rows()] == [Severity.GREEN] * 2
    assert everything(bed) == before
    await driver.mark([MARKED_SWAP.circuits[1]])
    sentence, severity = (await rows())[1]
    assert severity is Severity.YELLOW
    assert "none has come yet" in sentence
    seen_as(bed, 9)
    sentence, severity = (await rows())[1]
    assert severity is Severity.GREEN
    assert "leave by backup" in sentence
    bed.sh("router", "ip route flush table 7709")
    sentence, severity = (await rows())[1]
    assert severity is Severity.YELLOW
    assert "lacks the way by 198.51.100.1" in sentence


async def test_a_host_that_is_not_told(enter: MakeBed) -> None:
    """Without the router's inside address nobody knows whose packets to mark."""
    bed = enter(MARKED_SWAP)
    driver = drive(bed, host=None)
    with pytest.raises(DriverError, match="marks need `host` in `router`"):
        await driver.mark([MARKED_SWAP.circuits[1]])
    view = await driver.read()
    assert (view.marks, len(view.remarks)) == (frozenset(), 1)
