"""Lines for each shape of router: these are what `--dry-run` shows and what is typed."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from tests.drivers.testbed import PORTS, SHARED, SWAP
from wanfailover.core import plan
from wanfailover.core.facts import RouterView
from wanfailover.core.site import Site
from wanfailover.errors import DriverError
from wanfailover.ports import Action
from wanfailover.transports.shell import Completed
from wanfailover_iproute2.commands import Own, compile_steps, failed, stumbled
from wanfailover_iproute2.reading import HABETS, DefaultRoute, LinuxView

TOOLS = frozenset({"conntrack", "arping"})


def router_on_primary(site: Site, *extra: str) -> LinuxView:
    """The router of *site*, with *extra* addresses on the first port."""
    first, second = site.circuits
    port = first.interface or ""
    own = [(port, first.address), *((port, IPv4Interface(address)) for address in extra)]
    if second.interface != port:
        own.append((second.interface or "", second.address))
    words = f"default via {first.gateway} dev {port} proto static metric 100"
    return LinuxView(
        at=0,
        gateway=first.gateway,
        source=first.address.ip,
        interface=port,
        addresses=tuple(own),
        route=DefaultRoute(first.gateway, port, None, 100, words),
        tools=TOOLS,
    )


def compiled(site: Site, view: RouterView, target: str = "backup") -> dict[str, Action]:
    steps = plan.make(site, target, view).steps
    return {action.name: action for action in compile_steps(steps, view)}


def test_one_port() -> None:
    """The address is swapped in one batch: new address, route by it, and then the old one goes."""
    actions = compiled(SWAP, router_on_primary(SWAP))
    assert actions["apply"].does == (
        "ip -batch - <<'END'",
        "address replace 198.51.100.77/24 brd + dev wan",
        "neighbour flush to 198.51.100.1 dev wan",
        "route replace default via 198.51.100.1 dev wan src 198.51.100.77 metric 100",
        "address flush dev wan to 203.0.113.2/32",
        "END",
    )
    assert actions["apply"].undoes == (
        "ip -batch - <<'END'",
        "address replace 203.0.113.2/29 brd + dev wan",
        "neighbour flush to 203.0.113.1 dev wan",
        "route replace default via 203.0.113.1 dev wan proto static metric 100",
        "address flush dev wan to 198.51.100.77/32",
        "END",
        "conntrack -D -q 198.51.100.77 >/dev/null || :",
        "arping -q -U -c 1 -I wan 203.0.113.2 &",
    )
    assert actions["forget"].does == ("conntrack -D -q 203.0.113.2 >/dev/null",)
    assert actions["announce"].does == ("arping -q -U -c 1 -I wan 198.51.100.77 &",)
    assert [action.essential for action in actions.values()] == [True, True, False]
    assert not actions["forget"].undoes + actions["announce"].undoes


def test_a_port_for_each_circuit() -> None:
    """Only the route moves; both addresses stay on their own ports."""
    apply = compiled(PORTS, router_on_primary(PORTS))["apply"]
    assert apply.does == (
        "ip -batch - <<'END'",
        "neighbour flush to 198.51.100.1 dev wan1",
        "route replace default via 198.51.100.1 dev wan1 src 198.51.100.77 metric 100",
        "END",
    )
    assert apply.undoes[1:3] == (
        "neighbour flush to 203.0.113.1 dev wan0",
        "route replace default via 203.0.113.1 dev wan0 proto static metric 100",
    )
    assert not [line for line in apply.undoes if line.startswith("address")]


def test_a_port_without_its_address() -> None:
    """A circuit's own port gets its address where it has none, and loses it by an undo."""
    view = router_on_primary(PORTS)
    bare = replace(view, addresses=view.addresses[:1])
    apply = compiled(PORTS, bare)["apply"]
    assert "address replace 198.51.100.77/24 brd + dev wan1" in apply.does
    assert "address flush dev wan1 to 198.51.100.77/32" in apply.undoes
    assert not [line for line in apply.does + apply.undoes if "203.0.113.2/" in line]


def test_two_circuits_in_one_network() -> None:
    """The new address must not die with the old one, nor stand behind another of the network."""
    apply = compiled(SHARED, router_on_primary(SHARED, "203.0.113.5/29"))["apply"]
    assert apply.does == (
        "sysctl -q -w net/ipv4/conf/wan/promote_secondaries=1",
        "ip -batch - <<'END'",
        "address replace 203.0.113.3/29 brd + dev wan",
        "neighbour flush to 203.0.113.6 dev wan",
        "route replace default via 203.0.113.6 dev wan src 203.0.113.3 metric 100",
        "address flush dev wan to 203.0.113.2/32",
        "address flush dev wan to 203.0.113.5/32",
        "address replace 203.0.113.5/29 brd + dev wan",
        "END",
    )


def test_to_a_circuit_whose_address_is_kept_for_its_mark() -> None:
    """It goes before the circuit's own comes with its network's route; an undo brings no other."""
    kept = IPv4Interface("198.51.100.77/24")
    view = replace(router_on_primary(SWAP, str(kept)), kept=frozenset({("wan", kept)}))
    apply = compiled(SWAP, view)["apply"]
    assert apply.does[1:3] == (
        "address flush dev wan to 198.51.100.77/32 deprecated",
        "address replace 198.51.100.77/24 brd + dev wan",
    )
    assert apply.undoes == compiled(SWAP, router_on_primary(SWAP))["apply"].undoes


def test_addresses_of_other_networks_are_not_touched() -> None:
    """What shares no network with the circuits is in no line."""
    apply = compiled(SWAP, router_on_primary(SWAP, "10.9.9.1/24"))["apply"]
    assert not [line for line in apply.does + apply.undoes if "10.9.9" in line]


def test_an_undo_keeps_what_was_there_before() -> None:
    """The new address is not taken away where the router had it already."""
    apply = compiled(SWAP, router_on_primary(SWAP, "198.51.100.77/24"))["apply"]
    assert not [line for line in apply.does if line.startswith("address replace")]
    assert not [line for line in apply.undoes if "flush dev wan to 198.51.100.77" in line]


def test_broadcast_only_where_there_is_one() -> None:
    """A network of two addresses or one has no broadcast address (RFC 3021)."""
    small = replace(SWAP.circuits[1], address=IPv4Interface("198.51.100.77/31"))
    site = Site("small", (SWAP.circuits[0], small))
    apply = compiled(site, router_on_primary(site))["apply"]
    assert "address replace 198.51.100.77/31 dev wan" in apply.does


def test_without_conntrack() -> None:
    """Where connections cannot be forgotten, that alone does not fail a switch."""
    view = replace(router_on_primary(SWAP), tools=TOOLS - {"conntrack"})
    actions = compiled(SWAP, view)
    assert not actions["forget"].essential
    assert not [line for line in actions["apply"].undoes if "conntrack" in line]


def test_without_arping() -> None:
    """Where nobody can be told, nothing pretends to."""
    view = replace(router_on_primary(SWAP), tools=TOOLS - {"arping"})
    actions = compiled(SWAP, view)
    assert "announce" not in actions
    assert not [line for line in actions["apply"].undoes if "arping" in line]


GONE = "conntrack v1.4.7 (conntrack-tools): Operation failed: such conntrack doesn't exist"


@pytest.mark.parametrize(
    ("lines", "done", "again"),
    [
        (("conntrack -D -q 203.0.113.2 >/dev/null",), Completed(1, "", GONE), True),
        (("conntrack -D -q 203.0.113.2 >/dev/null",), Completed(0, "", ""), False),
        (("conntrack -D -q 203.0.113.2 >/dev/null",), Completed(1, "", "not permitted"), False),
        (("do it", "conntrack -D -q 203.0.113.2"), Completed(1, "", GONE), False),
    ],
)
def test_a_connection_that_ends_while_it_is_forgotten(lines, done, again) -> None:
    """conntrack gives up over it with all others still there: it is to be asked once more."""
    assert stumbled(lines, done) is again
    assert failed(lines, done) is (done.status != 0)


def test_the_other_arping() -> None:
    """The arping of Thomas Habets takes its first address for the sender's unless told."""
    view = replace(router_on_primary(SWAP), tools=TOOLS | {HABETS})
    assert compiled(SWAP, view)["announce"].does == (
        "arping -q -U -c 1 -S 198.51.100.77 -I wan 198.51.100.77 &",
    )


def test_the_sites_own_commands_come_before_forgetting() -> None:
    """While a fixed SNAT still names the old address, connections would be born again with it."""
    view = router_on_primary(SWAP)
    steps = plan.make(SWAP, "backup", view).steps
    actions = compile_steps(steps, view, Own(("do it",), ("undo it",), SWAP.circuits))
    assert [action.name for action in actions] == ["apply", "after", "forget", "announce"]
    assert actions[1].essential


def test_the_sites_own_commands_are_told_where_it_goes() -> None:
    """Variables name circuit, address, gateway and interface, of the new or of the old one."""
    first, second = SWAP.circuits
    site = Site("quoted", (replace(first, name="o'hara"), second))
    view = router_on_primary(site)
    own = Own(("do it",), ("undo it",), site.circuits)
    after = compile_steps(plan.make(site, "backup", view).steps, view, own)[1]
    there = "WAN_CIRCUIT=backup WAN_ADDRESS=198.51.100.77 WAN_GATEWAY=198.51.100.1"
    back = "WAN_CIRCUIT='o'\"'\"'hara' WAN_ADDRESS=203.0.113.2 WAN_GATEWAY=203.0.113.1"
    assert after.does == (f"export {there} WAN_INTERFACE=wan", "do it")
    assert after.undoes == (f"export {back} WAN_INTERFACE=wan", "undo it")
    assert compile_steps(plan.make(site, "backup", view).steps, view, Own())[1].name == "forget"


def test_from_a_state_that_is_no_circuits() -> None:
    """What the router really holds is what an undo brings back."""
    foreign = IPv4Interface("203.0.113.4/29")
    view = replace(
        router_on_primary(SWAP),
        source=foreign.ip,
        addresses=(("wan", foreign),),
        gateway=IPv4Address("203.0.113.6"),
    )
    apply = compiled(SWAP, view)["apply"]
    assert "address flush dev wan to 203.0.113.4/32" in apply.does
    assert "address replace 203.0.113.4/29 brd + dev wan" in apply.undoes


def test_a_view_that_is_not_ours() -> None:
    """A plain view, which tells no metric, still gives lines for both ways."""
    ours = router_on_primary(SWAP)
    plain = RouterView(0, ours.gateway, ours.source, ours.interface, ours.addresses)
    apply = compiled(SWAP, plain)["apply"]
    assert "route replace default via 198.51.100.1 dev wan src 198.51.100.77" in apply.does
    assert "route replace default via 203.0.113.1 dev wan src 203.0.113.2" in apply.undoes


def test_an_interface_that_nobody_names() -> None:
    """Where neither profile nor router tells the interface, the profile's key is asked for."""
    site = Site("unnamed", tuple(replace(c, interface=None) for c in SWAP.circuits))
    view = RouterView(0, None, None)
    with pytest.raises(DriverError, match="give each circuit its `interface`"):
        compiled(site, view)


@pytest.mark.parametrize("name", ["wan; reboot", "$(reboot)", "wan\nroute flush", "a" * 16])
def test_a_name_that_is_none(name: str) -> None:
    """Nothing that a shell or `ip -batch` might take otherwise is typed as an interface."""
    site = Site("odd", tuple(replace(c, interface=name) for c in SWAP.circuits))
    with pytest.raises(DriverError, match="is no name of a network interface"):
        compiled(site, router_on_primary(SWAP))
