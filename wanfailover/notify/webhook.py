"""By a POST of JSON to a URL."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from wanfailover import __version__
from wanfailover.addressees import ByWebhook
from wanfailover.notify.letter import Letter
from wanfailover.notify.paths import NotSent
from wanfailover.probes.failures import Failed, Unsent, legible
from wanfailover.probes.names import Names
from wanfailover.probes.sockets import THROUGH, connect

WITHIN = 15.0
"""Seconds for the whole of it."""

LATER = frozenset({408, 425, 429})
"""Statuses that mean "not now" (RFC 9110, 8470, 6585), as all from 500 on do."""


class WebhookWay:
    """Posts each message over a connection of its own; redirects are not followed."""

    def __init__(self, to: ByWebhook, names: Names) -> None:
        self._url = URL(to.url.reveal())
        self._token = to.token
        self._names = names

    async def send(self, letter: Letter) -> str:
        """Post it; any 2xx is "taken"."""
        headers = {"X-Wanfailover-Id": letter.id, "User-Agent": f"wanfailover/{__version__}"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.reveal()}"
        async with (
            self._within(),
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=_Known(self._names), force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
            ) as session,
            session.post(
                self._url, json=letter.data(), headers=headers, allow_redirects=False
            ) as response,
        ):
            body = legible((await response.content.read(200)).decode("utf-8", "replace"))
            answer = f"{response.status} {legible(response.reason or '')}".strip()
            if not 200 <= response.status < 300:
                later = response.status >= 500 or response.status in LATER
                raise NotSent(f"status {answer}", refused=not later)
            return f"{answer} {body}".strip()

    async def look(self) -> str:
        """Connect, and see its certificate; nothing is asked for."""
        host, port = self._url.host or "", self._url.port or 0
        async with self._within():
            sock = await connect(THROUGH, await self._names.resolve(host), port)
            tls = ssl.create_default_context() if self._url.scheme == "https" else None
            _, writer = await asyncio.open_connection(
                sock=sock, ssl=tls, server_hostname=host if tls else None
            )
            writer.transport.abort()
        return f"{host}:{port} answers" + (" over TLS" if tls else "")

    @asynccontextmanager
    async def _within(self) -> AsyncIterator[None]:
        """Turn what goes wrong into a sentence that holds nothing of the URL but its host."""
        try:
            async with asyncio.timeout(WITHIN):
                yield
        except TimeoutError:
            raise NotSent(f"no answer within {WITHIN:g} s") from None
        except (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError):
            raise NotSent("its certificate cannot be trusted") from None
        except aiohttp.ClientConnectorError as error:
            number = error.os_error.errno
            why = os.strerror(number).lower() if number else error.os_error.strerror
            raise NotSent(f"connect: {why}") from None
        except (Failed, Unsent) as error:
            raise NotSent(f"connect: {error}") from None
        except (aiohttp.ClientError, OSError) as error:
            raise NotSent(f"{self._url.host} hung up ({type(error).__name__})") from None


class _Known(aiohttp.abc.AbstractResolver):
    """Resolves as all of us do: from what is known, also while the resolver is silent."""

    def __init__(self, names: Names) -> None:
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: int = 0
    ) -> list[aiohttp.abc.ResolveResult]:
        """Give one address."""
        try:
            address = str(await self._names.resolve(host))
        except Unsent as error:
            raise OSError(0, str(error)) from None
        return [
            aiohttp.abc.ResolveResult(
                hostname=host, host=address, port=port, family=family or 2, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Nothing is held."""
