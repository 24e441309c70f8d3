"""The only place that turns state into words for people.

Takes the data of `status --json` and journal records and gives lines of text. Colour is click's
business: it is dropped where the output is no terminal.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from wanfailover.wording import span

if TYPE_CHECKING:
    from wanfailover.notify.checks import Tried
    from wanfailover.outages import Account
    from wanfailover.ports import Finding

COLOURS = {
    "up": "green",
    "degraded": "yellow",
    "unknown": "yellow",
    "renewing": "yellow",
    "down": "red",
    "green": "green",
    "yellow": "yellow",
    "red": "red",
    "proved": "green",
    "undone": "yellow",
    "unproved": "yellow",
    "stuck": "red",
    "passed": "green",
    "failed": "red",
    "refused": "yellow",
}

LEAST = 30
"""Columns for a sentence; a terminal that leaves less wraps it by itself."""

SUBJECT = 30
"""Columns of `check`'s subjects; fixed, for rows are printed as they come."""

Report = Mapping[str, Any]


def coloured(word: str, width: int = 0) -> str:
    """A word of state in its colour."""
    return click.style(word.ljust(width), fg=COLOURS.get(word))


def clock(stamp: str | None) -> str:
    """The time of an RFC 3339 stamp; with its date where that is not today's."""
    if stamp is None:
        return "?"
    at = datetime.fromisoformat(stamp).astimezone()
    today = datetime.now().astimezone().date()
    return at.strftime("%H:%M:%S" if at.date() == today else "%Y-%m-%d %H:%M:%S")


def status(report: Report) -> str:
    """One screen: which circuit, since when, why, and what comes next."""
    return "\n".join(_status(report))


def _status(report: Report) -> Iterator[str]:
    running = report["agent"]["running"]
    if not running:
        yield "No agent runs for this site; this is what the last one wrote."
    where = report["active"] or "neither circuit"
    since = f" since {clock(report['since'])}" if report["since"] else ""
    yield f"{report['site']} is on {click.style(where, bold=True)}{since}."
    yield from _circuits(report)
    yield from _tunnels(report)
    if report["decision"]:
        until = report["decision"]["until"]
        yield f"Decision: {report['decision']['rule']}: {report['decision']['because']}" + (
            f"; until {clock(until)}" if until else ""
        )
    if report["next"]:
        at = f"{clock(report['next']['at'])}: " if report["next"]["at"] else ""
        yield f"Next: {at}{report['next']['what']}."
    if report["hold"]:
        until = report["hold"]["until"]
        end = f"until {clock(until)}" if until else "until: wanfailover auto"
        yield f"Held by an operator on {report['hold']['circuit']}, {end}."
    if report["paused"]:
        until = report["paused_until"]
        end = f"until {clock(until)}" if until else "until: wanfailover resume"
        yield f"Automation is paused by an operator, {end}."
    if report["switchover"]:
        yield f"Last switchover: {switchover(report['switchover'])}"
    if report["mail"]:
        yield f"Mail: {report['mail']['because']}."
        yield f"Canary: {report['mail']['canary']['because']}."
    yield from _rounds(report)
    if report["router"]["reachable"] is False:
        yield click.style("The router does not answer.", fg="red")
    yield from (f"Warning: {text}" for text in report["warnings"])
    if running:
        agent = report["agent"]
        uptime = span(agent["uptime_seconds"])
        yield f"Agent {agent['version']}, pid {agent['pid']}, up {uptime}."


def _rounds(report: Report) -> Iterator[str]:
    """The last preflight and drill."""
    preflight, drill = report["preflight"], report["drill"]
    if preflight:
        late = ", overdue" if preflight["overdue"] else ""
        age = span(preflight["age_seconds"])
        yield f"Preflight: {coloured(preflight['result'])}, {age} ago{late}."
        for row in preflight["rows"]:
            if row["severity"] == "red":
                yield f"  {coloured('red')}  {row['subject']}: {row['sentence']}"
    if drill:
        due = f"the next at {clock(drill['next'])}" if drill["next"] else ""
        was = f"{coloured(drill['state'])}: {drill['because']}" if drill["state"] else ""
        yield f"Drill: {'; '.join(filter(None, (was, due)))}."


def _circuits(report: Report) -> Iterator[str]:
    health = report["health"]
    width = max((len(name) for name in health), default=0)
    for name, reading in health.items():
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
        yield "  ".join(
            [
                f"  {name.ljust(width)}",
                coloured(reading["state"], 8),
                ", ".join([*figures, reading["because"] + layer, seen]),
            ]
        )


def _tunnels(report: Report) -> Iterator[str]:
    width = max((len(row["name"]) for row in report["tunnels"]), default=0)
    for row in report["tunnels"]:
        good = f", last good {clock(row['last_good'])}" if row["last_good"] else ""
        yield (
            f"  tunnel {row['name'].ljust(width)}  {coloured(row['state'], 8)}  {row['because']}, "
            f"since {clock(row['since'])}{good}"
        )


def explanation(report: Report) -> Iterator[str]:
    """A decision, what it was measured by, and why no rule above it decided."""
    deed = f"switch to {report['target']}" if report["target"] else "stay"
    until = f" (until {clock(report['until'])})" if report["until"] else ""
    yield f"{clock(report['at'])}  {deed}, because {report['rule']}{until}: {report['because']}"
    names = [name for name, *_ in report["health"]]
    width = max(map(len, names), default=0)
    for name, state, because in report["health"]:
        yield f"  {name.ljust(width)}  {coloured(state, 8)}  {because}"
    yield from _pairs("Measured by:", report["thresholds"])
    yield from _pairs("Rules that come first, and why they did not hold:", report["passed_over"])


def _pairs(title: str, pairs: Sequence[Sequence[str]]) -> Iterator[str]:
    if pairs:
        yield title
    width = max((len(name) for name, _ in pairs), default=0)
    yield from (f"  {name.ljust(width)}  {words}" for name, words in pairs)


def switchover(report: Report) -> str:
    """One switchover in a sentence."""
    way = f"{report['from'] or 'neither'} to {report['to']}"
    if report["outcome"] == "running":
        return f"{way}, running now ({report['rule']})."
    return (
        f"{way} at {clock(report['started'])}, {coloured(report['outcome'])} "
        f"after {span(report['seconds'])} ({report['rule']}): {report.get('because', '')}"
    )


def findings(rows: Sequence[Finding], columns: int | None = None) -> Iterator[str]:
    """The table of `check`, a row a finding, with the remedy below it.

    Args:
        rows: To be shown.

        columns: Of a terminal; None where lines may be as long as they like. A remedy is one line
            all the same, for it may be a command to be copied.
    """
    below = f"{'':7} {'':{SUBJECT}}  "
    for row in rows:
        first, *more = _lines(row.sentence, columns and columns - len(below))
        yield f"{coloured(row.severity, 7)} {row.subject.ljust(SUBJECT)}  {first}"
        yield from (f"{below}{line}" for line in more)
        if row.remedy:
            yield f"{below}→ {row.remedy}"


def _lines(sentence: str, columns: int | None) -> list[str]:
    if columns is None or columns < LEAST:
        return [sentence]
    return textwrap.wrap(sentence, columns, break_long_words=False, break_on_hyphens=False)


def tried(rows: Sequence[Tried], well: str) -> Iterator[str]:
    """What became of each path of `notify`."""
    width = max(len(row.path) for row in rows)
    for row in rows:
        word = click.style(well if row.well else "failed", fg="green" if row.well else "red")
        yield f"{row.path.ljust(width)}  {word}: {row.words}"


def outages(account: Account) -> Iterator[str]:
    """The outages and what they come to, below a history."""
    if not account.totals:
        return
    width = max(map(len, account.totals))
    yield ""
    yield "Outages, from when each was noticed:" if account.outages else "No outages."
    for each in account.outages:
        least = "" if each.whole else "so far " if each.lasting else "at least "
        end = "and goes on" if each.lasting else f"to {each.ended.astimezone():%Y-%m-%d %H:%M:%S}"
        yield (
            f"  {each.circuit.ljust(width)}  {each.began.astimezone():%Y-%m-%d %H:%M:%S} "
            f"{end:22}  {least}{span(each.seconds)}: {each.because}"
        )
    yield "Altogether:"
    for name, total in account.totals.items():
        share = "" if total.available is None else f", available {100 * total.available:.3f} %"
        times = f"{total.outages} outage{'s' * (total.outages != 1)}"
        longest = f" ({span(total.longest)} at the longest)" if total.outages > 1 else ""
        yield (
            f"  {name.ljust(width)}  {times}, {span(total.down)} in all{longest}, of "
            f"{span(total.watched)} watched{share}; in use for {span(total.used)}"
        )
