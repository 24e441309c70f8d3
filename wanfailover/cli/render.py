"""The only place that turns state into words for people.

Takes the data of `status --json` and journal records and gives lines of text. Colour is click's
business: it is dropped where the output is no terminal.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from wanfailover import sentences
from wanfailover.wording import dated, span

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


def status(report: Report) -> str:
    """One screen: which circuit, since when, why, and what comes next."""
    return "\n".join(_status(report))


def _status(report: Report) -> Iterator[str]:
    running = report["agent"]["running"]
    if not running:
        yield sentences.ORPHAN
    yield sentences.where(report, partial(click.style, bold=True))
    yield from _circuits(report)
    yield from _tunnels(report)
    if decision := sentences.decision(report):
        yield f"Decision: {decision}"
    if coming := sentences.coming(report):
        yield f"Next: {coming}"
    yield from sentences.wishes(report)
    if report["switchover"]:
        yield f"Last switchover: {sentences.switchover(report['switchover'], coloured)}"
    for what, sentence in sentences.rounds(report, coloured):
        yield f"{what}: {sentence}"
        if what == "Preflight":
            yield from (f"  {coloured('red')}  {red}" for red in sentences.reds(report))
    if report["router"]["reachable"] is False:
        yield click.style(sentences.DEAF, fg="red")
    yield from (f"Warning: {text}" for text in report["warnings"])
    if running:
        yield sentences.agent(report)


def _circuits(report: Report) -> Iterator[str]:
    width = max((len(name) for name in report["health"]), default=0)
    for name, reading in report["health"].items():
        state = coloured(reading["state"], 8)
        yield f"  {name.ljust(width)}  {state}  {sentences.circuit(reading)}"


def _tunnels(report: Report) -> Iterator[str]:
    width = max((len(row["name"]) for row in report["tunnels"]), default=0)
    for row in report["tunnels"]:
        state = coloured(row["state"], 8)
        yield f"  tunnel {row['name'].ljust(width)}  {state}  {sentences.tunnel(row)}"


def explanation(report: Report) -> Iterator[str]:
    """A decision, what it was measured by, and why no rule above it decided."""
    deed = f"switch to {report['target']}" if report["target"] else "stay"
    until = f" (until {_dated(report['until'])})" if report["until"] else ""
    yield f"{_dated(report['at'])}  {deed}, because {report['rule']}{until}: {report['because']}"
    names = [name for name, *_ in report["health"]]
    width = max(map(len, names), default=0)
    for name, state, because in report["health"]:
        yield f"  {name.ljust(width)}  {coloured(state, 8)}  {because}"
    yield from _pairs("Measured by:", report["thresholds"])
    yield from _pairs("Rules that come first, and why they did not hold:", report["passed_over"])


def _dated(stamp: str) -> str:
    return dated(datetime.fromisoformat(stamp))


def _pairs(title: str, pairs: Sequence[Sequence[str]]) -> Iterator[str]:
    if pairs:
        yield title
    width = max((len(name) for name, _ in pairs), default=0)
    yield from (f"  {name.ljust(width)}  {words}" for name, words in pairs)


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
        end = "and goes on" if each.lasting else f"to {dated(each.ended)}"
        before = "" if each.began_seen else ", begun earlier"
        yield (
            f"  {each.circuit.ljust(width)}  {dated(each.began)} {end:22}  "
            f"{each.length}{before}: {each.because}"
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
