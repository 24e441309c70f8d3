"""``python -m tests.simulation``: stories by their seeds, and the matrix of faults."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from math import inf

from tests.simulation.matrix import ROUTERS, cells, end_of, table
from tests.simulation.safety import Violation
from tests.simulation.story import INCIDENTS, Result, tell

TOLD_EVERY = 60.0
"""Seconds between two lists of figures in a soak."""


def main() -> int:
    ask = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    ask.add_argument("--seed", "--from", type=int, default=0, help="the first, or the only one")
    ask.add_argument("--seeds", type=int, default=1, help="how many, one after the other")
    ask.add_argument("--soak", type=int, default=0, help="incidents, whatever stories they take")
    ask.add_argument("--minutes", type=float, default=0.0, help="end after so many")
    ask.add_argument("--incidents", type=int, default=INCIDENTS, help="in each story")
    ask.add_argument("--verbose", action="store_true", help="tell the story line by line")
    ask.add_argument(
        "--matrix", action="store_true", help="every action by every fault, as a table"
    )
    ask.add_argument("--only", default="", help="of the matrix, cells whose name has this in it")
    given = ask.parse_args()
    return matrix(given) if given.matrix else stories(given)


def matrix(given: argparse.Namespace) -> int:
    failed = 0
    for router in ROUTERS:
        ends = {}
        for cell in cells(router):
            if given.only not in str(cell):
                ends[cell] = ""
                continue
            try:
                ends[cell] = end_of(cell, print if given.verbose else None)
            except Violation as wrong:
                failed += 1
                ends[cell] = "WRONG"
                print(wrong)
        print("\n".join(table(router, ends)))
    print(f"failed: {failed or 'none'}")
    return 1 if failed else 0


@dataclass
class Figures:
    """Of all stories so far."""

    stories: int = 0
    incidents: int = 0
    lives: int = 0
    crossed: int = 0
    seconds: float = 0.0
    rules: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    deeds: Counter[str] = field(default_factory=Counter)
    failed: list[int] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)

    def take(self, result: Result) -> None:
        self.stories += 1
        self.incidents += result.incidents
        self.lives += result.lives
        self.crossed += result.crossed
        self.seconds += result.seconds
        self.rules.update(result.rules)
        self.outcomes.update(result.outcomes)
        self.deeds.update(result.deeds)
        if result.wrong:
            self.failed.append(result.seed)
            print(f"seed {result.seed}: {'; '.join(result.wrong)}", flush=True)

    def __str__(self) -> str:
        took = time.perf_counter() - self.began
        lines = [
            f"{self.stories} stories, {self.incidents} incidents, {self.lives} lives of the agent",
            f"{self.crossed} awaits, {self.seconds / 3600:.1f} h in {took:.1f} s",
        ]
        counted = {"befell it": self.deeds, "rules": self.rules, "ends": self.outcomes}
        for name, counts in counted.items():
            lines.append(f"{name}: " + ", ".join(f"{k} {n}" for k, n in counts.most_common()))
        return "\n".join([*lines, f"failed: {self.failed or 'none'}"])


def stories(given: argparse.Namespace) -> int:
    figures, number = Figures(), count(given.seed)
    ends = time.perf_counter() + given.minutes * 60 if given.minutes else inf
    every = time.perf_counter() + TOLD_EVERY
    while time.perf_counter() < ends and (
        figures.incidents < given.soak if given.soak else figures.stories < given.seeds
    ):
        figures.take(tell(next(number), given.incidents, print if given.verbose else None))
        if given.soak and time.perf_counter() > every:
            every += TOLD_EVERY
            print(f"-- up to seed {given.seed + figures.stories - 1}\n{figures}", flush=True)
    print(figures)
    if given.soak:
        print(f"go on with --seed {next(number)}")
    return 1 if figures.failed else 0


if __name__ == "__main__":
    sys.exit(main())
