"""An outage as the journal tells it, and paths that take, refuse, hang or are dead."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from wanfailover.addressees import ByCommand, Notices
from wanfailover.core import entries as log
from wanfailover.journal import outbox
from wanfailover.journal.memory import last_active
from wanfailover.journal.reader import Reader
from wanfailover.journal.spill import Spill
from wanfailover.journal.writer import Inline, Journal
from wanfailover.notify.incidents import Incidents, Office
from wanfailover.notify.letter import Letter
from wanfailover.notify.paths import NotSent
from wanfailover.notify.post import Post, letters
from wanfailover.recorder import Recorder

OFFICE = Office("office", ("primary", "backup"), frozenset({"backup"}))
START = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
DEAD = "primary is down (silent for 5.0 s: 39 probes to 5 targets unanswered)"
PATHS = ("mail", "hook")

FOUND = log.ActiveChanged(None, "primary", "the router was found there")
STEADY = log.DecisionMade("steady", False, None, "primary is up (answering) and preferred")
DOWN = log.HealthChanged("primary", "up", "down", "silent for 5.0 s")
UP = log.HealthChanged("primary", "down", "up", "answering")
LEFT = log.SwitchoverIntended("s1", "primary", "backup", "active-down", DEAD, True)
PROVED = log.SwitchoverEnded("s1", "primary", "backup", "active-down", "proved", 2.9, "1 answered")
BACK = log.SwitchoverIntended("s2", "backup", "primary", "preferred-recovered", "it is up", True)
HOME = log.SwitchoverEnded("s2", "backup", "primary", "preferred-recovered", "proved", 2.0, "so")
OUTAGE = ((FOUND, STEADY), (DOWN,), (LEFT,), (PROVED,), (UP,), (BACK,), (HOME,), (STEADY,))
"""Entries as they are written, one after the other."""

TOLD = ["left", "proved backup", "proved primary"]
"""The keys of the messages about it."""


def wall() -> datetime:
    """The wall clock, which goes with the loop's."""
    return START + timedelta(seconds=asyncio.get_running_loop().time())


class Taker(list[Letter]):
    """A path; what it took, in order. *works* tells whether it takes anything now."""

    def __init__(self, works: Callable[[], bool] = lambda: True) -> None:
        super().__init__()
        self.works = works
        self.tried: list[float] = []
        self.refuses: set[str] = set()

    async def send(self, letter: Letter) -> str:
        self.tried.append(asyncio.get_running_loop().time())
        if letter.key in self.refuses:
            raise NotSent("550 not this one", refused=True)
        if not self.works():
            await asyncio.sleep(5.0)
            raise NotSent("connect: no answer within 5 s")
        self.append(letter)
        return "250 taken"

    async def look(self) -> str:
        return "answers"

    @property
    def keys(self) -> list[str]:
        return [letter.key for letter in self]


class Full(Journal):
    """Its disk takes nothing."""

    def _opened(self):
        raise sqlite3.OperationalError("database or disk is full")


class Life:
    """One run of an agent's post, over the journal in *folder*. A context manager: its end is a
    kill, for nothing is waited for."""

    def __init__(
        self, folder: Path, ways, notices: Notices | None = None, *, full=False, **more
    ) -> None:
        path = folder / "journal.db"
        spill = Spill(folder / "spill.jsonl")
        spilled, lost = spill.rows(), spill.posted()
        kind = Full if full else Journal
        self.journal = kind(path, Inline(), wall=wall, boot="b", spilled=spilled, posted=lost)
        self.record = Recorder(self.journal, asyncio.get_running_loop().time, spill)
        with Reader(path, spilled, lenient=True) as reader:
            known = outbox.rows(reader.db)
            there = {(row.letter, row.path) for row in known}
            known += [row for row in lost if (row.letter, row.path) not in there]
            incidents = Incidents(OFFICE, letters(known), *last_active(reader))
        self.notices = notices or Notices((ByCommand(("/bin/true",)),))
        self.post = Post(self.notices, ways, incidents, self.journal, known, wall=wall, **more)
        self.record.teller = self.post

    async def __aenter__(self):
        self.task = asyncio.create_task(self.post.run())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task
        self.journal.close()


def kept(folder: Path) -> list[outbox.Posted]:
    """The outbox, as it is on the disk."""
    with Reader(folder / "journal.db") as reader:
        return outbox.rows(reader.db)
