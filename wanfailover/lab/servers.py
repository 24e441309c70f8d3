"""Every server of the lab's Internet, in one process: ``python -m wanfailover.lab.servers FOLDER``.

What answers where stands in `serve`. Each address has sockets of its own: a datagram server on the
unspecified address would answer from whichever address the kernel prefers. Prints ``ready`` when
all listen; FOLDER then holds the authority's certificate, and later the mail that came.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from wanfailover.lab import smtp
from wanfailover.lab.addresses import (
    DNS,
    ECHO,
    ECHO_PORT,
    MAIL,
    MAIL_DOMAIN,
    MAIL_HOST,
    MAIL_PORTS,
    PAGE,
    WEB,
    WEB_DOMAIN,
    WEB_HOST,
    WHOAMI_PORT,
)
from wanfailover.lab.certificates import issue

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Reply = Callable[[bytes, str], bytes]
"""What a datagram server makes of a request and its sender's address; nothing means no answer."""

_TTL = 60
_RECORDS = {
    dns.name.from_text(WEB_DOMAIN): {"A": str(WEB)},
    dns.name.from_text(MAIL_DOMAIN): {"A": str(MAIL), "MX": f"10 {MAIL_HOST}."},
}


async def serve(folder: Path) -> None:
    """Listen everywhere, say so, and answer for ever."""
    mailbox = folder / "mail"
    mailbox.mkdir()
    tls = issue(folder, (WEB_HOST, WEB_DOMAIN, MAIL_HOST, MAIL_DOMAIN), (WEB, MAIL))
    for address in ECHO:
        await listen(address, ECHO_PORT, echo)
        await listen(address, WHOAMI_PORT, whoami)
        await receive(address, ECHO_PORT, lambda request, _: request)
        await receive(address, WHOAMI_PORT, lambda _, sender: sender.encode())
    for port in MAIL_PORTS:
        await listen(MAIL, port, partial(mail, tls=tls, mailbox=mailbox))
    await listen(DNS, 53, names_by_stream)
    await receive(DNS, 53, lambda request, _: resolve(request))
    await listen(WEB, 80, page)
    await listen(WEB, 443, page, tls=tls)
    print("ready", flush=True)
    await asyncio.Event().wait()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back whatever comes (RFC 862)."""
    while octets := await reader.read(1 << 16):
        writer.write(octets)
        await writer.drain()


async def whoami(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Tell the caller the address it comes from."""
    writer.write(writer.get_extra_info("peername")[0].encode())


async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request of HTTP/1.1, for whatever path, with the one page there is."""
    await reader.readuntil(b"\r\n\r\n")
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(PAGE)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n{PAGE}".encode())


async def mail(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *,
    tls: ssl.SSLContext,
    mailbox: Path,
) -> None:
    """Take mail."""
    await smtp.Session(reader, writer, tls, mailbox).serve()


async def names_by_stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer questions that come over TCP, each with its length before it (RFC 1035, 4.2.2)."""
    while True:
        length = int.from_bytes(await reader.readexactly(2), "big")
        answer = resolve(await reader.readexactly(length))
        writer.write(len(answer).to_bytes(2, "big") + answer)
        await writer.drain()


def resolve(request: bytes) -> bytes:
    """Answer for example.net and example.com, each with every name below it; deny all others."""
    try:
        question = dns.message.from_wire(request)
    except dns.exception.DNSException:
        return b""
    answer = dns.message.make_response(question)
    answer.flags |= dns.flags.AA | dns.flags.RA
    answer.set_rcode(dns.rcode.NXDOMAIN)
    for asked in question.question:
        kind = dns.rdatatype.to_text(asked.rdtype)
        for zone, records in _RECORDS.items():
            if asked.name.is_subdomain(zone):
                answer.set_rcode(dns.rcode.NOERROR)
                if kind in records:
                    found = dns.rrset.from_text(asked.name, _TTL, "IN", kind, records[kind])
                    answer.answer.append(found)
    return answer.to_wire()


async def listen(
    address: IPv4Address, port: int, converse: Conversation, tls: ssl.SSLContext | None = None
) -> int:
    """Hold a conversation with everybody who connects; returns the port, which 0 leaves open."""

    async def converse_and_close(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError, EOFError):  # the client is gone: no news in a lab
            await converse(reader, writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(converse_and_close, str(address), port, ssl=tls)
    return int(server.sockets[0].getsockname()[1])


async def receive(address: IPv4Address, port: int, reply: Reply) -> int:
    """Answer datagrams; returns the port, which 0 leaves open."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(reply), (str(address), port)
    )
    return int(transport.get_extra_info("sockname")[1])


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._reply(data, addr[0])
        if self._transport is not None and answer:
            self._transport.sendto(answer, addr)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
