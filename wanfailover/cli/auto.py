"""`wanfailover auto`: end a hold."""

from __future__ import annotations

from pathlib import Path

import click

from wanfailover.cli.options import site_options
from wanfailover.client import NoAgent, ask
from wanfailover.sites import SiteDir, base_dir, find


@click.command(name="auto")
@site_options
def command(site: str | None, state_dir: Path | None) -> None:
    """End a hold: let automation decide again."""
    found = find(base_dir(state_dir), site)
    try:
        sentence = ask(found, "/auto", {})["sentence"]
    except NoAgent:
        sentence = _without_agent(found)
    click.echo(sentence)


def _without_agent(site: SiteDir) -> str:
    """Write the end of the hold where the next agent reads it."""
    from wanfailover.cli.offline import newest, write
    from wanfailover.core.entries import HoldBegan, HoldEnded

    held = newest(site, HoldBegan, HoldEnded)
    if not isinstance(held, HoldBegan):
        return "nothing was held; no agent runs"
    write(site, "wanfailover auto", HoldEnded(held.circuit, "an operator ended it"))
    return f"{held.circuit} is no longer held; no agent runs"
