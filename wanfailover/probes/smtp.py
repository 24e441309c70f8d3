"""The smtp probe: talks to a mail server as far as the profile asks, and sends no mail."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import aiosmtplib

from wanfailover.core.site import Path
from wanfailover.probes.conversation import Conversation, Steps
from wanfailover.probes.failures import Failed
from wanfailover.probes.names import Names
from wanfailover.specs import Smtp

_FAREWELL = 1.0
"""Seconds to wait for the answer to QUIT: courtesy, for the probe has its answer by then."""


class SmtpProber(Conversation):
    """Talks SMTP (RFC 5321).

    Steps: resolve, connect, banner, ehlo, starttls (certificate where that is what is wrong), rcpt,
    quit. A failing QUIT is no failure.
    """

    def __init__(self, spec: Smtp, names: Names) -> None:
        super().__init__(spec.host, spec.port, spec.deadline, names)
        self._rcpt = spec.rcpt
        self._tls = ssl.create_default_context() if spec.starttls else None

    async def talk(self, path: Path, steps: Steps) -> None:
        """Connect, be greeted, ask what the profile wants to know, take leave."""
        sock = await self.connect(path, steps)
        # An address literal (RFC 5321 section 4.1.3): true, and found without asking any resolver.
        client = aiosmtplib.SMTP(
            sock=sock,
            local_hostname=f"[{sock.getsockname()[0]}]",
            start_tls=False,
            timeout=None,
        )
        try:
            with theirs():
                await self._ask(client, steps)
            steps.enter("quit")
            with suppress(aiosmtplib.SMTPException):
                await client.quit(timeout=min(_FAREWELL, steps.left / 2))
        finally:
            hang_up(client)

    async def _ask(self, client: aiosmtplib.SMTP, steps: Steps) -> None:
        """Go through the steps whose failure is a failure."""
        steps.enter("banner")
        await client.connect()
        steps.enter("ehlo")
        await client.ehlo()
        if self._tls is not None:
            steps.enter("starttls")
            await client.starttls(tls_context=self._tls, server_hostname=self._host)
            await client.ehlo()
        if self._rcpt is not None:
            steps.enter("rcpt")
            await client.mail("")
            await client.rcpt(self._rcpt)


@contextmanager
def theirs() -> Iterator[None]:
    """Turn what aiosmtplib and TLS raise into `Failed`, in the server's words where it had any."""
    try:
        yield
    except aiosmtplib.SMTPResponseException as error:
        raise Failed(
            f"{error.code} {error.message}" if error.code > 0 else error.message
        ) from error
    except ConnectionError as error:  # its own words for it name a port we did not give it
        raise Failed("the server hung up") from error
    except aiosmtplib.SMTPException as error:
        raise Failed(error.message) from error
    except ssl.SSLCertVerificationError as error:
        raise Failed(error.verify_message, "certificate") from error
    except OSError as error:
        raise Failed(error.strerror or str(error)) from error


def hang_up(client: aiosmtplib.SMTP) -> None:
    """Close at once what is still open: a TLS good-bye would wait for a line that may be dead."""
    transport = client.transport
    client.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
