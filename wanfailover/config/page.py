"""The keys of `page:`, the status page: where it listens, and by which names it may be called."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainValidator, ValidationInfo

from wanfailover.config.addresses import HostPort, dns_name, host_port, ipv4
from wanfailover.config.fields import about, wrong
from wanfailover.config.keys import Keys
from wanfailover.specs import Page


def _here(place: HostPort, info: ValidationInfo) -> HostPort:
    if ipv4(place.host) is None:
        raise wrong(f"{about(place.host, info)} is a name; give an address that this host has")
    return place


def _names(value: object, info: ValidationInfo) -> tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    if not several or any(isinstance(each, str) and ":" in each for each in several):
        raise wrong(f"{about(value, info)} should be names without a port: [wan.example.com]")
    return tuple(dns_name(each, info).rstrip(".").lower() for each in several)


class PageKeys(Keys):
    listen: Annotated[HostPort, host_port(), AfterValidator(_here)]
    hosts: Annotated[tuple[str, ...], PlainValidator(_names)] | None = None

    def page(self) -> Page:
        """Make the value that the server is built from."""
        return Page(self.listen.host, self.listen.port, **self.given("hosts"))


def spelt_out(value: object) -> object:
    """The address alone will do; an empty group is one left out."""
    return (value or None) if isinstance(value, dict | None) else {"listen": value}


PageGroup = Annotated[PageKeys | None, BeforeValidator(spelt_out)]
