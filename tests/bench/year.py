"""How quickly a year that an agent has watched is told: its page, `status` and `history`.

The agent is real and in a process of its own; its router and lines are files, for packets would
make no difference here.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

from tests.bench.outages import show
from tests.page.month import _outage
from tests.rollups import year as samples
from tests.support.box import Box
from tests.transports.agents import free_port
from wanfailover.core import entries as log
from wanfailover.core.patience import Day
from wanfailover.entries import Entry, PreflightDone
from wanfailover.journal.rows import rows
from wanfailover.journal.writer import Journal

DAYS = 365
FRESH = 1.1
"""Seconds after which the page reads anew what it has just been asked."""

ASKED = {
    "what is now": "/api/status",
    "loss and latency, a month, of one circuit": "/api/samples?circuit=primary&range=month",
    "the same, a week": "/api/samples?circuit=primary&range=week",
    "the same, a day": "/api/samples?circuit=primary&range=day",
    "health and switchovers, a month": "/api/timeline?range=month",
    "outages, a month": "/api/outages?range=month",
    "what happened, a month": "/api/history?range=month",
    "the last decisions": "/api/decisions",
    "metrics": "/metrics",
}


def year(directory: Path, runs: int) -> None:
    """Tell it *runs* times in each way."""
    print("\nAfter a year of watching two circuits, an outage a week:")
    box = Box(directory)
    port = free_port()
    with box.profile.open("a") as profile:
        profile.write(f'page: {{listen: "127.0.0.1:{port}"}}\n')
    leave_behind(box.site.path, datetime.now(UTC))
    for name in ("journal.db", "rollups.db"):
        print(f"{name}: {(box.site.path / name).stat().st_size / 1e6:.1f} MB")
    began = time.monotonic()
    with box.agent():
        box.wait(lambda report: report["health"].get("primary", {}).get("state") == "up", 60)
        print(f"start to the first answer of a circuit: {time.monotonic() - began:.2f} s")
        for what, path in ASKED.items():
            show(f"page: {what}", [asked(port, path) for _ in range(min(runs, 5))], "s")
        show("`wanfailover status`, whole process", commanded(box, runs, "status"), "s")
        show("`wanfailover history`, whole process", commanded(box, runs, "history"), "s")
    show("`wanfailover status` without an agent", commanded(box, runs, "status"), "s")


def asked(port: int, path: str) -> float:
    """Seconds until the page has told it, read anew."""
    time.sleep(FRESH)
    began = time.monotonic()
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        body = answer.read()
    taken = time.monotonic() - began
    if "samples" in path:
        assert len(json.loads(body)["columns"]["t"]) > 200
    return taken


def commanded(box: Box, runs: int, command: str) -> list[float]:
    """Seconds of the whole process, each time."""
    taken = []
    for _ in range(runs):
        began = time.monotonic()
        words = [sys.executable, "-m", "wanfailover", command, "--state-dir", str(box.state)]
        subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
        taken.append(time.monotonic() - began)
    return taken


def leave_behind(folder: Path, now: datetime) -> None:
    """Write the year into a site's state directory."""
    folder.mkdir(parents=True)
    samples.fill(folder, now.timestamp())
    Journal(folder / "journal.db").close()
    told = sorted(story(now), key=lambda each: each[0])
    with closing(sqlite3.connect(folder / "journal.db")) as db, db:
        for at, entry in told:
            db.executemany(
                "INSERT INTO entry (at, boot, mono, kind, data) VALUES (?, ?, ?, ?, ?)",
                rows([entry], at.isoformat(), "a-boot", (at - now).total_seconds() + 1e8),
            )


def story(now: datetime) -> Iterator[tuple[datetime, Entry]]:
    """What an agent writes: hourly what it has decided and learned, and an outage a week."""
    start = now - timedelta(days=DAYS)
    yield start, log.AgentStarted("0.1.0", 812)
    yield start, log.ActiveChanged(None, "primary", "read from the router")
    for circuit in samples.CIRCUITS:
        yield start + timedelta(seconds=1), log.HealthChanged(circuit, "unknown", "up", "answering")
    because = "primary is up (answering) and preferred"
    health = (("primary", "up", "answering"), ("backup", "up", "answering"))
    passed = tuple(
        (f"rule-{n}", "a sentence on why it did not hold, as each rule has one") for n in range(20)
    )
    for hour in range(DAYS * 24):
        at = start + timedelta(hours=hour, seconds=2)
        yield at, log.DecisionMade("steady", False, None, because, None, health, passed, again=True)
        for circuit in samples.CIRCUITS:
            day = Day(hour // 24, 3600.0 * (hour % 24), (), ())
            yield at, log.LineLearned(circuit, day.number, day.seconds, day.silences, day.spells)
        if hour % 24 == 3:
            yield at, PreflightDone("green", ())
    for week in range(DAYS // 7):
        at = now - timedelta(days=7 * week + 2.2)
        yield from _outage(at, timedelta(minutes=3 + week % 90), week)
    yield now, log.AgentStopped("it was told to")
