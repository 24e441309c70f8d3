"""The plan of the virtual site: which boxes there are, what each boots with, how they are cabled.

Nothing here touches the machine. `site` draws the plan; `Lab` builds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface
from itertools import count

from wanfailover.core.site import Circuit
from wanfailover.errors import LabError
from wanfailover.lab.addresses import (
    CIRCUITS,
    CLIENT,
    DNS,
    ECHO,
    MAIL,
    MODEMS,
    OFFICE,
    ROUTER,
    SPARE,
    WEB,
)
from wanfailover.lab.boxes import Box, Cable, Port, Site


class Shape(StrEnum):
    """How the circuits reach the router."""

    SWAP = "swap"  # one external port, ``wan``, on one segment where all modems sit
    PORTS = "ports"  # a port each: ``wan0``, ``wan1``, ``wan2``, each with its own modem behind


class Nat(StrEnum):
    """How the router hides the LAN."""

    MASQUERADE = "masquerade"
    SNAT = "snat"  # a fixed address: the primary's, or on a port of its own that port's


def site(number: int = 2, shape: Shape = Shape.SWAP, nat: Nat = Nat.MASQUERADE) -> Site:
    """Draw a site with *number* circuits, in order of preference.

    Raises:
        LabError: There are no addresses for so many, or too few to choose from.
    """
    if not 2 <= number <= len(CIRCUITS):
        raise LabError(f"a lab has 2 or {len(CIRCUITS)} circuits, not {number}")
    circuits = tuple(
        replace(circuit, interface="wan" if shape is Shape.SWAP else f"wan{position}")
        for position, circuit in enumerate(CIRCUITS[:number])
    )
    wans = tuple(dict.fromkeys(circuit.interface or "" for circuit in circuits))
    boxes = [_office(), _client(), _switch("lan", "lan"), _router(circuits, nat)]
    boxes += [_switch("hub", *map(_segment, wans)), _inet(circuits)]
    cables = [
        (Port("office", "eth0"), Port("lan", "office", "lan")),
        (Port("client", "eth0"), Port("lan", "client", "lan")),
        (Port("router", "lan"), Port("lan", "router", "lan")),
        (Port("office", "eth1"), Port("hub", "office", _segment(wans[0]))),
    ]
    cables += [(Port("router", wan), Port("hub", f"to-{wan}", _segment(wan))) for wan in wans]
    for position, circuit in enumerate(circuits):
        # A plain layer-2 bridge: the router's port keeps its carrier when the line behind it dies.
        boxes += [_modem(circuit.name, position), _isp(circuit, position)]
        cables += _line(circuit)
        modem = modem_of(circuit.name)
        cables.append((Port(modem, "lan"), Port("lan", modem, "lan")))
    return Site(circuits, tuple(boxes), tuple(map(Cable, count(), cables)))


def _line(circuit: Circuit) -> tuple[tuple[Port, Port], ...]:
    """From the outside segment through the modem and the provider to the Internet."""
    name, modem, isp = circuit.name, modem_of(circuit.name), isp_of(circuit.name)
    segment = _segment(circuit.interface or "")
    return (
        (Port("hub", name, segment), Port(modem, "hub", "modem")),
        (Port(modem, "line", "modem"), Port(isp, "customer")),
        (Port(isp, "upstream"), Port("inet", name)),
    )


def _segment(wan: str) -> str:
    return f"out-{wan}"


def modem_of(circuit: str) -> str:
    """Name of the box that is a circuit's modem."""
    return f"modem-{circuit}"


def isp_of(circuit: str) -> str:
    """Name of the box that is a circuit's provider."""
    return f"isp-{circuit}"


def modem(number: int) -> IPv4Interface:
    """The address on the LAN of modem *number*."""
    return IPv4Interface(f"{MODEMS.ip + number}/{MODEMS.network.prefixlen}")


def upstream(number: int) -> IPv4Address:
    """The Internet's end of the transit network of provider *number*."""
    return IPv4Address(f"100.64.{number + 1}.2")


def _client() -> Box:
    return Box(
        "client",
        (
            f"address add {CLIENT} dev eth0",
            "link set eth0 up",
            f"route add default via {ROUTER.ip}",
        ),
    )


def _office() -> Box:
    """The agent's host: ordinary traffic by the router, eth1 for a look past it.

    The main table has no route for eth1's network, so that the primary's gateway is also reached
    through the router unless a socket is bound to eth1 or to its address.
    """
    gateway = CIRCUITS[0].gateway
    return Box(
        "office",
        (
            f"address add {OFFICE} dev eth0",
            "link set eth0 up",
            f"route add default via {ROUTER.ip}",
            f"address add {SPARE} dev eth1 noprefixroute",
            "link set eth1 up",
            f"route add {SPARE.network} dev eth1 src {SPARE.ip} table 100",
            f"route add default via {gateway} dev eth1 src {SPARE.ip} table 100",
            f"rule add from {SPARE.ip} table 100 priority 100",
            "rule add oif eth1 table 100 priority 101",
        ),
        nft="""
            table ip guard {
                chain input {
                    type filter hook input priority filter;
                    iifname "eth1" ct state established,related accept;
                    iifname "eth1" drop;
                }
            }
        """,
        # The LAN's address must not be answered for, nor asked from, on the outside segment.
        sysctl=(("conf/all/arp_ignore", 1), ("conf/all/arp_announce", 2)),
    )


def _switch(name: str, *bridges: str) -> Box:
    return Box(
        name,
        tuple(
            line
            for bridge in bridges
            for line in (
                f"link add {bridge} type bridge mcast_snooping 0",  # else it sends IGMP by itself
                f"link set {bridge} up",
            )
        ),
    )


def _modem(circuit: str, number: int) -> Box:
    """A layer-2 bridge between hub and line, with a port of its own on the LAN to be looked at."""
    box = _switch(modem_of(circuit), "modem")
    return replace(box, ip=(*box.ip, f"address add {modem(number)} dev lan", "link set lan up"))


def _router(circuits: Sequence[Circuit], nat: Nat) -> Box:
    """The router as it boots: on its first circuit.

    Its hardware addresses are fixed, so that neighbours know it again after a reboot.
    """
    first = circuits[0]
    ports = {circuit.interface or "": circuit for circuit in reversed(circuits)}
    lines = ["link set lan address 02:00:5e:00:00:01", f"address add {ROUTER} dev lan"]
    lines.append("link set lan up")
    rules = []
    for number, (wan, circuit) in enumerate(sorted(ports.items())):
        lines += [
            f"link set {wan} address 02:00:5e:00:01:{number:02x}",
            f"address add {circuit.address} dev {wan}",
            f"link set {wan} up",
        ]
        action = f"snat to {circuit.address.ip}" if nat is Nat.SNAT else "masquerade"
        rules.append(f'oifname "{wan}" {action};')
    lines.append(
        f"route add default via {first.gateway} dev {first.interface} src {first.address.ip}"
    )
    return Box(
        "router",
        tuple(lines),
        nft=f"""
            table ip nat {{
                chain postrouting {{
                    type nat hook postrouting priority srcnat;
                    {" ".join(rules)}
                }}
            }}
        """,
        forwards=True,
    )


def _isp(circuit: Circuit, number: int) -> Box:
    """A provider that lets its customer's own addresses in and no others (BCP 38, RFC 2827).

    Its default route has a metric, so that a fault can put a better one before it.
    """
    transit, own = upstream(number), circuit.address.network
    return Box(
        isp_of(circuit.name),
        (
            f"address add {circuit.gateway}/{own.prefixlen} dev customer",
            "link set customer up",
            f"address add {transit - 1}/30 dev upstream",
            "link set upstream up",
            f"route add default via {transit} metric 10",
        ),
        nft=f"""
            table ip bcp38 {{
                counter foreign {{ }}
                chain ingress {{
                    type filter hook prerouting priority raw;
                    iifname "customer" ip saddr != {own} counter name foreign drop;
                }}
            }}
        """,
        forwards=True,
    )


def _inet(circuits: Sequence[Circuit]) -> Box:
    """The Internet: every server's address on loopback, a route back to each customer."""
    lines = ["link set lo up"]
    lines += [f"address add {address}/32 dev lo" for address in (*ECHO, MAIL, DNS, WEB)]
    for number, circuit in enumerate(circuits):
        transit = upstream(number)
        lines += [
            f"address add {transit}/30 dev {circuit.name}",
            f"link set {circuit.name} up",
            f"route add {circuit.address.network} via {transit - 1}",
        ]
    return Box("inet", tuple(lines))
