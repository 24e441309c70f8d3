"""One fact a line, in as few characters as tell it exactly.

A log is text, and `zcat` shows it. Nearly all of it are samples and ticks, so these are short:

``<later>``
    A tick, so many microseconds later than the line before.
``<later> <shape> <age> [<rest>] [~<timeout>]``
    A sample sent *age* microseconds ago, whose answer took *rest* less than that. All in it that is
    no time is its shape, told once by a line ``["shape", ...]`` and then by its number; a timeout
    is told where it is another than that shape's last.
``{"now": ..., "fact": ...}``
    Any other fact, and whatever has times that are no whole microseconds.
``{"entry": ...}``
    What the engine had to say to the fact above.

Numbers and shapes are counted from the beginning of a segment, so each can be read by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from wanfailover.core.entries import Entry, LineLearned
from wanfailover.core.facts import Fact, Instant, ProbeSample, Result, Role, Tick
from wanfailover.flight.grain import GRAINS, grains
from wanfailover.flight.values import UnknownValueError, pack, unpack

SHAPES = 2000
"""Shapes that are remembered; failures' details make many, and after so many it begins anew."""

TICK = Tick()

Shape = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Fed:
    """One fact, when it was fed, and the entries that came of it."""

    fact: Fact
    now: Instant
    entries: tuple[Entry, ...] = ()


def to_line(plain: object) -> str:
    """Write one group of plain data as a line."""
    return json.dumps(plain, separators=(",", ":"), ensure_ascii=False) + "\n"


class Encoder:
    """Writes the lines of one segment."""

    def __init__(self) -> None:
        self._at = 0
        self._shapes: dict[Shape, list[int]] = {}  # to its number and its last timeout

    def lines(self, fact: Fact, now: Instant, entries: Iterable[Entry] = ()) -> str:
        """Give the lines of one fact."""
        at = grains(now)
        text = None if at is None else self._short(fact, at)
        if text is None:
            text = to_line({"now": now, "fact": pack(fact)})
        self._at = at or 0
        for entry in entries:
            if not isinstance(entry, LineLearned):  # is told when somebody asks, not by a fact
                text += to_line({"entry": pack(entry)})
        return text

    def _short(self, fact: Fact, at: int) -> str | None:
        if isinstance(fact, Tick):
            return f"{at - self._at}\n"
        if not isinstance(fact, ProbeSample):
            return None
        sent, timeout = grains(fact.sent), grains(fact.timeout)
        rtt = 0 if fact.rtt is None else grains(fact.rtt)
        if sent is None or timeout is None or rtt is None:
            return None
        shape: Shape = (
            fact.circuit, fact.target, fact.role.value, fact.result.value,
            fact.step, fact.detail, fact.epoch, fact.retries,
        )  # fmt: skip
        known = self._shapes.get(shape)
        told = ""
        if known is None:
            if len(self._shapes) >= SHAPES:
                self._shapes.clear()
            known = self._shapes[shape] = [len(self._shapes), -1]
            told = to_line(["shape", *shape])
        age = at - sent
        rest = "" if fact.rtt is None else f" {age - rtt}"
        given = "" if known[1] == timeout else f" ~{timeout}"
        known[1] = timeout
        return f"{told}{at - self._at} {known[0]} {age}{rest}{given}\n"


class Decoder:
    """Reads the lines of one segment, in their order."""

    def __init__(self) -> None:
        self._at = 0
        self._shapes: list[Shape] = []
        self._timeouts: list[float] = []
        self._open: Fed | None = None

    def facts(self, lines: Iterable[str]) -> Iterator[Fed]:
        """Yield what whole lines tell.

        Raises:
            UnknownValueError: A line tells what this version does not know.
        """
        for line in lines:
            if line[0] in "-0123456789":
                yield from self._next(self._short(line))
            elif line[0] == "[":
                self._learn(json.loads(line))
            else:
                plain = json.loads(line)
                if "fact" in plain:
                    self._at = grains(plain["now"]) or 0
                    yield from self._next(Fed(unpack(plain["fact"]), plain["now"]))
                elif self._open is not None:
                    fed = self._open
                    self._open = Fed(fed.fact, fed.now, (*fed.entries, unpack(plain["entry"])))
        yield from self._next(None)

    def _next(self, fed: Fed | None) -> Iterator[Fed]:
        """Whatever entries the last fact has, have been read."""
        if self._open is not None:
            yield self._open
        self._open = fed

    def _learn(self, plain: list[Any]) -> None:
        circuit, target, role, result, step, detail, epoch, retries = plain[1:]
        if len(self._shapes) >= SHAPES:
            self._shapes.clear()
            self._timeouts.clear()
        shape = (circuit, target, Role(role), Result(result), step, detail, epoch, retries)
        self._shapes.append(shape)
        self._timeouts.append(-1.0)

    def _short(self, line: str) -> Fed:
        later, *words = line.split()
        at = self._at = self._at + int(later)
        now = at / GRAINS
        if not words:
            return Fed(TICK, now)
        number, age = int(words[0]), int(words[1])
        if words[-1][0] == "~":
            self._timeouts[number] = int(words.pop()[1:]) / GRAINS
        rtt = (age - int(words[2])) / GRAINS if len(words) > 2 else None
        circuit, target, role, result, step, detail, epoch, retries = self._shapes[number]
        sample = ProbeSample(
            circuit, target, role, (at - age) / GRAINS, result, rtt, step, detail, epoch,
            self._timeouts[number], retries,
        )  # fmt: skip
        return Fed(sample, now)


__all__ = ["Decoder", "Encoder", "Fed", "UnknownValueError", "to_line"]
