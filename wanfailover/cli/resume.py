"""`wanfailover resume`: let automation go on."""

from __future__ import annotations

from pathlib import Path

import click

from wanfailover.cli.options import site_options
from wanfailover.client import NoAgent, ask
from wanfailover.sites import SiteDir, base_dir, find


@click.command(name="resume")
@site_options
def command(site: str | None, state_dir: Path | None) -> None:
    """Let automation go on."""
    found = find(base_dir(state_dir), site)
    try:
        sentence = ask(found, "/resume", {})["sentence"]
    except NoAgent:
        sentence = _without_agent(found)
    click.echo(sentence)


def _without_agent(site: SiteDir) -> str:
    """Write the end of the pause where the next agent reads it."""
    from wanfailover.cli.offline import newest, write
    from wanfailover.core.entries import PauseBegan, PauseEnded

    if not isinstance(newest(site, PauseBegan, PauseEnded), PauseBegan):
        return "automation was not paused; no agent runs"
    write(site, "wanfailover resume", PauseEnded("an operator ended it"))
    return "automation goes on with the next agent; none runs"
