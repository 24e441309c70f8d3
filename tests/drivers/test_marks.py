"""Marked packets leave by the idle circuit or not at all, and no trace of a mark stays behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.drivers.marked import (
    MARKED_SWAP,
    SHAPES,
    SITES,
    MakeBed,
    drive,
    everything,
    flow,
    marked,
    seen_as,
    seen_whole,
)
from tests.drivers.test_moves import active, address, switch
from tests.drivers.testbed import ask
from tests.transports.conftest import server, user  # noqa: F401
from tests.transports.server import TOOLS, Server
from wanfailover.core.site import Site
from wanfailover.errors import CommandRefused, DriverError
from wanfailover.ports import Severity
from wanfailover_iproute2 import marking, marks
from wanfailover_iproute2.plugin import PLUGIN

pytestmark = pytest.mark.packets


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
