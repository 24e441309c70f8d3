"""What is read by SNMP, from Quick View and from the screens, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from tests.drivers.netopia.rig import BACKUP, PRIMARY, SITE, driver, unit
from tests.support.clock import virtual_time
from wanfailover.core import plan
from wanfailover.core.facts import RouterView
from wanfailover.core.site import Site
from wanfailover.errors import DriverError, RouterTimeout
from wanfailover.ports import SnmpValue
from wanfailover.transports.console.screen import Screen
from wanfailover_netopia import running
from wanfailover_netopia.changes import Change, compile_steps
from wanfailover_netopia.values import NetopiaView, Values

HOST = IPv4Address("192.168.1.1")


class Agent:
    """Answers from a table; a `Snmp`."""

    def __init__(self, table: dict[str, SnmpValue]) -> None:
        self.table = table

    async def get(self, *oids: str) -> tuple[SnmpValue | None, ...]:
        return tuple(self.table.get(oid) for oid in oids)

    async def walk(self, root: str) -> dict[str, SnmpValue]:
        below = f"{root}."
        return {k.removeprefix(below): v for k, v in self.table.items() if k.startswith(below)}

    async def set(self, oid: str, value: int) -> None:
        raise AssertionError

    async def close(self) -> None: ...


def agent(*held: tuple[str, int, str], gateway: str = "", index: int | None = None) -> Agent:
    """An agent with addresses (address, interface, mask) and a default route."""
    table: dict[str, SnmpValue] = {
        running.SYS_DESCR: b"Netopia R9100 v4.8.2",
        running.SYS_UPTIME: 123_400,
    }
    for address, number, mask in held:
        table[f"{running.ADDRESSES}.1.{address}"] = IPv4Address(address)
        table[f"{running.ADDRESSES}.2.{address}"] = number
        table[f"{running.ADDRESSES}.3.{address}"] = IPv4Address(mask)
    if gateway:
        table[running.DEFAULT_NEXT_HOP] = IPv4Address(gateway)
    if index is not None:
        table[running.DEFAULT_IF_INDEX] = index
    return Agent(table)


LAN = ("192.168.1.1", 1, "255.255.255.0")
WAN = ("203.0.113.2", 2, "255.255.255.248")
BOTH = ("198.51.100.77", 2, "255.255.255.0")
SECOND = ("10.1.0.1", 1, "255.255.0.0")
LOOP = ("127.0.0.1", 9, "255.0.0.0")


@pytest.mark.parametrize(
    ("asked", "address", "gateway"),
    [
        (agent(LAN, WAN, LOOP, gateway="203.0.113.1", index=2), "203.0.113.2", "203.0.113.1"),
        (agent(LAN, WAN, gateway="203.0.113.1"), "203.0.113.2", "203.0.113.1"),
        (agent(LAN, WAN), "203.0.113.2", None),
        (agent(LAN, ("198.18.0.9", 4, "255.255.0.0"), LOOP), "198.18.0.9", None),
        (
            agent(LAN, ("10.9.0.1", 3, "255.255.0.0"), WAN, gateway="203.0.113.1", index=7),
            "203.0.113.2",
            "203.0.113.1",
        ),
        (agent(LAN, ("0.0.0.0", 2, "0.0.0.0")), None, None),
        (agent(LAN, gateway="192.168.1.254", index=1), None, "192.168.1.254"),
        (agent(BOTH, WAN, gateway="203.0.113.1"), "203.0.113.2", "203.0.113.1"),
        (agent(BOTH, WAN, gateway="203.0.113.1", index=0), "203.0.113.2", "203.0.113.1"),
        (agent(WAN, BOTH, gateway="198.51.100.1", index=0), "198.51.100.77", "198.51.100.1"),
        (agent(LAN, SECOND), None, None),
        (agent(), None, None),
    ],
)
@virtual_time
async def test_which_address_is_the_wans(
    asked: Agent, address: str | None, gateway: str | None
) -> None:
    """The default route tells, else the circuits, else whatever is not the office's own."""
    seen = await running.ask(asked, SITE.circuits, HOST)
    assert seen.values.address == (IPv4Address(address) if address else None)
    assert seen.values.gateway == (IPv4Address(gateway) if gateway else None)
    assert (seen.firmware, seen.uptime) == ("4.8.2", 1234)


@pytest.mark.parametrize(
    ("asked", "host", "address"),
    [
        (agent(LAN, ("198.18.0.9", 4, "255.255.0.0")), None, None),
        (agent(LAN, WAN), None, "203.0.113.2"),
        (agent(LAN, WAN, gateway="203.0.113.1"), "203.0.113.2", "203.0.113.2"),
        (agent(LAN, WAN), "203.0.113.2", "203.0.113.2"),
    ],
)
@virtual_time
async def test_an_address_that_is_not_the_offices(
    asked: Agent, host: str | None, address: str | None
) -> None:
    """A host by name, or asked from outside, tells nothing of the office: nothing is guessed."""
    seen = await running.ask(asked, SITE.circuits, IPv4Address(host) if host else None)
    assert seen.values.address == (IPv4Address(address) if address else None)


@pytest.mark.parametrize(
    ("text", "firmware"),
    [
        ("Netopia R9100 v4.8.2", "4.8.2"),
        ("Netopia 3366 V 8.4", "8.4"),
        ("Netopia R9100 v8.6.1r4", "8.6.1r4"),
        ("Linux router", None),
        ("", None),
    ],
)
def test_firmware(text: str, firmware: str | None) -> None:
    """It stands in sysDescr and in the Main Menu's title."""
    assert running.firmware_in(text) == firmware


def screen(*lines: str) -> Screen:
    rows = [line.ljust(80) for line in lines]
    return Screen(tuple(rows + [" " * 80] * (24 - len(rows))))


QUICK = (
    "",
    "                        Quick View                12/11/1998 12:45:44 PM",
    " Default IP Gateway: 192.0.2.1       CPU Load: 2%      Unused Memory: 1142 KB",
    " Domain Name Server: 0.0.0.0         WAN Interface Group -- Primary",
    " ----------------MAC Address--------IP Address-------IPX Address----EtherTalk--",
    " Ethernet Hub:   00-00-c5-70-03-48  192.168.1.1",
    " Ethernet WAN1:  00-00-c5-70-03-4a  192.0.2.10",
)
TAGGED = " (profile)                10    0    IP 192.0.2.1        Lcl  NAT 192.0.2.11"


@pytest.mark.parametrize(
    ("lines", "address", "gateway"),
    [
        (QUICK, "192.0.2.10", "192.0.2.1"),
        ((*QUICK, TAGGED), "192.0.2.11", "192.0.2.1"),
        ((*QUICK[:6], TAGGED), "192.0.2.11", "192.0.2.1"),
        (QUICK[:6], None, "192.0.2.1"),
        ((QUICK[2].replace("192.0.2.1 ", "0.0.0.0   "),), None, None),
        ((QUICK[2].replace("192.0.2.1 ", "999.0.2.1 "),), None, None),
        ((), None, None),
    ],
)
def test_quick_view(lines: tuple[str, ...], address: str | None, gateway: str | None) -> None:
    """The line at the top has the gateway; the port's row, or a tag, has the address."""
    values = running.read_quick_view(screen(*lines)).values
    assert values.address == (IPv4Address(address) if address else None)
    assert values.gateway == (IPv4Address(gateway) if gateway else None)


@virtual_time
async def test_the_view_of_a_healthy_router() -> None:
    """Running values with their mask, the inside, what is configured, and nothing to remark."""
    router = unit("fw48")
    who = driver(router)
    view = await who.read()
    assert view.addresses == (
        ("WAN", PRIMARY.address),
        ("LAN", IPv4Interface("192.168.1.1/24")),
    )
    assert (view.gateway, view.source) == (PRIMARY.gateway, PRIMARY.address.ip)
    assert view.configured == Values.of(PRIMARY)
    assert (view.firmware, view.told_by, view.remarks) == ("4.8.2", "SNMP", ())
    await who.close()


@virtual_time
async def test_an_interface_that_the_profile_names() -> None:
    """The router has no name for its WAN, so the profile's is given back."""
    named = tuple(replace(circuit, interface="wan") for circuit in SITE.circuits)
    who = driver(unit(), circuits=named)
    view = await who.read()
    assert Site("office", named).identify(view) == named[0]
    await who.close()


@virtual_time
async def test_an_address_by_dhcp() -> None:
    """What runs is the lease; what an undo will set is DHCP, and it is told."""
    who = driver(unit("dhcp"))
    view = await who.read()
    assert SITE.identify(view) == PRIMARY
    assert view.configured.by_dhcp
    assert any("DHCP" in remark for remark in view.remarks)
    edit = who.compile(plan.make(SITE, "backup", view).steps, view)[0]
    assert isinstance(edit, Change)
    assert str(edit.back.address) == "0.0.0.0"
    await who.close()


@virtual_time
async def test_a_router_without_snmp() -> None:
    """Quick View tells what runs, and the screens tell the mask."""
    who = driver(unit("snmp-off"))
    view = await who.read()
    assert SITE.identify(view) == PRIMARY
    assert view.netmask_of(PRIMARY.address.ip) == PRIMARY.address.network.prefixlen
    assert view.told_by == "Quick View"
    await who.close()


def view_of(configured: Values, ran: Values) -> NetopiaView:
    held = (("WAN", ran.interface),) if ran.interface else ()
    return NetopiaView(0.0, ran.gateway, ran.address, None, held, configured=configured)


def edit_from(configured: Values, ran: Values) -> Change:
    view = view_of(configured, ran)
    steps = plan.make(SITE, "backup", view).steps
    edit = compile_steps(steps, view, SITE.circuits, restart=False)[0]
    assert isinstance(edit, Change)
    return edit


FOREIGN = Values(IPv4Address("192.0.2.9"), IPv4Address("255.255.255.0"), IPv4Address("192.0.2.1"))


@pytest.mark.parametrize(
    ("configured", "ran", "back"),
    [
        (Values.of(PRIMARY), Values.of(PRIMARY), Values.of(PRIMARY)),
        (Values(), Values.of(PRIMARY), Values.of(PRIMARY)),
        (FOREIGN, FOREIGN, FOREIGN),
        (replace(FOREIGN, address=BACKUP.address.ip), Values.of(PRIMARY), Values.of(PRIMARY)),
        (FOREIGN, replace(FOREIGN, gateway=None), FOREIGN),
        (
            Values(IPv4Address(0), None, PRIMARY.gateway),
            Values.of(PRIMARY),
            Values(IPv4Address(0), None, PRIMARY.gateway),
        ),
        (Values.of(PRIMARY), replace(Values.of(PRIMARY), mask=None), Values.of(PRIMARY)),
    ],
)
def test_what_an_undo_puts_back(configured: Values, ran: Values, back: Values) -> None:
    """What stood there; but half of an earlier change is not restored where a circuit ran."""
    assert edit_from(configured, ran).back == back


def test_actions_say_each_key() -> None:
    """The dry run names labels, keys and values, and what follows where a restart is needed."""
    edit, effect, look = compile_steps(
        plan.make(SITE, "backup", view_of(Values.of(PRIMARY), Values.of(PRIMARY))).steps,
        view_of(Values.of(PRIMARY), Values.of(PRIMARY)),
        SITE.circuits,
        restart=False,
    )
    text = "\n".join(edit.does)
    for words in (
        "press Down until «WAN Configuration...» is highlighted, Return",
        "«Local WAN IP Address:»",
        "type 198.51.100.77",
        "type 255.255.255.0",
        "«Default IP Gateway:»",
        "type 198.51.100.1",
    ):
        assert words in text
    assert "type 203.0.113.2" in "\n".join(edit.undoes)
    assert "needs-restart" in "\n".join(effect.does)
    assert [line for line in effect.does if line.startswith("nothing to type")] == [
        f"nothing to type to {step}: the router does so by itself"
        for step in (
            "forget connections that leave from 203.0.113.2",
            "announce 198.51.100.77 to the neighbours",
        )
    ]
    assert (edit.essential, effect.essential, look.essential) == (True, True, False)


def test_a_switch_that_will_be_refused() -> None:
    """The dry run says so first; but putting back what runs already is not refused."""
    for target, first in (("backup", "fail before a key is pressed: no"), ("primary", "open a")):
        view = view_of(FOREIGN, Values.of(PRIMARY))
        steps = plan.make(SITE, target, view).steps
        edit, *_ = compile_steps(steps, view, SITE.circuits, restart=False, refused="no")
        assert edit.does[0].startswith(first)


def test_a_plan_without_an_address() -> None:
    """It is refused, and not half compiled."""
    view = RouterView(0.0, None, None)
    with pytest.raises(DriverError, match="needs an address"):
        compile_steps((), view, SITE.circuits, restart=False)


@virtual_time
async def test_an_agent_that_is_silent_once() -> None:
    """The console is asked instead, and the agent again the next time."""
    router = unit()
    snmp = router.snmp("private", "public")
    asked = snmp.get

    async def silence(*oids: str) -> tuple[SnmpValue | None, ...]:
        raise RouterTimeout("no answer")

    who = driver(router, snmp=snmp)
    snmp.get = silence  # type: ignore[method-assign]
    assert (await who.read()).told_by == "Quick View"
    snmp.get = asked  # type: ignore[method-assign]
    assert (await who.read()).told_by == "SNMP"
    await who.close()
