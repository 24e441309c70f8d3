"""The agent's side: counts facts on its loop, and has a thread write what has come together.

A kill at any instant loses what was counted since the last writing; the flight recorder has it, and
`catchup` makes up for it. A disk that is full, slow or gone stops the writing, says so, and stops
nothing else.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from wanfailover.core.engine import Engine
from wanfailover.core.facts import Fact, Instant
from wanfailover.journal.damage import damaged, set_aside
from wanfailover.replay.playback import SAME_CLOCK
from wanfailover.rollups import store
from wanfailover.rollups.fold import Fold, Row
from wanfailover.worker import Worker

EVERY = 15.0
"""Seconds between two writings: what a plot may lag behind."""

WAITING = 40
"""Writings that may wait for the disk: ten minutes."""

_log = logging.getLogger(__name__)


class Keeper:
    """Keeps the rows of one site while its agent runs. *trouble* says why it cannot.

    Args:
        folder: The site's state directory.

        keep: Seconds for which history is kept.

        wall: Tells wall time, in seconds since the epoch.
    """

    def __init__(self, folder: Path, keep: float, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._fold: Fold | None = None
        self._run = ""
        self._written: Instant = 0.0
        self._thread = Scribe(folder, keep)

    @property
    def trouble(self) -> str | None:
        """Why nothing is written, while nothing is."""
        return self._thread.trouble

    def started(self, run: str, now: Instant) -> None:
        """Begin a run of the flight recorder's; the one before it is over.

        Args:
            run: Its name.

            now: The present instant.
        """
        self._finish(now)
        self._fold, self._run, self._written = Fold(self._wall() - now), run, now

    def fed(self, fact: Fact, now: Instant, engine: Engine) -> None:
        """Count *fact*, which *engine* was fed at *now*."""
        if self._fold is None:
            return
        try:
            self._fold.fed(fact, now, engine)
            if now - self._written >= EVERY:
                self._write(now)
        except Exception as bug:  # noqa: BLE001 - a plot must not keep anybody from acting
            self._fold = None
            self._thread.trouble = f"samples are not rolled up: a bug ({type(bug).__name__})"
            _log.exception("rollups-broke")

    def close(self, now: Instant) -> None:
        """Write what is left; a disk that does not answer is not waited for."""
        self._finish(now)
        self._thread.close()

    def _finish(self, now: Instant) -> None:
        if self._fold is not None:
            self._thread.put(self._run, self._fold.rows(now), self._wall(), last=True)
        self._fold = None

    def _write(self, now: Instant) -> None:
        assert self._fold is not None  # noqa: S101 - `fed` has looked
        self._written = now
        wall = self._wall()
        self._thread.put(self._run, self._fold.rows(now), wall)
        if abs(wall - now - self._fold.offset) > SAME_CLOCK:
            self._fold.clock_set(wall - now)


class Scribe:
    """The thread that writes, and may wait for a disk."""

    def __init__(self, folder: Path, keep: float) -> None:
        self._path = folder / store.NAME
        self._keep = keep
        self._db: sqlite3.Connection | None = None
        self._owed: dict[tuple[str, str, int], Row] = {}
        self._torn: set[str] = set()  # runs of which something was let go
        self._pruned: float | None = None
        self.trouble: str | None = None
        self._worker = Worker("rollups", WAITING, self._close)

    def put(self, run: str, rows: Sequence[Row], wall: float, *, last: bool = False) -> None:
        """Have *rows* written, of which the thread alone knows from here on."""
        if not self._worker.put(lambda: self._do(run, rows, wall, last)):
            self._torn.add(run)
            self._complain("the disk does not answer")

    def close(self) -> None:
        """Have what waits written."""
        self._worker.close()

    def _do(self, run: str, rows: Sequence[Row], wall: float, last: bool) -> None:
        try:
            self._write(run, rows, wall, last)
            self.trouble = None
        except (sqlite3.Error, OSError) as error:
            self._failed(error)

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _write(self, run: str, rows: Sequence[Row], wall: float, last: bool) -> None:
        self._owed |= {(run, row.circuit, row.t): row for row in rows}
        if self._db is not None and not self._path.exists():  # somebody has deleted it
            self._close()
            self._torn.add(run)
        if self._db is None:
            self._db = store.opened(self._path)
        for owed in sorted({run for run, _, _ in self._owed}):
            store.write(self._db, owed, [row for key, row in self._owed.items() if key[0] == owed])
        self._owed.clear()
        if last and run not in self._torn:
            store.complete(self._db, run)
        if self._pruned is None or abs(wall - self._pruned) >= store.HOUR:
            store.prune(self._db, wall, self._keep)
            self._pruned = wall

    def _failed(self, error: sqlite3.Error | OSError) -> None:
        self._close()
        if isinstance(error, sqlite3.Error) and damaged(error):
            self._set_aside()
        if len(self._owed) > store.AT_ONCE:
            self._torn |= {run for run, _, _ in self._owed}
            self._owed.clear()
        self._complain(str(error))

    def _set_aside(self) -> None:
        """A new one is begun; what it lacks of the last days comes from the recording."""
        self._torn |= {run for run, _, _ in self._owed}
        try:
            aside = set_aside(self._path, datetime.now(UTC))
        except OSError as error:
            _log.warning("rollups-damaged", extra={"why": str(error)})
        else:
            _log.warning("rollups-damaged", extra={"aside": str(aside)})

    def _complain(self, why: str) -> None:
        if self.trouble is None:
            _log.warning("rollups-unwritable", extra={"why": why})
        self.trouble = f"samples are not rolled up: {self._path}: {why}"
