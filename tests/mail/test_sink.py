"""What lands where canaries land: by real SMTP, on a loop of our own."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from tests.support.mx import Mx
from wanfailover.core.engine import QUICK_TICK
from wanfailover.mail.canary import by_smtp
from wanfailover.mail.fate import came_back
from wanfailover.mail.letter import Bounce, Letter, read, write
from wanfailover.mail.session import Reply, session
from wanfailover.mail.sink import LARGEST, MOST, Sink
from wanfailover.probes import Names
from wanfailover.specs import Canary, Mail

TOKEN = "t" * 43
CANARY = Canary("canary@example.com", "canary-bounces@example.com", "127.0.0.1", 0)

RECEIVED = b"""\
Received: from mx.example.net (mx.example.net [10.20.0.25])
\tby mail.example.com (Postfix) with ESMTP id 4B1; Sat, 28 Nov 2026 07:00:02 +0000 (UTC)
Received: from [192.168.1.10] (unknown [192.168.1.10])
\tby mx.example.net (Postfix) with ESMTP id 9A3; Sat, 28 Nov 2026 08:00:01 +0100
""".replace(b"\n", b"\r\n")

RETURNED = """\
From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
To: canary-bounces@example.com
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="9A3/mx"

--9A3/mx
Content-Type: text/plain

This is the mail system at host mx.example.net.

--9A3/mx
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: Sat, 28 Nov 2026 07:00:01 +0000 (UTC)

Final-Recipient: rfc822; canary@example.com
Action: {action}
Status: 5.7.1
Remote-MTA: dns; 192.168.1.25
Diagnostic-Code: smtp; 554 5.7.1 Service unavailable; Client host [10.20.0.25]
    blocked using bl.example.org

--9A3/mx
Content-Type: text/rfc822-headers

{headers}
--9A3/mx--
"""
"""As Postfix 3.7 writes it."""


def returned(action: str = "failed") -> bytes:
    headers = write(CANARY, TOKEN).decode().partition("\r\n\r\n")[0]
    return RETURNED.format(action=action, headers=headers.replace("\r\n", "\n")).encode()


class Landed(list):
    async def __aenter__(self):
        before = threading.active_count()
        self.awaited = {TOKEN}
        self.sink = Sink(CANARY, self.append, lambda token: token in self.awaited)
        await self.sink.open()
        assert threading.active_count() == before
        return self

    async def __aexit__(self, *_):
        await self.sink.close()

    @property
    def mail(self) -> Mail:
        return Mail(("example.com",), "127.0.0.1", self.sink.port, canary=CANARY)

    async def post(self, recipient: str, message: bytes, sender: str = "") -> Reply:
        async with session(self.mail, Names()) as talk:
            return await talk.send(sender, recipient, message)


async def test_a_canary_lands():
    """As it was written, with the way it has come."""
    async with Landed() as landed:
        reply = await landed.post("Canary@Example.com", RECEIVED + write(CANARY, TOKEN))
        assert reply == Reply(250, "2.0.0 Landed")
    (letter,) = landed
    assert letter.token == TOKEN
    assert letter.bounce is None
    assert [host for host, _ in letter.path] == ["mx.example.net", "mail.example.com"]
    assert [at is not None for _, at in letter.path] == [True, True]


async def test_what_is_sent_is_what_lands():
    """The two ends of one wire."""
    async with Landed() as landed:
        reply = await by_smtp(landed.mail, CANARY, Names())(TOKEN)
        assert reply.code == 250
    assert landed == [Letter(TOKEN)]


async def test_a_bounce_lands():
    """With what the server said that refused it."""
    async with Landed() as landed:
        await landed.post("canary-bounces@example.com", returned())
        await landed.post("canary-bounces@example.com", returned("delayed"))
    words = "554 5.7.1 Service unavailable; Client host [10.20.0.25] blocked using bl.example.org"
    assert landed == [
        Letter(TOKEN, bounce=Bounce(final, "5.7.1", words)) for final in (True, False)
    ]
    assert came_back(landed[0].bounce).fate == "blocklisted"


async def test_nothing_else_lands():
    """No mail for others, none for both at once, none that is too large."""
    async with Landed() as landed:
        reply = await landed.post("staff@example.com", b"Subject: hello\r\n\r\n")
        assert reply == Reply(550, "5.1.1 Only canaries land here")
        large = b"".join(b"x" * 70 + b"\r\n" for _ in range(LARGEST // 72 + 1))
        assert (await landed.post("canary@example.com", large)).code == 552
        async with session(landed.mail, Names()) as talk:
            first, second = await talk.would_take(
                "canary@example.com", "canary-bounces@example.com"
            )
            assert (first.code, second.code) == (250, 452)
    assert landed == []


async def test_no_more_than_it_can_hold():
    """Who comes when it is full takes the place of who has been there longest."""
    async with Landed() as landed:
        held = [await asyncio.open_connection("127.0.0.1", landed.sink.port) for _ in range(MOST)]
        assert all([await reader.readline() for reader, _ in held])
        assert (await landed.post("canary@example.com", write(CANARY, TOKEN))).code == 250
        (first, writer), *held = held
        assert await first.read() == b""
        writer.close()
        for _, writer in held:
            writer.write(b"NOOP\r\n")
        assert [(await reader.readline())[:3] for reader, _ in held] == [b"250"] * (MOST - 1)
    assert [await reader.read() for reader, _ in held] == [b""] * (MOST - 1)  # it hung up
    for _, writer in held:
        writer.close()


async def test_of_a_strangers_message_nothing_is_read():
    """It could be made so that reading it takes a third of a second."""
    bomb = b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1)
        for n in range(1000)
    )
    bomb = b"Content-Type: multipart/report; boundary=b0\r\n\r\n" + bomb
    forged = b"X-Wanfailover-Canary: " + b"f" * 43 + b"\r\n"
    async with Landed() as landed:
        for message in (bomb, forged + bomb):
            began = time.thread_time()
            assert (await landed.post("canary-bounces@example.com", message)).code == 250
            assert time.thread_time() - began < QUICK_TICK
    assert landed == [Letter(None), Letter("f" * 43)]


@pytest.mark.parametrize(
    "damage",
    [
        b"".join(b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1)
            for n in range(1000)),
        b"Content-Type: multipart/report; a*0*=x; a*=y; boundary=z\r\n\r\n",
    ],
)  # fmt: skip
def test_a_bounce_that_no_parser_can_read_is_one_all_the_same(damage):
    """What has our token has come back, whatever a mail server has made of it."""
    raw = b"Content-Type: multipart/report; boundary=b0\r\n"
    raw += f"X-Wanfailover-Canary: {TOKEN}\r\n".encode() + damage
    assert read(raw, bounced=True) == Letter(TOKEN, bounce=Bounce())


async def test_a_port_that_is_taken():
    """It says so."""
    async with Landed() as landed:
        taken = Canary(CANARY.recipient, CANARY.sender, "127.0.0.1", landed.sink.port or 0)
        with pytest.raises(OSError, match="in use"):
            await Sink(taken, landed.append, lambda _: True).open()


@pytest.mark.parametrize("rubbish", [b"", b"\xff\xfe\r\n", b"Received: by\r\n\r\n", b"X" * 10_000])
def test_rubbish(rubbish: bytes):
    """It has no token, whatever it is."""
    assert read(rubbish, bounced=False) == Letter(None)
    assert read(rubbish, bounced=True) == Letter(None, bounce=Bounce())


def test_hops_without_a_time():
    """Or with one that is none."""
    raw = b"Received: by two; tomorrow\r\nReceived: from a by one\r\n\r\n"
    assert read(raw, bounced=False).path == (("one", None), ("two", None))


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ({"MAIL": "550 no"}, 550),
        ({"RCPT": "450 greylisted"}, 450),
        ({"DATA": "554 no data"}, 554),
    ],
)
async def test_the_first_no_is_the_reply(script, code):
    """Wherever in the conversation it comes."""
    with Mx(**script) as mx:
        async with session(mx.mail, Names()) as talk:
            assert (await talk.send("a@b.c", "d@e.f", b"Subject: x\r\n\r\n")).code == code


def test_the_letter_is_a_letter():
    """Whoever looks at it can tell what it is, and no machine replies to it."""
    text = write(CANARY, TOKEN).decode()
    assert "From: <canary-bounces@example.com>\r\nTo: <canary@example.com>\r\n" in text
    assert "Auto-Submitted: auto-generated\r\n" in text
