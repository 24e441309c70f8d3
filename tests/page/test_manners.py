"""Who may ask, and how: what is no plain look is refused before anything is looked up."""

from __future__ import annotations

import pytest

from wanfailover.page.manners import HEADERS

GOOD = ["127.0.0.1", "127.0.0.1:{port}", "localhost:{port}", "LOCALHOST", "office:80",
    "WAN.Example.com.", "wan.example.com.:8480"]  # fmt: skip
BAD = ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example",
    "127.0.0.2:{port}", "192.0.2.1", "0.0.0.0", "[::1]:{port}", "a@127.0.0.1",
    "127.0.0.1@evil.example", "127.0.0.1/", "127.0.0.1#office", "127.1", "2130706433",
    "office,evil.example", "office evil",
    ".", ":", "[", "wan.example.comx", "xn--office"]  # fmt: skip
PLACES = ("/", "/static/page.js", "/api/status", "/api/events", "/metrics", "/healthz", "/nowhere")


@pytest.mark.parametrize("host", GOOD)
async def test_names_it_goes_by(stand, host):
    answer = await stand.ask("/api/status", f"Host: {host.format(port=stand.port)}")
    assert (answer.status, answer.json["site"]) == (200, "office")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("host", BAD)
async def test_dns_rebinding(stand, host, place):
    """A stranger's name that points here is not answered, whatever is asked."""
    looked = len(stand.looked)
    answer = await stand.send(
        f"GET {place} HTTP/1.1\r\nHost: {host.format(port=stand.port)}\r\n\r\n".encode()
    )
    assert answer is None or answer.status in {400, 421}
    assert len(stand.looked) == looked


@pytest.mark.parametrize("lines", ["", "Host: office\r\nHost: evil.example\r\n", "Host:\r\n"])
async def test_a_host_too_few_or_too_many(stand, lines):
    answer = await stand.send(f"GET /api/status HTTP/1.1\r\n{lines}\r\n".encode())
    assert answer is not None
    assert answer.status in {400, 421}


ELSEWHERE = ["http://evil.example", "https://127.0.0.1.evil.example", "null", "file://", "",
    "http://127.0.0.1:1", "http://localhost", "http://office", "evil",
    "javascript://127.0.0.1"]  # fmt: skip


@pytest.mark.parametrize("origin", ELSEWHERE)
async def test_another_site_may_not_read_it(stand, origin):
    assert (await stand.ask("/api/status", f"Origin: {origin}")).status == 403


async def test_the_page_itself_may(stand):
    own = f"Origin: http://127.0.0.1:{stand.port}"
    answer = await stand.ask("/api/status", own)
    assert answer.status == 200
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("site", "mode", "status"),
    [
        ("none", "navigate", 200),  # typed into the address bar
        ("same-origin", "cors", 200),
        ("cross-site", "navigate", 200),  # a link in a mail
        ("cross-site", "no-cors", 403),
        ("same-site", "cors", 403),
        ("cross-site", "cors", 403),
    ],
)
async def test_what_a_browser_says_of_who_asks(stand, site, mode, status):
    """Fetch metadata (W3C): another site's script, image or frame cannot have it load either."""
    answer = await stand.ask("/api/status", f"Sec-Fetch-Site: {site}", f"Sec-Fetch-Mode: {mode}")
    assert answer.status == status


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "CONNECT"]
)
async def test_it_can_only_be_looked_at(stand, method, place):
    answer = await stand.ask(place, method=method)
    assert answer.status in ({405} if method != "CONNECT" else {400, 405})
    if answer.status == 405:
        assert answer.headers["allow"] == "GET, HEAD"


async def test_a_head_has_no_body(stand):
    for place in PLACES:
        reader, writer = await stand.connect()
        writer.write(f"HEAD {place} HTTP/1.1\r\n{stand.host}\r\nConnection: close\r\n\r\n".encode())
        told = await reader.read()
        writer.close()
        assert told.split(b"\r\n")[0] in {b"HTTP/1.1 200 OK", b"HTTP/1.1 404 Not Found"}
        assert told.endswith(b"\r\n\r\n"), place


@pytest.mark.parametrize("lines", [("Content-Length: 5",), ("Transfer-Encoding: chunked",)])
async def test_nothing_is_taken(stand, lines):
    assert (await stand.ask("/api/status", *lines)).status == 413


@pytest.mark.parametrize(
    "asked",
    [
        ("/",), ("/static/page.css",), ("/api/status",), ("/healthz",), ("/metrics",),
        ("/nowhere",),
        ("/api/samples?circuit=nobody",), ("/api/history?range=age",),
        ("/", "Host: evil.example"), ("/", "Origin: null"),
    ],
)  # fmt: skip
async def test_every_answer_is_dressed(stand, asked):
    answer = await stand.ask(*asked)
    assert dressed(answer)
    kept = (
        "no-cache" if answer.status == 200 and asked[0] in {"/", "/static/page.css"} else "no-store"
    )
    assert answer.headers["cache-control"] == kept


def dressed(answer) -> bool:
    told = {name: answer.headers.get(name.lower()) for name in HEADERS}
    return told == HEADERS and "cache-control" in answer.headers


def test_the_policy_lets_in_nothing_from_elsewhere():
    policy = dict(each.split(maxsplit=1) for each in HEADERS["Content-Security-Policy"].split("; "))
    assert policy.pop("default-src") == "'none'"
    assert policy.pop("img-src") == "'self' data:"
    assert set(policy.values()) == {"'self'", "'none'"}
    assert {"frame-ancestors", "base-uri", "form-action"} <= policy.keys()


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: office\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: office\r\nCookie: " + b"a" * 9000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: office\r\n" + b"a: b\r\n" * 500 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: office\r\n" + b"A" * 200_000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 300,
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: office\r\n\r\n",
        b"GET /%00 HTTP/1.1\r\nHost: office\r\nX: \x00\r\n\r\n",
    ],
)
async def test_junk(stand, raw, caplog):
    """An answer of 400, or none; nothing of it in the log; and the page is there for others.

    Those answers are aiohttp's own, and no less careful than the rest.
    """
    answer = await stand.send(raw)
    assert answer is None or answer.status in {400, 404, 413, 414, 431, 505}
    assert answer is None or dressed(answer)
    assert (await stand.ask("/api/status")).status == 200
    assert not caplog.records
