"""`wanfailover run PROFILE`: the agent."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import click

from wanfailover.cli.options import state_dir_option


@click.command(name="run")
@click.argument("profile", type=click.Path(path_type=Path))
@state_dir_option
@click.option(
    "--log",
    type=click.Choice(["auto", "text", "json"]),
    default="auto",
    help="How log lines look; auto: text on a terminal, else JSON.",
)
@click.option("--verbose", is_flag=True, help="Also log what is only of interest to developers.")
def command(profile: Path, state_dir: Path | None, log: str, verbose: bool) -> None:
    """Watch the circuits of PROFILE's site and act, until stopped."""
    import logging

    from wanfailover import config, logs, sites
    from wanfailover.agent import Agent
    from wanfailover.cli.router import driver_of

    loaded = config.load(profile)
    site_dir = sites.make(sites.base_dir(state_dir), loaded.name)
    lock = sites.Lock(site_dir, "wanfailover run")
    site_dir.note_profile(profile)
    level = logging.DEBUG if verbose else logging.INFO
    as_json = log == "json" or (log == "auto" and not sys.stderr.isatty())
    logs.configure(json=as_json, secrets=loaded.secrets(), level=level)
    driver = driver_of(loaded, site_dir)

    async def serve() -> None:
        agent = Agent(loaded, site_dir, driver)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, agent.stop)
        await agent.run()

    try:
        asyncio.run(serve())
    finally:
        lock.release()
