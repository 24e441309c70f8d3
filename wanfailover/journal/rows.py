"""An entry as it is stored: stamped, and its fields as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from wanfailover.core.entries import (
    HoldBegan,
    HoldEnded,
    PauseBegan,
    PauseEnded,
    SwitchoverEnded,
    SwitchoverIntended,
)
from wanfailover.entries import DrillBegan, DrillEnded, Entry
from wanfailover.journal import outbox
from wanfailover.journal.plain import to_data

SCHEMA_VERSION = 2

_ENTRIES = """
CREATE TABLE entry (
    id    INTEGER PRIMARY KEY,
    at    TEXT NOT NULL,     -- wall time, RFC 3339, UTC
    boot  TEXT NOT NULL,     -- the kernel's boot id: instants compare within one boot
    mono  REAL NOT NULL,     -- seconds on that boot's monotonic clock
    kind  TEXT NOT NULL,
    data  TEXT NOT NULL      -- JSON, the entry's fields
);
CREATE INDEX entry_kind ON entry (kind, id);
"""

STEPS = (_ENTRIES, outbox.SCHEMA)
"""What makes each version of the schema from the one before; the first from nothing. They stay as
they are: a journal of any age goes through those that it lacks."""

SCHEMA = "".join(STEPS)

STATES = (
    (SwitchoverIntended, SwitchoverEnded),
    (HoldBegan, HoldEnded),
    (PauseBegan, PauseEnded),
    (DrillBegan, DrillEnded),
)
"""What a restart must know, each by the newest entry of its kinds: see `memory`."""

VITAL = frozenset(kind.__name__ for kinds in STATES for kind in kinds)


class Row(NamedTuple):
    """One row of the journal.

    Args:
        at: Wall time, RFC 3339, UTC.

        boot: The kernel's boot id: instants compare within one boot.

        mono: Seconds on that boot's monotonic clock.
    """

    at: str
    boot: str
    mono: float
    kind: str
    data: str


def rows(entries: Iterable[Entry], at: str, boot: str, mono: float) -> list[Row]:
    """Stamp *entries*."""
    return [
        Row(at, boot, mono, type(entry).__name__, json.dumps(to_data(entry))) for entry in entries
    ]
