"""`wanfailover demo`: an outage being survived, on real packets, in about a minute."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from wanfailover.cli.story import tell
from wanfailover.errors import LabError

if TYPE_CHECKING:
    from wanfailover.lab.stage import Stage

LINUX = "linux"


@click.command(name="demo")
@click.option(
    "--fault",
    default="dsl-down",
    show_default=True,
    metavar="FAULT",
    help="How the primary circuit fails; --fault help lists the ways.",
)
@click.option(
    "--router",
    default=LINUX,
    show_default=True,
    metavar="ROUTER",
    help="What routes: linux, or a virtual one, such as netopia.",
)
@click.option(
    "--simulated", is_flag=True, help="Without packets, as where no packet lab can be had."
)
def command(fault: str, router: str, simulated: bool) -> None:
    """Build a virtual office, cut its line, watch the agent work; nothing is left behind."""
    from wanfailover.lab.story import Story

    if fault == "help":
        _list_faults()
        return
    virtual = _virtual(router)
    Story(_stage(virtual, simulated=simulated), click.echo, tell).play(fault)


def _list_faults() -> None:
    from wanfailover.lab import FAULTS

    for known in FAULTS.values():
        click.echo(f"{known!s:24} {known.means}")


def _virtual(router: str) -> str | None:
    """Find the virtual router that is meant, by its name's beginning; None is the Linux one."""
    from wanfailover.lab.virtual import names

    if router == LINUX:
        return None
    meant = [name for name in names() if router and name.startswith(router)]
    if len(meant) != 1:
        there = ", ".join((LINUX, *names()))
        raise click.BadParameter(f"'{router}' is none of {there}", param_hint="--router")
    return meant[0]


def _stage(virtual: str | None, *, simulated: bool) -> Stage:
    """Have real packets if that can be; where it takes a user namespace, go on in there."""
    from wanfailover.lab.loopback import Loopback
    from wanfailover.lab.privilege import enter
    from wanfailover.lab.stage import Packets
    from wanfailover.lab.virtual import names

    if not simulated:
        try:
            enter([sys.executable, "-m", "wanfailover", *sys.argv[1:]])
        except LabError as error:
            click.echo(f"No packet lab can be had here: {error}.\n")
        else:
            return Packets(virtual)
    virtual = virtual or names()[0]
    click.echo(
        f"Only the packets are simulated, behind a virtual {virtual} on loopback: driver, "
        "decision, switchover, journal and command are the real ones.\n"
    )
    return Loopback(virtual)
