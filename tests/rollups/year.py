"""A year of samples at rest, as an agent would have left them: two lines, round trips, bad days."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import closing
from functools import cache
from pathlib import Path

from wanfailover.rollups import store
from wanfailover.rollups.fold import MINUTE, Row
from wanfailover.rollups.histogram import Buckets, bucket

CIRCUITS = ("primary", "backup")
YEAR = 400 * 86_400
SENT = 240
"""Probes a minute: two targets, twice a second."""

KINDS = 50


@cache
def kinds(scale: int) -> tuple[tuple[Buckets, float], ...]:
    """So many minutes' round trips, some of a line that is queueing; *scale* minutes in one."""
    chance = random.Random(scale)
    made = []
    for number in range(KINDS):
        busy = 1.0 + 4.0 * (number % 10 == 0)
        times = [0.011 + chance.lognormvariate(-6.0, 0.6) * busy for _ in range(SENT)]
        buckets = Counter(map(bucket, times))
        made.append((Counter({key: count * scale for key, count in buckets.items()}), max(times)))
    return tuple(made)


def row(circuit: str, t: int, minutes: int, chance: random.Random) -> Row:
    """One of so many minutes: mostly well, in one hour of two hundred dead."""
    buckets, longest = chance.choice(kinds(minutes))
    sent, seconds = SENT * minutes, 60.0 * minutes
    dead = chance.random() < 0.005
    lost = sent if dead else chance.randrange(3)
    return Row(
        circuit, t, sent, lost, None if dead else longest, seconds * dead, seconds,
        seconds * (circuit == "primary"), Counter() if dead else buckets.copy(),
    )  # fmt: skip


def fill(folder: Path, end: float) -> Path:
    """Write it: hours for 400 days, minutes for the last 35. Gives the file."""
    chance, path = random.Random(1), folder / store.NAME
    minutes = store.whole_hours(end - store.MINUTES)
    with closing(store.opened(path)) as db:
        for hour in range(store.whole_hours(end - YEAR), minutes, store.HOUR):
            store.write(db, "run", [row(each, hour, 60, chance) for each in CIRCUITS])
        with db:
            db.execute("DELETE FROM minute")
        for hour in range(minutes, int(end), store.HOUR):
            rows = [
                row(each, hour + minute, 1, chance)
                for each in CIRCUITS
                for minute in range(0, store.HOUR, MINUTE)
            ]
            store.write(db, "run", rows)
        store.prune(db, end, YEAR)
    return path
