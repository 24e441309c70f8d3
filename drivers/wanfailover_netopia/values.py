"""The three values a switch is about, and what a router holds of them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from wanfailover.core.facts import RouterView
from wanfailover.core.site import Circuit

NOWHERE = IPv4Address(0)
"""As the WAN address: ask the line for one by DHCP. As a gateway: none."""


@dataclass(frozen=True, slots=True)
class Values:
    """WAN address, its mask, and the default gateway; None where it is not known or not meant."""

    address: IPv4Address | None = None
    mask: IPv4Address | None = None
    gateway: IPv4Address | None = None

    @classmethod
    def of(cls, circuit: Circuit) -> Values:
        """What a router on *circuit* holds."""
        return cls(circuit.address.ip, circuit.address.netmask, circuit.gateway)

    def hold(self, wanted: Values) -> bool:
        """Tell whether these are the *wanted* ones, as far as both are known."""
        return not self.differ(wanted)

    def differ(self, wanted: Values) -> tuple[str, ...]:
        """Where these are not what is *wanted*: ``address``, ``mask``, ``gateway``.

        An address or a gateway that is not known is not the wanted one; a mask may be hidden.
        """
        pairs = {
            "address": (self.address, wanted.address),
            "mask": (self.mask or wanted.mask, wanted.mask),
            "gateway": (self.gateway, wanted.gateway),
        }
        return tuple(k for k, (have, want) in pairs.items() if want is not None and have != want)

    def contradict(self, configured: Values) -> bool:
        """Tell whether these run and the *configured* ones are others, where both are known.

        An address by DHCP is not the one that runs, and a gateway beside it need not be.
        """
        if configured.by_dhcp:
            return False
        known = {name for name in ("address", "gateway") if getattr(self, name) is not None}
        return bool({*known, "mask"} & set(self.differ(configured)))

    @property
    def by_dhcp(self) -> bool:
        """They say: take an address from the line."""
        return self.address == NOWHERE

    @property
    def interface(self) -> IPv4Interface | None:
        """Address and mask together, where both are known and are an address."""
        if self.address is None or self.mask is None or self.by_dhcp:
            return None
        return interface(self.address, self.mask)

    def __str__(self) -> str:
        address = self.interface or self.address
        return f"address {address or 'unknown'}, gateway {self.gateway or 'unknown'}"


def interface(address: IPv4Address, mask: IPv4Address) -> IPv4Interface | None:
    """Put them together; None where the mask is none."""
    try:
        return IPv4Interface(f"{address}/{mask}")
    except ValueError:
        return None


QUICK_VIEW = "Quick View"

UNKNOWN = Values()
"""Nothing is known, or nothing is meant."""


@dataclass(frozen=True, slots=True)
class Running:
    """What the router runs, as it says itself.

    Args:
        values: The running ones; 0.0.0.0 is given as None.

        source: Whose words these are: ``SNMP``, ``Quick View`` or ``the configuration``.

        inside: Its other addresses.

        firmware: Such as ``4.8.2``; None where it was not told.

        uptime: Seconds since it started; None where it was not told.

        pending_gateway: Default gateway after the next restart.
    """

    values: Values
    source: str
    inside: tuple[IPv4Interface, ...] = ()
    firmware: str | None = None
    uptime: float | None = None
    pending_gateway: IPv4Address | None = None

    def hold(self, wanted: Values) -> bool:
        """Tell whether it runs the *wanted* values, as far as it can be seen.

        Quick View need not show the address of a port without a connection; a gateway that it
        shows is installed, which takes an address in its network.
        """
        if self.source == QUICK_VIEW and self.values.address is None:
            return self.values.gateway is not None and self.values.gateway == wanted.gateway
        return self.values.hold(wanted)


@dataclass(frozen=True, slots=True)
class NetopiaView(RouterView):
    """What an R9100 holds.

    Args:
        configured: What stands on its screens, as far as they were looked at.

        firmware: Such as ``4.8.2``.

        uptime: Seconds since it started.

        told_by: Whose words the running values are.
    """

    configured: Values = UNKNOWN
    firmware: str | None = None
    uptime: float | None = None
    told_by: str = ""
