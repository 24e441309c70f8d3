"""What the entry point names: the driver's options, and how to make it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import partial
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from wanfailover.errors import DriverError
from wanfailover.ports import OptionsWrong, RouterAccess
from wanfailover.transports import snmp
from wanfailover.transports.console import telnet
from wanfailover_netopia.driver import Netopia, Router

RESTART_WITHIN = 120.0
"""Seconds: a unit is said to take 30 to 60 for a restart, and up to 90."""

_UNITS = {"s": 1.0, "m": 60.0}
_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)([sm])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Options:
    """The profile's `router.options`.

    Args:
        snmp_port: UDP; None where the router's agent is not to be asked.

        trap_listen: Address and port to hear the router's traps at; None not to.

        restart: ``allowed``, or ``forbidden``: the router may be restarted where changes wait for
            it, which takes the office off line for a minute.

        restart_within: Seconds in which it must be back then.
    """

    snmp_port: int | None = snmp.PORT
    trap_listen: tuple[str, int] | None = None
    restart: str = "forbidden"
    restart_within: float = RESTART_WITHIN


class Plugin:
    """Makes R9100 drivers."""

    transports: tuple[str, ...] = ("telnet",)
    about = "a Netopia R9100, by its telnet menus"

    def options(self, raw: Mapping[str, object]) -> Options:
        """Check the profile's `router.options`.

        Raises:
            OptionsWrong: With one sentence per option that cannot be used.
        """
        values: dict[str, Any] = {}
        wrong = []
        for key, value in raw.items():
            try:
                values[key] = _read(key, value)
            except ValueError as error:
                wrong.append((key, str(error)))
        if wrong:
            raise OptionsWrong(wrong)
        return Options(**values)

    def build(self, access: RouterAccess) -> Netopia:
        """Make the driver; does not connect yet.

        Raises:
            DriverError: The profile lacks what its transport needs.
        """
        options = access.options if isinstance(access.options, Options) else Options()
        if access.transport != "telnet":
            raise DriverError(f"an R9100 is reached by transport telnet, not {access.transport}")
        if not access.host:
            raise DriverError("transport telnet needs router.host")
        agent = None
        if options.snmp_port is not None:
            agent = snmp.SnmpClient(
                access.host, options.snmp_port, access.community, access.read_community
            )
        return Netopia(
            Router(
                host=access.host,
                dial=partial(telnet.dial, access),
                notes=access.notes,
                circuits=access.circuits,
                username=access.username,
                password=access.password,
                communities=tuple(filter(None, (access.community, access.read_community))),
                snmp=agent,
                settable=access.community is not None,
                restart=options.restart == "allowed",
                restart_within=options.restart_within,
                trap_listen=options.trap_listen,
            )
        )


def _read(key: str, value: object) -> object:
    """Read an option.

    Raises:
        ValueError: With the words that go on from its name.
    """
    match key:
        case "snmp_port":
            return None if value is None else _port(value)
        case "trap_listen":
            return None if value is None else _listen(value)
        case "restart":
            if value not in ("allowed", "forbidden"):
                raise ValueError("is allowed or forbidden")
            return value
        case "restart_within":
            return _duration(value)
        case _:
            known = [field.name for field in fields(Options)]
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
            raise ValueError(f"is no option of netopia-r9100; {hint}")


def _port(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 65536:
        raise ValueError("is a UDP port, 1 to 65535, or null for a router without SNMP")
    return value


def _listen(value: object) -> tuple[str, int]:
    """``0.0.0.0:162``: agents send to 162, and where to listen is this host's affair."""
    address, _, port = str(value).rpartition(":")
    try:
        if port.isdecimal() and 0 < int(port) < 65536:
            return str(IPv4Address(address)), int(port)
    except AddressValueError:
        pass
    raise ValueError("is an address of this host and a UDP port, such as 0.0.0.0:162, or null")


def _duration(value: object) -> float:
    """As durations are written everywhere in a profile: a number and its unit."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None or not float(found[1]):
        raise ValueError("is a duration, such as 120s or 2m")
    return float(found[1]) * _UNITS[found[2]]


PLUGIN = Plugin()
