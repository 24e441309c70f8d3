"""The Internet's mail server: takes mail for one domain, speaks STARTTLS, keeps what it got."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

from wanfailover.lab.addresses import MAIL_DOMAIN, MAIL_HOST


class Session:
    """One client's session (RFC 5321). Messages go to files of their own in *mailbox*."""

    _numbers = count(1)

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        context: ssl.SSLContext,
        mailbox: Path,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._context = context
        self._mailbox = mailbox
        self._encrypted = False
        self._recipients = 0

    async def serve(self) -> None:
        """Talk until the client quits or is gone."""
        verbs: dict[str, Callable[[str], Awaitable[None]]] = {
            "EHLO": self._ehlo,
            "HELO": lambda _: self._say(f"250 {MAIL_HOST}"),
            "STARTTLS": self._starttls,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._mail,
            "NOOP": lambda _: self._say("250 2.0.0 Ok"),
        }
        await self._say(f"220 {MAIL_HOST} ESMTP")
        while line := await self._reader.readline():
            verb, _, rest = line.decode("latin-1").strip().partition(" ")
            if verb.upper() == "QUIT":
                await self._say("221 2.0.0 Bye")
                return
            await verbs.get(verb.upper(), self._unknown)(rest)

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()

    async def _unknown(self, _: str) -> None:
        await self._say("502 5.5.2 Command not known")

    async def _ehlo(self, _: str) -> None:
        offers = ["8BITMIME"] if self._encrypted else ["8BITMIME", "STARTTLS"]
        *others, last = [MAIL_HOST, *offers]
        await self._say(*(f"250-{offer}" for offer in others), f"250 {last}")

    async def _starttls(self, _: str) -> None:
        if self._encrypted:
            await self._say("503 5.5.1 TLS is on already")
            return
        await self._say("220 2.0.0 Ready to start TLS")
        await self._writer.start_tls(self._context)
        self._encrypted, self._recipients = True, 0

    async def _mail(self, _: str) -> None:
        self._recipients = 0
        await self._say("250 2.1.0 Ok")

    async def _rcpt(self, rest: str) -> None:
        recipient = rest.partition(":")[2].split()[0:1]
        if not recipient or not recipient[0].strip("<>").lower().endswith(f"@{MAIL_DOMAIN}"):
            await self._say("554 5.7.1 Relay access denied")
            return
        self._recipients += 1
        await self._say("250 2.1.5 Ok")

    async def _data(self, _: str) -> None:
        if not self._recipients:
            await self._say("554 5.5.1 No valid recipients")
            return
        await self._say("354 End data with <CR><LF>.<CR><LF>")
        message = await self._reader.readuntil(b"\r\n.\r\n")
        number = next(self._numbers)
        (self._mailbox / f"{number:04}.eml").write_bytes(message[: -len(b".\r\n")])
        self._recipients = 0
        await self._say(f"250 2.0.0 Ok: queued as {number}")
