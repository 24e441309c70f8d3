"""A month as an agent would have left it: an outage a week, each with its switch and return."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from wanfailover.core import entries as log
from wanfailover.entries import Entry
from wanfailover.journal.rows import rows
from wanfailover.journal.writer import Journal
from wanfailover.rollups import store
from wanfailover.rollups.fold import Row
from wanfailover.rollups.histogram import bucket

OUTAGES = (  # days ago, hours
    (26.3, 0.2), (19.1, 3.0), (12.7, 0.05), (5.4, 1.5), (2.2, 0.1), (0.55, 2.4), (0.31, 0.03),
)  # fmt: skip
RETURN = timedelta(minutes=5)
PATIENCE = timedelta(seconds=5)


def leave_behind(folder: Path, now: datetime, *, days: float = 30) -> None:
    """Write it into a site's state directory."""
    folder.mkdir(parents=True, exist_ok=True)
    Journal(folder / "journal.db").close()
    with closing(sqlite3.connect(folder / "journal.db")) as db, db:
        for at, entry in sorted(story(now, days), key=lambda each: each[0]):
            db.executemany(
                "INSERT INTO entry (at, boot, mono, kind, data) VALUES (?, ?, ?, ?, ?)",
                rows([entry], at.isoformat(), "a-boot", (at - now).total_seconds() + 1e7),
            )
    with closing(store.opened(folder / store.NAME)) as db:
        store.write(db, "a-run", list(minutes(now, days)))


def story(now: datetime, days: float) -> Iterator[tuple[datetime, Entry]]:
    start = now - timedelta(days=days)
    yield start, log.AgentStarted("0.1.0", 812)
    yield start, log.ActiveChanged(None, "primary", "read from the router")
    for circuit in ("primary", "backup"):
        yield start + timedelta(seconds=1), log.HealthChanged(circuit, "unknown", "up", "answering")
    steady = log.DecisionMade("steady", False, None, "primary is up (answering) and preferred")
    yield start + timedelta(seconds=1), steady
    for hour in range(int(days * 24)):
        again = log.DecisionMade("steady", False, None, steady.because, again=True)
        yield start + timedelta(hours=hour, seconds=2), again
    yield now, log.AgentStopped("it was told to")
    for number, (began, length) in enumerate(OUTAGES):
        if began < days:
            at = now - timedelta(days=began)
            yield from _outage(at + PATIENCE, timedelta(hours=length), number)


def _outage(at: datetime, length: timedelta, number: int) -> Iterator[tuple[datetime, Entry]]:
    silent = "silent for 5.0 s: 39 probes to 5 targets unanswered"
    yield at, log.HealthChanged("primary", "up", "down", silent)
    yield at, log.DecisionMade("active-down", True, "backup", f"primary is down ({silent})")
    yield from _switch(at, "primary", "backup", "active-down", number)
    well, back = at + length, at + length + RETURN
    yield well, log.HealthChanged("primary", "down", "up", "answering")
    quiet = "primary is back and must stay quiet for 5 min"
    yield well, log.DecisionMade("returning-too-soon", False, None, quiet, 300.0)
    good = "primary is up (answering), quiet for 5 min, and preferred"
    yield back, log.DecisionMade("preferred-recovered", True, "primary", good)
    yield from _switch(back, "backup", "primary", "preferred-recovered", number)
    steady = "primary is up (answering) and preferred"
    yield back + timedelta(seconds=1), log.DecisionMade("steady", False, None, steady)


def _switch(at, source, target, rule, number) -> Iterator[tuple[datetime, Entry]]:
    id_ = f"{target}{number}"
    proof = "icmp 192.0.2.10 answered within 0.01 s"
    yield at, log.SwitchoverIntended(id_, source, target, rule, rule, automatic=True)
    yield at + timedelta(seconds=0.2), log.SwitchoverEnded(
        id=id_, source=source, target=target, rule=rule, ending="proved", seconds=0.2,
        because=proof,
    )  # fmt: skip


def minutes(now: datetime, days: float) -> Iterator[Row]:
    """A quick line that is busy by day, and a slower one."""
    draw = random.Random(8)
    end = int(now.timestamp()) // 60 * 60
    for t in range(end - int(days * 86400), end, 60):
        ago = (now.timestamp() - t) / 86400
        dead = any(began - length / 24 <= ago <= began for began, length in OUTAGES)
        hour = datetime.fromtimestamp(t, UTC).hour
        busy = 1.0 if 8 <= hour < 18 else 0.2
        yield _minute("primary", t, draw, 0.011 + 0.006 * busy, 0.002 * busy, down=dead)
        yield _minute("backup", t, draw, 0.038, 0.004, active=dead)


def _minute(circuit, t, draw, rtt, loss, *, down=False, active=None) -> Row:
    trips = [] if down else [rtt * draw.lognormvariate(0, 0.25) for _ in range(4)]
    lost = 120 if down else round(120 * loss * draw.expovariate(1))
    counts: Counter[int] = Counter()
    for trip in trips:
        counts[bucket(trip)] += 30
    on = active if active is not None else not down
    return Row(
        circuit, t, 120, lost, max(trips, default=None), 60.0 * down, 60.0, 60.0 * on, counts
    )
