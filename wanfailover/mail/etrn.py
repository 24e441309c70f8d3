"""What a server means by its reply to ETRN (RFC 1985, section 5), and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from wanfailover.mail.session import Reply


class Outcome(Enum):
    """What becomes of the mail that waits."""

    BEGUN = auto()
    EMPTY = auto()
    LATER = auto()
    REFUSED = auto()

    @property
    def well(self) -> bool:
        """Nothing is left to ask for."""
        return self in {Outcome.BEGUN, Outcome.EMPTY}


@dataclass(frozen=True, slots=True)
class Meaning:
    """One reply, understood. *sentence* goes on from "the backup MX"."""

    outcome: Outcome
    sentence: str
    remedy: str = ""


FLUSH = "in its Postfix: {domain} into fast_flush_domains, and the flush service in master.cf"
ALLOW = "in its Postfix: let this host pass smtpd_etrn_restrictions"
ELSE = "without ETRN it delivers by its own queue's schedule: shorten that, or set etrn: false"

KNOWN = {
    250: Meaning(Outcome.BEGUN, "has begun to deliver what it holds for {domain}"),
    251: Meaning(Outcome.EMPTY, "holds nothing for {domain}"),
    252: Meaning(Outcome.BEGUN, "has begun to deliver what waits for {domain}"),
    253: Meaning(Outcome.BEGUN, "has begun to deliver {count} for {domain}"),
    458: Meaning(Outcome.LATER, "cannot begin to deliver for {domain} now"),
    459: Meaning(Outcome.REFUSED, "does not do ETRN for {domain}", FLUSH),
    500: Meaning(Outcome.REFUSED, "does not know ETRN", ELSE),
    501: Meaning(Outcome.REFUSED, "does not take {domain} for a domain", "correct mail.domains"),
    502: Meaning(Outcome.REFUSED, "has ETRN switched off", ELSE),
}
LATER = Meaning(Outcome.LATER, "puts us off")
REFUSED = Meaning(Outcome.REFUSED, "does not let this host ask for {domain}", ALLOW)
STRANGE = Meaning(Outcome.REFUSED, "gives an answer that ETRN does not have", ELSE)


def meaning(reply: Reply, domain: str) -> Meaning:
    """Understand *reply* to ETRN for *domain*; the server's own words stand behind ours."""
    other = {4: LATER, 5: REFUSED}.get(reply.code // 100, STRANGE)
    known = KNOWN.get(reply.code, other)
    counted = re.search(r"\b(\d+) (pending )?messages?\b", reply.text)
    number = counted[1] if counted else "some"
    count = f"{number} message{'' if number == '1' else 's'}"
    sentence = known.sentence.format(domain=domain, count=count)
    return Meaning(known.outcome, f"{sentence} ({reply})", known.remedy.format(domain=domain))
