"""Looks after the office's mail beside the loop: has it drained, then sends a canary after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from wanfailover.mail import canary, drain
from wanfailover.ports import EntrySink
from wanfailover.probes.names import Names
from wanfailover.report import Report, mail_told
from wanfailover.specs import Mail


class Postmaster:
    """For an office with a backup MX; without one (None) it does nothing.

    Args:
        mailed: What became of the last drain, of an earlier run; so is *flown* of the last canary.

        spawn: Runs work beside the loop.

        switching: Tells whether a switchover is under way.
    """

    def __init__(
        self,
        mail: Mail | None,
        names: Names,
        record: EntrySink,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        switching: Callable[[], bool],
        mailed: Report | None = None,
        flown: Report | None = None,
    ) -> None:
        self._mail = mail
        self._switching = switching
        self._ended: float | None = None  # the last switchover, by the loop's clock
        ask = drain.by_smtp(mail, names) if mail else None
        self._drains = drain.Drains(mail, ask, record, spawn, mailed, self._drained)
        self._canaries: canary.Canaries | None = None
        if mail is not None and mail.canary is not None:
            send = canary.by_smtp(mail, mail.canary, names)
            self._canaries = canary.Canaries(
                mail, mail.canary, send, record, spawn, flown, self._busy
            )

    async def watch(self) -> None:
        """Send canaries when they are due, for as long as the agent lives."""
        if self._canaries is not None:
            await self._canaries.watch()

    @property
    def trouble(self) -> str | None:
        """Why there can be no canary."""
        return self._canaries.trouble if self._canaries else None

    def resume(self, switchover: Report | None) -> None:
        """An agent starts: see `Drains.resume`."""
        self._drains.resume(switchover)

    def begin(self, switchover: str) -> None:
        """A switchover has ended."""
        self._ended = asyncio.get_running_loop().time()
        self._drains.begin(switchover)
        if self._mail is not None and not self._mail.etrn:
            self._drained(switchover)

    def cancel(self) -> None:
        """A switchover begins: what was under way is its affair no longer."""
        self._drains.cancel()
        if self._canaries is not None:
            self._canaries.cancel()

    def report(self) -> Report | None:
        """As ``status --json`` has it; None without a backup MX that is asked anything."""
        flown = self._canaries.report() if self._canaries else None
        return mail_told(self._drains.report(), flown)

    def _busy(self) -> bool:
        return self._switching() or self._drains.waiting

    def _drained(self, switchover: str) -> None:
        """The backup MX has been asked, or could not be, or is not to be."""
        if self._canaries is not None:
            self._canaries.begin(switchover, self._ended)
