"""What the router runs: read by SNMP, or from its Quick View screen. Pure, but for the asking.

The running values are MIB-II's. The router's own MIB has the default gateway that will hold after a
restart (NETOPIA-MIB, ipDefaultGateway), and nothing of the WAN address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address, IPv4Interface

from wanfailover.core.site import Circuit
from wanfailover.ports import Snmp, SnmpValue
from wanfailover.transports.console.screen import Screen
from wanfailover_netopia import screens
from wanfailover_netopia.values import NOWHERE, QUICK_VIEW, Running, Values, interface

_SYSTEM = "1.3.6.1.2.1.1"
_NETOPIA = "1.3.6.1.4.1.304.1.3.1"
_ROUTE = "1.3.6.1.2.1.4.21.1"  # ipRouteEntry

SYS_DESCR = f"{_SYSTEM}.1.0"
SYS_UPTIME = f"{_SYSTEM}.3.0"
DEFAULT_NEXT_HOP = f"{_ROUTE}.7.0.0.0.0"
DEFAULT_IF_INDEX = f"{_ROUTE}.2.0.0.0.0"
PENDING_GATEWAY = f"{_NETOPIA}.4.5.0"
DEVICE_RESTART = f"{_NETOPIA}.10.1.0"

ADDRESSES = "1.3.6.1.2.1.4.20.1"
"""ipAddrEntry: columns 1 address, 2 interface, 3 mask, each indexed by the address."""

RESTART = 2
"""The value of deviceRestart that does it."""

_LOOPBACK = IPv4Interface("127.0.0.0/8").network
_QUAD = r"(\d{1,3}(?:\.\d{1,3}){3})\b"


async def ask(snmp: Snmp, circuits: Sequence[Circuit], host: IPv4Address | None) -> Running:
    """Ask the agent, in two requests or a few more.

    Args:
        snmp: The agent.

        circuits: The site's, by whose addresses the WAN may be known.

        host: The address the router is asked at, which is not the WAN's unless it is a circuit's;
            None where it is not known. Then only the default route and the circuits tell.

    Raises:
        RouterTimeout: No answer.
    """
    descr, uptime, gateway, index, pending = await snmp.get(
        SYS_DESCR, SYS_UPTIME, DEFAULT_NEXT_HOP, DEFAULT_IF_INDEX, PENDING_GATEWAY
    )
    held = _held(await snmp.walk(ADDRESSES))
    next_hop = _address(gateway)
    wan = _wan(held, index, next_hop, circuits, host)
    values = Values(wan.ip if wan else None, wan.netmask if wan else None, next_hop)
    return Running(
        values,
        "SNMP",
        tuple(a for a, _ in held if a != wan and a.ip not in _LOOPBACK),
        firmware_in(descr.decode("latin-1") if isinstance(descr, bytes) else str(descr or "")),
        uptime / 100 if isinstance(uptime, int) else None,
        _address(pending),
    )


def firmware_in(text: str) -> str | None:
    """The version in ``Netopia R9100 v4.8.2``; None where that is not what it says."""
    found = screens.PRODUCT.search(text.strip())
    return found[2] if found else None


def read_quick_view(screen: Screen) -> Running:
    """Read Quick View: the gateway of the line at the top, the address of the Ethernet WAN port.

    Where the address stands in the row of a connection, it is tagged ``NAT``.
    """
    gateway = screen.line(rf"Default (?:IP )?Gateway:\s*{_QUAD}")
    row = (
        screen.line(rf"\bNAT\s+{_QUAD}")
        or screen.line(rf"^\s*Ethernet WAN ?1?:.*?{_QUAD}")
        or screen.line(rf"^\s*(?:\S+ )?WAN ?1?\b.*?{_QUAD}")
    )
    found = _quad(row)
    return Running(Values(found, None, _quad(gateway)), QUICK_VIEW)


def filled(running: Running, configured: Values) -> Running:
    """Give *running* what only the screens tell, where it is of the same address or gateway."""
    values = running.values
    if values.address is None and not configured.by_dhcp and running.hold(configured):
        return replace(running, values=replace(configured, gateway=values.gateway))
    if values.mask is None and values.address == configured.address:
        return replace(running, values=replace(values, mask=configured.mask))
    return running


def as_configured(configured: Values) -> Running:
    """The last resort: believe that the router runs what stands on its screens."""
    address = None if configured.by_dhcp else configured.address
    return Running(replace(configured, address=address), "the configuration")


def _quad(found: re.Match[str] | None) -> IPv4Address | None:
    try:
        return _address(IPv4Address(found[1])) if found else None
    except AddressValueError:
        return None


def _address(value: SnmpValue | None) -> IPv4Address | None:
    return value if isinstance(value, IPv4Address) and value != NOWHERE else None


def _held(table: Mapping[str, SnmpValue]) -> list[tuple[IPv4Interface, SnmpValue | None]]:
    """Addresses with the numbers of their interfaces, from ipAddrEntry."""
    held = []
    for key, value in table.items():
        column, _, index = key.partition(".")
        address, mask = _address(value), _address(table.get(f"3.{index}"))
        if column == "1" and address is not None:
            whole = interface(address, mask) if mask else None
            held.append((whole or IPv4Interface(address), table.get(f"2.{index}")))
    return held


def _wan(
    held: list[tuple[IPv4Interface, SnmpValue | None]],
    index: SnmpValue | None,
    gateway: IPv4Address | None,
    circuits: Sequence[Circuit],
    host: IPv4Address | None,
) -> IPv4Interface | None:
    """Which address is the WAN's: interfaces have no names that could be counted on."""
    circuits_own = {circuit.address.ip for circuit in circuits}
    host = None if host in circuits_own else host  # asked from outside
    inside = {i for a, i in held if a.ip == host and i is not None}
    outside = [(a, i) for a, i in held if a.ip != host and a.ip not in _LOOPBACK]
    by_route = [a for a, i in outside if index is not None and i == index]
    near = [a for a, _ in outside if gateway is not None and gateway in a.network]
    ours = [a for a, _ in outside if a.ip in circuits_own]
    rest = [a for a, i in outside if host is not None and host not in a.network and i not in inside]
    both = [a for a in by_route + ours if a in near]
    return next(iter(both + near + by_route + ours + rest), None)
