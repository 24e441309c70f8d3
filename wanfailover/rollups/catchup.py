"""Makes up for rows that are missing: decides the recording again, and counts it as the agent does.

In a process of its own, and last in line for the CPU: a week takes minutes of it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing, suppress
from math import inf
from pathlib import Path

import wanfailover
from wanfailover.core.engine import Engine
from wanfailover.core.facts import Instant
from wanfailover.errors import RecordingError
from wanfailover.flight.reader import Head, Log, Part
from wanfailover.flight.rows import Fed
from wanfailover.flight.segments import Segment, segments
from wanfailover.replay.playback import Playback
from wanfailover.rollups import store
from wanfailover.rollups.fold import MINUTE, Fold

SETTLED = 60.0
"""Seconds after its start in which an agent has better to do."""

WRITE = 600.0
"""Seconds of the recording between two writings."""

HERE = str(Path(wanfailover.__path__[0]).parent)
"""Where another Python finds this program: the Debian package's own need not look there."""

_log = logging.getLogger(__name__)


async def beside(folder: Path, samples: Path, run: str) -> None:
    """Have it done in a process beside the agent, if there is a recording of other runs.

    Args:
        folder: The site's state directory.

        samples: Of the flight recorder.

        run: The agent's own, which is left out.
    """
    await asyncio.sleep(SETTLED)
    try:
        if len(segments(samples)) < 2:
            return
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "wanfailover.rollups", folder, samples, run,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": HERE},
        )  # fmt: skip
    except OSError as error:
        _log.warning("rollups-not-made-up", extra={"why": str(error)})
        return
    try:
        _, said = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        _log.warning("rollups-not-made-up", extra={"why": said.decode(errors="replace").strip()})


def catch_up(folder: Path, samples: Path, now: float, but: str = "") -> list[str]:
    """Write what is missing of each run that can still be read.

    Args:
        folder: The site's state directory.

        samples: Of the flight recorder.

        now: Wall time, seconds since the epoch.

        but: A run that goes on.

    Returns:
        The runs that something was missing of.

    Raises:
        sqlite3.Error: It cannot be written.

        OSError: The recording cannot be read.
    """
    runs = defaultdict[str, list[Segment]](list)
    for segment in segments(samples):
        with suppress(RecordingError):
            runs[Part(segment).head.run].append(segment)
    with closing(store.opened(folder / store.NAME)) as db:
        store.forget_runs(db, runs)
        wanting = [run for run in runs if run != but and not store.is_complete(db, run)]
        for run in wanting:
            _make_up(db, run, Log(samples), runs[run], now)
    return wanting


def _make_up(
    db: sqlite3.Connection, run: str, log: Log, many: Sequence[Segment], now: float
) -> None:
    """Count from the first minute on that is missing, and the one before: it may be cut short."""
    since = store.whole_hours(now - store.MINUTES) + store.HOUR
    known = store.minutes_of(db, run)
    missing = max(since, int(many[0].began // MINUTE + 1) * MINUTE)
    while missing in known:
        missing += MINUTE
    since = max(since, missing - 2 * MINUTE)
    begun = [n for n, segment in enumerate(many) if segment.began < since - MINUTE]
    log.segments = [*many[begun[-1] if begun else 0 :]]
    counted = _Counted(db, run, since)
    Playback(log, [counted]).play()
    counted.write(inf)
    store.complete(db, run)


class _Counted:
    """Counts a run while it is played; what was before *since*, wall time, is known."""

    def __init__(self, db: sqlite3.Connection, run: str, since: float) -> None:
        self._db, self._run, self._since = db, run, since
        self._fold: Fold | None = None
        self._written: Instant = -inf

    def begin(self, head: Head, live: Engine, offset: float) -> None:
        del live
        if self._fold is None:
            self._fold = Fold(offset)
        elif self._fold.offset != offset:
            self.write(head.now)
            self._fold.clock_set(offset)

    def before(self, fed: Fed, live: Engine) -> None:
        del live
        if fed.now - self._written >= WRITE:
            self.write(fed.now)

    def after(self, fed: Fed, live: Engine) -> None:
        if self._fold is not None:
            self._fold.fed(fed.fact, fed.now, live)

    def write(self, now: Instant) -> None:
        """Write what has come together."""
        self._written = now
        rows = self._fold.rows(now) if self._fold is not None else []
        store.write(self._db, self._run, [row for row in rows if row.t >= self._since])
