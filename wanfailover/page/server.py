"""What there is to be asked for, and the server that answers."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import socket
import sqlite3
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from wanfailover import metrics
from wanfailover.counts import Lag
from wanfailover.errors import WanFailoverError
from wanfailover.page.house import HEAD_WITHIN, House
from wanfailover.page.live import Live
from wanfailover.page.manners import LATER, STREAM, Host, Manners, Refusal, dress
from wanfailover.page.past import RANGES, Past
from wanfailover.page.sources import Sources

KINDS = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "json": "application/schema+json",
}
"""By the ending of a file's name; of other files none is given out."""

FRESH = 1.0
"""Seconds for which what is dear is told again: a crowd costs no more than one."""

LINE, FIELD, FIELDS = 4096, 4096, 64
"""Bytes of a request's first line and of each header, and how many headers: a browser's have a
tenth of that."""

QUIET = logging.Logger("wanfailover.page.http", logging.CRITICAL + 1)  # noqa: LOG001
"""What strangers send is no news for the log."""

_log = structlog.get_logger("wanfailover")


@dataclass(frozen=True, slots=True)
class File:
    """One that is given out."""

    body: bytes
    kind: str
    tag: str


def files() -> dict[str, File]:
    """Those of ``static/``, by their paths below it; read once, so no request opens a file."""
    found: dict[str, File] = {}
    waiting = [("", resources.files("wanfailover.page") / "static")]
    while waiting:
        above, folder = waiting.pop()
        for entry in folder.iterdir():
            if entry.is_dir():
                waiting.append((f"{above}{entry.name}/", entry))
            elif entry.name.rpartition(".")[2] in KINDS:
                found[f"{above}{entry.name}"] = _file(entry)
    return found


def _file(entry: Traversable) -> File:
    body = entry.read_bytes()
    kind = KINDS[entry.name.rpartition(".")[2]]
    return File(body, kind, hashlib.sha256(body).hexdigest()[:16])


class Reading:
    """Reads in a thread of its own, one at a time, and tells the same again for `FRESH` seconds."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "page")
        self._one = asyncio.Lock()
        self._known: dict[tuple[str, ...], tuple[float, bytes]] = {}

    async def __call__(self, key: tuple[str, ...], read: Callable[[], Any]) -> web.Response:
        """Answer with what *read* gives; *key* is one of few, each of which is remembered.

        Raises:
            Refusal: The disk does not give it.
        """
        async with self._one:
            at, told = self._known.get(key, (float("-inf"), b""))
            if time.monotonic() - at >= FRESH:
                try:
                    loop = asyncio.get_running_loop()
                    told = await loop.run_in_executor(
                        self._thread, lambda: json.dumps(read()).encode()
                    )
                except (WanFailoverError, OSError, sqlite3.Error) as error:
                    raise Refusal(503, "what was kept cannot be read now", **LATER) from error
                self._known[key] = time.monotonic(), told
            return web.Response(body=told, content_type="application/json", charset="utf-8")

    def close(self) -> None:
        """Read no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)


class Server:
    """The page of one agent."""

    def __init__(self, sources: Sources, names: tuple[str, ...]) -> None:
        self._sources = sources
        self._past, self._reading = Past(sources.site), Reading()
        self._live = Live(sources.report)
        self._files = files()
        self._schema = _file(resources.files("wanfailover") / "status.schema.json")
        self._names = frozenset({"localhost", *names})
        self._lag = Lag()
        self._exposed = float("-inf"), b""
        self._watching: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self.house: House | None = None

    async def open(self, address: str, port: int) -> None:
        """Listen.

        Raises:
            OSError: It cannot be listened there.
        """
        listener = socket.create_server((address, port), backlog=128)
        app = web.Application(client_max_size=1)
        self._runner = runner = web.AppRunner(app, shutdown_timeout=1.0)
        host = partial(
            Host, access_log=QUIET, logger=QUIET, keepalive_timeout=HEAD_WITHIN, lingering_time=0,
            max_line_size=LINE, max_field_size=FIELD, max_headers=FIELDS,
        )  # fmt: skip
        self.house = house = House(runner, host)
        doorman = Manners(house, self._names, self._bug)

        @web.middleware
        async def mind(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await doorman.answer(request, handler)

        app.middlewares.append(mind)
        app.on_response_prepare.append(dress)
        app.on_shutdown.append(self._live.close)
        self._route(app)
        await runner.setup()
        self._server = await asyncio.get_running_loop().create_server(house, sock=listener)
        self._watching = asyncio.get_running_loop().create_task(self._lag.watch())

    @property
    def address(self) -> tuple[str, int] | None:
        """Where it listens."""
        return self._server.sockets[0].getsockname() if self._server is not None else None

    async def close(self) -> None:
        """Stop, and let everybody go."""
        if self._watching is not None:
            self._watching.cancel()
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()
        self._reading.close()

    def _route(self, app: web.Application) -> None:
        simple: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {
            "/": partial(self._file, self._files["index.html"]),
            "/api/status": self._status,
            "/api/status.schema.json": partial(self._file, self._schema),
            "/api/decisions": self._decisions,
            "/api/history": self._history,
            "/api/outages": self._outages,
            "/api/timeline": self._timeline,
            "/api/samples": self._samples,
            STREAM: self._live.serve,
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/metrics": self._metrics,
        }
        for path, handler in simple.items():
            app.router.add_get(path, handler)
        for name, file in self._files.items():
            app.router.add_get(f"/static/{name}", partial(self._file, file))

    async def _file(self, file: File, request: web.Request) -> web.Response:
        headers = {"ETag": f'"{file.tag}"', "Cache-Control": "no-cache"}
        if any(each.value == file.tag for each in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(
            body=file.body, content_type=file.kind, charset="utf-8", headers=headers
        )

    async def _status(self, _: web.Request) -> web.Response:
        return web.json_response(self._sources.report())

    async def _decisions(self, _: web.Request) -> web.Response:
        return await self._reading(("decisions",), self._past.decisions)

    async def _history(self, request: web.Request) -> web.Response:
        span = _span(request)
        return await self._reading(("history", span), partial(self._past.history, span))

    async def _outages(self, request: web.Request) -> web.Response:
        span = _span(request)
        read = partial(self._past.outages, span, self._circuits())
        return await self._reading(("outages", span), read)

    async def _timeline(self, request: web.Request) -> web.Response:
        span = _span(request)
        read = partial(self._past.timeline, span, self._circuits())
        return await self._reading(("timeline", span), read)

    async def _samples(self, request: web.Request) -> web.Response:
        span, circuits = _span(request), self._circuits()
        circuit = request.query.get("circuit", "")
        if circuit not in circuits:
            raise Refusal(404, f"there is no such circuit; there are: {', '.join(circuits)}")
        read = partial(self._past.samples, circuit, span)
        return await self._reading(("samples", circuit, span), read)

    async def _healthz(self, _: web.Request) -> web.Response:
        return _plain(*metrics.healthz(self._sources.late()))

    async def _readyz(self, _: web.Request) -> web.Response:
        return _plain(*metrics.readyz(self._sources.report(), self._sources.counts))

    async def _metrics(self, _: web.Request) -> web.Response:
        at, body = self._exposed
        if time.monotonic() - at >= FRESH:  # it takes a few milliseconds of the loop's
            report, counts = self._sources.report(), self._sources.counts
            body = metrics.exposition(report, counts, self._lag.worst)
            self._exposed = time.monotonic(), body
        return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})

    def _circuits(self) -> tuple[str, ...]:
        return tuple(self._sources.report()["health"])

    def _bug(self) -> None:
        _log.exception("page-bug")


def _span(request: web.Request) -> str:
    span = request.query.get("range", "day")
    if span not in RANGES:
        raise Refusal(400, f"no such range; there are: {', '.join(RANGES)}")
    return span


def _plain(well: bool, words: str) -> web.Response:
    return web.Response(text=f"{words}\n", status=200 if well else 503)
