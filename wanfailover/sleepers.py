"""Idle circuits that sleep: what is lost over one is judged when it has had time to be raised.

A line that is dialled on demand, or a mobile one that has gone idle, answers nothing for seconds,
although it is well. So what is lost over an idle circuit that has `wake` is held back while it is
being raised. An answer tells what it was: after a pause the line had slept, and what was lost then
is nobody's loss; amid answers it was loss like any other. Where nothing has answered in the line's
own time, all of it is told, and the line is judged by it as any other is.

The active circuit never sleeps, for it is asked all the time; while it is being proved it is the
proof that raises it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from wanfailover.core.facts import Instant, ProbeSample, Result, Role
from wanfailover.specs import Wake

ASLEEP = 3.0
"""Seconds after its last sign of life in which no line goes to sleep: the shortest timers of a
mobile network (RRC inactivity) are longer."""

MOST = 10_000
"""Samples held back: many more than any profile's probes lose in ten minutes."""

Rouse = Callable[[str, Wake], Coroutine[Any, Any, None]]
"""Raises a circuit, for as long as its `Wake` says."""


@dataclass(slots=True)
class _Sleeper:
    wake: Wake
    held: deque[ProbeSample] = field(default_factory=lambda: deque(maxlen=MOST))
    heard: Instant | None = None  # when the last one was sent that was answered
    silent: Instant | None = None  # when the first one was sent that is held back
    given_up: bool = False
    task: asyncio.Task[None] | None = None


class Sleepers:
    """Stands between the probes and the engine.

    Args:
        wakes: By circuit, how it is raised.

        tell: Takes each sample when it may be judged.

        spawn: Runs work beside the loop.
    """

    def __init__(
        self,
        wakes: Mapping[str, Wake],
        tell: Callable[[ProbeSample], None],
        rouse: Rouse,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self._sleepers = {circuit: _Sleeper(wake) for circuit, wake in wakes.items()}
        self._tell = tell
        self._rouse = rouse
        self._spawn = spawn

    def take(self, sample: ProbeSample, active: str | None) -> None:
        """Pass *sample* on, now or later or not at all; the router is on *active*."""
        sleeper = self._sleepers.get(sample.circuit or "")
        if sleeper is None or sample.role is not Role.FAR or sample.result is Result.UNSENT:
            self._tell(sample)
        elif sample.circuit == active:
            self._end(sleeper)
            self._tell(sample)
        elif sample.result is Result.ANSWERED:
            self._answered(sleeper, sample)
        else:
            self._lost(sleeper, sample)

    def _answered(self, sleeper: _Sleeper, sample: ProbeSample) -> None:
        slept = (
            sleeper.heard is None
            or sleeper.silent is None
            or sleeper.silent - sleeper.heard > ASLEEP
        )
        held = tuple(sleeper.held)
        if sleeper.silent is None or sample.sent >= sleeper.silent:
            self._end(sleeper)
            for lost in () if slept else held:
                self._tell(lost)
        sleeper.heard = max(sample.sent, sleeper.heard or sample.sent)
        self._tell(sample)

    def _lost(self, sleeper: _Sleeper, sample: ProbeSample) -> None:
        if sleeper.given_up:
            self._tell(sample)
            return
        if sleeper.silent is None:
            sleeper.silent = sample.sent
            sleeper.task = self._spawn(self._rouse(sample.circuit or "", sleeper.wake))
        sleeper.held.append(sample)
        if sample.sent - sleeper.silent >= sleeper.wake.within:
            held = tuple(sleeper.held)
            self._end(sleeper)
            sleeper.given_up = True
            for lost in held:
                self._tell(lost)

    def _end(self, sleeper: _Sleeper) -> None:
        """It is awake, or need not be."""
        if sleeper.task is not None:
            sleeper.task.cancel()
        sleeper.task = sleeper.silent = None
        sleeper.given_up = False
        sleeper.held.clear()
