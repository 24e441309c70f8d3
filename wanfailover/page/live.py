"""How things stand, to every open page: each change as it comes, the figures now and then."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiohttp import web

from wanfailover import sentences
from wanfailover.journal.eras import utc_now
from wanfailover.report import Report, stamp
from wanfailover.verdict import findings

LOOK_EVERY = 0.25
"""Seconds between two looks; a look takes a fraction of a millisecond, and none is taken while no
page is open."""

FIGURES_EVERY = 2.0
"""Seconds after which figures are told that alone have changed, such as a round trip."""

TAKEN_WITHIN = 5.0
"""Seconds that a browser may take to take what it is sent; one that has gone to sleep is left."""

STREAMS, STREAMS_EACH = 48, 12
"""Pages that are open at a time: of all, and of one address; beyond that the oldest is let go."""

LASTING = 3600.0
"""Seconds that a stream lasts; the browser opens another."""


_log = structlog.get_logger("wanfailover")

LEVELS = ("ok", "warning", "critical")


def now(report: Report) -> dict[str, Any]:
    """How things stand: the data, the same in the words of `status`, and what is amiss."""
    words = {
        "where": sentences.where(report),
        "circuits": {name: sentences.circuit(each) for name, each in report["health"].items()},
        "tunnels": {each["name"]: sentences.tunnel(each) for each in report["tunnels"]},
        "decision": sentences.decision(report),
        "next": sentences.coming(report),
        "wishes": list(sentences.wishes(report)),
        "last": report["switchover"] and sentences.switchover(report["switchover"]),
        "rounds": list(sentences.rounds(report)),
        "reds": list(sentences.reds(report)),
        "deaf": sentences.DEAF if report["router"]["reachable"] is False else None,
        "agent": sentences.agent(report),
    }
    found = [[LEVELS[level], sentence] for level, sentence in findings(report)]
    return {"at": stamp(utc_now()), "status": report, "words": words, "findings": found}


def _gist(report: Report) -> str:
    """What is worth telling at once."""
    health = {
        name: [each["state"], each["because"], each["layer"]]
        for name, each in report["health"].items()
    }
    keys = ("active", "since", "router", "decision", "hold", "paused", "switchover", "warnings")
    tunnels = [[each["name"], each["state"]] for each in report["tunnels"]]
    return json.dumps([health, tunnels, [report[key] for key in keys]])


class Live:
    """Looks while somebody does."""

    def __init__(self, report: Callable[[], Report]) -> None:
        self._report = report
        # With their peers, in the order they came.
        self._streams: dict[asyncio.Task[Any] | None, str] = {}
        self._changed: asyncio.Future[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._told = b""
        self._closed = False

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """A stream of events (HTML, server-sent events), until the browser has had enough."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        response.headers["Cache-Control"] = "no-store"
        task = asyncio.current_task()
        self._admit(task, request.remote or "")
        try:
            await response.prepare(request)
            if request.method == "GET":
                with suppress(TimeoutError, ConnectionError):
                    async with asyncio.timeout(LASTING):
                        await self._tell(response)
        finally:
            self._streams.pop(task, None)
            if request.transport is not None and request.transport.get_write_buffer_size():
                request.transport.abort()  # nobody takes it
        response.force_close()
        return response

    async def close(self, *_: object) -> None:
        """Let every page go."""
        self._closed = True
        self._end(tuple(self._streams))
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking

    def _end(self, streams: Sequence[asyncio.Task[Any] | None]) -> None:
        for each in streams:
            self._streams.pop(each, None)
            if each is not None:
                each.cancel()

    def _admit(self, task: asyncio.Task[Any] | None, peer: str) -> None:
        same = [each for each, whose in self._streams.items() if whose == peer]
        surplus = same[: len(same) + 1 - STREAMS_EACH] if len(same) >= STREAMS_EACH else []
        if not surplus and len(self._streams) >= STREAMS:
            surplus = list(self._streams)[:1]
        self._end(surplus)
        self._streams[task] = peer
        if self._looking is None or self._looking.done():
            self._told = _event(self._report())
            self._looking = asyncio.get_running_loop().create_task(self._look())

    async def _tell(self, response: web.StreamResponse) -> None:
        while not self._closed:
            told = self._told
            async with asyncio.timeout(TAKEN_WITHIN):
                await response.write(told)
            if told is self._told:
                await self._news()

    async def _news(self) -> None:
        if self._changed is None or self._changed.done():
            self._changed = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._changed)

    async def _look(self) -> None:
        try:
            await self._watch()
        except Exception:  # noqa: BLE001 - each page comes again, and it is looked anew
            _log.exception("page-bug")
            self._end(tuple(self._streams))

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        report, at = self._report(), loop.time()
        gist = _gist(report)
        while self._streams and not self._closed:
            await asyncio.sleep(LOOK_EVERY)
            report = self._report()
            if _gist(report) != gist or loop.time() - at >= FIGURES_EVERY:
                gist, at, self._told = _gist(report), loop.time(), _event(report)
                if self._changed is not None and not self._changed.done():
                    self._changed.set_result(None)


def _event(report: Report) -> bytes:
    told = json.dumps(now(report), separators=(",", ":"))
    return f"event: now\ndata: {told}\n\n".encode()
