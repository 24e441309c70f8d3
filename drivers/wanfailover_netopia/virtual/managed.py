"""One object of a MIB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from wanfailover.ports import SnmpValue

Arcs = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Object:
    """One instance of an object: its value now, and how it is set.

    Args:
        syntax: ``Integer``, ``OctetString``, ``ObjectIdentifier``, ``IpAddress``, ``Counter``,
            ``Gauge`` or ``TimeTicks``, as RFC 1155 has them.

        value: Of now.

        write: Takes a new one, and tells whether it was done; None where it can only be read.

        choices: All that an INTEGER can be set to; empty for any.
    """

    syntax: str
    value: SnmpValue
    write: Callable[[Any], bool] | None = None
    choices: Sequence[int] = ()

    def takes(self, value: object) -> bool:
        """Whether *value* is of its kind."""
        kinds = {"OctetString": bytes, "IpAddress": IPv4Address, "ObjectIdentifier": str}
        right = isinstance(value, kinds.get(self.syntax, int))
        return right and (not self.choices or value in self.choices)


Objects = dict[Arcs, Object]


def arcs(oid: str) -> Arcs:
    """Read dotted numbers."""
    return tuple(map(int, oid.split(".")))


def integer(value: int) -> Object:
    """An INTEGER that can only be read."""
    return Object("Integer", value)


def counter(value: float) -> Object:
    """A Counter; it wraps at 32 bits."""
    return Object("Counter", int(value) % 2**32)


def octets(value: str | bytes) -> Object:
    """An OCTET STRING that can only be read."""
    return Object("OctetString", value.encode() if isinstance(value, str) else value)


def address(value: IPv4Address) -> Object:
    """An IpAddress that can only be read."""
    return Object("IpAddress", value)
