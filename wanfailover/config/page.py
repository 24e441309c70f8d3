"""The keys of `page:`, the status page: where it listens, and by which names it may be called."""

from __future__ import annotations

from typing import Annotated

from pydantic import PlainValidator, ValidationInfo

from wanfailover.config.addresses import HostPort, dns_name, listening
from wanfailover.config.fields import about, wrong
from wanfailover.config.keys import Keys
from wanfailover.specs import Page

_listen = listening(8480)


def _names(value: object, info: ValidationInfo) -> tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    if not several or any(isinstance(each, str) and ":" in each for each in several):
        raise wrong(f"{about(value, info)} should be names without a port: [wan.example.com]")
    return tuple(dns_name(each, info).rstrip(".").lower() for each in several)


class PageKeys(Keys):
    listen: Annotated[HostPort, PlainValidator(_listen)]
    hosts: Annotated[tuple[str, ...], PlainValidator(_names)] | None = None

    def page(self) -> Page:
        """Make the value that the server is built from."""
        return Page(self.listen.host, self.listen.port, **self.given("hosts"))


def _group(value: object, info: ValidationInfo) -> PageKeys | None:
    """The address alone will do, and is spoken of as it stands; an empty group is one left out."""
    if isinstance(value, dict | None):
        return PageKeys.model_validate(value) if value else None
    return PageKeys.model_construct(listen=_listen(value, info))


PageGroup = Annotated[PageKeys | None, PlainValidator(_group)]
