"""`wanfailover explain [--at TIME]`: why it decided so."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from wanfailover.cli.options import site_options
from wanfailover.client import NoAgent, ask
from wanfailover.sites import SiteDir, base_dir, find


@click.command(name="explain")
@site_options
@click.option(
    "--at",
    metavar="TIME",
    help="The decision in force then: 03:12, 2026-11-27 03:12:30, or 2h for two hours ago.",
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def command(site: str | None, state_dir: Path | None, at: str | None, as_json: bool) -> None:
    """Tell why it decided so: facts, thresholds, and the rules that said no."""
    found = find(base_dir(state_dir), site)
    report = _now(found) if at is None else _named(found, at)
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return
    from wanfailover.cli.render import explanation

    for line in explanation(report):
        click.echo(line)


def _now(site: SiteDir) -> dict[str, Any]:
    """Ask the agent; where none runs, the last decision of the last one."""
    try:
        return ask(site, "/explain")
    except NoAgent:
        return _then(site, datetime.now().astimezone())


def _named(site: SiteDir, text: str) -> dict[str, Any]:
    """A time of which no more than the second is named is that whole second."""
    at = moment(text, datetime.now().astimezone())
    return _then(site, at, timedelta(seconds=0 if at.microsecond else 1))


def _then(site: SiteDir, at: datetime, within: timedelta = timedelta()) -> dict[str, Any]:
    from wanfailover.journal.reader import Reader
    from wanfailover.report import decided_at
    from wanfailover.wording import dated

    with Reader.of(site) as reader:
        report = decided_at(reader, at, within)
    if report is None:
        raise click.ClickException(
            f"nothing was decided for {site.site} at {dated(at)}: no agent ran, or its journal "
            "does not reach back so far"
        )
    return report


def moment(text: str, now: datetime, option: str = "--at") -> datetime:
    """A time as people give it: of today or yesterday, with its date, or so long ago.

    Raises:
        click.BadParameter: It is none; *option* is where it was given.
    """
    from wanfailover.config.durations import seconds

    for form in ("%H:%M", "%H:%M:%S"):
        try:
            clock = datetime.strptime(text, form).time()  # noqa: DTZ007 - a time of day has no zone
        except ValueError:
            continue
        at = datetime.combine(now.date(), clock).astimezone()
        return at if at <= now else at - timedelta(days=1)
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        pass
    try:
        return now - timedelta(seconds=seconds(text))
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no time; write 03:12, 2026-11-27 03:12:30, or 2h for two hours ago",
            param_hint=option,
        ) from None
