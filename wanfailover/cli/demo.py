"""`wanfailover demo`: an outage being survived, on real packets, in about a minute."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from wanfailover.cli.story import tell


@click.command(name="demo")
@click.option(
    "--fault",
    default="dsl-down",
    show_default=True,
    metavar="FAULT",
    help="How the primary circuit fails; --fault help lists the ways.",
)
def command(fault: str) -> None:
    """Build a virtual office, cut its line, watch the agent work; nothing is left behind."""
    from wanfailover.lab import FAULTS
    from wanfailover.lab.privilege import enter
    from wanfailover.lab.story import Story

    if fault == "help":
        for known in FAULTS.values():
            click.echo(f"{known!s:24} {known.means}")
        return
    enter([sys.executable, "-m", "wanfailover", *sys.argv[1:]])
    with tempfile.TemporaryDirectory(prefix="wanfailover-demo-") as directory:
        Story(Path(directory), click.echo, tell).play(fault)
