"""How things stand now: an engine's word, and what no engine remembers and `status` tells."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from wanfailover import report
from wanfailover.core.engine import Engine
from wanfailover.core.facts import Fact, Outcome, RouterView, SwitchoverStarted
from wanfailover.journal.eras import utc_now
from wanfailover.report import Report
from wanfailover.switchover import ended_entry

_log = structlog.get_logger("wanfailover")


class Present:
    """Of one agent.

    Args:
        driver: Its name.

        last: The last switchover of an earlier run.

    Attributes:
        remarks: What the driver found on the router and could not have wished for.
    """

    def __init__(self, driver: str, last: Report | None) -> None:
        self._driver, self.last = driver, last
        self._active: str | None = None
        self._since = self._started = time.monotonic()
        self._wall = report.Wall(self._started, utc_now())
        self._began: datetime | None = None  # the running switchover, or the last
        self.remarks: tuple[str, ...] = ()

    def fed(self, fact: Fact, engine: Engine, now: float) -> None:
        """Take note of a fact that *engine* was fed."""
        match fact:
            case SwitchoverStarted():
                self._began = utc_now()
            case RouterView(remarks=remarks):
                self._remark(remarks)
            case _:
                pass
        known = engine.router.view is not None  # the engine of a new profile is told it anew
        if known and engine.active != self._active:
            self._active, self._since = engine.active, now

    def ended(self, outcome: Outcome) -> None:
        """A switchover has ended."""
        self.last = report.ended(ended_entry(outcome), utc_now())

    def report(self, engine: Engine, vantages: Mapping[str, str | None], **parts: Any) -> Report:
        """Tell it, as `status --json` does; *parts* is what others tell: see `report.Running`."""
        running = report.Running(
            driver=self._driver,
            since=self._since,
            started=self._started,
            pid=os.getpid(),
            vantages=vantages,
            last=self.last,
            began=self._began,
            **parts,
        )
        self._wall = report.Wall(time.monotonic(), utc_now()).after(self._wall)
        return report.live(engine, running, self._wall)

    def _remark(self, remarks: tuple[str, ...]) -> None:
        """Log it once while it lasts."""
        for remark in remarks:
            if remark not in self.remarks:
                _log.warning("router-remark", remark=remark)
        self.remarks = remarks
