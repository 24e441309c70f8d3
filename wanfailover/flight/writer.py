"""The agent's side of the flight recorder: facts in, segments on the disk, and never in the way.

`FlightRecorder` is called on the agent's loop. It makes lines of what it is told, and hands a batch
of them every few seconds to a thread that compresses and writes. A kill at any instant loses the
last batch, and a power cut what the disk's cache held: this is a recording and no journal. A disk
that is full, slow, gone or not ours stops the recording, says so, and stops nothing else; it is
tried again, and goes on in a new segment with all that the engine holds by then.
"""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from wanfailover.core.engine import Engine
from wanfailover.core.entries import Entry
from wanfailover.core.facts import Fact, Instant
from wanfailover.core.site import Target
from wanfailover.flight.pen import SHARE, WAITING, Pen
from wanfailover.flight.rows import Encoder
from wanfailover.flight.segments import header
from wanfailover.flight.values import pack

FLUSH = 5.0
"""Seconds between two batches: what a kill may lose."""

SEGMENT = 3600.0
"""Seconds after which a new segment is begun."""

RETRY = 30.0
"""Seconds between two tries to write again."""

DAY = 86400.0

_log = logging.getLogger(__name__)


class FlightRecorder:
    """Records what one engine is fed, as *run*. *trouble* says why it cannot, while it cannot.

    Args:
        folder: For the segments; it is made where it is missing.

        keep: Seconds for which a segment is kept.

        size: Bytes that all of them may take; the oldest go first.

        waiting: Batches that may wait for the disk; 0 for any number.

        wall: Tells wall time, in seconds since the epoch.
    """

    def __init__(
        self,
        folder: Path,
        keep: float = 7 * DAY,
        size: int = 200 * 1000**2,
        waiting: int = WAITING,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._wall = wall
        self._pen = Pen(folder, keep, size, waiting)
        self._segment_size = size // SHARE
        self._engine: Engine | None = None
        self.run = uuid.uuid4().hex[:8]
        self._part = 0
        self._began = self._flushed = 0.0
        self._lost = 0
        self._tried: Instant | None = None  # since when it has not been written, if it is not
        self.trouble: str | None = None

    def started(self, engine: Engine, controls: Sequence[Target], now: Instant) -> None:
        """Begin a run, before *engine* is fed its first fact.

        Args:
            engine: Whose facts are told from here on.

            controls: What it was made with.

            now: The present instant.
        """
        self._engine, self._controls = engine, tuple(controls)
        try:
            self._begin(now)
        except Exception as bug:  # noqa: BLE001 - a recorder's bug must not keep anybody from watching
            self._break(bug)

    def fed(self, fact: Fact, now: Instant, entries: Sequence[Entry]) -> None:
        """Keep *fact*, which the engine was fed at *now*, and what it said to it."""
        if self._engine is None:
            return
        try:
            self._keep(fact, now, entries)
        except Exception as bug:  # noqa: BLE001 - nor from acting
            self._break(bug)

    def close(self) -> None:
        """Write what is left; a disk that does not answer is not waited for."""
        if self._engine is not None and self._tried is None:
            self._pen.write("".join(self._lines))
        self._engine = None
        self._pen.close()

    def _keep(self, fact: Fact, now: Instant, entries: Sequence[Entry]) -> None:
        if self._tried is not None:
            self._lost += 1
            if now - self._tried >= RETRY:
                self._begin(now)
            return
        self._lines.append(self._encoder.lines(fact, now, entries))
        if now - self._flushed < FLUSH:
            return
        trouble = self._pen.write("".join(self._lines))
        if trouble is not None:
            self._fail(trouble, now)
            return
        self._lines.clear()
        self._flushed = now
        self.trouble = None
        if now - self._began >= SEGMENT or self._pen.written >= self._segment_size:
            self._begin(now)

    def _begin(self, now: Instant) -> None:
        """Begin a part, with all that the engine holds between the last fact and the next."""
        engine = self._engine
        assert engine is not None  # noqa: S101 - `started` comes first
        self._encoder = Encoder()
        self._lines: list[str] = []
        self._began = self._flushed = now
        self._tried = None
        wall = self._wall()
        head = header(
            run=self.run,
            part=self._part,
            at=datetime.fromtimestamp(wall, UTC).isoformat(),
            now=now,
            lost=self._lost,
            pid=os.getpid(),
            site=pack(engine.site),
            controls=pack(self._controls),
            memory=pack(engine.memory()),
            engine=pack(engine) if self._part else None,
        )
        self._part += 1
        self._lost = 0
        self._pen.begin(head, wall)

    def _fail(self, trouble: str, now: Instant) -> None:
        self._tried = now
        self._lost += len(self._lines)
        if self.trouble is None:
            _log.warning("samples-unwritable", extra={"why": trouble})
        self.trouble = trouble

    def _break(self, bug: Exception) -> None:
        self._engine = None
        self.trouble = f"samples are not recorded: a bug in the recorder ({type(bug).__name__})"
        _log.exception("recorder-broke")
