"""A session with the backup MX, by the ordinary way; the only message ever sent is the canary."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiosmtplib

from wanfailover.dialogue import dialogue
from wanfailover.probes.failures import legible
from wanfailover.probes.names import Names
from wanfailover.specs import Mail

CONNECT = 2.0
"""Seconds for the connection: a SYN that is lost is sent again after one, then after three; a new
connection is sooner than waiting for that."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's reply to one command, fit to be printed."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()


class Session:
    """What may be said in one. `Unanswered` is raised where nothing sensible comes back."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self._client = client

    @property
    def offers_etrn(self) -> bool:
        """EHLO told so (RFC 1985)."""
        return self._client.supports_extension("etrn")

    async def etrn(self, domain: str) -> Reply:
        """Ask it to deliver what it holds for *domain*."""
        return await self._say("ETRN", domain)

    async def would_take(self, *recipients: str) -> tuple[Reply, ...]:
        """Ask for each whether it would be taken, from the null sender; then forget them all."""
        sender = await self._say("MAIL", "FROM:<>")
        if sender.code != 250:
            return tuple(sender for _ in recipients)
        replies = [await self._say("RCPT", f"TO:<{recipient}>") for recipient in recipients]
        await self._say("RSET")
        return tuple(replies)

    async def send(self, sender: str, recipient: str, message: bytes) -> Reply:
        """Send *message*; the reply to it, or the first before it that is a no."""
        for words in (("MAIL", f"FROM:<{sender}>"), ("RCPT", f"TO:<{recipient}>")):
            reply = await self._say(*words)
            if reply.code // 100 != 2:
                return reply
        try:
            response = await self._client.data(message)
        except aiosmtplib.SMTPResponseException as error:
            if error.code < 0:  # no reply at all
                raise
            return Reply(error.code, legible(error.message))
        return Reply(response.code, legible(response.message))

    async def _say(self, *words: str) -> Reply:
        response = await self._client.execute_command(*(word.encode("ascii") for word in words))
        return Reply(response.code, legible(response.message))


@asynccontextmanager
async def session(mail: Mail, names: Names) -> AsyncIterator[Session]:
    """Connect, be greeted, and take leave at the end.

    Raises:
        Unanswered: Nobody is there, or what is there speaks no SMTP.
    """
    async with dialogue(mail.host, mail.port, names, CONNECT) as client:
        yield Session(client)
