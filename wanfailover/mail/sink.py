"""Where canaries land: a small mail server of ours, on one address of the inside.

It takes mail for the canary's two addresses and no other, and no more than fits a bounce. It runs
on the agent's own loop, without a thread of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from wanfailover.mail.letter import Letter, read, token_of
from wanfailover.specs import Canary

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session

Take = Callable[[Letter], None]
Awaits = Callable[[str], bool]

LARGEST = 64 * 1024
"""Bytes of a message: a canary has less than 1 KiB, and with fifty hops on it some 20 KiB. All its
lines are held at a time, which is thirty times as much where they are empty."""

MOST = 10
"""Connections at a time; a mail server that delivers has one or two. One more takes the place of
who has been there longest, so nobody keeps a canary out by doing nothing."""

QUEUE = 32
"""Connections that wait to be taken; the loop takes as many at once."""

MOUTHFUL = 1024
"""Bytes taken at a time: what is there of a client's lines is gone through without a pause, and
asyncio's usual 256 KiB of empty ones are a tenth of a second of the loop."""

PATIENCE = 60.0
"""Seconds in which a client must say something (RFC 5321 wants minutes, for lines unlike a LAN)."""


class Sink:
    """Listens from `open` to `close`.

    Args:
        take: Told of each message that is for a canary.

        awaits: Tells whether a canary with this token is under way; of others nothing is read.
    """

    def __init__(self, canary: Canary, take: Take, awaits: Awaits) -> None:
        self._canary = canary
        self._doorman = _Doorman(canary, take, awaits)
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.BaseTransport, None] = {}  # in the order they came

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
        make = partial(_protocol(), self._doorman, self._open, loop)
        self._server = await loop.create_server(make, canary.host, canary.port, backlog=QUEUE)

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

    def __init__(self, canary: Canary, take: Take, awaits: Awaits) -> None:
        self._ours = {canary.recipient.lower(): False, canary.sender.lower(): True}
        self._take, self._awaits = take, awaits

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
        token = token_of(raw)
        known = token is not None and self._awaits(token)
        self._take(read(raw, bounced=self._ours[address.lower()]) if known else Letter(token))
        return "250 2.0.0 Landed"


def _protocol() -> Callable[..., asyncio.BaseProtocol]:
    from aiosmtpd.smtp import SMTP  # noqa: PLC0415

    class Conversation(SMTP):
        """One client's, known to us, so that it can be ended."""

        def __init__(
            self,
            doorman: _Doorman,
            known: dict[asyncio.BaseTransport, None],
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
            self._me = transport
            transport.max_size = MOUTHFUL  # type: ignore[attr-defined]  # of asyncio's sockets
            if len(self._known) >= MOST:
                oldest = next(iter(self._known))
                del self._known[oldest]
                cast("asyncio.Transport", oldest).abort()
            self._known[transport] = None

        def connection_lost(self, error: Exception | None) -> None:
            self._known.pop(self._me, None)
            super().connection_lost(error)

    return Conversation
