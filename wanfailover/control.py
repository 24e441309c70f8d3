"""The agent's Unix socket: status out, operators' requests in, as HTTP and JSON.

The socket is made with mode 0660 from its first instant, so only the owner and the group of the
state directory can connect. Who asks is taken from the kernel (SO_PEERCRED), not from the request.
"""

from __future__ import annotations

import os
import pwd
import socket
import struct
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from aiohttp import web

from wanfailover.core.facts import PauseRequest, ResumeRequest, SwitchRequest
from wanfailover.report import Report

MAX_BODY = 64 * 1024
"""Bytes of a request; ours have a few hundred."""


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

    def explanation(self) -> Report: ...


class Control:
    """Listens while the agent runs. `open`, then `close`."""

    def __init__(self, desk: Desk, path: Path) -> None:
        self._desk = desk
        self._path = path
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        """Start to listen. The caller holds the site's lock, so an old socket is a dead one."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_get("/status", self._status)
        app.router.add_post("/switch", self._switch)
        app.router.add_post("/auto", self._auto)
        app.router.add_post("/pause", self._pause)
        app.router.add_post("/resume", self._resume)
        app.router.add_get("/explain", self._explain)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.SockSite(self._runner, _listen(self._path)).start()

    async def close(self) -> None:
        """Stop, and take the socket away."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._path.unlink(missing_ok=True)

    async def _status(self, _: web.Request) -> web.Response:
        return web.json_response(self._desk.report())

    async def _switch(self, http: web.Request) -> web.Response:
        try:
            body = await http.json()
            request = SwitchRequest(
                id=_new_id(),
                circuit=str(body["circuit"]),
                hold=None if body.get("hold") is None else float(body["hold"]),
                once=bool(body.get("once")),
                force=bool(body.get("force")),
                reason=str(body.get("reason") or "")[:200],
                who=_peer(http),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise web.HTTPBadRequest(text=f"not a switch request: {error!r}") from error
        reply = await self._desk.switch(request, dry_run=bool(body.get("dry_run")))
        return web.json_response(asdict(reply))

    async def _auto(self, http: web.Request) -> web.Response:
        return web.json_response(asdict(await self._desk.auto(_peer(http))))

    async def _pause(self, http: web.Request) -> web.Response:
        try:
            asked = (await http.json()).get("seconds")
            seconds = None if asked is None else float(asked)
            request = PauseRequest(_new_id(), seconds, _peer(http))
        except (ValueError, TypeError, AttributeError) as error:
            raise web.HTTPBadRequest(text=f"not a pause request: {error!r}") from error
        return web.json_response(asdict(await self._desk.automation(request)))

    async def _resume(self, http: web.Request) -> web.Response:
        request = ResumeRequest(_new_id(), _peer(http))
        return web.json_response(asdict(await self._desk.automation(request)))

    async def _explain(self, _: web.Request) -> web.Response:
        return web.json_response(self._desk.explanation())


def _new_id() -> str:
    return uuid.uuid4().hex[:12]


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    return listener


def _peer(http: web.Request) -> str:
    """The login name of whoever is at the other end of the socket."""
    peer = http.transport.get_extra_info("socket") if http.transport else None
    if peer is None:
        return "unknown"
    _, uid, _ = struct.unpack(
        "3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    )
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
