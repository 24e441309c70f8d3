"""The smtp probe against a mail server that follows a script, and strays from it."""

from __future__ import annotations

import asyncio
import ssl
import time
from ipaddress import IPv4Address
from typing import Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wanfailover.core.facts import Result
from wanfailover.core.site import Path
from wanfailover.ports import ProbeResult
from wanfailover.probes import Names, once
from wanfailover.specs import Smtp

HOST = "mail.example.com"
HERE = IPv4Address("127.0.0.1")
HANG_UP = None
SILENCE = 60.0
HELLO = ["EHLO [127.0.0.1]"]

Say = str | bytes | float | None
"""Words, seconds to wait, or None to hang up."""


class MailServer:
    """Answers each verb as *script* says, piece by piece where it is a list."""

    def __init__(self, certificate=None, **script: Say | list[Say]) -> None:
        self.script: dict[str, Say | list[Say]] = {
            "BANNER": "220 mail.example.com ESMTP\r\n",
            "EHLO": "250-mail.example.com\r\n250-STARTTLS\r\n250 SIZE\r\n",
            "STARTTLS": "220 go ahead\r\n",
            "MAIL": "250 sender ok\r\n",
            "RCPT": "250 recipient ok\r\n",
            "QUIT": ["221 bye\r\n", HANG_UP],
            **script,
        }
        self.heard: list[str] = []
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        if certificate is not None:
            self._tls.load_cert_chain(certificate)

    async def __aenter__(self) -> Self:
        self._guests: set[asyncio.Task] = set()
        self._server = await asyncio.start_server(self._serve, str(HERE), 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_) -> None:
        self._server.close()
        for guest in self._guests:
            guest.cancel()
        await asyncio.gather(*self._guests, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._guests.add(asyncio.current_task())
        try:
            await self._say(writer, "BANNER")
            while line := await reader.readline():
                self.heard.append(line.decode().strip())
                verb = line.split()[0].decode().upper()
                await self._say(writer, verb)
                if verb == "STARTTLS":
                    await writer.start_tls(self._tls)
        except OSError:
            pass  # it hung up on us, or we on it
        finally:
            writer.transport.abort()

    async def _say(self, writer: asyncio.StreamWriter, verb: str) -> None:
        words = self.script[verb]
        for piece in words if isinstance(words, list) else [words]:
            match piece:
                case None:
                    raise ConnectionError
                case float():
                    await asyncio.sleep(piece)
                case str() | bytes():
                    writer.write(piece.encode() if isinstance(piece, str) else piece)
                    await writer.drain()


async def ask(server: MailServer, **spec) -> ProbeResult:
    async with server:
        return await once(
            Smtp(HOST, server.port, **{"deadline": 5.0, **spec}), Path(), Names(lambda _: (HERE,))
        )


async def test_greeting_and_ehlo_are_life():
    """The least a probe asks is 220 and EHLO, and it takes leave; connecting is the round trip."""
    server = MailServer()
    result = await ask(server)
    assert result.result is Result.ANSWERED
    assert [step for step, _ in result.steps] == ["resolve", "connect", "banner", "ehlo", "quit"]
    assert result.rtt == dict(result.steps)["connect"]
    assert server.heard == [*HELLO, "QUIT"]


async def test_recipient_is_asked_for_without_sending_mail():
    """With `rcpt` the server is asked whether it takes mail for it, from the empty sender."""
    server = MailServer()
    assert (await ask(server, rcpt="postmaster@example.com")).result is Result.ANSWERED
    assert server.heard == [*HELLO, "MAIL FROM:<>", "RCPT TO:<postmaster@example.com>", "QUIT"]


async def test_starttls_checks_the_certificate_and_goes_on_encrypted(trusted):
    """With `starttls` the certificate must be good for the host, and EHLO is said once more."""
    server = MailServer(trusted.issue(HOST))
    result = await ask(server, starttls=True, rcpt="postmaster@example.com")
    assert result.result is Result.ANSWERED
    steps = ["resolve", "connect", "banner", "ehlo", "starttls", "rcpt", "quit"]
    assert [step for step, _ in result.steps] == steps
    assert server.heard[:3] == [*HELLO, "STARTTLS", *HELLO]


@pytest.mark.parametrize(
    ("name", "days", "words"),
    [
        ("other.example.com", 1, "not valid for 'mail.example.com'"),
        (HOST, -1, "expired"),
    ],
)
async def test_wrong_certificate_is_lost(trusted, name, days, words):
    """Another host's certificate and an expired one are no answer of the host we asked."""
    result = await ask(MailServer(trusted.issue(name, days=days)), starttls=True)
    assert (result.result, result.step) == (Result.LOST, "certificate")
    assert words in result.detail


async def test_untrusted_certificate_is_lost(authority):
    """A certificate of an authority that this system does not trust is no answer."""
    result = await ask(MailServer(authority.issue(HOST)), starttls=True)
    assert (result.result, result.step) == (Result.LOST, "certificate")


@pytest.mark.parametrize(
    ("step", "script", "detail"),
    [
        ("banner", {"BANNER": "554 go away\r\n"}, "554 go away"),
        ("banner", {"BANNER": HANG_UP}, "hung up"),
        ("banner", {"BANNER": "SSH-2.0-OpenSSH_9.2\r\n"}, "Malformed"),
        ("banner", {"BANNER": "2" * 100_000}, "too long"),
        ("ehlo", {"EHLO": "502 what?\r\n"}, "502 what?"),
        ("ehlo", {"EHLO": ["250-mail.exa", HANG_UP]}, "hung up"),
        ("starttls", {"STARTTLS": "454 not now\r\n"}, "454 not now"),
        ("starttls", {"EHLO": "250 plain only\r\n"}, "STARTTLS"),
        ("starttls", {"STARTTLS": ["220 go ahead\r\n", HANG_UP]}, ""),
        ("starttls", {"STARTTLS": ["220 go ahead\r\n", 0.05, b"\0no tls\r\n" * 9]}, ""),
        ("rcpt", {"MAIL": "451 no\r\n"}, "451 no"),
        ("rcpt", {"RCPT": "550 no such user\r\n"}, "550 no such user"),
        ("rcpt", {"RCPT": HANG_UP}, "hung up"),
    ],
)
async def test_what_goes_wrong_is_told_with_its_step(trusted, step, script, detail):
    """A server that refuses, hangs up or babbles is lost at that step, in its own words."""
    server = MailServer(trusted.issue(HOST), **script)
    result = await ask(server, starttls=True, rcpt="a@example.com")
    assert (result.result, result.step) == (Result.LOST, step)
    assert detail in result.detail
    assert result.detail


@pytest.mark.parametrize(
    ("step", "verb"),
    [("banner", "BANNER"), ("ehlo", "EHLO"), ("starttls", "STARTTLS"), ("rcpt", "RCPT")],
)
async def test_stalling_ends_at_the_deadline(trusted, step, verb):
    """A server that falls silent at any step costs no more than the deadline of the whole."""
    server = MailServer(trusted.issue(HOST), **{verb: SILENCE})
    began = time.monotonic()
    result = await ask(server, starttls=True, rcpt="a@example.com", deadline=0.6)
    assert (result.result, result.step) == (Result.LOST, step)
    assert result.detail == "no answer within 0.6 s"
    assert time.monotonic() - began < 1.5


async def test_deadline_is_for_the_whole():
    """A server that drips a line at a time does not win itself time with each."""
    drip: list[Say] = []
    for _ in range(50):
        drip += ["250-more\r\n", 0.05]
    began = time.monotonic()
    result = await ask(MailServer(EHLO=drip), deadline=0.15)
    assert (result.result, result.step) == (Result.LOST, "ehlo")
    assert time.monotonic() - began < 1


async def test_slow_greeting_is_waited_for():
    """Servers hold the banner back to spot spammers; within the deadline it is an answer."""
    result = await ask(MailServer(BANNER=[0.1, "220 patience\r\n"]))
    assert result.result is Result.ANSWERED
    assert dict(result.steps)["banner"] >= 0.1
    assert result.rtt < 0.1


@pytest.mark.parametrize("words", [HANG_UP, SILENCE, "500 what?\r\n", b"\xff\xfe\r\n"])
async def test_failing_farewell_is_no_failure(words):
    """By the time of QUIT the probe has its answer; a rude end changes nothing."""
    result = await ask(MailServer(QUIT=words), deadline=0.5)
    assert result.result is Result.ANSWERED


async def test_server_s_words_are_made_legible():
    """Control characters, bad UTF-8 and great length go no further than the prober."""
    result = await ask(MailServer(EHLO=b"550 \x1b[31mno\xff\x07 " + b"x" * 5000 + b"\r\n"))
    assert result.detail.isprintable()
    assert result.detail.startswith("550 [31mno x")
    assert len(result.detail) <= 200
    result.detail.encode()


@settings(max_examples=20)
@given(
    verb=st.sampled_from(["BANNER", "EHLO", "MAIL", "RCPT", "QUIT"]),
    words=st.lists(
        st.one_of(st.binary(max_size=60), st.sampled_from(["250 ok\r\n", "250-", "\r\n", HANG_UP])),
        max_size=4,
    ),
)
async def test_no_server_breaks_the_probe(verb, words):
    """Arbitrary bytes at any step end in a result, in good time."""
    result = await ask(MailServer(**{verb: words}), rcpt="a@example.com", deadline=0.03)
    assert result.result in (Result.ANSWERED, Result.LOST)
    assert result.detail.isprintable()
