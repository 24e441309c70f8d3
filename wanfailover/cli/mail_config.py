"""`wanfailover mail-config PROFILE`: what the backup MX and the office's Postfix need."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="mail-config")
@click.argument("profile", type=click.Path(path_type=Path))
def command(profile: Path) -> None:
    """Print Postfix configuration for the backup MX and for the office, as PROFILE has them.

    And strongSwan's for both ends of each tunnel that is renewed, with a fence for the router.
    """
    from wanfailover import config
    from wanfailover.config.addresses import ipv4
    from wanfailover.mail import postfix, strongswan

    loaded = config.load(profile, secrets=False)
    if loaded.mail is None:
        raise click.UsageError(
            f"{profile} has no `mail`: give it the office's `domains` and the `backup_mx`"
        )
    for text in postfix.filled(loaded.mail, ipv4(loaded.access.host or "")):
        click.echo(text)
    for tunnel in loaded.site().tunnels:
        if tunnel.ike is not None:
            for text in strongswan.filled(tunnel, loaded.circuits):
                click.echo(text)
