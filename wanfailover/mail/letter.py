"""The canary as a message: how it is written, and what a message tells that comes of one.

It comes itself, or as a bounce that has it inside (RFC 3464). Nobody but us knows its token, so a
message without that is none of ours, whatever else it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.utils import format_datetime, parsedate_to_datetime
from itertools import groupby

from wanfailover.journal.eras import utc_now
from wanfailover.probes.failures import legible
from wanfailover.report import stamp
from wanfailover.specs import Canary

HEADER = "X-Wanfailover-Canary"

TOKEN = re.compile(rf"^{HEADER}:\s*([\w-]{{20,100}})\s*$".encode(), re.MULTILINE | re.IGNORECASE)
BY = re.compile(r"\bby\s+([^\s;()]+)")
"""The host that wrote a `Received` header (RFC 5321, section 4.4)."""

MOST_HOPS = 100
"""Headers that are looked at: Postfix lets no message pass with more than 50 (hopcount_limit)."""

Hop = tuple[str, str | None]
"""A host, and when it had the message, as its own clock has it."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a mail server says of a message that it could not pass on (RFC 3464).

    Args:
        final: It will not be tried again.

        words: What the server said that refused it, mostly; none where the bounce does not tell.
    """

    final: bool = True
    status: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that came to where canaries land. *path* begins where it was taken first."""

    token: str | None
    path: tuple[Hop, ...] = ()
    bounce: Bounce | None = None


def write(canary: Canary, token: str) -> bytes:
    """Write one."""
    return (
        f"From: <{canary.sender}>\r\n"
        f"To: <{canary.recipient}>\r\n"
        f"Subject: wanfailover canary\r\n"
        f"Date: {format_datetime(utc_now())}\r\n"
        f"Message-ID: <{token}@wanfailover.invalid>\r\n"
        f"Auto-Submitted: auto-generated\r\n"  # RFC 3834: no vacation replies to it
        f"{HEADER}: {token}\r\n"
        "\r\n"
        "Sent through the backup MX to see whether mail gets through. Nobody needs to read it.\r\n"
    ).encode("ascii")


def token_of(raw: bytes) -> str | None:
    """Tell by which token a message goes; quickly, whatever it is."""
    found = TOKEN.search(raw)
    return found[1].decode("ascii") if found else None


def read(raw: bytes, *, bounced: bool) -> Letter:
    """Tell what has come; *bounced* is that it came to where bounces go.

    A message can be made to take long, so that is for one whose token is known.
    """
    token = token_of(raw)
    try:
        message = message_from_bytes(raw)
        if bounced:
            return Letter(token, bounce=_bounce(message))
        return Letter(token, tuple(_path(message)))
    except Exception:  # noqa: BLE001 - `email` trips over parameters, and over nesting
        return Letter(token, bounce=Bounce() if bounced else None)


def _path(message: Message) -> Iterator[Hop]:
    """Each server puts its header above the others."""
    for header in reversed(message.get_all("Received", [])[:MOST_HOPS]):
        line = str(header)[:2000]
        by = BY.search(line)
        if by:
            yield legible(by[1]), _when(line.rpartition(";")[2])


def _when(text: str) -> str | None:
    try:
        return stamp(parsedate_to_datetime(text.strip()))
    except (ValueError, OverflowError):
        return None


def _bounce(message: Message) -> Bounce:
    reports = [part for part in message.walk() if part.get_content_type() == REPORT]
    for fields in (field for report in reports for field in _fields(report)):
        action = str(fields.get("Action", "failed")).strip().lower()
        words = str(fields.get("Diagnostic-Code", "")).partition(";")[2]
        return Bounce(
            final=action not in {"delayed", "relayed", "delivered", "expanded"},
            status=legible(str(fields.get("Status", ""))),
            words=legible(words),
        )
    return Bounce()


REPORT = "message/delivery-status"


def _fields(report: Message) -> Iterator[Message]:
    """Those about a recipient; the first of a report are about the message."""
    blocks = report.get_payload()
    if isinstance(blocks, list):
        yield from (block for block in blocks if isinstance(block, Message) and "Action" in block)


def circles(path: tuple[Hop, ...]) -> str | None:
    """The host that had it, gave it to another, and got it back; None where nobody did.

    A host that has it twice in a row has passed it through a filter.
    """
    visits = [host for host, _ in groupby(host for host, _ in path)]
    return next((host for host in visits if visits.count(host) > 1), None)
