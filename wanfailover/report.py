"""The shape of ``status --json``: from a live engine, or from the journal where no agent runs.

Seconds and milliseconds stand in the names, times are RFC 3339 with zone, null means "not known".
Keys are added, never renamed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from wanfailover import __version__
from wanfailover.core.engine import Engine
from wanfailover.core.entries import (
    AgentStopped,
    CanaryArrived,
    CanaryLost,
    DecisionMade,
    MailDrained,
    MailNotDrained,
    SwitchoverEnded,
)
from wanfailover.core.reading import Reading
from wanfailover.entries import Entry, PreflightDone
from wanfailover.forecast import upcoming
from wanfailover.journal.eras import utc_now
from wanfailover.journal.memory import Ages, last_active, remember
from wanfailover.journal.reader import Reader, boot_id
from wanfailover.tunnels import TunnelReading

Report = dict[str, Any]


STILL = timedelta(seconds=0.5)
"""A wall clock that moved by less beside the monotonic one was slewed, not set."""


@dataclass(frozen=True, slots=True)
class Wall:
    """Turns monotonic instants into wall time, as both clocks stand now."""

    mono: float
    now: datetime

    def at(self, instant: float | None) -> str | None:
        """RFC 3339 of an instant, to the second."""
        if instant is None:
            return None
        return stamp(self.now + timedelta(seconds=instant - self.mono))

    def after(self, earlier: Wall) -> Wall:
        """As *earlier* would have it, unless the clock was set since: no second flickers."""
        now = earlier.now + timedelta(seconds=self.mono - earlier.mono)
        return replace(self, now=now) if abs(self.now - now) < STILL else self


def stamp(at: datetime) -> str:
    """RFC 3339 in the local zone, to the second."""
    return at.astimezone().isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Running:
    """What the agent knows beside its engine."""

    driver: str
    since: float  # the active circuit's, monotonic
    started: float
    pid: int
    vantages: Mapping[str, str | None]
    last: Report | None
    began: datetime | None = None
    tunnels: Mapping[str, TunnelReading] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    mail: Report | None = None
    notify: Report | None = None
    preflight: Report | None = None
    drill: Report | None = None


def live(engine: Engine, running: Running, wall: Wall) -> Report:
    """Tell how things stand now."""
    decision, hold = engine.decision, engine.hold
    told: Report = {
        "site": engine.site.name,
        "active": engine.active,
        "since": wall.at(running.since) if engine.active else None,
        "router": {
            "driver": running.driver,
            "reachable": engine.router.unread is None,
            "state": engine.active or ("foreign" if engine.router.view else None),
        },
        "health": {
            name: _health(reading, running.vantages.get(name), wall)
            for name, reading in engine.readings.items()
        },
        "decision": {
            "rule": decision.rule,
            "because": decision.because,
            "until": wall.at(decision.until),
            "page": decision.page,
        },
        "hold": hold and {"circuit": hold.circuit, "until": wall.at(hold.until)},
        "paused": engine.pause is not None,
        "paused_until": engine.pause and wall.at(engine.pause.until),
        "switchover": _switchover(engine, running),
        "tunnels": [_tunnel(name, reading, wall) for name, reading in running.tunnels.items()],
        "mail": running.mail,
        "notify": running.notify,
        "preflight": running.preflight,
        "drill": running.drill,
        "agent": {
            "running": True,
            "pid": running.pid,
            "version": __version__,
            "uptime_seconds": round(wall.mono - running.started),
        },
        "warnings": list(running.warnings),
    }
    policy = engine.site.policy
    good_for = policy.return_after if policy.failback in {"auto", "evidence"} else None
    return told | {"next": upcoming(told, good_for)}


def _health(reading: Reading, vantage: str | None, wall: Wall) -> Report:
    return {
        "state": str(reading.state),
        "because": reading.because,
        "loss": None if reading.loss is None else round(reading.loss, 3),
        "rtt_ms": None if reading.rtt is None else round(reading.rtt * 1000, 1),
        "since": wall.at(reading.since) if reading.since else None,
        "vantage": vantage,
        "layer": reading.layer,
        "muted": list(reading.muted),
        "patience_seconds": round(reading.patience, 1),
        "learned": reading.learned,
    }


def _tunnel(name: str, reading: TunnelReading, wall: Wall) -> Report:
    return {
        "name": name,
        "state": str(reading.state),
        "because": reading.because,
        "since": wall.at(reading.since),
        "last_good": wall.at(reading.good),
    }


def explained(made: DecisionMade, at: datetime) -> Report:
    """A decision with all that it rested on, as `explain` tells it."""
    until = None if made.until is None else stamp(at + timedelta(seconds=made.until))
    return {
        "at": stamp(at),
        "rule": made.rule,
        "because": made.because,
        "target": made.target,
        "until": until,
        "health": [list(row) for row in made.health],
        "thresholds": [list(row) for row in made.thresholds],
        "passed_over": [list(row) for row in made.passed_over],
    }


def decided_at(reader: Reader, at: datetime, within: timedelta = timedelta()) -> Report | None:
    """The decision that was in force *at* a time; None where nobody decided anything then.

    Args:
        reader: Of the journal.

        at: When.

        within: How long a time that is. One that switched within it is meant, or as long before,
            for what is told of a switch is told just after it was decided; else the last.
    """
    every = reader.records(DecisionMade, AgentStopped, newest_first=True)
    known = (record for record in every if record.at <= at + within)
    record = last = next(known, None)
    while record is not None and record.at > at - within:
        if isinstance(record.entry, DecisionMade) and record.entry.switch:
            return explained(record.entry, record.at)
        record = next(known, None)
    for each in (last, record):
        if each is not None and isinstance(each.entry, DecisionMade):
            return explained(each.entry, each.at)
    return None


def _switchover(engine: Engine, running: Running) -> Report | None:
    started = engine.switchover
    if started is None:
        return running.last
    return {
        "id": started.id,
        "from": started.source,
        "to": started.target,
        "rule": started.rule,
        "outcome": "running",
        "started": stamp(running.began) if running.began else None,
        "seconds": None,
    }


def ended(entry: SwitchoverEnded, at: datetime) -> Report:
    """A switchover that has ended *at*, as `status` shows it."""
    return {
        "id": entry.id,
        "from": entry.source,
        "to": entry.target,
        "rule": entry.rule,
        "outcome": entry.ending,
        "started": stamp(at - timedelta(seconds=entry.seconds)),
        "seconds": round(entry.seconds, 2),
        "because": entry.because,
    }


def last_switchover(reader: Reader) -> Report | None:
    """The newest switchover that has an end."""
    record = reader.last(SwitchoverEnded)
    if record is None or not isinstance(record.entry, SwitchoverEnded):
        return None
    return ended(record.entry, record.at)


def drain_told(state: str, because: str) -> Report:
    """A backup MX of which no more is known than that."""
    return {
        "state": state,
        "because": because,
        "since": None,
        "switchover": None,
        "seconds": None,
        "replies": [],
    }


def mail_asked(entry: MailDrained | MailNotDrained, at: datetime) -> Report:
    """What became of asking the backup MX to deliver, as `status` shows it."""
    state = "drained" if isinstance(entry, MailDrained) else "not-drained"
    return drain_told(state, entry.because) | {
        "since": stamp(at),
        "switchover": entry.switchover,
        "seconds": round(entry.seconds, 2),
        "replies": [list(reply) for reply in entry.replies],
    }


def last_mail(reader: Reader) -> Report | None:
    """The newest of these; None where nobody has ever been asked."""
    record = reader.last(MailDrained, MailNotDrained)
    if record is None or not isinstance(record.entry, MailDrained | MailNotDrained):
        return None
    return mail_asked(record.entry, record.at)


def preflight(done: PreflightDone, age: float, *, overdue: bool = False) -> Report:
    """A preflight of *age* seconds, as `status` shows it."""
    return {
        "result": done.result,
        "age_seconds": round(age),
        "at": stamp(utc_now() - timedelta(seconds=age)),
        "overdue": overdue,
        "rows": [
            {"subject": subject, "severity": severity, "sentence": sentence, "remedy": remedy}
            for subject, severity, sentence, remedy in done.rows
        ],
    }


def last_preflight(reader: Reader, mono: float) -> Report | None:
    """The newest; None where there was none."""
    record = reader.last(PreflightDone)
    if record is None or not isinstance(record.entry, PreflightDone):
        return None
    return preflight(record.entry, Ages(reader, boot_id(), mono, utc_now)(record))


def mail_told(drained: Report | None, canary: Report | None) -> Report | None:
    """Both of these as one; None where neither is done."""
    if drained is None and canary is None:
        return None
    asked = drained or drain_told("unknown", NOT_ASKED)
    return asked | {"canary": canary or canary_told("unknown", NO_CANARY)}


NOT_ASKED = "the backup MX is not asked to deliver: etrn is false"
NO_CANARY = "no canary is sent, so a blocklist or a loop that holds up the mail would not be seen"


def canary_told(state: str, because: str) -> Report:
    """A canary of which no more is known than that."""
    return {
        "state": state,
        "because": because,
        "since": None,
        "seconds": None,
        "path": [],
        "switchover": None,
        "strays": 0,
    }


def canary_flown(entry: CanaryArrived | CanaryLost, at: datetime) -> Report:
    """What became of a canary, as `status` shows it."""
    state = "arrived" if isinstance(entry, CanaryArrived) else str(entry.fate)
    return canary_told(state, entry.because) | {
        "since": stamp(at),
        "seconds": round(entry.seconds, 2),
        "path": [list(hop) for hop in entry.path],
        "switchover": entry.switchover,
    }


def last_canary(reader: Reader) -> Report | None:
    """The newest of these; None where none was ever sent."""
    record = reader.last(CanaryArrived, CanaryLost)
    if record is None or not isinstance(record.entry, CanaryArrived | CanaryLost):
        return None
    return canary_flown(record.entry, record.at)


def recorded(reader: Reader, site: str) -> Report:
    """Tell how things stood when the last agent wrote its journal; no agent runs now."""
    decision = _newest(reader, DecisionMade)
    mono = time.monotonic()
    memory = remember(reader, mono)
    hold, pause, wall = memory.hold, memory.pause, Wall(mono, utc_now())
    active, since = last_active(reader)
    return {
        "site": site,
        "active": active,
        "since": since and stamp(since),
        "router": {"driver": None, "reachable": None, "state": active},
        "health": {},
        "decision": decision
        and {
            "rule": decision.rule,
            "because": decision.because,
            "until": None,
            "page": decision.page,
        },
        "hold": hold and {"circuit": hold.circuit, "until": wall.at(hold.until)},
        "paused": pause is not None,
        "paused_until": pause and wall.at(pause.until),
        "switchover": last_switchover(reader),
        "tunnels": [],
        "mail": mail_told(last_mail(reader), last_canary(reader)),
        "notify": None,
        "preflight": last_preflight(reader, mono),
        "drill": None,
        "agent": {"running": False, "pid": None, "version": __version__, "uptime_seconds": None},
        "warnings": [],
        "next": None,
    }


def _newest(reader: Reader, *kinds: type[Entry]) -> Any:
    record = reader.last(*kinds)
    return record.entry if record else None
