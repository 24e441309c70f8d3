"""The agent's Unix socket: status out, operators' requests in, as HTTP and JSON.

The socket is made with mode 0660 from its first instant, so only its owner and its group can
connect; and as a mode can be changed, whoever connects is held to that once more. Who asks is taken
from the kernel (SO_PEERCRED), not from the request.

One request a connection, in HTTP/1.0 as far as it takes: whoever is slow, or sends what is no
request, is cut off, and costs the agent a few kilobytes for a few seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog

from wanfailover.core.facts import PauseRequest, ResumeRequest, SwitchRequest
from wanfailover.opening import closed_on_failure
from wanfailover.peers import Peer
from wanfailover.report import Report

MAX_HEAD, MAX_BODY = 8 * 1024, 64 * 1024
"""Bytes of a request; ours have a few hundred."""

PATIENCE = 5.0
"""Seconds for a request to arrive, and for its answer to be taken."""

MOST = 32
"""Connections at a time; beyond them the one goes that has longest been sending its request."""

QUEUE = 128
"""Connections that wait to be taken; the loop takes as many at once, in a few milliseconds."""

LONGEST = 3650 * 86400.0
"""Seconds for which anything may be asked: ten years."""

_START = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]\r\n")
_REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 411: "Length Required", 413: "Content Too Large",
    500: "Internal Server Error", 503: "Service Unavailable"}  # fmt: skip

_log = structlog.get_logger("wanfailover")


class Refused(Exception):
    """A request that is none of ours.

    Args:
        status: Of HTTP.
    """

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a request: the command's exit code, a sentence, and lines to print below it."""

    exit: int
    sentence: str
    rule: str | None = None
    lines: tuple[str, ...] = ()


class Desk(Protocol):
    """Where requests are handled: the agent."""

    def report(self) -> Report: ...

    async def switch(self, request: SwitchRequest, *, dry_run: bool) -> Reply: ...

    async def auto(self, who: str) -> Reply: ...

    async def automation(self, request: PauseRequest | ResumeRequest) -> Reply: ...

    async def drill(
        self, circuit: str | None, stay: float | None, who: str, *, dry_run: bool
    ) -> Reply: ...

    def explanation(self) -> Report: ...


class Control:
    """Listens while the agent runs. `open`, then `close`. *trouble* says why it does not."""

    def __init__(self, desk: Desk, path: Path) -> None:
        self._desk = desk
        self._path = path
        self._server: asyncio.Server | None = None
        self._group = -1  # the socket's
        self.trouble: str | None = None
        self._guests: set[asyncio.Task[None]] = set()
        self._sending: dict[asyncio.Task[None], None] = {}  # of them, in the order they came
        self._routes: dict[bytes, tuple[bytes, Callable[[bytes, str], Awaitable[Any]]]] = {
            b"/status": (b"GET", self._status),
            b"/explain": (b"GET", self._explain),
            b"/switch": (b"POST", self._switch),
            b"/auto": (b"POST", self._auto),
            b"/pause": (b"POST", self._pause),
            b"/resume": (b"POST", self._resume),
            b"/drill": (b"POST", self._drill),
        }

    async def open(self) -> None:
        """Start to listen. The caller holds the site's lock, so an old socket is a dead one.

        Where no socket can be made, as on a disk that is full, `trouble` tells so.
        """
        try:
            listener = _listen(self._path)
            self._group = self._path.stat().st_gid
        except OSError as error:
            self.trouble = f"nobody can ask: {self._path} cannot be made: {error.strerror}"
            _log.error("control-closed", why=self.trouble)
            return
        self._server = await asyncio.start_unix_server(
            self._knock, sock=listener, limit=MAX_HEAD, backlog=QUEUE
        )

    async def close(self) -> None:
        """Stop, once who was answered has his answer, and take the socket away."""
        if self._server is None:
            return
        self._server.close()
        self._path.unlink(missing_ok=True)
        if self._guests:
            await asyncio.wait(self._guests, timeout=1.0)
        for guest in tuple(self._guests):
            guest.cancel()
        await asyncio.gather(*self._guests, return_exceptions=True)

    def _knock(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Somebody has connected."""
        while len(self._guests) >= MOST and self._sending:
            slowest = next(iter(self._sending))
            self._leave(slowest)
            slowest.cancel()
        full = len(self._guests) >= MOST
        guest = asyncio.get_running_loop().create_task(self._serve(reader, writer, full=full))
        self._guests.add(guest)
        self._sending[guest] = None
        guest.add_done_callback(self._leave)
        guest.add_done_callback(lambda _: writer.transport.abort())

    def _leave(self, guest: asyncio.Task[None]) -> None:
        self._guests.discard(guest)
        self._sending.pop(guest, None)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, full: bool
    ) -> None:
        with suppress(TimeoutError, OSError, EOFError):
            peer = Peer.of(writer.get_extra_info("socket"))
            answer = await self._answer(reader, peer, full=full)
            async with asyncio.timeout(PATIENCE):
                writer.write(answer)
                writer.close()
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, peer: Peer, *, full: bool) -> bytes:
        try:
            handle, body = await self._request(reader)
            if not peer.may_ask(self._group):
                raise Refused(403, f"{peer.name} is not in the socket's group")  # noqa: TRY301
            if full:
                raise Refused(503, "too many ask at once")  # noqa: TRY301 - the one answer to it
            return _response(
                200, "application/json", json.dumps(await _done(handle(body, peer.name)))
            )
        except Refused as error:
            return _response(error.status, "text/plain", str(error))

    async def _request(
        self, reader: asyncio.StreamReader
    ) -> tuple[Callable[[bytes, str], Awaitable[Any]], bytes]:
        """Read a whole request, while there is patience."""
        async with asyncio.timeout(PATIENCE):
            head = await _head(reader)
            handle = self._handler(head)
            body = await reader.readexactly(_length(head))
        guest = asyncio.current_task()
        self._sending = {other: None for other in self._sending if other is not guest}
        return handle, body

    def _handler(self, head: bytes) -> Callable[[bytes, str], Awaitable[Any]]:
        start = _START.match(head)
        if start is None:
            raise Refused(400, "not a request of HTTP")
        method, handle = self._routes.get(start[2], (b"", None))
        if handle is None:
            raise Refused(404, f"there is no {start[2].decode('ascii', 'replace')[:100]}")
        if start[1] != method:
            raise Refused(405, f"{start[2].decode('ascii')} takes {method.decode('ascii')}")
        return handle

    async def _status(self, _: bytes, __: str) -> Report:
        return self._desk.report()

    async def _explain(self, _: bytes, __: str) -> Report:
        return self._desk.explanation()

    async def _switch(self, body: bytes, who: str) -> dict[str, Any]:
        asked = _object(body, "a switch request")
        request = SwitchRequest(
            id=_new_id(),
            circuit=asked.text("circuit", required=True),
            hold=asked.seconds("hold"),
            once=asked.flag("once"),
            force=asked.flag("force"),
            reason="".join(filter(str.isprintable, asked.text("reason")))[:200],
            who=who,
        )
        return asdict(await self._desk.switch(request, dry_run=asked.flag("dry_run")))

    async def _auto(self, body: bytes, who: str) -> dict[str, Any]:
        _object(body, "a request to end a hold")
        return asdict(await self._desk.auto(who))

    async def _pause(self, body: bytes, who: str) -> dict[str, Any]:
        seconds = _object(body, "a pause request").seconds("seconds")
        return asdict(await self._desk.automation(PauseRequest(_new_id(), seconds, who)))

    async def _resume(self, body: bytes, who: str) -> dict[str, Any]:
        _object(body, "a request to resume")
        return asdict(await self._desk.automation(ResumeRequest(_new_id(), who)))

    async def _drill(self, body: bytes, who: str) -> dict[str, Any]:
        """Whoever asked may go away: it goes on."""
        asked = _object(body, "a drill request")
        drill = self._desk.drill(
            asked.text("circuit") or None, asked.seconds("stay"), who,
            dry_run=asked.flag("dry_run"),
        )  # fmt: skip
        return asdict(await drill)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request's fields, each of the type it must have; null is as if it were left out."""

    what: str
    fields: Mapping[str, Any]

    def text(self, key: str, *, required: bool = False) -> str:
        value = self.fields.get(key)
        if value is None and not required:
            return ""
        if not isinstance(value, str):
            raise self._refused(f"{key} is not a text")
        return value

    def flag(self, key: str) -> bool:
        value = self.fields.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise self._refused(f"{key} is neither true nor false")

    def seconds(self, key: str) -> float | None:
        value = self.fields.get(key)
        if value is None:
            return None
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 < value <= LONGEST:
            raise self._refused(f"{key} is not a number of seconds from 0 to {LONGEST:.0f}")
        return float(value)

    def _refused(self, why: str) -> Refused:
        return Refused(400, f"not {self.what}: {why}")


async def _done(work: Awaitable[Any]) -> Any:
    try:
        return await work
    except Refused:
        raise
    except Exception as bug:
        _log.exception("control-bug")
        raise Refused(500, "this is a bug in wanfailover; its log has more") from bug


def _object(body: bytes, what: str) -> _Asked:
    try:
        fields = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"not {what}: no JSON") from error
    if not isinstance(fields, dict):
        raise Refused(400, f"not {what}: no JSON object")
    return _Asked(what, fields)


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise Refused(400, "not a request: its head is too long") from error


def _length(head: bytes) -> int:
    """Of the body, as the head tells."""
    told = b"0"
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"transfer-encoding":
            raise Refused(411, "tell the length of the body")
        if name.strip().lower() == b"content-length":
            told = value.strip()
    if not told.isdigit():
        raise Refused(400, "not a length of a body")
    if len(told) > 9 or int(told) > MAX_BODY:
        raise Refused(413, f"over {MAX_BODY} bytes")
    return int(told)


def _response(status: int, kind: str, text: str) -> bytes:
    body = text.encode()
    head = (
        f"HTTP/1.0 {status} {_REASONS[status]}\r\nContent-Type: {kind}; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _new_id() -> str:
    return uuid.uuid4().hex[:12]


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)
    try:
        with closed_on_failure(listener):
            listener.bind(str(path))
    finally:
        os.umask(before)
    listener.setblocking(False)
    return listener
