"""`wanfailover switch NAME`: an operator moves the router."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from wanfailover.cli.completion import circuits
from wanfailover.cli.options import Duration, site_options
from wanfailover.client import NoAgent, ask
from wanfailover.sites import SiteDir, base_dir, find

PATIENCE = 420.0
"""Seconds to wait for a switchover: its actions, its proof, and perhaps its undo. A router that has
to restart takes up to two minutes for it, and as much again to be put back."""

NOT_NOW = "the switchover is finished or undone first; it takes no longer than its proof may"


@click.command(name="switch")
@click.argument("circuit", shell_complete=circuits)
@site_options
@click.option("--for", "hold", type=Duration(), help="Hold it there so long, such as 2h.")
@click.option("--once", is_flag=True, help="Leave no hold: automation may move it again.")
@click.option("--dry-run", is_flag=True, help="Print what would be typed; touch nothing.")
@click.option("--reason", default="", metavar="TEXT", help="Kept in the journal.")
@click.option("--force", is_flag=True, help="Even to a circuit known down, or from neither.")
def command(site: str | None, state_dir: Path | None, **asked: Any) -> None:
    """Move the router to CIRCUIT now; it is put back if the new circuit cannot be proved."""
    if asked["once"] and asked["hold"] is not None:
        raise click.UsageError("--once leaves no hold and --for sets one: give only one of them")
    found = find(base_dir(state_dir), site)
    try:
        reply = ask(found, "/switch", asked, timeout=PATIENCE)
    except NoAgent:
        reply = _without_agent(found, asked)
    for line in reply["lines"]:
        click.echo(line)
    refused = reply["exit"] != 0
    rule = f"{reply['rule']}: " if reply["rule"] else ""
    click.echo(f"{rule}{reply['sentence']}", err=refused)
    sys.exit(reply["exit"])


def _without_agent(site: SiteDir, asked: dict[str, Any]) -> dict[str, Any]:
    """Do it ourselves, with the same engine and plan, under the same lock."""
    import asyncio
    import getpass
    import logging
    import signal
    from dataclasses import asdict

    from wanfailover import config, logs
    from wanfailover.cli.router import driver_of
    from wanfailover.core.facts import SwitchRequest
    from wanfailover.desk import switch_once
    from wanfailover.notes import FileNotes
    from wanfailover.probes.names import KeepingLoop, Names
    from wanfailover.sites import Lock

    profile = config.load(site.noted_profile())
    logs.configure(json=False, secrets=profile.secrets(), level=logging.WARNING)
    lock = Lock(site, "wanfailover switch")
    driver = driver_of(profile, site)
    names = Names(notes=FileNotes(site.names))
    dry_run = asked.pop("dry_run")
    request = SwitchRequest(id="command", who=getpass.getuser(), **asked)

    async def carry_out() -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, lambda: click.echo(NOT_NOW, err=True))
        reply = await switch_once(profile, site, driver, request, dry_run=dry_run, names=names)
        return asdict(reply)

    try:
        with asyncio.Runner(loop_factory=lambda: KeepingLoop(names)) as runner:
            return runner.run(carry_out())
    finally:
        lock.release()
