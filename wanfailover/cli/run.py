"""`wanfailover run PROFILE`: the agent."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import click

from wanfailover.cli.options import state_dir_option

LEAVE_WITHIN = 10.0
"""Seconds after its end until the process goes, with whatever thread still hangs in it."""


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
    from wanfailover.notes import FileNotes
    from wanfailover.probes.names import KeepingLoop, Names
    from wanfailover.watchdog import Notifier

    loaded = config.load(profile)
    site_dir = sites.make(sites.base_dir(state_dir), loaded.name)
    lock = sites.Lock(site_dir, "wanfailover run")
    site_dir.note_profile(profile)
    level = logging.DEBUG if verbose else logging.INFO
    as_json = log == "json" or (log == "auto" and not sys.stderr.isatty())
    logs.configure(json=as_json, secrets=loaded.secrets(), level=level, patient=True)
    faulthandler.enable()  # so that a watchdog's SIGABRT leaves in the log where it was stuck
    notify = Notifier(os.environ)
    names = Names(notes=FileNotes(site_dir.names))
    driver = driver_of(loaded, site_dir)

    async def serve() -> None:
        agent = Agent(loaded, site_dir, driver, notify, names)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, agent.stop)
        loop.add_signal_handler(signal.SIGHUP, agent.hang_up)
        await agent.run()

    try:
        _run(serve, partial(KeepingLoop, names))
    finally:
        lock.release()


def _run(
    serve: Callable[[], Coroutine[Any, Any, None]],
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """Run it as asyncio does, but leave in any case: a thread that hangs would hold us for ever."""
    from wanfailover.cli import exit_code
    from wanfailover.errors import WanFailoverError

    async def ends() -> None:
        code = 1
        try:
            await serve()
            code = 0
        except WanFailoverError as error:
            code = exit_code(error)
            raise
        finally:
            last = threading.Timer(LEAVE_WITHIN, os._exit, [code])
            last.daemon = True
            last.start()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(ends())
