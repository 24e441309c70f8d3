"""`wanfailover history`: what happened, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wanfailover.cli.options import Duration, site_options
from wanfailover.sites import base_dir, find

if TYPE_CHECKING:
    from wanfailover.journal.reader import Reader, Record


@click.command(name="history")
@site_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, oldest first.")
@click.option("--csv", "as_csv", is_flag=True, help="The outages alone, a line each, for a claim.")
@click.option("--last", type=Duration("d"), help="Only so far back, such as 7d.")
def command(
    site: str | None, state_dir: Path | None, as_json: bool, as_csv: bool, last: float | None
) -> None:
    """List what happened and why, oldest first; then the outages, and what they come to."""
    from wanfailover.journal.eras import utc_now
    from wanfailover.journal.reader import Reader

    if as_json and as_csv:
        raise click.UsageError("--json and --csv go one at a time")
    found = find(base_dir(state_dir), site)
    with Reader.of(found) as reader:
        since = None if last is None else utc_now() - timedelta(seconds=last)
        lines = _json(reader, since) if as_json else _csv(reader, found.site, since)
        for line in lines if as_json or as_csv else _story(reader, since):
            click.echo(line)


def _story(reader: Reader, since: datetime | None) -> Iterator[str]:
    from wanfailover.cli.render import outages
    from wanfailover.cli.story import history
    from wanfailover.journal.eras import utc_now
    from wanfailover.outages import account

    records = list(_told(reader))
    yield from history(record for record in records if since is None or record.at >= since)
    yield from outages(account(records, utc_now(), since))


def _told(reader: Reader) -> Iterator[Record]:
    """All but what is for the next start alone, and stands beside a decision: two of three."""
    from wanfailover.core.entries import LineLearned
    from wanfailover.journal.plain import KINDS

    return reader.records(*(kind for kind in KINDS.values() if kind is not LineLearned))


def _json(reader: Reader, since: datetime | None) -> Iterator[str]:
    from wanfailover.journal.plain import to_data
    from wanfailover.report import stamp

    for record in _since(reader, since):
        kind = type(record.entry).__name__
        yield json.dumps({"at": stamp(record.at), "kind": kind, **to_data(record.entry)})


def _csv(reader: Reader, site: str, since: datetime | None) -> Iterator[str]:
    """A claim's table: when it was noticed, when an answer came again, and why it was called so."""
    from wanfailover.journal.eras import utc_now
    from wanfailover.outages import account
    from wanfailover.report import stamp

    yield _row("site", "circuit", "began", "ended", "seconds", "end_seen", "because", "began_seen")
    for each in account(_told(reader), utc_now(), since).outages:
        ended = "" if each.lasting else stamp(each.ended)
        yield _row(
            site, each.circuit, stamp(each.began), ended, f"{each.seconds:.0f}",
            _yes(each.whole), each.because, _yes(each.began_seen),
        )  # fmt: skip


def _yes(so: bool) -> str:
    return "yes" if so else "no"


def _row(*cells: str) -> str:
    """One line of CSV (RFC 4180)."""
    import csv
    import io

    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


def _since(reader: Reader, since: datetime | None) -> Iterator[Record]:
    return (record for record in reader.records() if since is None or record.at >= since)
