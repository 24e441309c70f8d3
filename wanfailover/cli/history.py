"""`wanfailover history`: what happened, and why."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import click

from wanfailover.cli.options import Duration, site_options
from wanfailover.sites import base_dir, find


@click.command(name="history")
@site_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, oldest first.")
@click.option("--last", type=Duration(), help="Only so far back, such as 7d.")
def command(site: str | None, state_dir: Path | None, as_json: bool, last: float | None) -> None:
    """List what happened and why, oldest first."""
    from wanfailover.cli.story import history
    from wanfailover.journal.eras import utc_now
    from wanfailover.journal.plain import to_data
    from wanfailover.journal.reader import Reader
    from wanfailover.report import stamp

    found = find(base_dir(state_dir), site)
    with Reader.of(found) as reader:
        since = None if last is None else utc_now() - timedelta(seconds=last)
        records = (r for r in reader.records() if since is None or r.at >= since)
        if not as_json:
            for line in history(records):
                click.echo(line)
            return
        for record in records:
            kind = type(record.entry).__name__
            row = {"at": stamp(record.at), "kind": kind, **to_data(record.entry)}
            click.echo(json.dumps(row))
