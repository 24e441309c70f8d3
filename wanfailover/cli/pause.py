"""`wanfailover pause [30m]`: stop automation."""

from __future__ import annotations

from pathlib import Path

import click

from wanfailover.cli.options import Duration, site_options
from wanfailover.client import NoAgent, ask
from wanfailover.sites import base_dir, find


@click.command(name="pause")
@click.argument("duration", type=Duration(), required=False)
@site_options
def command(site: str | None, state_dir: Path | None, duration: float | None) -> None:
    """Stop automation for DURATION, such as 30m, or until `resume`; watching goes on."""
    found = find(base_dir(state_dir), site)
    try:
        sentence = ask(found, "/pause", {"seconds": duration})["sentence"]
    except NoAgent:
        import getpass

        from wanfailover.cli.offline import write
        from wanfailover.core.entries import PauseBegan
        from wanfailover.core.requests import span

        write(found, "wanfailover pause", PauseBegan(duration, getpass.getuser()))
        end = "until: wanfailover resume" if duration is None else f"for {span(duration)}"
        sentence = f"automation is paused {end}; no agent runs"
    click.echo(sentence)
