"""Opens the page beside the agent, if the profile asks for one, and minds no trouble with it."""

from __future__ import annotations

import asyncio
import os
from importlib import import_module
from typing import Any

import structlog

from wanfailover.page.sources import Sources
from wanfailover.specs import Page

AGAIN = 30.0
"""Seconds until it is tried again to listen: an address may come later than the agent."""

_log = structlog.get_logger("wanfailover")


class Gate:
    """`run` it, then `close`. *trouble* says why there is no page.

    Args:
        page: Where it listens; None where none is wanted.
    """

    def __init__(self, page: Page | None, sources: Sources) -> None:
        self._page, self._sources = page, sources
        self._server: Any = None
        self.trouble: str | None = None

    async def run(self) -> None:
        """Listen, as soon as that goes."""
        page = self._page
        if page is None:
            return
        where = f"{page.host}:{page.port}"
        try:
            module = await asyncio.to_thread(import_module, "wanfailover.page.server")
            while not await self._opens(module, page):  # noqa: ASYNC110 - nobody tells when it will
                await asyncio.sleep(AGAIN)
        except Exception:  # noqa: BLE001 - told, and logged with all its words
            self.trouble = "the page is not there: this is a bug in wanfailover"
            _log.exception("page-bug")
        else:
            self.trouble = None
            _log.info("page-open", at=where)

    async def close(self) -> None:
        """Stop to listen."""
        if self._server is not None:
            await self._server.close()

    async def _opens(self, module: Any, page: Page) -> bool:
        server = module.Server(self._sources, page.hosts)
        try:
            await server.open(page.host, page.port)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            self.trouble = f"the page cannot listen at {page.host}:{page.port}: {why}"
            _log.error("page-closed", why=self.trouble)
            return False
        self._server = server
        return True
