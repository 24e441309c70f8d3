"""A week of a line that an agent has watched, as its journal would keep it."""

from __future__ import annotations

import asyncio
import time
from functools import cache

from tests.bench.detect import lines
from tests.bench.detect.ours import Ours, learned
from wanfailover.core.entries import LineLearned
from wanfailover.core.patience import Day
from wanfailover.journal.writer import Journal
from wanfailover.lab.office import Office

SEED = 1


@cache
def week(line: str) -> tuple[Day, ...]:
    """What our detector learns in seven days of one of the benchmark's lines, such as L1: fibre."""
    ours = Ours()
    for _ in ours.run(lines.history(lines.LINES[line], SEED).trace):
        pass
    assert ours.line is not None
    return learned(ours.line)


def seed(office: Office, circuit: str, days: tuple[Day, ...]) -> None:
    """Let an agent that has not started yet find *days* of a circuit in its journal."""
    office.journal.parent.mkdir(parents=True)
    entries = [
        LineLearned(circuit, day.number, day.seconds, day.silences, day.spells) for day in days
    ]
    journal = Journal(office.journal)
    asyncio.run(journal.append(entries, time.monotonic()))
    journal.close()
