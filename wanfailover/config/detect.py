"""The group `detect`: how a line is judged, in the user's words, made into the core's `Detect`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from wanfailover.config.fields import Flag, choice
from wanfailover.config.keys import Keys
from wanfailover.config.spans import Rate, Share, counted, span
from wanfailover.core.seconds import SETTLED
from wanfailover.core.site import Detect

LINES: dict[str, tuple[float, int]] = {
    "fibre": (2.5, 5),
    "cable": (Detect().first_silence, Detect().first_bad_seconds),
    "mobile": (12.0, 27),
    "rough": (37.0, 43),
}
"""Seconds of silence, and bad seconds, to begin with, by what a line is like.

A quarter more than what nobody can do without, if a line like that is to be left for nothing once a
year only. A line has dead spells that heal by themselves: r of them an hour, longer than x with
probability S(x). Whoever waits for W leaves it 8760 r S(W) times a year for nothing, so W is that
for which this is one: 2.0 s of silence on fibre (a spell of 0.3 s on average every ten hours), 4.2
on cable (0.5 s, every two), 9.8 on a busy mobile line (1 s, two an hour), 29 on a rough one (3 s,
two an hour). The same goes for spells of loss, and the bad seconds they fill: 3.5, 9.6, 22 and 35.
The benchmark's lines (``tests/bench/detect``) are those four; five bad seconds are the fewest that
anything learned comes to. What is learned replaces them after a day.
"""

Word = Annotated[str, choice(*LINES)]
Patient = Annotated[float, span("500ms", "10m")]
"""Half a second: the breaks of a good line that nobody notices are shorter, and seldom."""

Timed = Annotated[float, span("50ms", f"{SETTLED - 1:g}s")]
"""A second is settled when it is as old as `SETTLED`; an answer must be overdue by then."""


class PatienceKeys(Keys):
    least: Annotated[float, span("1s", "10m")] | None = None
    most: Annotated[float, span("1s", "10m")] | None = None


class TimeoutKeys(Keys):
    least: Timed | None = None
    most: Timed | None = None


class FastKeys(Keys):
    every: Annotated[float, span("50ms", "2s")] | None = None
    for_: Annotated[float, span("1s", "1h")] | None = None


class DetectKeys(Keys):
    false_failovers_per_year: Rate | None = None
    line: Word | None = None
    learn: Flag | None = None
    silence: Patient | None = None
    bad_seconds: Annotated[int, counted(2, 600)] | None = None
    first_silence: Patient | None = None
    first_bad_seconds: Annotated[int, counted(2, 600)] | None = None
    patience: PatienceKeys = PatienceKeys()
    enough_probes: Annotated[int, counted(1, 100)] | None = None
    bad_share: Share | None = None
    spared_share: Share | None = None
    muted_after: Annotated[int, counted(2, 1000)] | None = None
    timeout: TimeoutKeys = TimeoutKeys()
    fast: FastKeys = FastKeys()
    stall: Annotated[float, span("100ms", "1m")] | None = None

    def detect(self) -> Detect:
        """Make the core's value; what is left out is as the line is, or as the core has it."""
        detect = Detect()
        if self.line is not None:
            silence, bad_seconds = LINES[self.line]
            detect = replace(detect, first_silence=silence, first_bad_seconds=bad_seconds)
        named = {
            "false_per_year": self.false_failovers_per_year,
            "least": self.patience.least,
            "most": self.patience.most,
            "enough": self.enough_probes,
            "timeout_least": self.timeout.least,
            "timeout_most": self.timeout.most,
            "fast": self.fast.every,
            "fast_for": self.fast.for_,
        }
        same = self.given(
            *("learn", "silence", "bad_seconds", "first_silence", "first_bad_seconds"),
            *("bad_share", "spared_share", "muted_after", "stall"),
        )
        given: dict[str, Any] = {key: value for key, value in named.items() if value is not None}
        return replace(detect, **given, **same)
