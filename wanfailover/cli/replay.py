"""`wanfailover replay`: the recorded samples, decided again."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wanfailover.cli.options import site_options

if TYPE_CHECKING:
    from wanfailover.replay.compare import Another


def _since(_: click.Context, __: click.Parameter, text: str | None) -> datetime | None:
    from wanfailover.cli.explain import moment

    return None if text is None else moment(text, datetime.now().astimezone(), "--since")


@click.command(name="replay")
@click.argument("log", required=False, type=click.Path(path_type=Path))
@site_options
@click.option(
    "--policy",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PROFILE",
    help="Decide by this profile's detect, policy, failback and need, and show both.",
)
@click.option(
    "--since",
    metavar="TIME",
    callback=_since,
    help="From then on: 2h for two hours ago, 03:12, or 2026-11-27 03:12:30.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    log: Path | None,
    site: str | None,
    state_dir: Path | None,
    policy: Path | None,
    since: datetime | None,
    as_json: bool,
) -> None:
    """Decide recorded samples again. LOG is a folder of them, or one file; else the site's own.

    Without --policy: exit 0 where the decisions are those that were made live, else 1.
    """
    from wanfailover.cli.replayed import as_data, lines
    from wanfailover.flight.reader import Log
    from wanfailover.replay.compare import replay
    from wanfailover.sites import base_dir, find

    where = log if log is not None else find(base_dir(state_dir), site).samples
    comparison = replay(Log(where, since), _another(policy))
    if as_json:
        click.echo(json.dumps(as_data(comparison), indent=2))
    else:
        name = policy.name if policy is not None else None
        for line in lines(comparison, name):
            click.echo(line)
    sys.exit(1 if comparison.played.difference is not None else 0)


def _another(profile: Path | None) -> Another | None:
    """What a profile says of deciding; its secrets are not read."""
    from functools import partial

    from wanfailover import calendar, config
    from wanfailover.replay.compare import Another

    if profile is None:
        return None
    loaded = config.load(profile, secrets=False)
    return Another(
        name=str(profile),
        policy=loaded.policy,
        circuits=tuple(circuit.name for circuit in loaded.circuits),
        targets=tuple(probe.name for probe in loaded.probes),
        window=partial(calendar.told, loaded.calendar),
    )
