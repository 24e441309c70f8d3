"""Marked packets leave by the idle circuit or not at all, and no trace of a mark stays behind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.drivers.test_moves import active, address, switch
from tests.drivers.testbed import PORTS, ROUTER, SHARED, SWAP, Testbed, ask
from tests.transports.conftest import server, user  # noqa: F401
from tests.transports.server import TOOLS, Server
from wanfailover.core import plan
from wanfailover.core.facts import Path, Site
from wanfailover.errors import CommandRefused, DriverError
from wanfailover.ports import Marking, RouterAccess, Severity
from wanfailover_iproute2 import marking, marks
from wanfailover_iproute2.driver import Iproute2
from wanfailover_iproute2.plugin import PLUGIN

pytestmark = pytest.mark.packets

MakeBed = Callable[..., Testbed]


def marked(site: Site) -> Site:
    """Every circuit with a mark: 8 and 9."""
    circuits = (replace(c, vantage=Path(dscp=8 + n)) for n, c in enumerate(site.circuits))
    return replace(site, circuits=tuple(circuits))


SITES = tuple(map(marked, (SWAP, PORTS, SHARED)))
SHAPES = pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
MARKED_SWAP = SITES[0]


@pytest.fixture
def enter(make_bed: MakeBed) -> Iterator[Callable[..., Testbed]]:
    """Make a bed and be the agent in it, or the router itself."""
    entered = []

    def make(site: Site, box: str = "agent") -> Testbed:
        bed = make_bed(site)
        inside = bed.here(box)
        inside.__enter__()
        entered.append(inside)
        return bed

    yield make
    for inside in entered:
        inside.__exit__(None, None, None)


def drive(bed: Testbed, **access: object) -> Iproute2:
    """A driver in another namespace than its router's, as a host of the LAN would be."""
    given = {
        "host": ROUTER,
        "transport": "local",
        "options": PLUGIN.options({"netns": bed.router}),
        "circuits": bed.site.circuits,
    }
    driver = PLUGIN.build(RouterAccess(**(given | access)))
    kept: Marking = driver  # mypy: it is one
    assert isinstance(kept, Marking)
    return driver


def everything(bed: Testbed) -> str:
    """Addresses, rules, routes of all tables and the firewall."""
    return bed.sh(
        "router",
        "ip -4 address show; ip -4 rule show; ip -4 route show table all; nft list ruleset",
    )


def seen_as(bed: Testbed, dscp: int, box: str = "agent") -> str | None:
    """The source that the far host sees of a new flow with a code point; None: no answer."""
    with flow(bed, dscp, box) as sock:
        return ask(sock)


@contextmanager
def flow(bed: Testbed, dscp: int, box: str = "agent") -> Iterator[socket.socket]:
    with bed.socket(box) as sock:
        sock.settimeout(0.3)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
        yield sock


async def seen_whole(bed: Testbed, driver: Iproute2, dscp: int, box: str = "agent") -> frozenset:
    """What a reading tells once a marked packet has come by."""
    seen_as(bed, dscp, box)
    return (await driver.read()).marks


@SHAPES
async def test_marked_packets_leave_by_the_idle_circuit(enter: MakeBed, site: Site) -> None:
    """With its address for their source, while ordinary ones leave by the active circuit."""
    bed = enter(site)
    driver = drive(bed)
    first, second = site.circuits
    for act, idle, dscp in (("primary", second, 9), ("backup", first, 8)):
        await switch(driver, site, act)
        await driver.mark([idle])
        assert seen_as(bed, dscp) == str(idle.address.ip)
        assert seen_as(bed, 0) == address(site, act)
        assert (await driver.read()).marks == {idle.name}
        assert await active(driver, site) == act


@pytest.mark.parametrize("site", SITES[:2], ids=lambda site: site.name)
async def test_the_agent_on_the_router_itself(enter: MakeBed, site: Site) -> None:
    """The router's own marked packets leave by the idle circuit as well, and its others do not."""
    bed = enter(site, "router")
    driver = drive(bed, host=None, options=PLUGIN.options({}))
    before = everything(bed)
    await driver.mark([site.circuits[1]])
    assert await seen_whole(bed, driver, 9, "router") == {"backup"}
    assert seen_as(bed, 9, "router") == address(site, "backup")
    assert seen_as(bed, 0, "router") == address(site, "primary")
    assert seen_as(bed, 9) == address(site, "primary"), "the LAN's code points are its own"
    await driver.mark([])
    assert everything(bed) == before


@pytest.mark.sshd
async def test_over_ssh_with_a_fixed_list_of_commands(server: Server) -> None:  # noqa: F811
    """The router's SSH server tells where the agent is; the tools by sudo are enough."""
    bed = server.bed
    site = bed.site = marked(bed.site)
    with server.user.may(f"NOPASSWD: {TOOLS}"):
        driver = PLUGIN.build(server.access(options=PLUGIN.options({"sudo": True})))
        before = everything(bed)
        await driver.mark([site.circuits[1]])
        assert await seen_whole(bed, driver, 9) == {"backup"}
        assert seen_as(bed, 9) == address(site, "backup")
        await driver.mark([])
        assert everything(bed) == before
        await driver.close()


@pytest.mark.sshd
async def test_over_ssh_as_root_by_sudo(server: Server) -> None:  # noqa: F811
    """Sudo forgets who has logged in; the driver knows it from before."""
    bed = server.bed
    bed.site = marked(bed.site)
    with server.user.may("NOPASSWD: ALL"):
        driver = PLUGIN.build(server.access(options=PLUGIN.options({"sudo": True})))
        await driver.mark([bed.site.circuits[1]])
        assert await seen_whole(bed, driver, 9) == {"backup"}
        await driver.close()


@SHAPES
async def test_taken_away_without_a_trace(enter: MakeBed, site: Site) -> None:
    """Addresses, rules, all tables and the firewall are what they were; twice does no harm."""
    bed = enter(site)
    bed.sh("router", "ip rule add priority 90 to 10.0.0.0/8 lookup 90; ip route add blackhole "
           "10.0.0.0/8 table 90 proto 87; nft add table ip theirs")  # fmt: skip
    before = everything(bed)
    driver = drive(bed)
    await driver.mark([])
    assert everything(bed) == before
    for _ in range(2):
        await driver.mark([site.circuits[1]])
    assert everything(bed) != before
    for _ in range(2):
        await driver.mark([])
        assert everything(bed) == before


@SHAPES
async def test_a_new_process_knows_what_an_old_one_left(enter: MakeBed, site: Site) -> None:
    """It takes over what is there without a change, and can take it away."""
    bed = enter(site)
    before = everything(bed)
    await drive(bed).mark([site.circuits[1]])
    assert seen_as(bed, 9) == address(site, "backup")
    held = everything(bed)
    heir = drive(bed)
    assert (await heir.read()).marks == {"backup"}
    await heir.mark([site.circuits[1]])
    assert everything(bed) == held
    await heir.mark([])
    assert everything(bed) == before


async def test_an_address_that_was_there_stays(enter: MakeBed) -> None:
    """Where the site itself has the idle address on the port, it is not ours to take away."""
    bed = enter(MARKED_SWAP)
    bed.sh("router", "ip addr add 198.51.100.77/24 dev wan")
    before = everything(bed)
    driver = drive(bed)
    await driver.mark([MARKED_SWAP.circuits[1]])
    assert seen_as(bed, 9) == "198.51.100.77"
    await driver.mark([])
    assert everything(bed) == before


DAMAGE = {
    "the lookup rule": "ip rule del priority 409",
    "the rule that forbids": "ip rule del priority 473",
    "both rules": "ip rule del priority 409; ip rule del priority 473",
    "the table": "ip route flush table 7709",
    "the way": "ip route replace default via {active.gateway} dev {active.interface} table 7709",
    "a rule before it": "ip rule add priority 7 from 192.168.10.10 lookup main",
    "the address": "ip addr flush dev {idle.interface} to {idle.address.ip}/32",
    "the source": "nft flush chain ip wanfailover source",
    "the guard": "nft flush chain ip wanfailover leaving",
    "the marking": "nft flush chain ip wanfailover marking",
    "all chains": "nft flush table ip wanfailover",
    "the nft table": "nft delete table ip wanfailover",
    "the firewall": "nft flush ruleset",
    "the table's sleep": "nft 'add table ip wanfailover {{ flags dormant; }}'",
}
UNMARKED = {"the marking", "all chains", "the nft table", "the firewall", "the table's sleep"}
"""Where nothing marks any more, packets are ordinary: that is why their samples are void."""


@pytest.mark.parametrize("site", SITES[:2], ids=lambda site: site.name)
@pytest.mark.parametrize("damage", DAMAGE)
async def test_damage_is_seen_and_repaired(enter: MakeBed, site: Site, damage: str) -> None:
    """What is missing is missed; what is marked leaves by no other circuit; it can be mended."""
    bed = enter(site)
    driver = drive(bed)
    act, idle = site.circuits
    await driver.mark([idle])
    assert await seen_whole(bed, driver, 9) == {"backup"}
    bed.sh("router", DAMAGE[damage].format(active=act, idle=idle))
    if damage not in UNMARKED:
        assert seen_as(bed, 9) != str(act.address.ip)
    assert (await driver.read()).marks == frozenset()
    if damage == "a rule before it":
        bed.sh("router", "ip rule del priority 7")
    await driver.mark([idle])
    assert await seen_whole(bed, driver, 9) == {"backup"}
    assert seen_as(bed, 9) == str(idle.address.ip)


@pytest.mark.parametrize("site", SITES[:2], ids=lambda site: site.name)
async def test_with_rules_and_table_gone_nothing_leaves_by_the_active_one(
    enter: MakeBed, site: Site
) -> None:
    """The last guard is the firewall's: a wrong next hop for what is marked is no way out."""
    bed = enter(site)
    await drive(bed).mark([site.circuits[1]])
    bed.sh("router", f"{DAMAGE['both rules']}; {DAMAGE['the table']}")
    bed.sh("isp", "nft 'table ip count { chain in { type filter hook prerouting priority 0; "
           "udp dport 7 counter; }; }'")  # fmt: skip
    assert seen_as(bed, 9) is None
    assert "packets 0" in bed.sh("isp", "nft list table ip count")
    assert seen_as(bed, 0) == address(site, "primary")


async def test_a_flow_from_before_the_mark_is_not_gone_on_with(enter: MakeBed) -> None:
    """A ping's flow begun unmarked has the active circuit's address in the router's memory."""
    bed = enter(MARKED_SWAP)
    driver = drive(bed)
    with flow(bed, 9) as sock:
        assert ask(sock) == "203.0.113.2"
        await driver.mark([MARKED_SWAP.circuits[1]])
        assert ask(sock) == "198.51.100.77"


async def test_the_code_point_goes_no_further(enter: MakeBed) -> None:
    """What reaches the provider carries none; ordinary traffic keeps its own."""
    bed = enter(MARKED_SWAP)
    await drive(bed).mark([MARKED_SWAP.circuits[1]])
    count = "udp dport 7 ip dscp {0} counter comment c{0}; "
    bed.sh("isp", "nft 'table ip count { chain in { type filter hook prerouting priority 0; "
           + "".join(map(count.format, (0, 9, 10))) + "}; }'")  # fmt: skip
    assert seen_as(bed, 9) == "198.51.100.77"
    assert seen_as(bed, 10) == "203.0.113.2"
    counted = [
        line for line in bed.sh("isp", "nft list table ip count").splitlines() if "c" in line
    ]
    assert [("packets 1 " in line) for line in counted if "comment" in line] == [True, False, True]


async def test_the_code_point_that_does_not_survive_the_way(
    enter: MakeBed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cleared on the LAN, it would let probes out by the active circuit: such a mark is none."""
    bed = enter(MARKED_SWAP)
    driver = drive(bed)
    await driver.mark([MARKED_SWAP.circuits[1]])
    assert await seen_whole(bed, driver, 0) == frozenset()
    await driver.mark([MARKED_SWAP.circuits[1]])  # no complaint: there was hardly time for any
    monkeypatch.setattr(marking, "PATIENCE", 0.0)
    with pytest.raises(DriverError, match=r"clears the code point \(DSCP\)"):
        await driver.mark([MARKED_SWAP.circuits[1]])
    assert await seen_whole(bed, driver, 9) == {"backup"}
    monkeypatch.setattr(marking, "ARRIVED_WITHIN", 0.1)
    await asyncio.sleep(0.2)
    assert await seen_whole(bed, driver, 0) == frozenset()


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


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        ("ip rule add priority 409 from 10.0.0.1 lookup main", "priority 409"),
        ("ip rule add priority 473 fwmark 9 lookup main", "priority 473"),
        ("ip route add 10.0.0.0/8 via 203.0.113.1 table 7709", "table 7709"),
    ],
)
async def test_what_is_somebody_elses_is_left_alone(
    enter: MakeBed, theirs: str, words: str
) -> None:
    """A number that is taken is refused in a sentence, and nothing is changed."""
    bed = enter(MARKED_SWAP)
    bed.sh("router", theirs)
    before = everything(bed)
    driver = drive(bed)
    with pytest.raises(DriverError, match=rf"somebody else's .*{words}.* the mark of backup"):
        await driver.mark([MARKED_SWAP.circuits[1]])
    assert everything(bed) == before
    (finding,) = [f for f in await driver.inspect() if f.subject == "mark" and words in f.sentence]
    assert finding.severity is Severity.RED
    assert "another mark" in finding.remedy


async def test_a_failure_leaves_nothing_behind(
    enter: MakeBed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of a mark is of no use: it is taken away again, in whichever line it failed."""
    bed = enter(MARKED_SWAP)
    first, second = MARKED_SWAP.circuits
    before = everything(bed)
    with pytest.raises(CommandRefused, match="the mark of backup"):
        await drive(bed).mark([replace(second, interface="wan9")])
    assert everything(bed) == before
    monkeypatch.setattr(marks, "TABLE", "no-name:")  # which nft refuses, when all else is set up
    with pytest.raises(CommandRefused, match=r"the mark of backup.*no-name"):
        await drive(bed).mark([second])
    assert everything(bed) == before
    assert seen_as(bed, 0) == str(first.address.ip)


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
