"""A site's post, made of its profile and its journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from wanfailover.config import Profile
from wanfailover.journal import outbox
from wanfailover.journal.memory import last_active
from wanfailover.journal.outbox import Posted
from wanfailover.journal.reader import Reader
from wanfailover.notify.incidents import Incidents, Office
from wanfailover.notify.post import Outbox, Post, letters
from wanfailover.notify.ways import way
from wanfailover.probes.names import Names


def post_of(
    profile: Profile,
    reader: Reader,
    journal: Outbox,
    names: Names,
    conditions: Callable[[], Mapping[str, str]] = dict,
    spilled: Sequence[Posted] = (),
) -> Post:
    """Make it, going on where the last run has ended.

    Args:
        profile: Says who is told.

        reader: Of the journal, as it is now.

        journal: Where messages are kept.

        names: Of mail servers and the like.

        conditions: See `Post`.

        spilled: Messages that the journal could not take: see `journal.spill`.
    """
    known: list[Posted] = []
    with suppress(sqlite3.Error):
        known = outbox.rows(reader.db)
    there = {(row.letter, row.path) for row in known}
    known += [row for row in spilled if (row.letter, row.path) not in there]
    incidents = Incidents(office_of(profile), letters(known), *last_active(reader))
    ways = {path.name: way(path, names) for path in profile.notices.paths}
    return Post(profile.notices, ways, incidents, journal, known, conditions=conditions)


def office_of(profile: Profile) -> Office:
    """What notifications know of a site."""
    metered = frozenset(circuit.name for circuit in profile.circuits if circuit.metered)
    return Office(profile.name, tuple(circuit.name for circuit in profile.circuits), metered)
