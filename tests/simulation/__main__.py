"""``python -m tests.simulation``: stories by their seeds, and the matrix of faults."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.simulation.matrix import ROUTERS, cells, end_of, table
from tests.simulation.safety import Violation
from tests.simulation.story import INCIDENTS, tell


def main() -> int:
    ask = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    ask.add_argument("--seed", type=int, default=0, help="the first, or the only one")
    ask.add_argument("--seeds", type=int, default=1, help="how many, one after the other")
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


def stories(given: argparse.Namespace) -> int:
    failed, began = [], time.perf_counter()
    incidents, rules, outcomes, crossed, lives, seconds = 0, Counter(), Counter(), 0, 0, 0.0
    for seed in range(given.seed, given.seed + given.seeds):
        result = tell(seed, given.incidents, print if given.verbose else None)
        incidents += result.incidents
        crossed, lives, seconds = (
            crossed + result.crossed, lives + result.lives, seconds + result.seconds,
        )  # fmt: skip
        rules.update(result.rules)
        outcomes.update(result.outcomes)
        if result.wrong:
            failed.append(seed)
            print(f"seed {seed}: {'; '.join(result.wrong)}")
    took = time.perf_counter() - began
    print(f"{given.seeds} stories, {incidents} incidents, {lives} lives of the agent, {crossed} "
          f"awaits, {seconds / 3600:.1f} h in {took:.1f} s")  # fmt: skip
    print("rules:", ", ".join(f"{rule} {n}" for rule, n in rules.most_common()))
    print("ends:", ", ".join(f"{end} {n}" for end, n in outcomes.most_common()))
    print(f"failed: {failed or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
