"""All circuits of a site as they are seen: a `Line` each, and what is new about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from wanfailover.core import entries as log
from wanfailover.core.facts import Instant, ProbeSample, Result
from wanfailover.core.health import Line
from wanfailover.core.layers import Layer
from wanfailover.core.patience import Day
from wanfailover.core.reading import Reading, State
from wanfailover.core.site import Circuit, Site


class Lines:
    """By the circuit's name. *readings* are as of the last `read`.

    Args:
        days: What is known of each from watching it.
    """

    def __init__(self, site: Site, days: Mapping[str, Sequence[Day]]) -> None:
        self._lines = {
            circuit.name: _line(site, circuit, days.get(circuit.name, ()))
            for circuit in site.circuits
        }
        self.readings: dict[str, Reading] = {}

    def __getitem__(self, circuit: str) -> Line:
        return self._lines[circuit]

    def __contains__(self, circuit: object) -> bool:
        return circuit in self._lines

    def reading(self, circuit: str | None) -> Reading | None:
        """How a circuit was last judged; None for none, or where none was yet."""
        return self.readings.get(circuit or "")

    def is_down(self, circuit: str | None) -> bool:
        """It was last judged to be down."""
        reading = self.reading(circuit)
        return reading is not None and reading.state is State.DOWN

    def fell_after(self, at: Instant, circuit: str) -> bool:
        """It is down, and was not yet, or was just about to be called so, at an instant."""
        reading = self.readings[circuit]
        return reading.state is State.DOWN and reading.since > at - 2 * reading.patience

    def deaf(self, now: Instant, seconds: float) -> None:
        """Nobody was asked or heard for *seconds* until *now*, by our own fault or doing."""
        for line in self._lines.values():
            line.deaf(now, seconds)

    def absolve(self, now: Instant) -> None:
        """The router has a way out again: what it lacked is no circuit's fault."""
        for line in self._lines.values():
            line.absolve(now)

    def routine(self, sample: ProbeSample, active: str | None) -> bool:
        """An answer where answers are usual makes no news: the next tick will read it.

        Nine facts in ten are such, and judging all circuits for each would cost most of our CPU.
        """
        reading = self.reading(sample.circuit or active)
        well = reading is not None and reading.state is State.UP and not reading.suspicious
        return well and sample.result is Result.ANSWERED

    def read(self, now: Instant) -> Iterator[log.Entry]:
        """Judge them all; gives what has changed since they were judged before."""
        for name, line in self._lines.items():
            was, reading = self.readings.get(name), line.read(now)
            self.readings[name] = reading
            if was is None:
                continue
            if was.state is not reading.state:
                yield log.HealthChanged(name, was.state, reading.state, reading.because)
            for target in sorted({*was.muted} ^ {*reading.muted}):
                yield log.TargetMuted(name, target, target in reading.muted)

    def blame(self, circuit: str | None, layer: Layer | None) -> None:
        """What fails is on this side of *circuit*, where it is down at all."""
        reading = self.reading(circuit)
        if circuit is not None and reading is not None and reading.state is State.DOWN:
            self.readings[circuit] = replace(reading, layer=layer or reading.layer)

    def learned(self) -> Iterator[log.Entry]:
        """What watching them has taught since this was last asked, for the journal."""
        for name, line in self._lines.items():
            if line.patience.news:
                line.patience.news = False
                for day in line.patience.days[-2:]:
                    yield log.LineLearned(name, day.number, day.seconds, day.silences, day.spells)

    def days(self) -> dict[str, tuple[Day, ...]]:
        """All that is known of each from watching it."""
        return {name: tuple(line.patience.days) for name, line in self._lines.items()}


def _line(site: Site, circuit: Circuit, days: Sequence[Day]) -> Line:
    targets = [
        replace(target, every=circuit.idle_pace(target.every))
        for target in (*site.targets, circuit.gateway_target)
    ]
    return Line(targets, site.policy, days)
