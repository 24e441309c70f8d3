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
    import asyncio
    import time

    from wanfailover.core.entries import HoldBegan, HoldEnded
    from wanfailover.journal.reader import Reader
    from wanfailover.journal.writer import Journal
    from wanfailover.sites import Lock

    lock = Lock(site, "wanfailover auto")
    try:
        with Reader(site.journal) as reader:
            held = reader.last(HoldBegan, HoldEnded)
        if held is None or not isinstance(held.entry, HoldBegan):
            return "nothing was held; no agent runs"
        journal = Journal(site.journal)
        ended = HoldEnded(held.entry.circuit, "an operator ended it")
        asyncio.run(journal.append([ended], time.monotonic()))
        journal.close()
    finally:
        lock.release()
    return f"{held.entry.circuit} is no longer held; no agent runs"
