"""Rows of `check` about mail: would the backup MX take ours, and only ours, and give it back?"""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator, Iterator

from wanfailover.config.addresses import ipv4
from wanfailover.config.draft import RFC1918
from wanfailover.dialogue import Unanswered
from wanfailover.mail.session import Reply, session
from wanfailover.mail.sink import Sink
from wanfailover.ports import Finding, Severity
from wanfailover.probes.names import Names
from wanfailover.specs import Mail

GREEN, YELLOW, RED = Severity.GREEN, Severity.YELLOW, Severity.RED

STRANGERS = ("example.org", "example.net")
"""Domains that nobody's office has (RFC 2606), of which one is not the profile's."""


async def findings(mail: Mail, names: Names) -> AsyncIterator[Finding]:
    """Talk to the backup MX as a sender would, up to the point where a message would follow."""
    at = f"mail: {mail.name}"
    stranger = next(each for each in STRANGERS if each not in mail.domains)
    recipients = [f"postmaster@{domain}" for domain in (*mail.domains, stranger)]
    try:
        async with session(mail, names) as talk:
            offered = talk.offers_etrn
            *own, strange = await talk.would_take(*recipients)
    except Unanswered as failure:
        remedy = "see whether the tunnel stands, and whether the mail server there listens to us"
        yield Finding(at, RED, f"the backup MX cannot be reached: {failure}", remedy)
        return
    yield Finding(at, GREEN, "the backup MX answers")
    for domain, reply in zip(mail.domains, own, strict=True):
        yield _own(domain, reply)
    yield _stranger(at, stranger, strange)
    yield _etrn(at, mail, offered=offered)


def way(mail: Mail, tunnels: int) -> Iterator[Finding]:
    """An inside address of the backup MX is behind a tunnel, of which *tunnels* are known."""
    address = ipv4(mail.host)
    if not tunnels and address is not None and any(address in network for network in RFC1918):
        sentence = "has a private address, and the profile has no tunnel that could lead there"
        remedy = "put it into `tunnels`, so that it is watched, and with `ike` and `child` renewed"
        yield Finding(f"mail: {mail.name}", YELLOW, sentence, remedy)


async def landing(mail: Mail) -> Finding:
    """Whether a canary could land here; the agent may be listening already."""
    if mail.canary is None:
        sentence = (
            "unknown whether the office's server takes what the backup MX passes on, or a "
            "blocklist or a loop is in the way: there is no canary"
        )
        remedy = "give mail a canary, or try it by hand: deploy/README.md, Mail"
        return Finding("mail: canary", YELLOW, sentence, remedy)
    place = f"{mail.canary.host}:{mail.canary.port}"
    sink = Sink(mail.canary, lambda _: None, lambda _: False)
    try:
        await sink.open()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            sentence = f"{place} is listened at already: by the agent, where it runs"
            return Finding("mail: canary", GREEN, sentence)
        why = (os.strerror(error.errno) if error.errno else str(error)).lower()
        remedy = "give `listen` an address that this host has, and a port from 1024 on"
        return Finding("mail: canary", RED, f"cannot land at {place}: {why}", remedy)
    await sink.close()
    return Finding("mail: canary", GREEN, f"would land at {place}")


def _own(domain: str, reply: Reply) -> Finding:
    about = f"mail: {domain}"
    match reply.code // 100:
        case 2:
            return Finding(about, GREEN, "the backup MX takes its mail")
        case 4:
            remedy = "if it is greylisting, let this host pass; else look at that server's log"
            return Finding(about, YELLOW, f"the backup MX puts its mail off: {reply}", remedy)
        case _:
            remedy = "in its Postfix: add the domain to relay_domains"
            return Finding(about, RED, f"the backup MX refuses its mail: {reply}", remedy)


def _stranger(at: str, domain: str, reply: Reply) -> Finding:
    match reply.code // 100:
        case 2:
            sentence = f"is an open relay: it takes mail for {domain} from us, a stranger's domain"
            remedy = (
                "in its Postfix: smtpd_relay_restrictions = reject_unauth_destination, and this "
                "office not in mynetworks; it will be on blocklists soon, and our mail with it"
            )
            return Finding(at, RED, sentence, remedy)
        case 5:
            return Finding(at, GREEN, f"refuses mail for a stranger's domain: {reply.code}")
        case _:
            sentence = f"puts off mail for a stranger's domain: {reply}; it may be an open relay"
            return Finding(at, YELLOW, sentence, "ask from another host")


def _etrn(at: str, mail: Mail, *, offered: bool) -> Finding:
    if not mail.etrn:
        sentence = "is not asked to deliver after a switchover: etrn is false"
        return Finding(at, YELLOW, sentence, "by its own schedule mail may wait for ten minutes")
    if offered:
        return Finding(at, GREEN, "offers ETRN: it can be told to deliver after a switchover")
    sentence = "offers no ETRN: after a switchover it delivers by its own schedule"
    remedy = "in its Postfix: no etrn in smtpd_discard_ehlo_keywords; else set etrn: false"
    return Finding(at, YELLOW, sentence, remedy)
