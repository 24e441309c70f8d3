"""An outage, rehearsed: how soon would it be noticed?

That is not worked out by a formula of its own. The core's own `Line` is shown a line that is cut at
the best and at the worst moment, asked as the runner would ask: right after every target was due
again, and right after every one has answered. All other moments lie between.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from wanfailover.core.engine import QUICK_TICK, TICK
from wanfailover.core.facts import Instant, ProbeSample, Result
from wanfailover.core.health import Line
from wanfailover.core.reading import State
from wanfailover.core.site import Detect, Target

STEP = QUICK_TICK / 2
"""Seconds between two looks in a rehearsal."""

LONGEST = 3600.0
"""Seconds after which a rehearsal gives up."""

ROUND_TRIP = 0.001
"""Seconds, in a rehearsal: an answer in flight when the line is cut is lost all the same."""

TINY = 1e-6
"""Seconds between two probes that are as good as one: a suspicion that comes and goes may double
the quick ones, but not more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A target as a circuit's probes ask it.

    Args:
        target: With its pace on the circuit while that is active.

        slowest: Its pace while that is idle.

        quick: Seconds between two probes of a line under suspicion.

        slots: How many of its probes may be under way at a time.

        deadline: After how many seconds one that is never answered makes room.
    """

    target: Target
    slowest: float
    quick: float
    slots: int
    deadline: float


class Rehearsal:
    """A line that is cut at nought, and what of it is told when.

    Args:
        early: Every target is about to be asked, and never waits for one that is stuck; else each
            has just been heard, one probe more is under way, suspicion takes its time, and so does
            the next look.
    """

    def __init__(self, asked: Sequence[Asked], line: Line, detect: Detect, *, early: bool) -> None:
        self._line = line
        self._early = early
        self._timeout = detect.timeout_least
        self._cut = 1000.0
        self._order = count()
        self._sends: list[tuple[Instant, int, Asked]] = []
        self._losses: list[tuple[Instant, int, ProbeSample]] = []
        self._under_way: dict[str, list[Instant]] = {}  # when each makes room for another
        self._fast_since: Instant | None = None
        self._quick = False
        for each in sorted(asked, key=lambda each: -each.target.every):
            answered = self._cut - (each.target.every if early else 0.0) - ROUND_TRIP
            line.take(self._sample(each, answered, Result.ANSWERED), self._cut)
            self._send_at(answered + ROUND_TRIP + each.target.every, each)
            self._under_way[each.target.name] = [] if early else [self._makes_room(each, self._cut)]
        line.judge(self._cut)

    def noticed(self) -> float:
        """Seconds from the cut until somebody looks and sees that it is down."""
        for step in range(int(LONGEST / STEP)):
            now = self._cut + step * STEP
            self._tell(now)
            if self._line.judge(now)[0] is State.DOWN:
                tick = QUICK_TICK if self._quick else TICK
                return now - self._cut + (0.0 if self._early else tick)
            self._suspect(now)
        return LONGEST

    def _tell(self, now: Instant) -> None:
        while self._sends and self._sends[0][0] <= now:
            at, _, each = heapq.heappop(self._sends)
            room = self._ask(each, at)
            self._send_at(at + self._pace(each) if room is None else room, each)
            if self._early and self._quick:
                self._ask(each, at + TINY)
        while self._losses and self._losses[0][0] <= now:
            self._line.take(heapq.heappop(self._losses)[2], now)

    def _makes_room(self, each: Asked, sent: Instant) -> Instant:
        """When another is sent in a probe's place at the latest: a pace after its end."""
        return sent + max(each.deadline, self._timeout) + each.target.every

    def _ask(self, each: Asked, at: Instant) -> Instant | None:
        """Send a probe, if there is room for it; else return when there will be."""
        under_way = [end for end in self._under_way[each.target.name] if end > at]
        if not self._early and len(under_way) >= each.slots:
            return min(under_way)
        self._under_way[each.target.name] = [*under_way, self._makes_room(each, at)]
        loss = self._sample(each, at, Result.LOST)
        heapq.heappush(self._losses, (at + self._timeout, next(self._order), loss))
        return None

    def _suspect(self, now: Instant) -> None:
        """Ask quickly as long as the line asks for it: at once, or when it has done so a while."""
        if not self._line.fast(now):
            self._fast_since, self._quick = None, False
            return
        self._fast_since = now if self._fast_since is None else self._fast_since
        if not self._quick and (self._early or now - self._fast_since >= TICK):
            self._quick = True
            waiting, self._sends = self._sends, []
            for at, _, each in waiting:
                self._send_at(min(at, now if self._early else now + 2 * each.quick), each)

    def _pace(self, each: Asked) -> float:
        every = each.target.every
        return min(each.quick, every) if self._quick else every

    def _send_at(self, at: Instant, each: Asked) -> None:
        heapq.heappush(self._sends, (at, next(self._order), each))

    def _sample(self, each: Asked, sent: Instant, result: Result) -> ProbeSample:
        rtt = ROUND_TRIP if result is Result.ANSWERED else None
        return ProbeSample(
            "line", each.target.name, each.target.role, sent, result, rtt, timeout=self._timeout
        )
