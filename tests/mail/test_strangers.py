"""Whatever the far side says, asking it ends, and ends with a sentence."""

from __future__ import annotations

import asyncio

import pytest

from wanfailover import dialogue
from wanfailover.core.entries import MailDrained, MailNotDrained
from wanfailover.dialogue import Unanswered
from wanfailover.mail.canary import by_smtp as send_canary
from wanfailover.mail.checks import findings
from wanfailover.mail.drain import Drain, by_smtp
from wanfailover.probes import Names
from wanfailover.specs import Canary, Mail

GREETING, HELLO, FINE = b"220 mx\r\n", b"250 mx\r\n", b"250 ok\r\n"

TALKS = {
    "nothing": [b""],
    "not SMTP": [b"\xff\xfe\x00\x01\r\n"],
    "a line without an end": [b"220 " + b"x" * 100_000],
    "a code that is none": [GREETING, HELLO, b"999 what\r\n", b"999 what\r\n"],
    "a code of letters": [GREETING, HELLO, b"abc\r\n", b"abc\r\n"],
    "words in no alphabet": [GREETING, HELLO, b"250 \xff\xfe\x1b[31m\r\n", FINE],
    "a reply of many lines": [GREETING, HELLO, b"250-a\r\n" * 50 + b"250 b\r\n", FINE],
    "a reply that never ends": [GREETING, HELLO, b"250-a\r\n"],
    "two replies at once": [GREETING, HELLO, FINE * 2, FINE],
    "gone after the greeting": [GREETING],
    "gone after EHLO": [GREETING, HELLO],
}


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS)
async def test_anything(talk, monkeypatch):
    """Neither raises: the agent would end with it."""
    monkeypatch.setattr(dialogue, "TALK", 0.5)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        guests.add(asyncio.current_task())
        try:
            for piece in talk:
                writer.write(piece)
                if not await reader.readline():
                    break
        except OSError:
            pass  # we hung up on it
        finally:
            writer.transport.abort()

    guests: set[asyncio.Task | None] = set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        mail = Mail(("example.com",), *server.sockets[0].getsockname())
        rows = [row async for row in findings(mail, Names())]
        canary = Canary("canary@example.com", "b@example.com", "127.0.0.1", 2526)
        try:
            sent = str(await send_canary(mail, canary, Names())("t" * 43))
        except Unanswered as failure:
            sent = str(failure)
        entry = await Drain(mail, by_smtp(mail, Names())).run("s1", within=0.1)
        await asyncio.wait(filter(None, guests), timeout=5)
    assert rows
    assert isinstance(entry, MailDrained | MailNotDrained)
    for sentence in (sent, entry.because, *(row.sentence for row in rows)):
        assert sentence.isprintable()
        assert sentence.strip()
