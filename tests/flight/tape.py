"""Records an engine of a test's as the agent's is recorded, and reads it back."""

from __future__ import annotations

from pathlib import Path

from tests.scenarios.world import CONTROL, World
from wanfailover.core.engine import Engine
from wanfailover.flight.grain import grained, grained_fact
from wanfailover.flight.reader import Log
from wanfailover.flight.writer import FlightRecorder
from wanfailover.replay.playback import Playback, Played

EPOCH = 1_795_766_400.0  # 2026-11-27 08:00 UTC


class Taped:
    """An engine whose facts are recorded."""

    def __init__(
        self, engine: Engine, recorder: FlightRecorder, controls=(CONTROL,), now=0.0
    ) -> None:
        self._engine = engine
        self._recorder = recorder
        self.fed = 0
        recorder.started(engine, controls, now)

    def __getattr__(self, name: str):
        return getattr(self._engine, name)

    def feed(self, fact, now):
        """Feed and record."""
        fact, now = grained_fact(fact), grained(now)
        entries, answers = self._engine.feed(fact, now)
        self._recorder.fed(fact, now, entries)
        self.fed += 1
        return entries, answers


class Recorded(World):
    """A world whose agent records, each of its lives as a run of its own."""

    def __init__(self, folder: Path, *args, bounds: dict | None = None, **how) -> None:
        self.folder = folder
        self.recorder: FlightRecorder | None = None
        self.fed = 0
        self._bounds = bounds or {}
        super().__init__(*args, **how)

    @property
    def engine(self) -> Taped:
        return self._engine

    @engine.setter
    def engine(self, engine: Engine) -> None:
        self.close()
        self.recorder = FlightRecorder(
            self.folder, waiting=0, wall=lambda: EPOCH + self.now, **self._bounds
        )
        self._engine = Taped(engine, self.recorder, now=self.now)

    def close(self) -> None:
        """The agent ends, in order."""
        if self.recorder is not None:
            self.recorder.close()
            self.fed += self._engine.fed


def played(folder: Path) -> Played:
    """What a recording comes to."""
    return Playback(Log(folder)).play()
