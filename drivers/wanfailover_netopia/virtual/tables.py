"""Lines of a screen of which there are as many as there are."""

from __future__ import annotations

from wanfailover_netopia.virtual.histories import History
from wanfailover_netopia.virtual.router import Router
from wanfailover_netopia.virtual.values import NOTHING

Lines = list[tuple[str, str | None]]

PAGE = 12
"""How many events a screen shows."""


def block(name: str, router: Router, scrolled: int) -> Lines:
    """The lines of ``[#name]``, each with where it leads; *scrolled* is in lines."""
    match name:
        case "wan-log":
            return _events(router.wan_log, name, scrolled)
        case "device-log":
            return _events(router.device_log, name, scrolled)
        case "physical":
            return _plain("Ethernet Hub", "Aux Async", "Ethernet WAN1")
        case "network":
            return _plain("IP", "IPX", "AppleTalk")
        case "routes":
            return [(line, None) for line in _routes(router)]
        case "connections":
            return [(line, None) for line in _connections(router)]
        case "tunnels":
            return [(line, None) for line in _tunnels(router)]
    raise LookupError(name)


def rows(table: str, router: Router) -> list[str]:
    """The entries of one of the configuration's tables, a line each."""
    return ["  ".join(_entry(table, entry)) for entry in router.tables.get(table, [])]


def heading(table: str) -> str:
    """What stands over its entries."""
    columns = {
        "server": "Private Address----Public Address-----Port-",
        "export": "Service--Local Server-------",
        "route": "Network----------Mask-------------Gateway--",
        "profile": "Profile Name---------Type----IP Address----",
        "trap": "Receiver-----------------",
        "user": "Name----------",
    }
    return columns.get(table, "Name----------")


def _entry(table: str, entry: dict[str, str]) -> list[str]:
    match table:
        case "server":
            return [entry["private"].ljust(17), entry["public"].ljust(17), entry["port"]]
        case "export":
            return [entry["service"].ljust(7), entry["private"]]
        case "route":
            return [entry["network"].ljust(15), entry["mask"].ljust(15), entry["gateway"]]
        case "profile":
            return [entry["name"].ljust(19), entry["encapsulation"].ljust(6), entry["remote"]]
        case "trap":
            return [entry["address"]]
    return [entry["name"]]


def _events(history: History, name: str, scrolled: int) -> Lines:
    lines = history.lines()
    shown = [
        (line, f"!detail {name} {scrolled + number}")
        for number, line in enumerate(lines[scrolled : scrolled + PAGE])
    ]
    up = ("SCROLL UP".center(78, "-"), "!scroll -1" if scrolled else None)
    more = len(lines) > scrolled + PAGE
    down = ("SCROLL DOWN".center(78, "-"), "!scroll 1" if more else None)
    return [up, *shown, down]


def _plain(*names: str) -> Lines:
    return [(f"{name:<16}{'0'.rjust(8)}{'0'.rjust(11) * 3}", None) for name in names]


def _routes(router: Router) -> list[str]:
    running, inside = router.running, router.inside_running
    lines = []
    if running.gateway != NOTHING:
        lines.append(_route("0.0.0.0", "0.0.0.0", str(running.gateway), "WAN1", "STATIC"))  # noqa: S104
    if running.network is not None:
        network = running.network
        own = str(running.address)
        lines.append(_route(str(network.network_address), str(network.netmask), own, "WAN1", "NET"))
    network = inside.network
    own = str(inside.ip)
    return [*lines, _route(str(network[0]), str(network.netmask), own, "Ethernet", "NET")]


def _route(network: str, mask: str, via: str, port: str, kind: str) -> str:
    return f"{network:<16}{mask:<16}{via:<16}{port:<18}{kind}"


def _connections(router: Router) -> list[str]:
    running = router.running
    if not router.up:
        return [""]
    status = f"IP {running.gateway!s:<15} Lcl  NAT {running.address}"
    return [f"{'Easy Setup Profile':<24}10    0    {status}"]


def _tunnels(router: Router) -> list[str]:
    if "vpn-row" not in router.variants or not router.up:
        return [""]
    return [f"{'HQ tunnel':<22}{'IPsec':<7}{'99':>7}{'99':>10}{'0':>11}  198.18.0.8"]
