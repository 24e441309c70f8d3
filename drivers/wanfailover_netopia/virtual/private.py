"""NETOPIA-MIB: the private objects, in the edition of the PN series.

There is none for the address of the WAN. What concerns addresses here is what will run after a
restart.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address

from wanfailover_netopia.virtual.histories import SIZE, History, wall
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
from wanfailover_netopia.virtual.mib2 import text
from wanfailover_netopia.virtual.router import Router
from wanfailover_netopia.virtual.values import NOTHING, dotted

PRIVATE = arcs("1.3.6.1.4.1.304.1.3.1")


def _unit(router: Router) -> Objects:
    major, minor = (int(part) for part in router.version.split(".")[:2])
    version = bytes((_bcd(major), _bcd(minor), 0x0F, 0))
    booted = wall(router.booted - router.born)
    now = f"{wall(router.age):%Y%m%d%H%M%S}"
    found: Objects = {
        (1, 1, 0): octets(b"\x01\x00\x0f\x00"),
        (1, 2, 0): octets(version),
        (1, 3, 0): octets(b"\x01\x00\x0f\x00"),
        (1, 4, 0): octets(bytes.fromhex("700348")),
        (1, 5, 0): integer(9100),
        (2, 1, 0): octets(f"{booted:%m/%d/%Y %H:%M:%S}"),
        (2, 2, 0): Object("OctetString", now.encode(), lambda _: True),
    }
    figures = (2, 2, 10, 10, 4_194_304, 3_025_000, 1_048_576, 900_000)
    return found | {(3, number, 0): integer(value) for number, value in enumerate(figures, 1)}


def _bcd(number: int) -> int:
    return 16 * (number // 10) + number % 10


def _delayed(router: Router, key: str) -> Object:
    """An address that will run after a restart."""

    def write(value: IPv4Address) -> bool:
        router.settings[key] = str(value)
        return True

    return Object("IpAddress", dotted(router.settings[key]) or NOTHING, write)


def _either(value: int, choices: tuple[int, ...]) -> Object:
    """One that can be set, to no effect."""
    return Object("Integer", value, lambda _: True, choices)


def _ip(router: Router) -> Objects:
    found: Objects = {
        (4, 1, 0): _delayed(router, "ip.address"),
        (4, 2, 0): _delayed(router, "ip.mask"),
        (4, 3, 0): _either(1, (1, 2)),
        (4, 4, 0): _either(1, (1, 2)),
        (4, 5, 0): _delayed(router, "ip.gateway"),
        (4, 6, 0): text(router, "ip.domain"),
        (5, 1, 0): _either(2, (1, 2)),
        (5, 2, 0): _either(1, (1, 2)),
    }
    for number, key in ((1, "ip.dns1"), (2, "ip.dns2")):
        found[(4, 7, 1, 1, number)] = integer(number)
        found[(4, 7, 1, 2, number)] = _delayed(router, key)
        found[(4, 7, 1, 3, number)] = _either(1, (1, 2))
    return found


def _dhcp(router: Router) -> Objects:
    serving = 1 if router.settings["serving.mode"] == "On" else 2
    first = dotted(router.settings["serving.first"]) or NOTHING
    return {(8, 1, 0): integer(serving), (8, 2, 0): address(first)}


def _control(router: Router) -> Objects:
    def restart(value: int) -> bool:
        return value == 1 or router.restart("SNMP")

    def restore(value: int) -> bool:
        if value == 2:
            router.note("dialog", name="factory", answer="SNMP", destructive=True)
            router.factory_reset()
        return True

    states: Objects = {(10, 3, number, 0): _either(2, (3,)) for number in range(5, 8)}
    names: Objects = {(10, 3, number, 0): octets("") for number in range(2, 5)}
    return {
        (10, 1, 0): Object("Integer", 1, restart, (1, 2)),
        (10, 2, 0): Object("Integer", 1, restore, (1, 2)),
        (10, 3, 1, 0): integer(10),
        **names,
        **states,
        (10, 3, 8, 0): integer(0),
    }


def _traps(router: Router) -> Objects:
    peer, community = router.stranger
    found: Objects = {(11, 4, 0): address(peer), (11, 5, 0): octets(community)}
    for number, entry in enumerate(router.tables.get("trap", []), 1):
        found[(11, 1, 1, 1, number)] = octets(entry["address"])
        found[(11, 1, 1, 3, number)] = address(dotted(entry["address"]) or NOTHING)
        found[(11, 1, 1, 4, number)] = integer(1)
    return found


def _console(router: Router) -> Objects:
    speed = int(router.settings["console.baud"])
    figures = (speed, 8, 1, 1)
    found: Objects = {(13, number, 0): integer(value) for number, value in enumerate(figures, 1)}
    return found | {(13, number, 0): counter(0) for number in range(5, 10)}


def _events(history: History, head: Arcs, table: Arcs) -> Objects:
    group, first = head
    found: Objects = {
        (group, first, 0): _either(1, (1, 2)),
        (group, first + 1, 0): integer(SIZE),
        (group, first + 2, 0): Object("Counter", len(history.events), _clear(history), (0,)),
    }
    for number, event in enumerate(history.events, 1):
        row = (
            integer(number),
            octets(f"{event.when:%Y%m%d%H%M%S}"),
            octets(event.text),
            octets(event.detail),
            octets(b""),
        )
        found |= {(*table, column, number): value for column, value in enumerate(row, 1)}
    return found


def _clear(history: History) -> Callable[[int], bool]:
    def write(_: int) -> bool:
        history.events.clear()
        return True

    return write


def _logs(router: Router) -> Objects:
    device = _events(router.device_log, (15, 1), (15, 4, 1))
    return device | _events(router.wan_log, (15, 5), (15, 8, 1))


GROUPS: tuple[tuple[int, Callable[[Router], Objects]], ...] = (
    (3, _unit),
    (5, _ip),
    (8, _dhcp),
    (10, _control),
    (11, _traps),
    (13, _console),
    (15, _logs),
)
"""What builds its groups, in their order, with the last number of each below `PRIVATE`."""
