"""Wishes written into the journal where no agent runs: the next one reads them there."""

from __future__ import annotations

import asyncio
import time

from wanfailover.entries import Entry
from wanfailover.journal.reader import Reader
from wanfailover.journal.spill import Spill
from wanfailover.journal.writer import Journal
from wanfailover.sites import Lock, SiteDir


def newest(site: SiteDir, *kinds: type[Entry]) -> Entry | None:
    """The newest entry of some kinds."""
    with Reader.of(site) as reader:
        record = reader.last(*kinds)
    return record.entry if record else None


def write(site: SiteDir, who: str, entry: Entry) -> None:
    """Write one entry, as *who*, under the site's lock, after what an agent could not write."""
    lock = Lock(site, who)
    try:
        spill = Spill(site.spill)
        journal = Journal(site.journal, spilled=spill.rows(), posted=spill.posted())
        asyncio.run(journal.append([entry], time.monotonic()))
        journal.close()
        spill.clear()
    finally:
        lock.release()
