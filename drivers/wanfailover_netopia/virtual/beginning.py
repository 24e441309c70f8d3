"""What a unit of some variant is set to at first."""

from __future__ import annotations

from ipaddress import IPv4Interface

from wanfailover_netopia.virtual.fields import factory
from wanfailover_netopia.virtual.values import NOTHING, Values

NAME, PASSWORD = "admin", "secret9100"

CIRCUIT = {"wan.address": "address", "wan.mask": "mask", "ip.gateway": "gateway"}
"""The three fields of a circuit, and which of its values each holds."""


def first_settings(
    variants: frozenset[str], given: Values | None, inside: IPv4Interface
) -> dict[str, str]:
    """Every field of the configuration; *given* is None where DHCP gives it."""
    first = factory() | {
        "ip.address": str(inside.ip),
        "ip.mask": str(inside.netmask),
        "serving.first": str(inside.ip + 99),
        "serving.gateway": str(inside.ip),
    }
    if given is not None:
        first |= {key: str(getattr(given, name)) for key, name in CIRCUIT.items()}
    if "password" in variants:
        first["access.name"] = NAME
    if variants & {"password", "password-only", "name-empty"}:
        first["access.password"] = PASSWORD
    if variants & {"restart", "restart-notice"}:
        first["wan.reset"] = "No"
    for name, key, value in (
        ("telnet-off", "security.telnet", "No"),
        ("rw-empty", "snmp.rw", ""),
        ("rw-custom", "snmp.rw", "s3cret-rw"),
        ("auth-traps", "snmp.traps", "On"),
    ):
        if name in variants:
            first[key] = value
    return first


def first_tables(
    variants: frozenset[str], given: Values, inside: IPv4Interface
) -> dict[str, list[dict[str, str]]]:
    """The configuration's tables: a mail server that is seen from the outside, perhaps a tunnel."""
    private = str(inside.ip + 24)
    public = str(given.address if "fixed-server" in variants else NOTHING)
    server = {"service": "smtp", "port": "25", "private": private, "public": public}
    tables = {"export": [{"service": "smtp", "private": private}], "server": [server]}
    if "vpn-row" in variants:
        tunnel = {"name": "HQ tunnel", "enabled": "Yes", "encapsulation": "IPsec"}
        tables["profile"] = [{**tunnel, "remote": "10.20.0.0", "mask": "255.255.0.0"}]
    return tables
