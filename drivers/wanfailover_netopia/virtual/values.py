"""What a WAN port is set to, or runs: address, mask and gateway."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

NOTHING = IPv4Address(0)
"""0.0.0.0: not set."""


@dataclass(frozen=True, slots=True)
class Values:
    """Three values as a screen holds them; they need not fit together."""

    address: IPv4Address = NOTHING
    mask: IPv4Address = NOTHING
    gateway: IPv4Address = NOTHING

    @property
    def interface(self) -> IPv4Interface | None:
        """Address and mask as one, where they are an address and a mask."""
        length = prefix_length(self.mask)
        if self.address == NOTHING or not length:
            return None
        return IPv4Interface((int(self.address), length))

    @property
    def network(self) -> IPv4Network | None:
        """The network the address is in."""
        return None if self.interface is None else self.interface.network


def prefix_length(mask: IPv4Address) -> int | None:
    """How many ones a mask begins with; None where ones follow a zero."""
    bits = f"{int(mask):032b}"
    return len(bits.rstrip("0")) if "01" not in bits else None


def class_mask(address: IPv4Address) -> IPv4Address:
    """The mask of the class of *address* (RFC 791, section 3.2)."""
    first = int(address) >> 24
    ones = 8 if first < 128 else 16 if first < 192 else 24
    return IPv4Address((0xFFFFFFFF << (32 - ones)) & 0xFFFFFFFF)


def dotted(text: str) -> IPv4Address | None:
    """Read four decimal numbers with dots; None where it is something else."""
    try:
        return IPv4Address(text)
    except ValueError:
        return None


def effective(active: Values, lease: Values | None, inside: IPv4Network) -> Values:
    """What runs of the values that are set.

    A gateway that cannot be reached is not installed, as with any static route.

    Args:
        active: As set; an address of 0.0.0.0 asks DHCP.

        lease: What DHCP has to give, if there is any.

        inside: The other network that the unit is in.
    """
    if active.address == NOTHING:
        if lease is None:
            return Values()
        own = active.gateway
        active = replace(lease, gateway=own if own != NOTHING else lease.gateway)
    network = active.network
    if network is not None and (active.gateway in network or active.gateway in inside):
        return active
    return replace(active, gateway=NOTHING)
