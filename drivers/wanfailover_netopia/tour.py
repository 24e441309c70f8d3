"""A look round that changes nothing: for `check`, and for a recording of a user's own router."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from wanfailover.abilities import Pinhole
from wanfailover.core.site import Circuit
from wanfailover.errors import DriverError, UnreadableReply
from wanfailover.ports import Finding, Severity
from wanfailover.transports import traps
from wanfailover.transports.console.screen import Screen
from wanfailover_netopia.edits import read_configured, read_resets
from wanfailover_netopia.effect import RESTART
from wanfailover_netopia.screens import EVENTS, SERVERS, VPN, Goal
from wanfailover_netopia.sight import quick_view
from wanfailover_netopia.values import NetopiaView
from wanfailover_netopia.walk import Walk

LATEST = 3
"""How many of the last WAN events are told."""

_EVENT = re.compile(r"^\s*\d\d?/\d\d?/\d\d")
_TUNNEL = re.compile(r"\b\d+\s+\d+\s+\d+\s+\d{1,3}(?:\.\d{1,3}){3}\s*$")
"""Packets received, sent and discarded, and the remote address."""

_ADDRESS = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}")
_INSIDES = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))  # RFC 1918

_OWN_SCREENS = ("IP Setup", "WAN Ethernet Configuration", "IP Easy Setup")


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen on the way.

    Args:
        tunnels: Rows of VPN QuickView; None where there is no such screen.

        events: The last of the WAN's, as the screen has them.

        servers: All that stands on the screens of NAT's servers and exported services.
    """

    tunnels: tuple[str, ...] | None = None
    events: tuple[str, ...] = ()
    servers: str = ""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What else `check` judges by.

    Args:
        snmp: Whether the profile has the agent asked.

        snmp_answers: Whether it answers.

        snmp_trouble: Why it does not.

        trap_listen: Address and port to hear its traps at; None not to.

        settable: A community to set with was given.

        restart: It may be restarted.

        changes: How its changes take effect, if that is known.

        recent: That was found out within the last day.

        resets: What the router's setting says of them: they hold at once, they wait; None where it
            was not read.

        turned: It seems to have been turned since then.
    """

    snmp: bool
    snmp_answers: bool
    snmp_trouble: str
    trap_listen: tuple[str, int] | None
    settable: bool
    restart: bool
    changes: str | None
    recent: bool
    resets: bool | None
    turned: bool
    circuits: Sequence[Circuit]


SETTING = "'Configuration Changes Reset WAN Connection'"

WAITING = f"{SETTING} is No, so they may wait for one"


async def take_all(walk: Walk) -> None:
    """Visit every screen that a switch or `check` reads, for a recording."""
    await walk.to_main_menu()
    await quick_view(walk)
    await read_resets(walk)
    await read_configured(walk)
    await take(walk)


async def take(walk: Walk) -> Seen:
    """Visit what only `check` reads; some firmware lacks some of it."""
    tunnels = await _rows(walk, VPN, _TUNNEL)
    events = await _rows(walk, EVENTS, _EVENT) or ()
    servers = await walk.explore(SERVERS)
    await walk.to_main_menu()
    return Seen(tunnels, events, "\n".join(_text(screen) for screen in servers))


async def witness(walk: Walk) -> tuple[str, ...]:
    """What it says of its tunnels: those that are up, and the last of its WAN's events."""
    tunnels = await _rows(walk, VPN, _TUNNEL)
    events = await _rows(walk, EVENTS, _EVENT) or ()
    await walk.to_main_menu()
    up = () if tunnels is None else (f"VPN QuickView: {'; '.join(tunnels) or 'no tunnel is up'}",)
    told = (f"the last of its WAN: {'; '.join(events[:LATEST])}",) if events else ()
    return up + told


def pinholes(servers: str) -> tuple[Pinhole, ...]:
    """The entries among what stands on the screens of NAT's servers and exported services."""
    found = (_pinhole(line.split()) for line in servers.splitlines())
    return tuple(dict.fromkeys(hole for hole in found if hole is not None))


def _pinhole(words: list[str]) -> Pinhole | None:
    """Read an entry: a private address, with a public one or without, a port or a service."""
    addresses = [IPv4Address(word) for word in words if _ADDRESS.fullmatch(word)]
    ports = [int(word) for word in words if word.isdecimal()]
    names = [word.lower() for word in words if word.isalpha()]
    inside = [address for address in addresses if _is_inside(address)]
    outside = [address for address in addresses if address not in inside and int(address)]
    known = len(addresses) + len(ports) + len(names) == len(words)
    if len(inside) != 1 or len(outside) > 1 or not known or len(ports) + len(names) not in {1, 2}:
        return None
    return Pinhole(
        inside[0],
        ports[0] if ports else None,
        names[0] if names else "",
        outside[0] if outside else None,
    )


def _is_inside(address: IPv4Address) -> bool:
    return any(address in network for network in _INSIDES)


async def _rows(walk: Walk, goal: Goal, pattern: re.Pattern[str]) -> tuple[str, ...] | None:
    try:
        screen = await walk.reach(goal)
    except UnreadableReply:
        return None
    return tuple(" ".join(row.split()) for row in screen.rows if pattern.search(row))


def _text(screen: Screen) -> str:
    """What may name a public address of a server; the screens of our own three values do not."""
    if screen.box is not None:
        return "\n".join(screen.box.lines)
    if any(screen.title.startswith(title) for title in _OWN_SCREENS):
        return ""
    return "\n".join(screen.rows)


def judge(view: NetopiaView, seen: Seen, known: Knowledge) -> tuple[Finding, ...]:
    """What it all means for a failover, one row each."""
    return (
        Finding("firmware", Severity.GREEN, f"{view.firmware or 'unknown'}"),
        _snmp(known),
        *_traps(known.trap_listen),
        *_held(view),
        _changes(known),
        *_servers(seen, known.circuits),
        *_tunnels(seen),
        *_events(seen),
    )


def _snmp(known: Knowledge) -> Finding:
    if known.snmp_answers:
        return Finding("snmp", Severity.GREEN, "it is read by SNMP, without its console")
    if not known.snmp:
        return Finding(
            "snmp", Severity.YELLOW, "it is read by its console alone, which others then find busy"
        )
    return Finding(
        "snmp",
        Severity.YELLOW,
        f"it does not answer SNMP, so each reading takes its console: {known.snmp_trouble}",
        "see that options.snmp_port is its port, and credentials.read_community its Read-Only "
        "Community String; or give options.snmp_port: null",
    )


def _traps(listen: tuple[str, int] | None) -> Iterator[Finding]:
    """Whether its traps can be heard, if they are to be."""
    if listen is None:
        return
    place = "{} port {}".format(*listen)
    try:
        free = traps.try_out(*listen)
    except DriverError as error:
        yield Finding("traps", Severity.YELLOW, str(error), "correct options.trap_listen")
        return
    if free:
        yield Finding("traps", Severity.GREEN, f"they can be heard at {place}")
    else:
        yield Finding(
            "traps",
            Severity.YELLOW,
            f"somebody listens at {place} already, as this site's agent does while it runs",
            "if it does not run, stop the other program, or choose another port",
        )


def _held(view: NetopiaView) -> Iterator[Finding]:
    for remark in view.remarks:
        yield Finding("values", Severity.YELLOW, remark)
    if not view.remarks:
        yield Finding("values", Severity.GREEN, "its screens hold what it runs")


def _changes(known: Knowledge) -> Finding:
    subject = "changes"
    if known.changes is None:
        return Finding(
            subject,
            Severity.YELLOW,
            "it is not known yet whether changes wait for a restart of the router"
            + {None: "", True: f"; {SETTING} is Yes, so they should not", False: f"; {WAITING}"}[
                known.resets
            ],
            "find out with somebody at hand: `wanfailover switch backup`, and back again",
        )
    if known.changes != RESTART and known.resets is False:
        return Finding(
            subject,
            Severity.YELLOW,
            f"they took effect by themselves ({known.changes}) when this was last seen, but "
            f"{WAITING}",
            f"set {SETTING} to Yes on the router",
        )
    if known.changes == RESTART and known.turned:
        return Finding(
            subject,
            Severity.YELLOW,
            f"they waited for a restart when this was last found out, but {SETTING} is Yes now: "
            "the next switch finds it out again",
        )
    if known.changes != RESTART:
        return Finding(subject, Severity.GREEN, f"they take effect by themselves ({known.changes})")
    if not known.restart and not known.recent:
        return Finding(
            subject,
            Severity.YELLOW,
            "they waited for a restart, which the profile forbids, when this was last found out, "
            "more than a day ago: the next switch finds it out again",
            "set options.restart: allowed",
        )
    if not known.restart:
        return Finding(
            subject,
            Severity.RED,
            "they wait for a restart, which the profile forbids: no switch can be made; this is "
            "forgotten a day after it was found out",
            f"set options.restart: allowed, or {SETTING} on the router to Yes",
        )
    how = "by SNMP" if known.settable and known.snmp_answers else "from its menu"
    return Finding(subject, Severity.YELLOW, f"each takes a restart, which is done {how}")


def _servers(seen: Seen, circuits: Sequence[Circuit]) -> Iterator[Finding]:
    """Entries with a public address of their own do not follow a switch."""
    for circuit in circuits:
        if re.search(rf"(?<![\d.]){re.escape(str(circuit.address.ip))}(?![\d.])", seen.servers):
            yield Finding(
                "servers",
                Severity.RED,
                f"a server entry of its NAT names {circuit.address.ip}, and will not follow a "
                f"switch away from {circuit.name}",
                "set the entry's External Public IP Address to 0.0.0.0, which is the WAN's",
            )


def _tunnels(seen: Seen) -> Iterator[Finding]:
    if seen.tunnels:
        yield Finding(
            "vpn",
            Severity.YELLOW,
            f"{len(seen.tunnels)} of its own tunnels are up: {'; '.join(seen.tunnels)}",
            "see that the remote sides accept each circuit's address",
        )
    elif seen.tunnels is not None:
        yield Finding("vpn", Severity.GREEN, "it has no tunnel of its own that is up")


def _events(seen: Seen) -> Iterator[Finding]:
    if seen.events:
        last = "; ".join(seen.events[:LATEST])
        yield Finding("events", Severity.GREEN, f"the last of its WAN: {last}")
