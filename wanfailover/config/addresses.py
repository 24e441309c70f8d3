"""The types of values that say where something is: addresses, hosts, ports behind colons, URLs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, IPv6Address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import PlainValidator, ValidationInfo

from wanfailover.config.fields import AT_KEY, about, text, written, wrong

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*\.?", re.ASCII)
"""A name in the DNS (RFC 1035), underscores allowed as in service names."""

_LIKE_AN_ADDRESS = re.compile(r"[0-9.]+", re.ASCII)


def ipv4(host: str) -> IPv4Address | None:
    """Read a dotted address; None where it is a name."""
    try:
        return IPv4Address(host)
    except AddressValueError:
        return None


def _refuse_ipv6(host: str, subject: str) -> None:
    try:
        IPv6Address(host.partition("/")[0].strip("[]"))
    except AddressValueError:
        return
    raise wrong(f"{subject} is IPv6, which is not switched; give an IPv4 address")


def _address(value: object, info: ValidationInfo) -> IPv4Address:
    subject = about(value, info)
    _refuse_ipv6(written(value), subject)
    plain, slash, _ = written(value).partition("/")
    address = ipv4(plain)
    if address is None:
        raise wrong(f"{subject} is not an IPv4 address, such as 203.0.113.1")
    if slash:
        raise wrong(f"{subject} has a prefix length where none belongs; write {plain}")
    return address


def _address_with_prefix(value: object, info: ValidationInfo) -> IPv4Interface:
    subject = about(value, info)
    if value == "dhcp":
        raise wrong(f"{subject} is not built yet; give the circuit a static address", AT_KEY)
    _refuse_ipv6(written(value), subject)
    plain, slash, prefix = written(value).partition("/")
    if ipv4(plain) is None:
        raise wrong(f"{subject} is not an IPv4 address with its prefix, such as 203.0.113.2/29")
    if not slash:
        raise wrong(f"{subject} has no prefix length; write {plain}/29 if its network is a /29")
    if not re.fullmatch(r"[0-9]{1,2}", prefix, re.ASCII) or int(prefix) > 32:
        raise wrong(f"{subject} needs a prefix length of 0 to 32 behind the slash, such as /29")
    return IPv4Interface(f"{plain}/{prefix}")


def _check_host(host: str, subject: str) -> str:
    _refuse_ipv6(host, subject)
    if _LIKE_AN_ADDRESS.fullmatch(host):
        if ipv4(host) is None:
            raise wrong(f"{subject} is not an IPv4 address, such as 192.0.2.10")
    elif not _NAME.fullmatch(host):
        raise wrong(f"{subject} is neither an IPv4 address nor a host's name")
    return host


def _host(value: object, info: ValidationInfo) -> str:
    return _check_host(written(value), about(value, info))


@dataclass(frozen=True, slots=True)
class HostPort:
    """A host, and the port to knock at."""

    host: str
    port: int


def host_port(default: int | None = None) -> PlainValidator:
    """Accept ``host:port``; without *default* the port must be there."""
    return PlainValidator(lambda value, info: _host_port(value, info, default))


def _host_port(value: object, info: ValidationInfo, default: int | None = None) -> HostPort:
    subject = about(value, info)
    _refuse_ipv6(written(value), subject)
    host, colon, port = written(value).partition(":")
    _check_host(host, subject)
    if not colon:
        if default is None:
            raise wrong(f"{subject} has no port; write {host}:443, or whichever is open there")
        return HostPort(host, default)
    if not _PORT.fullmatch(port) or not 1 <= int(port) <= 65535:
        raise wrong(f"{subject} has no port behind the colon; ports are 1 to 65535")
    return HostPort(host, int(port))


_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)


def listening(usual: int) -> Callable[[object, ValidationInfo], HostPort]:
    """Have ``address:port`` of this host accepted; *usual* is the port to offer."""

    def read(value: object, info: ValidationInfo) -> HostPort:
        host, colon, _ = written(value).partition(":")
        subject = about(value, info)
        if not colon and ipv4(host):
            raise wrong(f"{subject} has no port; write {host}:{usual}, or another that is free")
        if not colon and _PORT.fullmatch(host):
            raise wrong(
                f"{subject} has no address; write 127.0.0.1:{host}, or another of this host"
            )
        if not colon:
            raise wrong(f"{subject} is no address with its port, such as 127.0.0.1:{usual}")
        place = _host_port(value, info)
        if ipv4(place.host) is None:
            raise wrong(f"{about(place.host, info)} is a name; give an address that this host has")
        return place

    return read


def dns_name(value: object, info: ValidationInfo) -> str:
    """Accept a name in the DNS."""
    name = text(value, info)
    if not _NAME.fullmatch(name):
        raise wrong(f"{about(name, info)} is not a name in the DNS, such as example.net")
    return name


def _https_url(value: object, info: ValidationInfo) -> str:
    address = text(value, info)
    try:
        url = urlsplit(address)
        port = url.port
    except ValueError:
        raise wrong(f"`{info.field_name}` is no URL, such as https://example.net/") from None
    if "@" in url.netloc:
        # Said before the value is ever repeated.
        raise wrong(
            f"`{info.field_name}` holds a login, and a secret has no place in the profile; "
            "choose a page that needs none"
        )
    subject = about(address, info)
    if url.scheme == "http":
        raise wrong(f"{subject} is not https, and a captive portal would answer it")
    if url.scheme != "https" or not url.hostname or port == 0 or not address.isprintable():
        raise wrong(f"{subject} is no URL, such as https://example.net/")
    _check_host(url.hostname, subject)
    return address


Address = Annotated[IPv4Address, PlainValidator(_address)]
AddressWithPrefix = Annotated[IPv4Interface, PlainValidator(_address_with_prefix)]
Host = Annotated[str, PlainValidator(_host)]
DnsName = Annotated[str, PlainValidator(dns_name)]
HttpsUrl = Annotated[str, PlainValidator(_https_url)]
