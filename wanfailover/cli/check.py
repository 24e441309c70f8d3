"""`wanfailover check PROFILE`: would a failover work now?"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wanfailover.cli import exit_code
from wanfailover.cli.options import state_dir_option
from wanfailover.cli.render import findings

if TYPE_CHECKING:
    from wanfailover.cli.progress import Progress
    from wanfailover.config import Profile
    from wanfailover.errors import WanFailoverError
    from wanfailover.ports import Finding, RouterDriver
    from wanfailover.timing import Days

ANSWERS = {
    "green": "A failover would work now.",
    "yellow": "A failover would work now, as far as can be seen; mind the yellow rows.",
    "red": "A failover would NOT be safe now: see the red rows.",
}


WRITTEN = """\
What the router said is in {file}.
Look through it before you share it: the secrets of the profile are struck out of it, but names,
addresses, and whatever else the router shows are not.
"""


@click.command(name="check")
@click.argument("profile", type=click.Path(path_type=Path))
@state_dir_option
@click.option("--offline", is_flag=True, help="Only read the profile; ask nobody.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.option(
    "--record",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Only write down what the router says, for whoever is to teach the driver about it.",
)
def command(
    profile: Path, state_dir: Path | None, offline: bool, as_json: bool, record: Path | None
) -> None:
    """Look at everything a failover needs; change nothing.

    Exit codes: 0 green or yellow; 1 red; 2 the profile; 3 the router cannot be reached or entered.
    """
    from wanfailover import config, preflight

    if record is not None and (offline or as_json):
        raise click.UsageError("--record goes without --offline and --json")
    loaded = config.load(profile, secrets=not offline)
    if record is not None:
        return _record(loaded, state_dir, record)
    rows = list(preflight.offline(loaded, *_known(loaded, state_dir)))
    if not as_json:
        _print(rows)
    error = None if offline else asyncio.run(_online(loaded, state_dir, rows, as_json=as_json))
    worst = max((row.severity for row in rows), key=["green", "yellow", "red"].index)
    if as_json:
        click.echo(json.dumps({"result": worst, "rows": [asdict(row) for row in rows]}, indent=2))
    elif not offline:
        click.echo(ANSWERS[worst])
    if error is not None:
        if not sys.stdout.isatty():  # where the row goes to a file, whoever waits is told
            click.echo(error, err=True)
        sys.exit(exit_code(error))
    sys.exit(1 if worst == "red" else 0)


async def _online(
    profile: Profile, state_dir: Path | None, rows: list[Finding], *, as_json: bool
) -> WanFailoverError | None:
    """Ask router and targets; a router that cannot be entered is a red row and ends it."""
    from wanfailover import preflight
    from wanfailover.errors import DriverError

    driver = _driver(profile, state_dir)
    progress = _progress()

    def tell(row: Finding) -> None:
        rows.append(row)
        if not as_json:
            progress.clear()
            _print([row])

    async with progress.shown():
        try:
            async for row in preflight.online(profile, driver, progress.now):
                tell(row)
        except DriverError as error:
            tell(preflight.unreachable(error))
            return error
        finally:
            progress.now("logging out")
            await driver.close()
    return None


def _record(profile: Profile, state_dir: Path | None, file: Path) -> None:
    """Pay the router a visit and write down what it says, in a new file of our own."""
    from wanfailover.abilities import Recordable

    driver = _driver(profile, state_dir)
    if not isinstance(driver, Recordable):
        raise click.UsageError(f"the driver {profile.driver} has no way to record")

    progress = _progress()

    async def visit() -> str:
        try:
            async with progress.shown():
                progress.now("visiting the router's screens")
                return await driver.record()
        finally:
            await driver.close()

    try:
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise click.UsageError(f"{file} is there already: name a new file") from None
    except OSError as error:
        raise click.UsageError(f"{file} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(made, "w", encoding="utf-8") as to:
            to.write(asyncio.run(visit()))
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    click.echo(WRITTEN.format(file=file), nl=False)


def _driver(profile: Profile, state_dir: Path | None) -> RouterDriver:
    """The profile's driver, with the notes of earlier runs; their place is not made here."""
    import logging

    from wanfailover import logs
    from wanfailover.cli.router import driver_of
    from wanfailover.sites import SiteDir, base_dir

    logs.configure(json=False, secrets=profile.secrets(), level=logging.ERROR)
    return driver_of(profile, SiteDir(base_dir(state_dir) / profile.name))


def _known(profile: Profile, state_dir: Path | None) -> tuple[Days, float]:
    """What an agent here has learned of the lines, and what it reckons that a switch costs."""
    import time

    from wanfailover.abilities import Costly
    from wanfailover.errors import DriverError, JournalError
    from wanfailover.journal.memory import remember, usual_cost
    from wanfailover.journal.reader import Reader
    from wanfailover.sites import SiteDir, base_dir

    days: Days = {}
    cost: float | None = None
    try:
        with Reader(SiteDir(base_dir(state_dir) / profile.name).journal) as reader:
            days, cost = remember(reader, time.monotonic()).days, usual_cost(reader)
    except JournalError:
        pass  # none has run here yet
    if cost is not None:
        return days, cost
    try:
        driver = _driver(profile, state_dir)
    except DriverError:
        return days, 0.0  # whoever needs the router will say so
    return days, driver.outage() if isinstance(driver, Costly) else 0.0


def _progress() -> Progress:
    """On the terminal that errors go to; rows may go to a file meanwhile."""
    from functools import partial

    from wanfailover.cli.progress import Progress

    return Progress(partial(click.echo, nl=False, err=True) if sys.stderr.isatty() else None)


def _print(rows: list[Finding]) -> None:
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in findings(rows, columns):
        click.echo(line)
