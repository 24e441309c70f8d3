"""Linux as far as a switch moves it: addresses, routes, and what goes when one of them goes.

Its rules are those of the kernel's ``devinet.c`` and ``fib_frontend.c``. `test_linux` holds them
against a real kernel: the same lines, and the same is held.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

DEFAULT = IPv4Network("0.0.0.0/0")


class Refused(Exception):
    """What `ip` complains of, and the status that it ends with."""

    def __init__(self, words: str, status: int = 2) -> None:
        self.status = status
        super().__init__(words)


@dataclass(frozen=True)
class Address:
    """One address of an interface; *deprecated* where it is kept for marked packets."""

    own: IPv4Interface
    broadcast: bool = False
    secondary: bool = False
    deprecated: bool = False


@dataclass(frozen=True)
class Route:
    """One route of the main table."""

    to: IPv4Network
    interface: str
    via: IPv4Address | None = None
    source: IPv4Address | None = None
    metric: int = 0
    protocol: str = ""
    scope: str = ""


@dataclass
class Kernel:
    """Interfaces in their order, with their addresses in theirs; and the routes.

    Args:
        changes: So many were asked for: while none was, all is as it was.
    """

    links: dict[str, list[Address]]
    routes: list[Route] = field(default_factory=list)
    promotes: set[str] = field(default_factory=set)
    changes: int = field(default=0, compare=False)

    def copy(self) -> Kernel:
        return deepcopy(self)

    @property
    def default(self) -> Route | None:
        """The default route that traffic takes."""
        found = [route for route in self.routes if route.to == DEFAULT]
        return min(found, key=lambda route: route.metric, default=None)

    def source(self, route: Route) -> IPv4Address | None:
        """What traffic by *route* leaves from: see `inet_select_addr`."""
        if route.source is not None:
            return route.source
        ours = [a.own for a in self.links[route.interface] if not a.secondary]
        near = [a for a in ours if route.via is not None and route.via in a.network]
        return next((address.ip for address in near + ours), None)

    # Addresses.

    def replace_address(self, interface: str, own: IPv4Interface, *, broadcast: bool) -> None:
        """``ip address replace``: add it, or leave it where it stands."""
        self.changes += 1
        held = self._link(interface)
        for number, address in enumerate(held):
            if address.own == own:
                held[number] = replace(address, deprecated=False)  # its broadcast stays what it was
                return
        kin = any(a.own.network == own.network for a in held)
        address = Address(own, broadcast, secondary=kin)
        if kin:
            held.append(address)
            return
        last = max((n for n, a in enumerate(held) if not a.secondary), default=-1)
        held.insert(last + 1, address)
        self._connect(interface, own)

    def flush_address(self, interface: str, ip: IPv4Address, *, deprecated: bool = False) -> None:
        """``ip address flush to``: whatever has that address goes; nothing is no failure."""
        self.changes += 1
        held = self._link(interface, 'Device "{}" does not exist.')
        for address in [a for a in held if a.own.ip == ip]:
            if address in held and (address.deprecated or not deprecated):
                self._remove(interface, address)

    def _remove(self, interface: str, gone: Address) -> None:
        held = self.links[interface]
        kin = [a for a in held if a.secondary and a.own.network == gone.own.network]
        if gone.secondary:
            kin = []
        if interface not in self.promotes:
            for address in kin:
                held.remove(address)
                self._forget(interface, address)
            kin = []
        held.remove(gone)
        if not gone.secondary:
            self.routes = [r for r in self.routes if not self._connects(r, interface, gone)]
        self._forget(interface, gone)
        if kin:
            first, at = kin[0], held.index(kin[0])
            held.pop(at)
            last = max((n for n, a in enumerate(held) if not a.secondary), default=-1)
            held.insert(last + 1, replace(first, secondary=False))
            self._connect(interface, first.own)

    def _forget(self, interface: str, gone: Address) -> None:
        """What depended on an address goes with it."""
        everywhere = {a.own.ip for link in self.links.values() for a in link}
        if gone.own.ip not in everywhere:
            self.routes = [r for r in self.routes if r.source != gone.own.ip]
        if not self.links[interface]:
            self.routes = [r for r in self.routes if r.interface != interface]

    def _connect(self, interface: str, own: IPv4Interface) -> None:
        if own.network.prefixlen < 32:
            route = Route(own.network, interface, None, own.ip, 0, "kernel", "link")
            self.routes.append(route)

    @staticmethod
    def _connects(route: Route, interface: str, address: Address) -> bool:
        return (
            route.protocol == "kernel"
            and route.interface == interface
            and route.to == address.own.network
            and route.source == address.own.ip
        )

    # Routes.

    def replace_route(self, route: Route) -> None:
        """``ip route replace``."""
        self.changes += 1
        self._link(route.interface)
        if route.via is not None and not self._is_near(route.via, route.interface):
            raise Refused("Error: Nexthop has invalid gateway.")
        own = {a.own.ip for link in self.links.values() for a in link}
        if route.source is not None and route.source not in own:
            raise Refused("Error: Invalid prefsrc address.")
        for number, other in enumerate(self.routes):
            if (other.to, other.metric) == (route.to, route.metric):
                self.routes[number] = route
                return
        self.routes.append(route)

    def flush_route(self, to: IPv4Network, interface: str, via: IPv4Address) -> None:
        """``ip route flush exact``."""
        self.changes += 1
        gone = (to, interface, via)
        self.routes = [r for r in self.routes if (r.to, r.interface, r.via) != gone]

    def _is_near(self, gateway: IPv4Address, interface: str) -> bool:
        return any(
            r.scope == "link" and r.interface == interface and gateway in r.to for r in self.routes
        )

    def _link(self, interface: str, complaint: str = 'Cannot find device "{}"') -> list[Address]:
        if interface not in self.links:
            raise Refused(complaint.format(interface), 1)
        return self.links[interface]

    def has(self, interface: str) -> None:
        """Complain where there is no such interface."""
        self._link(interface)
