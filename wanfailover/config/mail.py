"""The keys of `mail:`: who takes the office's mail while the office cannot."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, PlainValidator, ValidationInfo

from wanfailover.config.addresses import HostPort, dns_name, host_port
from wanfailover.config.fields import Flag, NotBuilt, about, wrong
from wanfailover.config.keys import Keys
from wanfailover.specs import Mail


def _domains(value: object, info: ValidationInfo) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise wrong(f"{about(value, info)} should be a list of the office's own, [example.com]")
    names = [dns_name(each, info).rstrip(".").lower() for each in value]
    for name in names:
        if "." not in name:
            raise wrong(f"`{info.field_name}` has {name}, which is no domain that mail is sent to")
        if names.count(name) > 1:
            raise wrong(f"`{info.field_name}` has {name} twice; once is enough")
    return tuple(names)


class MailKeys(Keys):
    domains: Annotated[tuple[str, ...], PlainValidator(_domains)]
    backup_mx: Annotated[HostPort, host_port(25)]
    server: Annotated[HostPort, host_port(25)] | None = None
    etrn: Flag | None = None
    canary: NotBuilt = None

    def mail(self) -> Mail:
        """Make the value that checks and drains are built from."""
        own = self.server
        return Mail(
            self.domains,
            self.backup_mx.host,
            self.backup_mx.port,
            server=f"{own.host}:{own.port}" if own else None,
            **self.given("etrn"),
        )


MailGroup = Annotated[MailKeys | None, BeforeValidator(lambda value: value or None)]
"""An empty group is one left out."""
