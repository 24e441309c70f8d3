"""What became of a canary, by how it came back or did not, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from wanfailover.mail.letter import Bounce, Hop, circles


class Fate(StrEnum):
    """How it ended; these words are a contract of ``status --json``."""

    ARRIVED = "arrived"
    BLOCKLISTED = "blocklisted"
    LOOPED = "looped"
    REFUSED = "refused"
    MISSING = "missing"
    UNSENT = "unsent"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A fate with its sentence, which goes on from "the canary", and what to do."""

    fate: Fate
    sentence: str
    remedy: str = ""

    def __str__(self) -> str:
        return "; ".join(filter(None, (self.sentence, self.remedy)))


LOOP = re.compile(
    r"too many hops|hop ?count|loops? back|(mail|routing|forwarding) loop", re.IGNORECASE
)
"""Postfix: "too many hops", "mail for DOMAIN loops back to myself"; sendmail: "Too many hops",
"local configuration error ... loops back to me"; Exchange: "Hop count exceeded"."""

LOOPED = re.compile(r"[45]\.4\.6")
"""RFC 3463: routing loop detected."""

LISTED = re.compile(
    r"blocked using|\b(listed|found) (at|in|on|by)\b|\b(dns|r|uri)[bw]l\b|(block|black|deny) ?list"
    r"|spamhaus|spamcop|barracuda",
    re.IGNORECASE,
)
"""Postfix: "Client host [10.20.0.25] blocked using zen.spamhaus.org"; others name the list, too."""

BEFORE_THE_LISTS = (
    "in the office's Postfix the backup MX must stand before every blocklist, as in "
    "deploy/postfix/office.main.cf"
)
OURS = (
    "the office's server must take the domain for its own (mydestination or "
    "virtual_mailbox_domains), and the backup MX must have a route for it"
)
LOOK = "look for it in the queue and the log of the backup MX, then in those of the office's server"


def came_back(bounce: Bounce) -> Verdict:
    """Judge what a mail server said of it."""
    words = bounce.words or bounce.status
    said = f" ({words})" if words else ""
    if LOOPED.fullmatch(bounce.status) or LOOP.search(bounce.words):
        sentence = f"went round between mail servers until one gave up: a mail loop{said}"
        return Verdict(Fate.LOOPED, sentence, OURS)
    if LISTED.search(bounce.words):
        sentence = (
            "came back: a DNS blocklist makes the office's server refuse the backup MX, and all "
            f"mail that it has taken{said}"
        )
        return Verdict(Fate.BLOCKLISTED, sentence, BEFORE_THE_LISTS)
    return Verdict(Fate.REFUSED, f"came back: it was refused on its way{said}", LOOK)


def came(seconds: float, path: tuple[Hop, ...]) -> Verdict:
    """Judge the way by which it has come."""
    host = circles(path)
    if host is not None:
        sentence = f"arrived after {seconds:.1f} s, but {host} had it more than once: a mail loop"
        return Verdict(Fate.LOOPED, sentence, OURS)
    way = ", ".join(host for host, _ in path)
    return Verdict(Fate.ARRIVED, f"arrived after {seconds:.1f} s" + (way and f", by way of {way}"))


def stayed_away(within: float, delayed: str) -> Verdict:
    """It is neither here nor back; *delayed* is what a server has said of why it waits."""
    why = f": it is delayed ({delayed})" if delayed else ", nor has it come back"
    return Verdict(Fate.MISSING, f"has not arrived within {within:g} s{why}", LOOK)
