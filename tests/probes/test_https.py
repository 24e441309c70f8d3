"""The https probe against a web server that the test scripts byte by byte."""

from __future__ import annotations

import asyncio
import socket
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
from wanfailover.specs import Https

HOST = "www.example.net"
HERE = IPv4Address("127.0.0.1")
HANG_UP = None


def page(text: str, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(text.encode())}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n" + text).encode()


class WebServer:
    """Says *pieces* to every request: bytes, seconds to wait, or None to hang up."""

    def __init__(self, certificate, *pieces: bytes | float | None) -> None:
        self._pieces = pieces
        self._tls = None
        if certificate is not None:
            self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._tls.load_cert_chain(certificate)
        self.requests: list[str] = []
        self.connections = 0

    async def __aenter__(self) -> Self:
        self._guests: set[asyncio.Task] = set()
        self._server = await asyncio.start_server(self._serve, str(HERE), 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_) -> None:
        self._server.close()
        for guest in self._guests:
            guest.cancel()
        await asyncio.gather(*self._guests, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._guests.add(asyncio.current_task())
        try:
            self.requests.append((await reader.read(65536)).decode("latin-1"))
            for piece in self._pieces:
                match piece:
                    case None:
                        return
                    case float():
                        await asyncio.sleep(piece)
                    case bytes():
                        writer.write(piece)
                        await writer.drain()
            await reader.read()
        except (OSError, EOFError):
            pass  # the probe has had enough
        finally:
            writer.transport.abort()


async def ask(server: WebServer, *, scheme: str = "https", **spec) -> ProbeResult:
    async with server:
        url = f"{scheme}://{HOST}:{server.port}/health?x=1"
        return await once(Https(url, **{"deadline": 5.0, **spec}), Path(), Names(lambda _: (HERE,)))


@pytest.fixture
def certificate(trusted):
    return trusted.issue(HOST)


async def test_page_that_holds_the_text_is_life(certificate):
    """2xx and the text in the page; the connection's round trip is the probe's."""
    server = WebServer(certificate, page("all is well here"))
    result = await ask(server, expect="is well")
    assert result.result is Result.ANSWERED
    steps = ["resolve", "connect", "tls", "status", "expect"]
    assert [step for step, _ in result.steps] == steps
    assert result.rtt == dict(result.steps)["connect"]


async def test_request_is_for_the_named_host(certificate):
    """Asked by address, the server is still told the name, and who asks."""
    server = WebServer(certificate, page(""))
    await ask(server)
    (request,) = server.requests
    assert request.startswith("GET /health?x=1 HTTP/1.1\r\n")
    assert f"Host: {HOST}:{server.port}\r\n" in request
    assert "User-Agent: wanfailover/" in request
    assert request.count("Host:") == 1


async def test_each_probe_makes_a_new_connection(certificate):
    """A connection kept open would hide that new ones fail."""
    server = WebServer(certificate, page("x"))
    async with server:
        spec = Https(f"https://{HOST}:{server.port}/")
        for _ in range(2):
            result = await once(spec, Path(), Names(lambda _: (HERE,)))
            assert result.result is Result.ANSWERED
    assert server.connections == 2


async def test_plain_http_has_no_tls_step(certificate):
    """A URL without TLS is probed as it stands."""
    result = await ask(WebServer(None, page("ok")), scheme="http", expect="ok")
    assert [step for step, _ in result.steps] == ["resolve", "connect", "status", "expect"]


@pytest.mark.parametrize(
    ("name", "days", "words"),
    [("portal.example.org", 1, f"not valid for '{HOST}'"), (HOST, -1, "expired")],
)
async def test_wrong_certificate_is_lost(trusted, name, days, words):
    """Whoever cannot prove to be the host is not the host, whatever the page says."""
    result = await ask(WebServer(trusted.issue(name, days=days), page("all is well")))
    assert (result.result, result.step) == (Result.LOST, "certificate")
    assert words in result.detail


async def test_untrusted_certificate_is_lost(authority):
    """An authority that this system does not trust vouches for nothing."""
    result = await ask(WebServer(authority.issue(HOST), page("all is well")))
    assert (result.result, result.step) == (Result.LOST, "certificate")


async def test_no_tls_at_all_is_lost():
    """A server that speaks something else is lost at the TLS step."""
    result = await ask(WebServer(None, page("all is well")))
    assert (result.result, result.step) == (Result.LOST, "tls")


@pytest.mark.parametrize(
    ("pieces", "step", "detail"),
    [
        (
            [page("", "302 Found", "Location: http://portal.example.org/login")],
            "status",
            "status 302, sends on to http://portal.example.org/login",
        ),
        ([page("is well", "503 Service Unavailable")], "status", "status 503"),
        ([page("please log in")], "expect", "the page does not hold 'is well'"),
        ([page("is well")[:-3], HANG_UP], "expect", ""),
        ([HANG_UP], "status", "hung up"),
        ([b"220 mail.example.com ESMTP\r\n", HANG_UP], "status", ""),
        ([page("x" * 256 * 1024 + "is well")], "expect", "the page does not hold"),
    ],
)
async def test_what_is_wrong_is_told_with_its_step(certificate, pieces, step, detail):
    """Portals, errors, other pages and broken ones are lost at the step that shows it."""
    result = await ask(WebServer(certificate, *pieces), expect="is well")
    assert (result.result, result.step) == (Result.LOST, step)
    assert detail in result.detail
    assert result.detail


async def test_redirect_is_not_followed(certificate):
    """One request is all there is: where a portal sends us is none of our business."""
    server = WebServer(
        certificate, page("", "307 Temporary Redirect", f"Location: https://{HOST}/")
    )
    await ask(server)
    assert server.connections == 1


@pytest.mark.parametrize(
    ("pieces", "step"),
    [([9.0], "status"), ([page("is well")[:-3], 9.0], "expect")],
)
async def test_stalling_ends_at_the_deadline(certificate, pieces, step):
    """A server that falls silent costs no more than the deadline of the whole."""
    began = time.monotonic()
    result = await ask(WebServer(certificate, *pieces), expect="is well", deadline=0.2)
    assert (result.result, result.step) == (Result.LOST, step)
    assert result.detail == "no answer within 0.2 s"
    assert time.monotonic() - began < 1


async def test_stalling_in_the_handshake_ends_at_the_deadline():
    """A port that takes connections and says nothing is lost at the TLS step."""
    with socket.create_server((str(HERE), 0)) as server:
        port = server.getsockname()[1]
        result = await once(Https(f"https://127.0.0.1:{port}/", deadline=0.2))
    assert (result.result, result.step) == (Result.LOST, "tls")


async def test_text_across_pieces_is_found(certificate):
    """The text counts however the page is cut up on its way."""
    whole = page("all is well")
    server = WebServer(certificate, whole[:-4], 0.02, whole[-4:])
    assert (await ask(server, expect="is well")).result is Result.ANSWERED


@settings(max_examples=15)
@given(
    head=st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", page("x")[:-1], b"HTTP/1.1 "]),
    words=st.lists(st.binary(max_size=60), max_size=3),
)
async def test_no_server_breaks_the_probe(head, words):
    """Arbitrary bytes in head and page end in a result."""
    server = WebServer(None, head, *words, b"\r\n\r\n", HANG_UP)
    result = await ask(server, scheme="http", expect="never there", deadline=1.0)
    assert result.result is Result.LOST
    assert result.detail.isprintable()
