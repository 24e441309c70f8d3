"""`wanfailover status`: which circuit, since when, why."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from wanfailover.cli.options import site_options
from wanfailover.client import NoAgent, ask
from wanfailover.errors import WanFailoverError
from wanfailover.sites import SiteDir, base_dir, find


@click.command(name="status")
@site_options
@click.option("--json", "as_json", is_flag=True, help="For machines; keys are a contract.")
@click.option("--watch", "live", is_flag=True, help="On the terminal, live, until ^C.")
@click.option(
    "--check", is_flag=True, help="As a monitoring plugin: one line, figures, exit code 0 to 3."
)
def command(
    site: str | None, state_dir: Path | None, as_json: bool, live: bool, check: bool
) -> None:
    """Tell which circuit is in use, since when, why, and what would happen next."""
    if as_json + live + check > 1:
        raise click.UsageError("--json, --watch and --check go one at a time")
    if check:
        sys.exit(_check(site, state_dir))
    found = find(base_dir(state_dir), site)
    if live:
        return _watch(found)
    report = fetch(found)
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return None
    from wanfailover.cli.render import status

    click.echo(status(report))
    return None


def _watch(site: SiteDir) -> None:
    from wanfailover.cli.render import status
    from wanfailover.cli.watch import watch

    if not sys.stdout.isatty():
        raise click.UsageError("--watch needs a terminal; --json is for everything else")
    watch(lambda: status(fetch(site)))


def _check(site: str | None, state_dir: Path | None) -> int:
    """Print the plugin's line; whatever is wrong is said in it."""
    from wanfailover.cli.plugin import UNKNOWN, judged, line

    try:
        code, words = judged(fetch(find(base_dir(state_dir), site)))
    except WanFailoverError as error:
        code, words = UNKNOWN, line(UNKNOWN, str(error))
    click.echo(words)
    return code


def fetch(site: SiteDir) -> dict[str, Any]:
    """Ask the agent, or read what the last one wrote."""
    try:
        return ask(site, "/status")
    except NoAgent:
        from wanfailover.journal.reader import Reader
        from wanfailover.report import recorded

        with Reader.of(site) as reader:
            return recorded(reader, site.site)
