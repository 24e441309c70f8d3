"""What a unit that looks at its values says of a bad one."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from wanfailover_netopia.virtual.fields import FIELDS, Field, Kind
from wanfailover_netopia.virtual.values import NOTHING, dotted, prefix_length


def refusal(
    key: str, text: str, variants: frozenset[str], network: IPv4Network | None
) -> str | None:
    """Why a value is refused; None where it is accepted.

    Args:
        key: Of its field.

        text: As typed.

        variants: Of which most take everything as typed.

        network: That the WAN is set to be in.
    """
    if key == "ip.gateway" and "gateway-checked" in variants:
        gateway = dotted(text)
        if gateway != NOTHING and network and (gateway is None or gateway not in network):
            return "The gateway is not on a directly connected network."
    if not variants & {"bell", "dialog", "revert"}:
        return None
    field = FIELDS[key]
    if field.kind in {Kind.ADDRESS, Kind.MASK}:
        return _wrong_address(dotted(text), field.kind)
    return _wrong_number(text, field) if field.kind is Kind.NUMBER else None


def _wrong_address(value: IPv4Address | None, kind: Kind) -> str | None:
    if value is None:
        return "The address is not in decimal and dot form."
    if kind is Kind.MASK and prefix_length(value) is None:
        return "That is not a subnet mask."
    if kind is Kind.ADDRESS and value.is_multicast:
        return "That is not the address of a host."
    return None


def _wrong_number(text: str, field: Field) -> str | None:
    low, high = field.limits
    right = text.isdecimal() and low <= int(text) <= high
    return None if right else f"Enter a number from {low} to {high}."
