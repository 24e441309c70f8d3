"""Rows of `check` about the backup MX; nothing is ever sent by them."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from tests.support.mx import HANG_UP, Mx
from wanfailover.mail.checks import findings
from wanfailover.ports import Finding, Severity
from wanfailover.probes import Names
from wanfailover.specs import Mail

GREEN, YELLOW, RED = Severity.GREEN, Severity.YELLOW, Severity.RED
RELAY = {"RCPT example.org": "554 5.7.1 <postmaster@example.org>: Relay access denied"}


async def rows(mail: Mail) -> list[Finding]:
    return [row async for row in findings(mail, Names())]


def told(rows: list[Finding], words: str) -> Severity:
    (row,) = [row for row in rows if words in row.sentence]
    return row.severity


async def test_well():
    """Reachable, takes ours, refuses strangers', offers ETRN: four green rows, and no DATA."""
    with Mx(**RELAY) as mx:
        seen = await rows(mx.mail)
    assert [row.severity for row in seen] == [GREEN] * 4
    assert mx.verbs == ["EHLO", "MAIL", "RCPT", "RCPT", "RSET", "QUIT"]
    assert "MAIL FROM:<>" in mx.heard


async def test_open_relay():
    """It takes anybody's mail for anybody."""
    with Mx() as mx:
        seen = await rows(mx.mail)
    assert told(seen, "is an open relay") is RED


async def test_ours_refused():
    """The domain is missing there."""
    with Mx(RCPT="554 5.7.1 Relay access denied") as mx:
        seen = await rows(mx.mail)
    assert told(seen, "refuses its mail: 554 5.7.1 Relay access denied") is RED
    assert told(seen, "refuses mail for a stranger's domain") is GREEN


async def test_one_of_two_refused():
    """Each domain has its row."""
    with Mx(**RELAY, **{"RCPT example.net": "550 no such domain"}) as mx:
        seen = await rows(replace(mx.mail, domains=("example.com", "example.net")))
    about = {row.subject: row.severity for row in seen if "its mail" in row.sentence}
    assert about == {"mail: example.com": GREEN, "mail: example.net": RED}


async def test_put_off():
    """Greylisting is neither yes nor no."""
    with Mx(RCPT="450 4.2.0 Greylisted") as mx:
        seen = await rows(mx.mail)
    assert told(seen, "puts its mail off: 450 4.2.0 Greylisted") is YELLOW
    assert told(seen, "it may be an open relay") is YELLOW


async def test_sender_refused():
    """A server that refuses the null sender refuses everything."""
    with Mx(MAIL="550 5.7.1 go away") as mx:
        seen = await rows(mx.mail)
    assert told(seen, "refuses its mail: 550 5.7.1 go away") is RED
    assert "RCPT" not in mx.verbs


async def test_no_etrn():
    """It drains by its own schedule, then."""
    with Mx(EHLO="250 mx.example.net", **RELAY) as mx:
        seen = await rows(mx.mail)
    assert told(seen, "offers no ETRN") is YELLOW


async def test_etrn_not_wanted():
    """The profile says so."""
    with Mx(**RELAY) as mx:
        seen = await rows(replace(mx.mail, etrn=False))
    assert told(seen, "etrn is false") is YELLOW


async def test_a_stranger_is_never_one_of_ours():
    """An office may have a domain that nobody should have."""
    with Mx(**{"RCPT example.net": "554 no"}) as mx:
        seen = await rows(replace(mx.mail, domains=("example.org",)))
    assert told(seen, "refuses mail for a stranger's domain") is GREEN


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ({"BANNER": "554 no mail here"}, "talk: 554 no mail here"),
        ({"BANNER": "SSH-2.0-OpenSSH_9.2"}, "talk: "),
        ({"EHLO": HANG_UP}, "talk: the server hung up"),
        ({"RCPT": HANG_UP}, "talk: the server hung up"),
        ({"RCPT": "421 closing"}, "talk: "),
    ],
)
async def test_unreachable(script, why):
    """What is there speaks no SMTP, or not with us; a sentence, and no more rows."""
    with Mx(**script) as mx:
        (row,) = await rows(mx.mail)
    assert row.severity is RED
    assert row.sentence.startswith(f"the backup MX cannot be reached: {why}")


async def test_nobody_there():
    """Nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (row,) = await rows(Mail(("example.com",), "127.0.0.1", port))
    assert row.sentence == "the backup MX cannot be reached: connect: connection refused"
