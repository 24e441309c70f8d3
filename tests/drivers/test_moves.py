"""The driver moves a real router, in network namespaces, and traffic says whether it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.drivers.testbed import PORTS, SHARED, SWAP, Testbed, ask, circuit
from tests.transports.server import until
from wanfailover.core import plan
from wanfailover.core.site import Site
from wanfailover.errors import CommandRefused
from wanfailover.ports import Action, RouterAccess
from wanfailover_iproute2.driver import Iproute2
from wanfailover_iproute2.plugin import PLUGIN

pytestmark = pytest.mark.packets

MakeBed = Callable[..., Testbed]
SITES = (SWAP, PORTS, SHARED)
SHAPES = pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
EXTRAS = "ip addr add 203.0.113.5/29 brd + dev {0}; ip addr add 10.9.9.1/24 brd + dev {0}"
"""More addresses on the first port: one in the primary's network, one in a network of its own."""


def drive(bed: Testbed, **options: object) -> Iproute2:
    access = RouterAccess(
        host=None,
        transport="local",
        options=PLUGIN.options({"netns": bed.router, **options}),
        circuits=bed.site.circuits,
    )
    return PLUGIN.build(access)


async def actions_to(driver: Iproute2, site: Site, target: str) -> tuple[Action, ...]:
    view = await driver.read()
    return driver.compile(plan.make(site, target, view).steps, view)


async def switch(driver: Iproute2, site: Site, target: str) -> tuple[Action, ...]:
    actions = await actions_to(driver, site, target)
    for action in actions:
        await driver.perform(action)
    return actions


async def active(driver: Iproute2, site: Site) -> str | None:
    found = site.identify(await driver.read())
    return found.name if found else None


def address(site: Site, name: str) -> str:
    return str(site.circuit(name).address.ip)


@SHAPES
async def test_there_and_back(make_bed: MakeBed, site: Site) -> None:
    """New flows leave from the other circuit, and after another switch as in the beginning."""
    bed = make_bed(site)
    driver = drive(bed)
    for target in ("primary", "backup", "primary", "backup"):
        await switch(driver, site, target)
        assert await active(driver, site) == target
        assert bed.source() == address(site, target)


@SHAPES
@pytest.mark.parametrize("extras", [False, True], ids=["plain", "extras"])
async def test_undo_restores_what_was_there(make_bed: MakeBed, site: Site, extras: bool) -> None:
    """Undone, a switch leaves addresses, their order and the route as they were, and so again."""
    bed = make_bed(site)
    if extras:
        bed.sh("router", EXTRAS.format(bed.ports[0]))
    driver = drive(bed)
    before = bed.held()
    actions = await switch(driver, site, "backup")
    assert bed.held() != before
    for _ in range(2):
        for action in reversed(actions):
            await driver.undo(action)
        assert bed.held() == before
    assert bed.source() == address(site, "primary")


@SHAPES
async def test_undo_from_every_point_half_way(make_bed: MakeBed, site: Site) -> None:
    """However many of its lines were carried out, an undo restores what was there."""
    bed = make_bed(site)
    bed.sh("router", EXTRAS.format(bed.ports[0]))
    driver = drive(bed)
    before = bed.held()
    apply, *_ = await actions_to(driver, site, "backup")
    start = next(n for n, line in enumerate(apply.does) if line.startswith("ip -batch")) + 1
    points = range(start, len(apply.does))
    assert len(points) > 2
    for point in points:
        await driver.perform(replace(apply, does=(*apply.does[:point], "END")))
        await driver.undo(apply)
        assert bed.held() == before, apply.does[point - 1]


@SHAPES
async def test_performing_twice_does_no_harm(make_bed: MakeBed, site: Site) -> None:
    """A second time changes nothing, also where extra addresses stand beside."""
    bed = make_bed(site)
    bed.sh("router", EXTRAS.format(bed.ports[0]))
    driver = drive(bed)
    actions = await switch(driver, site, "backup")
    held = bed.held()
    for action in actions:
        await driver.perform(action)
    assert bed.held() == held


@SHAPES
async def test_compiling_touches_nothing(make_bed: MakeBed, site: Site) -> None:
    """A dry run leaves the router as it is, its connections as well."""
    bed = make_bed(site)
    driver = drive(bed)
    with bed.socket("agent") as flow:
        assert ask(flow) == address(site, "primary")
        before = bed.held(), entries(bed)
        assert await actions_to(driver, site, "backup")
        assert (bed.held(), entries(bed)) == before


@SHAPES
@pytest.mark.parametrize("promote", [0, 1])
async def test_other_addresses_survive(make_bed: MakeBed, site: Site, promote: int) -> None:
    """Addresses that are no circuit's stay, whatever the kernel does with secondaries.

    And traffic leaves from the circuit's address, not from an extra one of the same network.
    """
    bed = make_bed(site)
    port = bed.ports[0]
    bed.sh("router", EXTRAS.format(port))
    bed.sh("router", f"sysctl -qw net.ipv4.conf.{port}.promote_secondaries={promote}")
    driver = drive(bed)
    for target in ("backup", "primary", "backup"):
        await switch(driver, site, target)
        assert bed.source() == address(site, target)
        assert {"203.0.113.5/29", "10.9.9.1/24"} <= {str(a) for a in await addresses(driver, port)}


@SHAPES
async def test_old_connections_are_forgotten(make_bed: MakeBed, site: Site) -> None:
    """A flow that lived on the old circuit goes on by the new one, and no entry of it is left."""
    bed = make_bed(site)
    driver = drive(bed)
    with bed.socket("agent") as flow:
        assert ask(flow) == address(site, "primary")
        assert address(site, "primary") in entries(bed)
        await switch(driver, site, "backup")
        assert address(site, "primary") not in entries(bed)
        assert ask(flow) == address(site, "backup")


async def test_what_forgetting_is_for(make_bed: MakeBed) -> None:
    """Without it a flow stays stuck on the old circuit: the route alone does not move it."""
    bed = make_bed(PORTS)
    driver = drive(bed)
    actions = {action.name: action for action in await actions_to(driver, PORTS, "backup")}
    with bed.socket("agent") as flow:
        assert ask(flow) == address(PORTS, "primary")
        await driver.perform(actions["apply"])
        assert ask(flow) != address(PORTS, "backup")
        await driver.perform(actions["forget"])
        assert ask(flow) == address(PORTS, "backup")


async def test_undo_forgets_the_connections_of_the_new_circuit(make_bed: MakeBed) -> None:
    """A flow begun on the new circuit goes on by the old one after an undo."""
    bed = make_bed(PORTS)
    driver = drive(bed)
    actions = await switch(driver, PORTS, "backup")
    with bed.socket("agent") as flow:
        assert ask(flow) == address(PORTS, "backup")
        for action in reversed(actions):
            await driver.undo(action)
        assert ask(flow) == address(PORTS, "primary")


async def test_nothing_to_forget_is_no_failure(make_bed: MakeBed) -> None:
    """That there is no entry to delete is well, though conntrack calls it a failure."""
    driver = drive(make_bed())
    forget = next(a for a in await actions_to(driver, SWAP, "backup") if a.name == "forget")
    assert "0 flow entries" in await driver.perform(forget)


@SHAPES
async def test_neighbours_are_told(make_bed: MakeBed, site: Site) -> None:
    """A gratuitous ARP names the new address after a switch, and the old one after an undo."""
    bed = make_bed(site)
    driver = drive(bed)
    new, old = address(site, "backup"), address(site, "primary")
    with bed.announcements() as heard:
        actions = await switch(driver, site, "backup")
        await until(lambda: (new, new) in heard)
    with bed.announcements() as heard:
        for action in reversed(actions):
            await driver.undo(action)
        await until(lambda: (old, old) in heard)


@SHAPES
async def test_the_present_metric_is_kept(make_bed: MakeBed, site: Site) -> None:
    """The route that traffic takes is replaced, not doubled, and one behind it stays and waits."""
    bed = make_bed(site)
    first, second = site.circuits
    bed.sh(
        "router",
        f"ip route del default; "
        f"ip route add default via {first.gateway} dev {first.interface} metric 100 proto static; "
        f"ip route add default via {first.gateway} dev {first.interface} metric 900 mtu 1400",
    )
    driver = drive(bed)
    before = bed.held()
    actions = await switch(driver, site, "backup")
    routes = bed.sh("router", "ip route show default").splitlines()
    assert routes[0].startswith(f"default via {second.gateway} dev {second.interface} ")
    assert "metric 100" in routes[0]
    assert [line for line in routes[1:] if "metric 900" not in line] == []
    assert bed.source() == address(site, "backup")
    await driver.undo(actions[0])
    assert bed.held() == before


async def test_a_route_is_restored_with_its_attributes(make_bed: MakeBed) -> None:
    """An undo puts back protocol, MTU and the rest of the route that stood there."""
    bed = make_bed()
    bed.sh(
        "router",
        "ip route replace default via 203.0.113.1 dev wan proto static src 203.0.113.2 mtu 1400 "
        "advmss 1360 initcwnd 20 onlink",
    )
    driver = drive(bed)
    before = bed.held()
    actions = await switch(driver, SWAP, "backup")
    await driver.undo(actions[0])
    assert bed.held() == before


async def test_from_several_next_hops(make_bed: MakeBed) -> None:
    """A default route with several next hops is replaced as a whole, and comes back as a whole."""
    bed = make_bed(PORTS)
    hops = "nexthop via 203.0.113.1 dev wan0 weight 2 nexthop via 198.51.100.1 dev wan1 weight 1"
    bed.sh("router", f"ip route replace default {hops}")
    driver = drive(bed)
    before = bed.held()
    assert await active(driver, PORTS) is None
    actions = await switch(driver, PORTS, "backup")
    assert await active(driver, PORTS) == "backup"
    await driver.undo(actions[0])
    assert bed.held() == before


async def test_from_no_default_route(make_bed: MakeBed) -> None:
    """Without a default route a switch makes one, and its undo takes it away again."""
    bed = make_bed()
    bed.sh("router", "ip route del default")
    driver = drive(bed)
    before = bed.held()
    assert (await driver.read()).gateway is None
    actions = await switch(driver, SWAP, "backup")
    assert bed.source() == address(SWAP, "backup")
    for _ in range(2):
        await driver.undo(actions[0])
    assert bed.held() == before


async def test_a_wrong_mask_is_put_right(make_bed: MakeBed) -> None:
    """The right address with a wrong mask is replaced, and by an undo comes back."""
    bed = make_bed()
    bed.sh(
        "router", "ip addr replace 203.0.113.2/24 brd + dev wan; ip addr del 203.0.113.2/29 dev wan"
    )
    bed.sh("router", "ip route replace default via 203.0.113.1 dev wan")
    driver = drive(bed)
    before = bed.held()
    view = await driver.read()
    wrong = next(a for name, a in view.addresses if name == "wan")
    new = SWAP.circuit("primary").address
    step = plan.SetAddress(new, "wan", wrong, "wan")
    gateway = IPv4Address("203.0.113.1")
    route = plan.SetGateway(gateway, new.ip, "wan", gateway, new.ip, "wan")
    (apply,) = driver.compile((step, route), view)
    for _ in range(2):
        await driver.perform(apply)
        assert await addresses(driver, "wan") == [new]
        assert bed.source() == address(SWAP, "primary")
    await driver.undo(apply)
    assert bed.held() == before


async def test_a_refused_line_is_named(make_bed: MakeBed) -> None:
    """Of a batch the very line is told that the router refused, with its words."""
    nowhere = circuit("backup", "198.51.100.77/24", "172.16.0.1", "wan")
    site = Site("odd", (SWAP.circuits[0], nowhere))
    bed = make_bed()
    driver = drive(bed)
    before = bed.held()
    apply, *_ = await actions_to(driver, site, "backup")
    with pytest.raises(CommandRefused) as caught:
        await driver.perform(apply)
    assert caught.value.command.startswith("ip route replace default via 172.16.0.1 dev wan")
    assert "invalid gateway" in caught.value.words
    await driver.undo(apply)
    assert bed.held() == before


async def test_three_circuits_on_one_port(make_bed: MakeBed) -> None:
    """A third circuit is one more address to move to, and the way back skips the second."""
    third = circuit("third", "203.0.113.4/29", "203.0.113.6", "wan")
    site = Site("three", (*SWAP.circuits, third))
    bed = make_bed(site)
    driver = drive(bed)
    for target in ("backup", "third", "primary"):
        await switch(driver, site, target)
        assert await active(driver, site) == target
        assert bed.source() == address(site, target)


async def test_the_source_is_the_kernels(make_bed: MakeBed) -> None:
    """Without a source in the route we expect the one that the kernel takes."""
    bed = make_bed()
    driver = drive(bed)
    for given in (
        ("203.0.113.2/29", "203.0.113.5/29"),
        ("10.1.0.1/16", "203.0.113.4/29", "203.0.113.2/29"),
        ("10.1.0.1/16", "10.2.0.1/16"),
    ):
        bed.sh("router", "ip addr flush dev wan")
        for one in given:
            bed.sh("router", f"ip addr add {one} dev wan")
        bed.sh("router", "ip route replace default via 203.0.113.1 dev wan onlink")
        told = bed.sh("router", "ip route get 192.0.2.10").split()
        view = await driver.read()
        assert str(view.source) == told[told.index("src") + 1]


FIXED = 'nft "flush chain ip nat post; add rule ip nat post oifname wan snat to {}"'


async def test_the_sites_own_commands(make_bed: MakeBed) -> None:
    """A fixed SNAT is moved by `after` and back by `undo`, and old flows follow each time."""
    bed = make_bed()
    primary, backup = address(SWAP, "primary"), address(SWAP, "backup")
    bed.sh("router", FIXED.format(primary))
    command = FIXED.format("$WAN_ADDRESS")
    driver = drive(bed, after=[command], undo=[command])
    with bed.socket("agent") as flow:
        assert ask(flow) == primary
        actions = await switch(driver, SWAP, "backup")
        assert [action.name for action in actions] == ["apply", "after", "forget", "announce"]
        assert ask(flow) == backup
        for action in reversed(actions):
            await driver.undo(action)
        assert ask(flow) == primary
        for target, source in (("backup", backup), ("primary", primary)):
            await switch(driver, SWAP, target)
            assert ask(flow) == source


async def test_a_failing_command_of_the_site(make_bed: MakeBed) -> None:
    """The first command that fails ends `after`, and its words are told."""
    bed = make_bed()
    commands = ["echo one", "echo no such service >&2; false", "ip link set wan down"]
    driver = drive(bed, after=commands)
    after = next(a for a in await actions_to(driver, SWAP, "backup") if a.name == "after")
    assert after.does[1:] == tuple(commands)
    with pytest.raises(CommandRefused, match="no such service"):
        await driver.perform(after)
    assert "UP" in bed.sh("router", "ip -br link show wan")


async def addresses(driver: Iproute2, interface: str) -> list[object]:
    return [a for name, a in (await driver.read()).addresses if name == interface]


def entries(bed: Testbed) -> str:
    """The router's connections through NAT, but for their ages."""
    listed = bed.sh("router", "conntrack -L -p udp --dst 192.0.2.10 2>/dev/null || :")
    return "\n".join(line.partition("src=")[2] for line in listed.splitlines())
