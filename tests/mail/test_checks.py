"""Rows of `check` about the backup MX; nothing is ever sent by them."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from tests.support.mx import HANG_UP, Mx
from wanfailover.mail import checks
from wanfailover.mail.checks import findings
from wanfailover.mail.sink import Sink
from wanfailover.ports import Finding, Severity
from wanfailover.probes import Names
from wanfailover.specs import Canary, Mail

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


CANARY = Canary("canary@example.com", "canary-bounces@example.com", "127.0.0.1", 0)


async def landing(canary: Canary | None):
    return await checks.landing(Mail(("example.com",), "10.20.0.25", canary=canary))


async def test_whether_a_canary_can_land():
    """It is tried, and the agent itself may have the port."""
    assert (await landing(CANARY)).severity is GREEN
    sink = Sink(CANARY, print, bool)
    await sink.open()
    taken = await landing(replace(CANARY, port=sink.port or 0))
    await sink.close()
    assert taken.severity is GREEN
    assert "listened at already: by the agent" in taken.sentence
    away = await landing(replace(CANARY, host="192.0.2.1"))
    assert away.severity is RED
    assert away.sentence == "cannot land at 192.0.2.1:0: cannot assign requested address"


async def test_without_a_canary_its_fate_is_unknown():
    """And how to know is said."""
    row = await landing(None)
    assert row.severity is YELLOW
    assert "unknown whether the office's server takes what the backup MX passes on" in row.sentence
    assert "by hand" in row.remedy


@pytest.mark.parametrize(
    ("host", "tunnels", "told"),
    [
        ("10.20.0.25", 0, True),
        ("10.20.0.25", 1, False),
        ("192.0.2.25", 0, False),
        ("mx.example.net", 0, False),
    ],
)
def test_no_tunnel_could_lead_there(host, tunnels, told):
    """Only a private address needs one, as far as anybody can tell."""
    seen = list(checks.way(Mail(("example.com",), host), tunnels))
    assert [row.severity for row in seen] == [YELLOW] * told
    assert all("no tunnel that could lead there" in row.sentence for row in seen)
