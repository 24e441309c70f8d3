"""`wanfailover status`: which circuit, since when, why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from wanfailover.cli.options import site_options
from wanfailover.client import NoAgent, ask
from wanfailover.sites import SiteDir, base_dir, find


@click.command(name="status")
@site_options
@click.option("--json", "as_json", is_flag=True, help="For machines; keys are a contract.")
def command(site: str | None, state_dir: Path | None, as_json: bool) -> None:
    """Tell which circuit is in use, since when, and why."""
    found = find(base_dir(state_dir), site)
    report = fetch(found)
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return
    from wanfailover.cli.render import status

    click.echo(status(report))


def fetch(site: SiteDir) -> dict[str, Any]:
    """Ask the agent, or read what the last one wrote."""
    try:
        return ask(site, "/status")
    except NoAgent:
        from wanfailover.journal.reader import Reader
        from wanfailover.report import recorded

        with Reader.of(site) as reader:
            return recorded(reader, site.site)
