"""What a restart brings along: hold, budget and an unfinished switchover, from the journal.

Times are stored as instants of one boot's monotonic clock and as wall time. Within the same boot
the monotonic difference is exact, whatever the wall clock did meanwhile; after a reboot only wall
time is left, and a remaining time is clamped to what was given, so that no jump of a clock can
stretch a hold.
"""

from __future__ import annotations

from datetime import UTC, datetime

from wanfailover.core.engine import Memory
from wanfailover.core.entries import HoldBegan, HoldEnded, SwitchoverEnded, SwitchoverIntended
from wanfailover.core.facts import Ending
from wanfailover.core.policy import HOUR, Hold
from wanfailover.journal.reader import Reader, Record, boot_id


def remember(reader: Reader, now: float) -> Memory:
    """Fold the journal into what the engine must know; *now* is the present monotonic instant."""
    return Memory(
        hold=_hold(reader, now),
        switched=_switched(reader, now),
        interrupted=_interrupted(reader),
    )


def age(record: Record, now: float) -> float:
    """Seconds since *record* was written, never negative."""
    if record.boot and record.boot == boot_id() and now >= record.mono:
        return now - record.mono
    return max(0.0, (datetime.now(UTC) - record.at).total_seconds())


def _hold(reader: Reader, now: float) -> Hold | None:
    record = reader.last(HoldBegan, HoldEnded)
    if record is None or not isinstance(record.entry, HoldBegan):
        return None
    began = record.entry
    if began.seconds is None:
        return Hold(began.circuit)
    remaining = began.seconds - age(record, now)
    return Hold(began.circuit, now + remaining) if remaining > 0 else None


def _switched(reader: Reader, now: float) -> tuple[float, ...]:
    """Instants of the last hour's automatic switchovers, oldest first."""
    instants = []
    for record in reader.records(SwitchoverIntended, newest_first=True):
        since = age(record, now)
        if since > HOUR:
            break
        if isinstance(record.entry, SwitchoverIntended) and record.entry.automatic:
            instants.append(now - since)
    return tuple(reversed(instants))


def _interrupted(reader: Reader) -> tuple[str, str | None, str] | None:
    """The newest switchover, if it has no end, or its end was that neither state was reached."""
    record = reader.last(SwitchoverIntended, SwitchoverEnded)
    match record and record.entry:
        case (
            SwitchoverIntended(id=id_, source=source, target=target)
            | SwitchoverEnded(id=id_, source=source, target=target, ending=Ending.STUCK)
        ):
            return id_, source, target
    return None
