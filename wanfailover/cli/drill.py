"""`wanfailover drill`: a rehearsed failover."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from wanfailover.cli.completion import circuits
from wanfailover.cli.options import Duration, site_options
from wanfailover.client import ask
from wanfailover.sites import base_dir, find

LONGEST = 4 * 3600.0
"""Seconds that one may stay, as in the profile; waited for with what its switches may take."""

PATIENCE = 1800.0
"""Seconds beyond the stay: a preflight, two switches, tunnels and mail to follow."""


@click.command(name="drill")
@click.argument("circuit", required=False, shell_complete=circuits)
@site_options
@click.option(
    "--stay", type=Duration(), help="So long on the other circuit (default: the profile's)."
)
@click.option("--dry-run", is_flag=True, help="Only look whether one could be begun.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def command(site: str | None, state_dir: Path | None, as_json: bool, **asked: Any) -> None:
    """Fail over to CIRCUIT, or the next best, and return, with all proofs; a report at the end.

    It goes through the running agent, and on without this command. At the first red it is put back.
    Exit codes: 0 passed; 1 failed or refused.
    """
    if asked["stay"] is not None and asked["stay"] > LONGEST:
        raise click.UsageError("--stay is four hours at most")
    found = find(base_dir(state_dir), site)
    if not (as_json or asked["dry_run"]):
        click.echo("What happens meanwhile: wanfailover status --watch", err=True)
    reply = ask(found, "/drill", asked, timeout=(asked["stay"] or LONGEST) + PATIENCE)
    if as_json:
        click.echo(json.dumps(reply, indent=2))
    else:
        for line in reply["lines"]:
            click.echo(line)
        click.echo(_outcome(reply, dry_run=asked["dry_run"]), err=reply["exit"] != 0)
    sys.exit(reply["exit"])


def _outcome(reply: dict[str, Any], *, dry_run: bool) -> str:
    well, sentence = reply["exit"] == 0, str(reply["sentence"])
    if dry_run:
        return (
            f"{sentence[0].upper()}{sentence[1:]}"
            if well
            else f"Dry run: no drill would begin: {sentence}"
        )
    return f"Drill {'passed' if well else 'failed'}: {sentence}"
