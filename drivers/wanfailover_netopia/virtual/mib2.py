"""The groups of MIB-II (RFC 1213), of which the unit shows what it runs."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface

from wanfailover_netopia.virtual.managed import (
    Arcs,
    Object,
    Objects,
    address,
    arcs,
    counter,
    integer,
    octets,
)
from wanfailover_netopia.virtual.router import Router
from wanfailover_netopia.virtual.values import NOTHING

MIB2 = arcs("1.3.6.1.2.1")
PRODUCT = "1.3.6.1.4.1.304.2.2.10"
"""Its sysObjectID; only the arcs before the last one are known of the real one."""

HUB, WAN, AUX = 1, 2, 3
_MACS = {HUB: bytes.fromhex("0000c5700348"), WAN: bytes.fromhex("0000c570034a"), AUX: b""}
_NAMES = {HUB: "Ethernet Hub", WAN: "Ethernet WAN1", AUX: "Aux Async"}


def text(router: Router, key: str) -> Object:
    """An OCTET STRING that a screen holds as well."""

    def write(value: bytes) -> bool:
        router.settings[key] = value.decode("latin-1")
        return True

    return Object("OctetString", router.settings[key].encode("latin-1", "replace"), write)


def _switch(router: Router, key: str) -> Object:
    def write(value: int) -> bool:
        router.settings[key] = "On" if value == 1 else "Off"
        return True

    return Object("Integer", 1 if router.settings[key] == "On" else 2, write, (1, 2))


def _system(router: Router) -> Objects:
    ticks = int(100 * (router.time() - router.booted))
    return {
        (1, 1, 0): octets(router.identity),
        (1, 2, 0): Object("ObjectIdentifier", PRODUCT),
        (1, 3, 0): Object("TimeTicks", ticks % 2**32),
        (1, 4, 0): text(router, "snmp.contact"),
        (1, 5, 0): text(router, "snmp.name"),
        (1, 6, 0): text(router, "snmp.location"),
        (1, 7, 0): integer(72),
    }


def _interfaces(router: Router) -> Objects:
    found: Objects = {(2, 1, 0): integer(3)}
    for index, name in _NAMES.items():
        alive = index == HUB or (index == WAN and router.link)
        ethernet = index != AUX
        row: dict[int, Object] = {
            1: integer(index),
            2: octets(name),
            3: integer(6 if ethernet else 23),
            4: integer(1500),
            5: Object("Gauge", 10_000_000 if ethernet else 9600),
            6: octets(_MACS[index]),
            7: integer(1),
            8: integer(1 if alive else 2),
            9: Object("TimeTicks", 0),
        }
        row |= {column: counter(10 * router.age if alive else 0) for column in range(10, 21)}
        row |= {21: Object("Gauge", 0), 22: Object("ObjectIdentifier", "0.0")}
        found |= {(2, 2, 1, column, index): value for column, value in row.items()}
    return found


def _ports(router: Router) -> list[tuple[int, IPv4Interface]]:
    ports = [(HUB, router.inside_running)]
    if router.running.interface is not None:
        ports.append((WAN, router.running.interface))
    return ports


def _ip(router: Router) -> Objects:
    def set_ttl(value: int) -> bool:
        router.ttl = value
        return True

    found = _counters(4, 19, start=3)
    found |= {(4, 1, 0): integer(1), (4, 2, 0): Object("Integer", router.ttl, set_ttl, range(256))}
    found[(4, 13, 0)] = integer(60)
    for index, port in _ports(router):
        row = (
            address(port.ip),
            integer(index),
            address(port.netmask),
            integer(1),
            integer(4000),
        )
        found |= {(4, 20, 1, column, *port.ip.packed): value for column, value in enumerate(row, 1)}
    return found | _routes(router)


def _routes(router: Router) -> Objects:
    found: Objects = {}
    for index, port in _ports(router):
        network = port.network
        found |= _route(network.network_address, network.netmask, port.ip, index, direct=True)
    gateway = router.running.gateway
    if gateway != NOTHING:
        found |= _route(NOTHING, NOTHING, gateway, WAN, direct=False)
        if "routes-writable" in router.variants:
            found[(4, 21, 1, 7, 0, 0, 0, 0)] = Object("IpAddress", gateway, _set_route(router))
    return found


def _set_route(router: Router) -> Callable[[IPv4Address], bool]:
    def write(value: IPv4Address) -> bool:
        router.route_by(value)
        return router.running.gateway == value

    return write


def _route(
    to: IPv4Address, mask: IPv4Address, hop: IPv4Address, index: int, *, direct: bool
) -> Objects:
    row = (
        address(to),
        integer(index),
        integer(0 if direct else 1),
        integer(-1),
        integer(-1),
        integer(-1),
        address(hop),
        integer(3 if direct else 4),
        integer(2),
        integer(0),
        address(mask),
        integer(-1),
        Object("ObjectIdentifier", "0.0"),
    )
    return {(4, 21, 1, column, *to.packed): value for column, value in enumerate(row, 1)}


def _translation(router: Router, table: Arcs, *, at: bool) -> Objects:
    """The gateway's link address, in the table of the ip group or in the older one."""
    hop = router.running.gateway
    if hop == NOTHING:
        return {}
    mac = bytes.fromhex("020000000001")
    row = (integer(WAN), octets(mac), address(hop))
    key = (WAN, 1, *hop.packed) if at else (WAN, *hop.packed)
    whole = row if at else (*row, integer(3))
    return {(*table, column, *key): value for column, value in enumerate(whole, 1)}


def _tcp(router: Router) -> Objects:
    settings = (integer(1), integer(1000), integer(60000), integer(-1))
    found: Objects = {(6, number, 0): value for number, value in enumerate(settings, 1)}
    found |= _counters(6, 15, start=5)
    found[(6, 9, 0)] = Object("Gauge", len(router.open))
    return found


def _counters(group: int, last: int, start: int = 1) -> Objects:
    return {(group, number, 0): counter(0) for number in range(start, last + 1)}


def _all_ip(router: Router) -> Objects:
    return _ip(router) | _translation(router, (4, 22, 1), at=False)


def _snmp(router: Router) -> Objects:
    return _counters(11, 29) | {(11, 30, 0): _switch(router, "snmp.traps")}


GROUPS: tuple[tuple[int, Callable[[Router], Objects]], ...] = (
    (1, _system),
    (2, _interfaces),
    (3, lambda router: _translation(router, (3, 1, 1), at=True)),
    (4, _all_ip),
    (5, lambda _: _counters(5, 26)),
    (6, _tcp),
    (7, lambda _: _counters(7, 4)),
    (11, _snmp),
)
"""What builds each group, in their order, with its number below `MIB2`."""
