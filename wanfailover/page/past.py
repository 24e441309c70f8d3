"""What the journal and the roll-ups tell of a day, a week or a month, in bounds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from wanfailover.core import entries as log
from wanfailover.journal.eras import utc_now
from wanfailover.journal.reader import Reader
from wanfailover.outages import Outage, account
from wanfailover.page.timeline import MOST, Timeline, recent, since
from wanfailover.report import stamp
from wanfailover.rollups.reader import Rollups
from wanfailover.sites import SiteDir
from wanfailover.wording import tell

RANGES = {
    "day": (timedelta(days=1), 288),
    "week": (timedelta(days=7), 336),
    "month": (timedelta(days=31), 372),
}
"""How far back, and in how many points: each 5 minutes, half an hour, two hours."""

RUNNING = "switchover-running"
"""A decision that tells nothing which the switchover's own lines do not."""

LINES, DECISIONS = 200, 20
"""Of these at most, the newest."""

REPEATED = 5000
"""Entries that are looked through for decisions: half a year of hours in which nothing changed."""


@dataclass(frozen=True, slots=True)
class Past:
    """What is behind a site."""

    site: SiteDir

    def history(self, span: str) -> dict[str, Any]:
        """What happened, in the sentences of `history`; the newest first."""
        start = utc_now() - RANGES[span][0]
        with Reader.of(self.site) as reader:
            recent = islice(since(reader, start), MOST)
            told = ((record, tell(record.entry)) for record in recent)
            lines = [
                {"at": stamp(record.at), "kind": type(record.entry).__name__, "told": line.strip()}
                for record, line in told
                if line is not None
            ]
            return {"lines": lines[:LINES], "more": len(lines) > LINES}

    def decisions(self) -> dict[str, Any]:
        """The last decisions, the newest first, each with its reason; the same again once."""
        with Reader.of(self.site) as reader:
            known = islice(reader.records(log.DecisionMade, newest_first=True), REPEATED)
            rows: list[dict[str, Any]] = []
            for record in known:
                made = record.entry
                if not isinstance(made, log.DecisionMade) or made.again or made.rule == RUNNING:
                    continue
                rows.append(
                    {
                        "at": stamp(record.at), "rule": made.rule, "because": made.because,
                        "target": made.target, "page": made.page,
                    }
                )  # fmt: skip
                if len(rows) == DECISIONS:
                    break
        return {"decisions": rows}

    def outages(self, span: str, circuits: Collection[str]) -> dict[str, Any]:
        """Each outage with its length, the newest first, and what they come to."""
        now = utc_now()
        start = now - RANGES[span][0]
        with Reader.of(self.site) as reader:
            told = account(recent(reader, start, circuits), now, start)
        totals = {
            name: asdict(total) | {"available": total.available}
            for name, total in told.totals.items()
        }
        rows = [_outage(each) for each in reversed(told.outages)]
        return {"since": stamp(start), "outages": rows[:LINES], "totals": totals}

    def timeline(self, span: str, circuits: Collection[str]) -> dict[str, Any]:
        """How each circuit was, and which was in use, as stretches of time."""
        now = utc_now()
        start = now - RANGES[span][0]
        with Reader.of(self.site) as reader:
            line = Timeline(start.timestamp(), circuits)
            for record in recent(reader, start, circuits):
                line.take(record)
        return line.told(now.timestamp())

    def samples(self, circuit: str, span: str) -> dict[str, Any]:
        """Loss and round trips of a circuit, as columns."""
        length, points = RANGES[span]
        now = utc_now().timestamp()
        start = now - length.total_seconds()
        columns = Rollups(self.site.path).read(circuit, start, now, points)
        return {"circuit": circuit, "range": span, "start": start, "end": now, "columns": columns}


def _outage(each: Outage) -> dict[str, Any]:
    return {
        "circuit": each.circuit,
        "began": stamp(each.began),
        "ended": None if each.lasting else stamp(each.ended),
        "seconds": round(each.seconds, 1),
        "length": each.length,
        "because": each.because,
    }
