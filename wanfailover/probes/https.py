"""The https probe: fetches a page and looks for a text in it, as a captive portal passes tcp."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from yarl import URL

from wanfailover import __version__
from wanfailover.core.site import Path
from wanfailover.probes.conversation import Conversation, Steps
from wanfailover.probes.failures import Failed
from wanfailover.probes.names import Names
from wanfailover.specs import Https

_LARGEST = 256 * 1024
"""Bytes of a page that are looked through."""

_HEADERS = {"User-Agent": f"wanfailover/{__version__}", "Accept-Encoding": "identity"}


class _Connected(socket.socket):
    """A socket that is connected already, for a library that insists on connecting.

    Only our own connect() tells a route that this host lacks from one that the network lacks.
    """

    def connect(self, _address: object, /) -> None:
        """Nothing to do."""


class HttpsProber(Conversation):
    """Fetches a page over a new connection each time.

    Steps: resolve, connect, tls (certificate where that is what is wrong), status, expect. Only 2xx
    will do: a redirect is how a captive portal answers.
    """

    def __init__(self, spec: Https, names: Names) -> None:
        self._url = URL(spec.url)
        super().__init__(self._url.host or "", self._url.port or 0, spec.deadline, names)
        self._expect = (spec.expect or "").encode()
        self._tls = ssl.create_default_context()

    async def talk(self, path: Path, steps: Steps) -> None:
        """Connect, fetch the page, read it."""
        sock = await self.connect(path, steps)
        address = sock.getpeername()[0]
        steps.enter("tls" if self._url.scheme == "https" else "status")
        with _theirs():
            async with (
                self._session(_Connected(fileno=sock.detach()), steps) as session,
                session.get(
                    # By address, so that nobody asks a resolver; the name goes where it is checked.
                    self._url.with_host(address),
                    server_hostname=self._host,
                    headers={"Host": self._url.host_port_subcomponent or ""} | _HEADERS,
                    allow_redirects=False,
                ) as response,
            ):
                await self._judge(response, steps)

    def _session(self, sock: socket.socket, steps: Steps) -> aiohttp.ClientSession:
        """A session for one request over *sock*, without cookies or deadlines of its own."""
        unused = [sock]

        def take(_: object) -> socket.socket:
            if not unused:  # aiohttp would try again: that is the next probe's business
                raise Failed("the server hung up")
            return unused.pop()

        connector = aiohttp.TCPConnector(socket_factory=take, ssl=self._tls, force_close=True)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            trace_configs=[_entering_status(steps)],
        )

    async def _judge(self, response: aiohttp.ClientResponse, steps: Steps) -> None:
        """The status must be a success, and the page must hold the text."""
        if not 200 <= response.status < 300:
            onward = response.headers.get("Location")
            raise Failed(
                f"status {response.status}" + (f", sends on to {onward}" if onward else "")
            )
        steps.enter("expect")
        page = b""
        while self._expect not in page:
            chunk = await response.content.read(_LARGEST - len(page))
            if not chunk:
                raise Failed(f"the page does not hold {self._expect.decode()!r}")
            page += chunk


def _entering_status(steps: Steps) -> aiohttp.TraceConfig:
    """Have aiohttp tell when TLS is set up and the wait for the answer begins."""

    async def set_up(*_: object) -> None:
        if steps.current == "tls":
            steps.enter("status")

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(set_up)
    return trace


@contextmanager
def _theirs() -> Iterator[None]:
    """Turn what aiohttp and TLS raise into `Failed`."""
    try:
        yield
    except aiohttp.ClientConnectorCertificateError as error:
        reason = error.certificate_error
        raise Failed(getattr(reason, "verify_message", "") or str(reason), "certificate") from error
    except aiohttp.ClientConnectorError as error:
        raise Failed(error.os_error.strerror or str(error.os_error)) from error
    except aiohttp.ClientError as error:
        raise Failed(str(error) or "the server hung up") from error
    except OSError as error:
        raise Failed(error.strerror or str(error)) from error
