"""Postfix configuration for the backup MX and the office, with the profile's values filled in.

The files are those of ``deploy/postfix/``, which work as they stand: what is an office's own has a
line of its own at their top, and only such lines are changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from pathlib import Path

from wanfailover.config.addresses import ipv4
from wanfailover.specs import Mail

FOLDER = Path(__file__).parent / "configuration"

FILES = {
    "backup-mx.main.cf": "add to main.cf of the backup MX",
    "backup-mx.master.cf": "add to master.cf of the backup MX",
    "office.main.cf": "add to main.cf of the office's mail server, where that is a Postfix",
    "office.canary.cf": "add there, too: for the canary",
}

CANARY = "office.canary.cf"
"""Only where one is sent."""

ALTERNATIVE = re.compile(r"^2525 ", re.MULTILINE)
"""The line of master.cf that listens at another port than 25."""


def values(mail: Mail, router: IPv4Address | None) -> dict[str, str | None]:
    """The office's own lines; None where the profile does not tell.

    Args:
        mail: Of the profile.

        router: Its address on the inside: the agent is taken to be in that /24. But where our mail
            server has an address of another network, as it is reached through the tunnel, the
            router hides the office behind that address, and the agent with it.
    """
    domains = ", ".join(mail.domains)
    host, _, port = (mail.server or "").partition(":")
    routes = [f"{{ {domain} = office:[{host}]:{port} }}" for domain in mail.domains]
    tunnel = mail.host if ipv4(mail.host) else None
    agent = str(router).rpartition(".")[0] if router else None
    hidden = agent is not None and ipv4(host) and host.rpartition(".")[0] != agent
    canary, sink = mail.canary, None
    if canary is not None and canary.host != ANYWHERE:
        sink = f"[{canary.host}]:{canary.port}"
        there = f"[{host}]:{canary.port}" if hidden else sink  # by a pinhole of its own
        routes.append(f"{{ {canary.sender} = office:{there} }}")
    return {
        "office_domains": domains,
        "office_routes": ", ".join(routes) if mail.server else None,
        "office_tunnel": tunnel,
        "office_agent": host if hidden else agent,
        "office_backup_mx": tunnel,
        "office_canary": canary.recipient.partition("@")[0] if canary else None,
        "office_bounces": canary.sender if canary else None,
        "office_sink": sink and f"smtp:{sink}",
    }


ANYWHERE = "0.0.0.0"  # noqa: S104 - what a profile may hold, which tells nobody where to send to


def filled(mail: Mail, router: IPv4Address | None) -> Iterator[str]:
    """Each file, ready to be added to a Postfix."""
    for name, use in FILES.items():
        if name == CANARY and mail.canary is None:
            continue
        text = fill((FOLDER / name).read_text(encoding="utf-8"), values(mail, router))
        listens = f"{mail.port:<5}" if mail.port != 25 else "#2525 "
        yield f"# --- {name}: {use} ---\n{ALTERNATIVE.sub(listens, text)}"


def fill(text: str, own: Mapping[str, str | None]) -> str:
    """Put an office's own values into the lines that are for them; say which it has to find."""
    for key, value in own.items():
        line = re.compile(rf"^{key} = .*$", re.MULTILINE)
        if value is None:
            unknown = r"# The profile does not tell this one; this is an example:\n\g<0>"
            text = line.sub(unknown, text)
        else:
            text = line.sub(f"{key} = {value}", text)
    return text
