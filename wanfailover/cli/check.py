"""`wanfailover check PROFILE`: would a failover work now?"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wanfailover.cli.render import findings

if TYPE_CHECKING:
    from wanfailover.config import Profile
    from wanfailover.ports import Finding

ANSWERS = {
    "green": "A failover would work now.",
    "yellow": "A failover would work now, as far as can be seen; mind the yellow rows.",
    "red": "A failover would NOT be safe now: see the red rows.",
}


@click.command(name="check")
@click.argument("profile", type=click.Path(path_type=Path))
@click.option("--offline", is_flag=True, help="Only read the profile; ask nobody.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def command(profile: Path, offline: bool, as_json: bool) -> None:
    """Look at everything a failover needs; change nothing. Green or yellow: exit 0; red: 1."""
    from wanfailover import config, preflight

    loaded = config.load(profile, secrets=not offline)
    rows = list(preflight.offline(loaded))
    if not as_json:
        _print(rows)
    error = None if offline else asyncio.run(_online(loaded, rows, as_json=as_json))
    worst = max((row.severity for row in rows), key=["green", "yellow", "red"].index)
    if as_json:
        click.echo(json.dumps({"result": worst, "rows": [asdict(row) for row in rows]}, indent=2))
    elif error is None and not offline:
        click.echo(ANSWERS[worst])
    if error is not None:
        raise error
    sys.exit(1 if worst == "red" else 0)


async def _online(profile: Profile, rows: list[Finding], *, as_json: bool) -> Exception | None:
    """Ask router and targets; a router that cannot be entered is a red row and ends it."""
    import logging

    from wanfailover import logs, plugins, preflight
    from wanfailover.errors import DriverError
    from wanfailover.ports import Finding, Severity

    logs.configure(json=False, secrets=profile.secrets(), level=logging.ERROR)
    driver = plugins.load(profile.driver).build(profile.access)
    try:
        async for row in preflight.online(profile, driver):
            rows.append(row)
            if not as_json:
                _print([row])
    except DriverError as error:
        rows.append(Finding("router", Severity.RED, "cannot be reached or entered"))
        if not as_json:
            _print(rows[-1:])
        return error
    finally:
        await driver.close()
    return None


def _print(rows: list[Finding]) -> None:
    for line in findings(rows):
        click.echo(line)
