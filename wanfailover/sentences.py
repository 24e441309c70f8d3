"""How things stand, in sentences: from the data of ``status --json``, for the command and the page.

A sentence that has nothing to tell is None. `Paint` is given each word of state, to colour it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from wanfailover.wording import Paint, dated, span

Report = Mapping[str, Any]


def clock(stamp: str | None) -> str:
    """The time of an RFC 3339 stamp; with its date where that is not today's."""
    if stamp is None:
        return "?"
    at = datetime.fromisoformat(stamp).astimezone()
    today = datetime.now().astimezone().date()
    return f"{at:%H:%M:%S}" if at.date() == today else dated(at)


def where(report: Report, strong: Paint = str) -> str:
    """Which circuit the router is on, since when."""
    since = f" since {clock(report['since'])}" if report["since"] else ""
    return f"{report['site']} is on {strong(report['active'] or 'neither circuit')}{since}."


def circuit(reading: Report) -> str:
    """What is known of a circuit beside its state: figures, why, and how it is seen."""
    seen = {"through": "seen through the router", None: "no vantage on it"}.get(
        reading["vantage"], f"seen by {reading['vantage']}"
    )
    figures = []
    if reading["rtt_ms"] is not None:
        figures.append(f"{reading['rtt_ms']:g} ms")
    if reading["loss"] is not None:
        figures.append(f"{reading['loss'] * 100:.0f} % loss")
    fault = "the fault is" if reading["state"] == "down" else "failing:"
    layer = f"; {fault} {reading['layer']}" if reading["layer"] else ""
    return ", ".join([*figures, reading["because"] + layer, seen])


def tunnel(row: Report) -> str:
    """What is known of a tunnel beside its state."""
    good = f", last good {clock(row['last_good'])}" if row["last_good"] else ""
    return f"{row['because']}, since {clock(row['since'])}{good}"


def decision(report: Report) -> str | None:
    """The rule in force, and why."""
    made = report["decision"]
    if not made:
        return None
    until = f"; until {clock(made['until'])}" if made["until"] else ""
    return f"{made['rule']}: {made['because']}{until}"


def coming(report: Report) -> str | None:
    """What would happen next."""
    due = report["next"]
    return due and f"{clock(due['at']) + ': ' if due['at'] else ''}{due['what']}."


def wishes(report: Report) -> Iterator[str]:
    """What operators have asked for, and holds."""
    if report["hold"]:
        end = _until(report["hold"]["until"], "auto")
        yield f"Held by an operator on {report['hold']['circuit']}, {end}."
    if report["paused"]:
        yield f"Automation is paused by an operator, {_until(report['paused_until'], 'resume')}."


def _until(stamp: str | None, command: str) -> str:
    return f"until {clock(stamp)}" if stamp else f"until: wanfailover {command}"


def switchover(report: Report, paint: Paint = str) -> str:
    """One switchover in a sentence."""
    way = f"{report['from'] or 'neither'} to {report['to']}"
    if report["outcome"] == "running":
        return f"{way}, running now ({report['rule']})."
    return (
        f"{way} at {clock(report['started'])}, {paint(report['outcome'])} "
        f"after {span(report['seconds'])} ({report['rule']}): {report.get('because', '')}"
    )


def rounds(report: Report, paint: Paint = str) -> Iterator[tuple[str, str]]:
    """The mail, the last preflight and the last drill: each with what it is."""
    mail, preflight, drill = report["mail"], report["preflight"], report["drill"]
    if mail:
        yield "Mail", f"{mail['because']}."
        yield "Canary", f"{mail['canary']['because']}."
    if preflight:
        late = ", overdue" if preflight["overdue"] else ""
        age = span(preflight["age_seconds"])
        yield "Preflight", f"{paint(preflight['result'])}, {age} ago{late}."
    if drill:
        due = f"the next at {clock(drill['next'])}" if drill["next"] else ""
        was = f"{paint(drill['state'])}: {drill['because']}" if drill["state"] else ""
        yield "Drill", f"{'; '.join(filter(None, (was, due)))}."


def reds(report: Report) -> Iterator[str]:
    """What the last preflight found red."""
    preflight = report["preflight"] or {"rows": ()}
    for row in preflight["rows"]:
        if row["severity"] == "red":
            yield f"{row['subject']}: {row['sentence']}"


DEAF = "The router does not answer."
ORPHAN = "No agent runs for this site; this is what the last one wrote."


def agent(report: Report) -> str:
    """Who tells all this."""
    told = report["agent"]
    return f"Agent {told['version']}, pid {told['pid']}, up {span(told['uptime_seconds'])}."
