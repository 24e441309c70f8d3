"""Writes entries to the journal and the log; a journal that fails never stops a failover."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable

import structlog

from wanfailover.core.entries import ActionFailed, Entry, LineLearned, SwitchoverEnded, to_data
from wanfailover.errors import JournalError
from wanfailover.journal.writer import Journal

PATIENCE = 0.5
"""Seconds a failover waits for the disk: ten times what a sick one takes, and then it goes on."""

EXPLAINED = {"passed_over", "thresholds"}
"""What only `explain` prints: on each line of a log it would drown the rest."""

_WORDS = re.compile(r"(?<!^)(?=[A-Z])")


class Recorder:
    """An `EntrySink`. *trouble* says why the journal cannot be written, while it cannot."""

    def __init__(self, journal: Journal, clock: Callable[[], float] = time.monotonic) -> None:
        self._journal = journal
        self._clock = clock
        self._log = structlog.get_logger("wanfailover")
        self.trouble: str | None = None

    async def __call__(self, *entries: Entry) -> None:
        """Log and write; returns when durable entries are on the disk."""
        for entry in entries:
            self._tell(entry)
        if not entries:
            return
        # Shielded: what is late is written all the same, and in its order.
        writing = asyncio.ensure_future(self._journal.append(entries, self._clock()))
        writing.add_done_callback(self._written)
        await asyncio.wait([writing], timeout=PATIENCE)
        if not writing.done():
            self._complain(f"the disk of the journal has not answered for {PATIENCE:g} s")

    def _written(self, writing: asyncio.Future[None]) -> None:
        error = None if writing.cancelled() else writing.exception()
        if error is None:
            self.trouble = None
        elif isinstance(error, JournalError):
            self._complain(str(error))
        else:
            raise error

    def _complain(self, trouble: str) -> None:
        self.trouble = trouble
        self._log.error("journal-unwritable", why=trouble)

    def _tell(self, entry: Entry) -> None:
        event = _WORDS.sub("-", type(entry).__name__).lower()
        if isinstance(entry, LineLearned):
            return  # for the next start, and of no interest to anybody before
        fields = {
            key: value
            for key, value in to_data(entry).items()
            if value not in (None, ()) and key not in EXPLAINED
        }
        bad = isinstance(entry, ActionFailed) or (
            isinstance(entry, SwitchoverEnded) and entry.ending != "proved"
        )
        (self._log.warning if bad else self._log.info)(event, **fields)
