"""Where canaries land: a small mail server of ours, on one address of the inside.

It takes mail for the canary's two addresses and no other, and no more than fits a bounce. It runs
on the agent's own loop, without a thread of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from wanfailover.mail.letter import Letter, read
from wanfailover.specs import Canary

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session

Take = Callable[[Letter], None]

LARGEST = 256 * 1024
"""Bytes of a message: a canary has less than 1 KiB, and with fifty hops on it some 20 KiB."""

MOST = 20
"""Connections at a time; a mail server that delivers has one or two."""

PATIENCE = 60.0
"""Seconds in which a client must say something (RFC 5321 wants minutes, for lines unlike a LAN)."""


class Sink:
    """Listens from `open` to `close`; *take* is told of each message that is for a canary."""

    def __init__(self, canary: Canary, take: Take) -> None:
        self._canary = canary
        self._take = take
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.BaseTransport] = set()

    @property
    def port(self) -> int | None:
        """Where it listens; None where it does not."""
        return self._server.sockets[0].getsockname()[1] if self._server else None

    async def open(self) -> None:
        """Begin to listen.

        Raises:
            OSError: The address is not this host's, or the port is taken or forbidden.
        """
        loop = asyncio.get_running_loop()
        canary = self._canary
        # Imported when it is wanted: most offices have no canary.
        make = partial(_protocol(), _Doorman(canary, self._take), self._open, loop)
        self._server = await loop.create_server(make, canary.host, canary.port)

    async def close(self) -> None:
        """Stop, and hang up on whoever is still there."""
        if self._server is not None:
            self._server.close()
            for transport in tuple(self._open):
                transport.close()
            await self._server.wait_closed()
            self._server = None


class _Doorman:
    """What aiosmtpd asks us; its names are the library's."""

    def __init__(self, canary: Canary, take: Take) -> None:
        self._ours = {canary.recipient.lower(): False, canary.sender.lower(): True}
        self._take = take

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address.lower() not in self._ours:
            return "550 5.1.1 Only canaries land here"
        if envelope.rcpt_tos:
            return "452 4.5.3 One at a time"  # which of the two it is tells what has happened
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        (address,), content = envelope.rcpt_tos, envelope.content
        raw = content.encode() if isinstance(content, str) else content or b""
        self._take(read(raw, bounced=self._ours[address.lower()]))
        return "250 2.0.0 Landed"


def _protocol() -> Callable[..., asyncio.BaseProtocol]:
    from aiosmtpd.smtp import SMTP  # noqa: PLC0415

    class Conversation(SMTP):
        """One client's, known to us, so that it can be ended."""

        def __init__(
            self,
            doorman: _Doorman,
            known: set[asyncio.BaseTransport],
            loop: asyncio.AbstractEventLoop,
        ) -> None:
            super().__init__(
                doorman,
                data_size_limit=LARGEST,
                hostname="canaries.wanfailover.invalid",  # else it asks a resolver, and waits
                ident="SMTP",
                timeout=PATIENCE,
                loop=loop,
            )
            self._known = known

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self._known.add(transport)
            if len(self._known) > MOST:
                transport.close()

        def connection_lost(self, error: Exception | None) -> None:
            self._known.difference_update({self.transport})
            super().connection_lost(error)

    return Conversation
