"""Time passes for an agent, without anybody waiting for it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from wanfailover.lab.office import Office


def by_the_journal(office: Office, seconds: float) -> None:
    """The agent is stopped, all that it remembers becomes so much older, and it starts again."""
    assert office.stop() == 0
    with closing(sqlite3.connect(office.journal)) as journal, journal:
        journal.execute("UPDATE entry SET mono = mono - ?", (seconds,))
    office.start()
