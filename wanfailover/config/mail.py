"""The keys of `mail:`: who takes the office's mail while the office cannot."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, PlainValidator, ValidationInfo

from wanfailover.config.addresses import HostPort, dns_name, host_port, listening
from wanfailover.config.fields import Flag, about, text, wrong
from wanfailover.config.keys import Keys
from wanfailover.config.spans import span
from wanfailover.specs import Canary, Mail


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


_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*", re.ASCII)
"""What a mailbox for this is called; RFC 5321 would let in more, and Postfix's maps would not."""


def _mailbox(value: object, info: ValidationInfo) -> str:
    local, at, domain = text(value, info).partition("@")
    if not at or not _LOCAL.fullmatch(local) or "." not in domain:
        raise wrong(f"{about(value, info)} is no mailbox, such as canary@example.com")
    return f"{local}@{dns_name(domain, info).rstrip('.').lower()}"


Mailbox = Annotated[str, PlainValidator(_mailbox)]


class CanaryKeys(Keys):
    to: Mailbox
    from_: Mailbox | None = None
    listen: Annotated[HostPort, PlainValidator(listening(2526))]
    every: Annotated[float, span("1m", "31d")] | None = None
    within: Annotated[float, span("5s", "1h")] | None = None

    def canary(self) -> Canary:
        """Make the value; left out, bounces go to a mailbox beside its own."""
        local, _, domain = self.to.partition("@")
        sender = self.from_ or f"{local}-bounces@{domain}"
        rest = self.given("every", "within")
        return Canary(self.to, sender, self.listen.host, self.listen.port, **rest)


class MailKeys(Keys):
    domains: Annotated[tuple[str, ...], PlainValidator(_domains)]
    backup_mx: Annotated[HostPort, host_port(25)]
    server: Annotated[HostPort, host_port(25)] | None = None
    etrn: Flag | None = None
    canary: CanaryKeys | None = None

    def mail(self) -> Mail:
        """Make the value that checks and drains are built from."""
        own = self.server
        return Mail(
            self.domains,
            self.backup_mx.host,
            self.backup_mx.port,
            server=f"{own.host}:{own.port}" if own else None,
            canary=self.canary.canary() if self.canary else None,
            **self.given("etrn"),
        )


MailGroup = Annotated[MailKeys | None, BeforeValidator(lambda value: value or None)]
"""An empty group is one left out."""
