"""What is thrown: what each protocol's parsers stumble over, and sound requests, damaged at random.

None of it asks for anything that whoever throws it may have. It is the same on each run.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.transports.test_traps import AUTH, COLD_START, LINK_DOWN

HUGE = 100_000

CONTROL = [
    b"\x00\xff\xfe" * 100,
    b"\r\n\r\n",
    b"GET /status HTTP/9.9\r\n\r\n",
    b"GET /" + b"a" * HUGE,
    b"GET /../../etc/passwd HTTP/1.0\r\n\r\n",
    b"POST /switch HTTP/1.0\r\nContent-Length: -1\r\n\r\n",
    b"POST /switch HTTP/1.0\r\nContent-Length: 9999999999999\r\n\r\n" + b"x" * HUGE,
    b"POST /switch HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
    b'POST /switch HTTP/1.0\r\nContent-Length: 20\r\n\r\n{"circuit": "nobody"',
    b'POST /switch HTTP/1.0\r\nContent-Length: 21\r\n\r\n{"circuit": "nobody"}',
    b'POST /auto HTTP/1.0\r\nContent-Length: 6\r\n\r\n"auto"',
    b"POST /resume HTTP/1.0\r\nContent-Length: 4\r\n\r\n[[[[",
    b'POST /pause HTTP/1.0\r\nContent-Length: 16\r\n\r\n{"seconds": NaN}',
    b'POST /drill HTTP/1.0\r\nContent-Length: 14\r\n\r\n{"circuit": 7}',
    b"GET /switch HTTP/1.0\r\n\r\n",
    b"POST /pause HTTP/1.0\r\nContent-Length: 60000\r\n\r\n" + b"[" * 60_000,
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
]

OK_CONTROL = [
    b"GET /status HTTP/1.0\r\nHost: agent\r\nAccept: application/json\r\n\r\n",
    b'POST /switch HTTP/1.0\r\nContent-Length: 38\r\n\r\n{"circuit": "nobody", "dry_run": true}',
]

_ASK = b"%s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n"

PAGE = [
    *CONTROL,
    *(
        _ASK % (b"GET " + path, b"")
        for path in (
            b"/static/../../../etc/passwd",
            b"/static/%2e%2e/%2e%2e/etc/passwd",
            b"/static//etc/passwd",
            b"/%00",
            b"/api/samples?circuit=%s&range=day" % (b"%27;DROP%20TABLE%20minute--"),
            b"/api/history?range=" + b"9" * 3000,
            b"/api/timeline?range[]=day&range=%F0%28",
            b"/api/events?" + b"a=b&" * 900,
        )
    ),
    *(_ASK % (method + b" /api/status", b"") for method in (b"POST", b"PUT", b"DELETE", b"TRACE")),
    _ASK % (b"OPTIONS *", b"Origin: https://evil.example\r\n"),
    _ASK % (b"CONNECT 10.0.0.1:25", b""),
    _ASK % (b"GET http://evil.example/", b""),
    _ASK % (b"GET /api/status", b"Host: evil.example\r\n"),
    _ASK % (b"GET /api/status", b"Origin: https://evil.example\r\n"),
    _ASK % (b"GET /api/status", b"Sec-Fetch-Site: cross-site\r\n"),
    _ASK % (b"GET /api/status", b"Content-Length: 5\r\n") + b"12345",
    _ASK % (b"GET /", b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n") + b"0\r\n\r\n",
    _ASK % (b"GET /", b"Transfer-Encoding: chunked\r\n") + b"ffffffffffffffff\r\n" + b"x" * HUGE,
    _ASK % (b"GET /", b"".join(b"X-%d: y\r\n" % n for n in range(2000))),
    _ASK % (b"GET /", b"Cookie: " + b"c" * HUGE + b"\r\n"),
    _ASK % (b"GET /", b"Connection: Upgrade\r\nUpgrade: websocket\r\n"),
    _ASK % (b"GET /", b"Range: bytes=" + b"0-1," * 500 + b"\r\n"),
    _ASK % (b"GET /", b"If-None-Match: " + b'"x",' * 500 + b"\r\n"),
    b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\nHost: 127.0.0.1\n\n",
    (_ASK % (b"GET /api/status", b"")) * 200,
]

OK_PAGE = [
    _ASK % (b"GET " + path, b"Accept: */*\r\nAccept-Encoding: gzip\r\n")
    for path in (
        b"/", b"/metrics", b"/healthz", b"/readyz", b"/api/status", b"/api/history?range=month",
        b"/api/samples?circuit=primary&range=week", b"/api/events",
    )
]  # fmt: skip

_HELO = b"EHLO evil.example\r\n"
_MAIL = _HELO + b"MAIL FROM:<canary-bounces@example.com>\r\n"

SMTP = [
    b"\x00\xff\xfe" * 100,
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"EHLO " + b"a" * HUGE + b"\r\n",
    b"a" * HUGE,
    b"DATA\r\n",
    b"RCPT TO:<canary@example.com>\r\nDATA\r\nQUIT\r\n",
    _HELO * 500,
    _MAIL + b"RCPT TO:<root@example.com>\r\n" * 200,
    _MAIL + b"RCPT TO:<" + b"a" * HUGE + b"@example.com>\r\n",
    _MAIL + b"RCPT TO:<canary@example.com>\r\nDATA\r\n" + b"x" * 900 + b"\r\n" * HUGE,
    _MAIL + b"RCPT TO:<canary@example.com>\r\nDATA\r\n" + (b"y" * 70 + b"\r\n") * 5000,
    _HELO + b"MAIL FROM:<x@y> SIZE=99999999999\r\n",
    _HELO + b"MAIL FROM:<\xff\xfe@\x00> BODY=8BITMIME SMTPUTF8\r\n",
    _HELO + b"AUTH PLAIN AGFkbWluAGFkbWlu\r\nSTARTTLS\r\nVRFY root\r\nEXPN all\r\n",
    _HELO + b"XFORWARD NAME=x\r\nHELP\r\nNOOP " + b"n" * 5000 + b"\r\n",
]

OK_SMTP = [
    _HELO
    + b"MAIL FROM:<postmaster@example.com>\r\nRCPT TO:<root@example.com>\r\nDATA\r\n"
    + b"Subject: x\r\n\r\ny\r\n.\r\nQUIT\r\n"
]

OK_TRAPS = [COLD_START, LINK_DOWN, AUTH]
TRAPS = [
    *OK_TRAPS,  # sound, and forged
    *(b"", b"\x00" * 1400, b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80" * 700),
]


def junk(known: list[bytes], sound: list[bytes], seed: int = 1) -> Iterator[bytes]:
    """Each that is known, and as many sound ones damaged, for ever."""
    chance = random.Random(seed)
    while True:
        for each in known:
            yield each
            yield damaged(chance.choice(sound), chance)


def damaged(sound: bytes, chance: random.Random) -> bytes:
    """Cut, flipped, doubled, or with something in it that does not belong there."""
    data = bytearray(sound)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0:
                del data[at:]
            case 1 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 2:
                data[at:at] = data[: chance.randrange(len(data) + 1)]
            case 3:
                data[at:at] = chance.randbytes(chance.randrange(1, 40))
            case _:
                data[at:at] = bytes([chance.choice(b"\x00\r\n:<>%\xff ")]) * chance.randrange(1, 99)
    return bytes(data[:HUGE])


KINDS = {
    "control": (CONTROL, OK_CONTROL),
    "page": (PAGE, OK_PAGE),
    "canary": (SMTP, OK_SMTP),
    "traps": (TRAPS, OK_TRAPS),
}
