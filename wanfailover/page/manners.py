"""Who may ask the page, and how: what is refused before anything is looked up.

A browser on the office's network runs what strangers' web sites send it. So a request must call
this host by a name that is its own (else a site could have its name point here: DNS rebinding),
must not come from a site elsewhere, and could change nothing if it did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from wanfailover.page.house import House, Pace

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Server": "wanfailover",
}
"""Of every answer."""

LATER = {"Retry-After": "1"}

STREAM = "/api/events"
"""The one answer that has no end."""

ANSWER_WITHIN = 15.0
"""Seconds that an answer may take; of a stream see `live`."""


class Refusal(Exception):
    """A request that is not answered.

    Args:
        status: Of HTTP.
    """

    def __init__(self, status: int, sentence: str, **headers: str) -> None:
        self.status, self.headers = status, headers
        super().__init__(sentence)


def check_host(request: web.BaseRequest, names: Collection[str]) -> None:
    """The name that whoever asks has for this host is one of *names*, or the address it came to.

    Raises:
        Refusal: It is not.
    """
    if request.headers.getall(hdrs.HOST, []) != [request.host] or not (
        _is_ours(request.host, request, names)
    ):
        raise Refusal(421, "this page is not known by that name: see `hosts` of `page`")


def check_origin(request: web.BaseRequest) -> None:
    """What asks is this page itself, or nobody's.

    Raises:
        Refusal: It is another site's.
    """
    for origin in request.headers.getall(hdrs.ORIGIN, []):
        scheme, _, authority = origin.partition("://")
        if scheme not in {"http", "https"} or authority.lower() != request.host.lower():
            raise Refusal(403, "this page is read by itself alone")
    site = request.headers.get("Sec-Fetch-Site", "none")
    led_here = request.headers.get("Sec-Fetch-Mode") == "navigate"
    if site not in {"same-origin", "none"} and not led_here:
        raise Refusal(403, "this page is read by itself alone")


def check_request(request: web.BaseRequest) -> None:
    """It asks, and brings nothing along.

    Raises:
        Refusal: It would change something, or does.
    """
    if request.method not in {hdrs.METH_GET, hdrs.METH_HEAD}:
        raise Refusal(405, "this page can only be looked at", Allow="GET, HEAD")
    if request.body_exists:
        raise Refusal(413, "nothing is taken here")


def _is_ours(authority: str, request: web.BaseRequest, names: Collection[str]) -> bool:
    try:
        host = urlsplit(f"//{authority}").hostname or ""
        plain = authority.lower().partition(":")[0]
    except ValueError:
        return False
    if plain.rstrip(".") != host.rstrip("."):  # a login, a path, or brackets
        return False
    return host.rstrip(".") in names or host == _local(request)


def _local(request: web.BaseRequest) -> str:
    """The address of this host that the request came to."""
    name = request.get_extra_info("sockname") or ("",)  # none where it is gone already
    return str(name[0])


class Manners:
    """Sees to all this, before and after a handler.

    Args:
        house: Of the connections.

        names: By which this host may be called besides the address that was asked.

        on_bug: Called where a handler raises what it should not.
    """

    def __init__(self, house: House, names: Collection[str], on_bug: Callable[[], object]) -> None:
        self._house, self._names, self._on_bug = house, names, on_bug
        self._pace = Pace()

    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Have *handler* answer, or refuse."""
        guest = self._house.guest(request.transport)
        if guest is None:  # it is gone already
            raise ConnectionResetError
        try:
            self._check(request)
            if request.path == STREAM:
                guest.asks(stream=True)
                return await handler(request)
            guest.asks()
            async with asyncio.timeout(ANSWER_WITHIN):
                return await handler(request)
        except (Refusal, web.HTTPException, TimeoutError) as why:
            return refused(why)
        except ConnectionError:
            raise
        except Exception:  # noqa: BLE001 - it is logged with all its words
            self._on_bug()
            return told(500, "this is a bug in wanfailover; its log has more")
        finally:
            guest.answered()

    def _check(self, request: web.Request) -> None:
        if not self._pace.takes(request.remote or ""):
            raise Refusal(429, "too many requests: this one is not answered", **LATER)
        check_request(request)
        check_host(request, self._names)
        check_origin(request)


def refused(why: Exception) -> web.Response:
    """Why something is not answered, as an answer."""
    match why:
        case Refusal():
            return told(why.status, str(why), why.headers)
        case web.HTTPException():  # of aiohttp's: there is no such page
            return told(why.status, why.reason.lower())
        case _:
            return told(503, "this takes too long now", LATER)


def told(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """A sentence instead; whoever has no manners must connect anew."""
    response = web.json_response({"error": sentence}, status=status, headers=headers)
    if status in RUDE:
        response.force_close()
    return response


RUDE = {403, 405, 413, 421, 429}


async def dress(_: web.BaseRequest, response: web.StreamResponse) -> None:
    """Give an answer its headers."""
    _dress(response)


class Host(web.RequestHandler):
    """aiohttp's, whose own answers, as to what is no request, are dressed like ours."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Give its answer; of what it handles itself `dress` is told nothing."""
        response = super().handle_error(request, status, exc, message)
        _dress(response)
        return response


def _dress(response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
