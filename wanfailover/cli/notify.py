"""`wanfailover notify PROFILE`: would anybody be told?"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wanfailover.cli.render import tried

if TYPE_CHECKING:
    from wanfailover.config import Profile
    from wanfailover.notify.checks import Tried

REFUSED, UNREACHED = 1, 3


@click.command(name="notify")
@click.argument("profile", type=click.Path(path_type=Path))
@click.option(
    "--test", is_flag=True, help="Send a message by each path; it says that it is a test."
)
def command(profile: Path, test: bool) -> None:
    """Look at each path of PROFILE's `notify`, or send a test by each, and say what it answered.

    Exit codes: 0 every path works; 1 one refuses; 2 the profile; 3 one cannot be reached.
    """
    import logging

    from wanfailover import config, logs

    loaded = config.load(profile)
    logs.configure(json=False, secrets=loaded.secrets(), level=logging.ERROR)
    if not loaded.notices.paths:
        raise click.UsageError(f"{profile} tells nobody: it has no `notify`")
    results = asyncio.run(_try(loaded, test=test))
    for line in tried(results, "sent" if test else "works"):
        click.echo(line)
    failed = [each for each in results if not each.well]
    refused = any(each.refused for each in failed)
    sys.exit((REFUSED if refused else UNREACHED) if failed else 0)


async def _try(profile: Profile, *, test: bool) -> list[Tried]:
    from wanfailover.journal.eras import utc_now
    from wanfailover.notify.checks import attempt
    from wanfailover.notify.incidents import Incidents
    from wanfailover.notify.office import office_of
    from wanfailover.probes.names import Names

    letter = Incidents(office_of(profile)).test(utc_now()) if test else None
    names = Names()
    paths = profile.notices.paths
    return await asyncio.gather(*(attempt(path, names, letter) for path in paths))
