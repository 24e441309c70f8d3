"""Every value the unit's screens can set: its kind, its factory value, its help line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

DOTTED = "Enter an IP address in decimal and dot form (xxx.xxx.xxx.xxx)."


class Kind(Enum):
    """How a field is edited."""

    ADDRESS = auto()
    MASK = auto()
    NUMBER = auto()
    TEXT = auto()
    SECRET = auto()
    TOGGLE = auto()
    CHOICE = auto()


@dataclass(frozen=True, slots=True)
class Field:
    """One value.

    Args:
        default: As it leaves the factory.

        width: How many characters it holds.

        choices: Of a toggle or a list.

        limits: Least and greatest number.

        help: The line that explains it while it is highlighted.
    """

    kind: Kind
    default: str = ""
    width: int = 15
    choices: tuple[str, ...] = ()
    limits: tuple[int, int] = (0, 0)
    help: str = ""

    @property
    def typed(self) -> bool:
        """Whether its value is typed, and not chosen."""
        return self.kind not in {Kind.TOGGLE, Kind.CHOICE}


def _address(default: str = "0.0.0.0") -> Field:  # noqa: S104 - 0.0.0.0 is "not set"
    return Field(Kind.ADDRESS, default, help=DOTTED)


def _mask(default: str = "0.0.0.0") -> Field:  # noqa: S104
    return Field(Kind.MASK, default, help="Enter a subnet mask in decimal and dot form.")


def _text(default: str = "", width: int = 31, says: str = "Enter a name.") -> Field:
    return Field(Kind.TEXT, default, width, help=says)


def _secret(width: int = 11, default: str = "") -> Field:
    return Field(Kind.SECRET, default, width, help="Enter up to eleven characters.")


def _number(default: int, low: int, high: int) -> Field:
    says = f"Enter a number from {low} to {high}."
    return Field(Kind.NUMBER, str(default), len(str(high)), limits=(low, high), help=says)


def _toggle(default: str) -> Field:
    choices = ("Yes", "No") if default in {"Yes", "No"} else ("On", "Off")
    says = "Return/Enter accepts * Tab toggles * ESC cancels."
    return Field(Kind.TOGGLE, default, 3, choices, help=says)


def _choice(*choices: str) -> Field:
    says = "Return/Enter shows the choices."
    return Field(Kind.CHOICE, choices[0], max(map(len, choices)), choices, help=says)


FIELDS: dict[str, Field] = {
    "wan.nat": _toggle("Yes"),
    "wan.address": _address(),
    "wan.mask": _mask(),
    "wan.broadcast": _address("255.255.255.255"),
    "wan.remote": _address(),
    "wan.map": _choice("Easy-PAT List", "<<None>>"),
    "wan.servers": _choice("Easy-Servers", "<<None>>"),
    "wan.filter": _choice("<<None>>", "Basic Firewall", "NetBIOS Filter"),
    "wan.rip": _choice("Off", "v1", "v2", "Both"),
    "wan.mac": _text("00:00:c5:70:03:4a", 17, "Enter an Ethernet address in hexadecimal."),
    "wan.dhcp": _choice("Standards-Based", "Copper Mountain Specific"),
    "wan.pppoe": _toggle("Off"),
    "wan.reset": _toggle("Yes"),
    "wan.schedule": _toggle("Off"),
    "ip.address": _address("192.168.1.1"),
    "ip.mask": _mask("255.255.255.0"),
    "ip.gateway": _address(),
    "ip.backup": _address(),
    "ip.priority": _choice("High", "Low"),
    "ip.dns1": _address(),
    "ip.dns2": _address(),
    "ip.domain": _text(width=40, says="Enter a domain name."),
    "ip.rip-in": _choice("Both", "Off", "v1", "v2"),
    "ip.rip-out": _choice("Off", "v1", "v2 (broadcast)", "v2 (multicast)"),
    "serving.mode": _toggle("On"),
    "serving.clients": _number(100, 0, 512),
    "serving.first": _address("192.168.1.100"),
    "serving.gateway": _address("192.168.1.1"),
    "backup.mode": _choice("Disabled", "Manual", "Automatic"),
    "backup.failure": _number(0, 0, 60),
    "backup.ping1": _text(says="Enter a host to ping, or leave it blank."),
    "backup.ping2": _text(says="Enter a host to ping, or leave it blank."),
    "backup.recovery": _choice("Manual", "Automatic"),
    "security.dial-in": _toggle("Yes"),
    "security.web": _toggle("Yes"),
    "security.telnet": _toggle("Yes"),
    "security.snmp": _toggle("Yes"),
    "security.page": _secret(),
    "access.name": _text(width=19),
    "access.password": _secret(),
    "snmp.name": _text(says="Enter a name for this system."),
    "snmp.location": _text(says="Enter the location of this system."),
    "snmp.contact": _text(says="Enter whom to ask about this system."),
    "snmp.ro": _secret(31, "public"),
    "snmp.rw": _secret(31, "private"),
    "snmp.traps": _toggle("Off"),
    "console.baud": _choice("9600", "19200", "38400", "57600"),
    "console.flow": _toggle("Yes"),
    "console.timeout": _number(600, 0, 3600),
    "telnet.port": _number(23, 1, 65535),
    "date.format": _choice("MM/DD/YY", "DD/MM/YY", "YY/MM/DD"),
    "date.date": _text("3/5/1998", 10, "Enter the date."),
    "date.time": _text("03:07", 5, "Enter the time."),
    "date.half": _toggle("On"),
    "log.wan": _toggle("Yes"),
    "log.syslog": _toggle("No"),
    "log.host": _address(),
    "feature.key": _text(says="Enter a feature key."),
    # what is typed into a form, or for one use
    "ping.host": _text(width=40, says="Enter the IP Address/Domain Name of a host to ping."),
    "ping.packets": _number(5, 1, 4294967295),
    "ping.size": _number(56, 0, 1664),
    "ping.delay": _number(1, 0, 4294967),
    "ping.source": _address(),
    "trace.host": _text(width=40, says="Enter the IP Address/Domain Name of a host."),
    "trace.hops": _number(30, 1, 64),
    "trace.wait": _number(5, 1, 10),
    "trace.dns": _toggle("Yes"),
    "telnet.host": _text(width=40, says="Enter the IP Address/Domain Name of a host."),
    "tftp.server": _text(width=40, says="Enter the IP Address/Domain Name of a server."),
    "tftp.firmware": _text(width=40, says="Enter the name of a file."),
    "tftp.config": _text(width=40, says="Enter the name of a file."),
    "profile.name": _text("Profile 1"),
    "profile.enabled": _toggle("Yes"),
    "profile.encapsulation": _choice("PPP", "ATMP", "PPTP", "IPsec"),
    "profile.remote": _address(),
    "profile.mask": _mask(),
    "route.enabled": _toggle("Yes"),
    "route.network": _address(),
    "route.mask": _mask(),
    "route.gateway": _address(),
    "route.priority": _choice("High", "Low"),
    "route.rip": _toggle("No"),
    "server.service": _choice("smtp", "http", "https", "ssh", "Other..."),
    "server.port": _number(25, 1, 65535),
    "server.private": _address(),
    "server.public": _address(),
    "export.service": _choice("smtp", "http", "https", "ssh", "Other..."),
    "export.private": _address(),
    "trap.address": _text(width=40, says="Enter the IP Address/Domain Name of a receiver."),
    "trap.community": _secret(31, "public"),
    "user.name": _text(width=19),
    "user.password": _secret(),
}

_PASSING = {"ping", "trace", "tftp"}
FORMS = ("profile", "route", "server", "export", "trap", "user")
"""Groups of fields of which the unit keeps a table."""


def passing(key: str) -> bool:
    """Whether a value is for one use, and no part of the configuration."""
    return key.partition(".")[0] in _PASSING or key == "telnet.host"


def factory() -> dict[str, str]:
    """The configuration of a new unit."""
    return {
        key: field.default
        for key, field in FIELDS.items()
        if not passing(key) and key.partition(".")[0] not in FORMS
    }
