"""Writes entries to the journal and the log; a journal that fails never stops a failover."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import structlog

from wanfailover import wording
from wanfailover.core.entries import (
    ActionFailed,
    CanaryLost,
    JournalSetAside,
    LineLearned,
    MailNotDrained,
    SwitchoverEnded,
)
from wanfailover.entries import Entry
from wanfailover.errors import JournalError
from wanfailover.journal.outbox import Posted
from wanfailover.journal.plain import to_data
from wanfailover.journal.rows import Row
from wanfailover.journal.spill import Spill
from wanfailover.journal.writer import Journal

PATIENCE = 0.5
"""Seconds a failover waits for the disk: ten times what a sick one takes, and then it goes on."""

IMPATIENCE = 0.05
"""The same while the disk is known to be in trouble: there are a dozen entries to a switchover."""

EXPLAINED = {"passed_over", "thresholds"}
"""What only `explain` prints: on each line of a log it would drown the rest."""

_WORDS = re.compile(r"(?<!^)(?=[A-Z])")


class Teller(Protocol):
    """Makes messages of entries: see `notify.post`. Neither waits nor raises."""

    def tell(self, entries: Sequence[Entry]) -> list[Posted]:
        """Give what is to be written with *entries*."""
        ...

    def send(self, entries: Sequence[Entry], posted: Sequence[Posted]) -> None:
        """They are written, or cannot be just now."""
        ...


class Silent:
    """Nobody is told."""

    def tell(self, _: Sequence[Entry]) -> list[Posted]:
        """Give nothing."""
        return []

    def send(self, _: Sequence[Entry], __: Sequence[Posted]) -> None:
        """Nothing is sent."""


class Recorder:
    """An `EntrySink`. *trouble* says why the journal cannot be written, while it cannot.

    Args:
        clock: Stamps the entries, in seconds, monotonic.

        spill: Takes what a restart must know while the journal does not.

    Attributes:
        teller: Makes messages of what is recorded.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Callable[[], float] = time.monotonic,
        spill: Spill | None = None,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._spill = spill or Spill(None)
        self.teller: Teller = Silent()
        self._aside: Path | None = None
        self._spilled = bool(self._spill.rows() or self._spill.posted())  # of an earlier run
        self._log = structlog.get_logger("wanfailover")
        self.trouble: str | None = None
        if journal.trouble is not None:
            self._complain(journal.trouble)
        self._settle()

    async def __call__(self, *entries: Entry) -> None:
        """Log and write; returns when durable entries are on a medium, the journal's if it can be.

        While the disk has not answered, the runtime directory has them, and they are written in
        their order all the same when it does.
        """
        if self._journal.aside != self._aside:
            self._aside = self._journal.aside
            entries = (JournalSetAside(str(self._aside), self._journal.damage), *entries)
        for entry in entries:
            self._tell(entry)
        if not entries:
            return
        rows, posted = self._journal.stamp(entries, self._clock()), self.teller.tell(entries)
        writing = asyncio.ensure_future(self._journal.write(rows, posted))
        await asyncio.wait([writing], timeout=PATIENCE if self.trouble is None else IMPATIENCE)
        trouble = f"the disk of the journal has not answered for {PATIENCE:g} s"
        if writing.done():
            trouble = self._failed(writing)
        else:
            writing.add_done_callback(self._late)
        if trouble:
            self._keep(rows, posted, trouble)
        else:
            self._written()
        self.teller.send(entries, posted)

    def _late(self, writing: asyncio.Future[None]) -> None:
        """The disk has answered after all: what was written comes before all that is to come."""
        trouble = self._failed(writing)
        if trouble:
            self._complain(trouble)
        else:
            self._written()

    def _failed(self, writing: asyncio.Future[None]) -> str:
        if writing.cancelled():
            return ""
        error = writing.exception()
        if error is not None and not isinstance(error, JournalError):
            raise error
        return str(error or "")

    def _keep(self, rows: Sequence[Row], posted: Sequence[Posted], trouble: str) -> None:
        try:
            self._spilled |= self._spill.keep(rows, posted)
        except OSError as error:
            trouble += f"; nor can {self._spill.path or 'a runtime directory'}: {error.strerror}"
        self._complain(trouble)

    def _written(self) -> None:
        self.trouble = None
        self._settle()

    def _settle(self) -> None:
        """Let go of what the journal has by now."""
        if self._spilled and not self._journal.owes:
            with suppress(OSError):  # it is known to be in both
                self._spill.clear()
                self._spilled = False

    def _complain(self, trouble: str) -> None:
        if trouble != self.trouble:
            self._log.error("journal-unwritable", why=trouble)
        self.trouble = trouble

    def _tell(self, entry: Entry) -> None:
        event = _WORDS.sub("-", type(entry).__name__).lower()
        if isinstance(entry, LineLearned):
            return  # for the next start, and of no interest to anybody before
        fields = {
            key: value
            for key, value in to_data(entry).items()
            if value not in (None, ()) and key not in EXPLAINED
        }
        bad = isinstance(entry, ActionFailed | CanaryLost | JournalSetAside | MailNotDrained) or (
            isinstance(entry, SwitchoverEnded) and entry.ending != "proved"
        )
        tell = self._log.warning if bad else self._log.info
        tell(event, sentence=wording.tell(entry), **fields)
