"""A dialogue with a mail server, by the ordinary way: connect, be greeted, talk, take leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiosmtplib

from wanfailover.probes.failures import Failed, Unsent, legible
from wanfailover.probes.names import Names
from wanfailover.probes.smtp import hang_up, theirs
from wanfailover.probes.sockets import THROUGH, connect

TALK = 20.0
"""Seconds for all that is said: many a server looks our name up first, and its resolver is slow."""

FAREWELL = 1.0
"""Seconds for the answer to QUIT, which is courtesy."""


class Unanswered(Exception):
    """A mail server cannot be talked to; ``str()`` says at which step, and why."""


@asynccontextmanager
async def dialogue(
    host: str, port: int, names: Names, within: float
) -> AsyncIterator[aiosmtplib.SMTP]:
    """Begin one, and take leave at the end.

    Args:
        host: The server's name or address.

        port: Where it listens.

        names: What is known of names by now.

        within: Seconds for the connection.

    Raises:
        Unanswered: Nobody is there, or what is there speaks no SMTP, or nothing sensible comes back
            to what is said.
    """
    step, limit = "connect", within
    try:
        async with asyncio.timeout(within):
            sock = await connect(THROUGH, await names.resolve(host), port)
        step, limit = "talk", TALK
        # An address literal (RFC 5321 section 4.1.3): true, and found without asking any resolver.
        client = aiosmtplib.SMTP(
            sock=sock, local_hostname=f"[{sock.getsockname()[0]}]", start_tls=False, timeout=None
        )
        try:
            async with asyncio.timeout(TALK):
                with theirs():
                    await client.connect()
                    await client.ehlo()
                    yield client
            with suppress(aiosmtplib.SMTPException):
                await client.quit(timeout=FAREWELL)
        finally:
            hang_up(client)
    except TimeoutError:
        raise Unanswered(f"{step}: no answer within {limit:g} s") from None
    except (Failed, Unsent) as failure:
        raise Unanswered(f"{step}: {legible(str(failure))}") from failure
