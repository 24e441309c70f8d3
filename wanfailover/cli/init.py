"""`wanfailover init`: from a router to a profile."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wanfailover.cli.asking import Asker, answered

if TYPE_CHECKING:
    from wanfailover.cli.doorway import Login
    from wanfailover.config.proposal import Proposal

FILE = click.Path(path_type=Path, dir_okay=False)

ETC = Path("/etc/wanfailover")
"""Where the service's profiles are."""


@click.command(name="init")
@click.option("--site", metavar="NAME", help="The site's name, a plain word.")
@click.option("-o", "--output", type=FILE, metavar="FILE", help="The profile to write.")
@click.option("--driver", metavar="NAME", help="The router's driver.")
@click.option("--transport", metavar="NAME", help="How the router is reached.")
@click.option("--host", metavar="ADDRESS", help="The router's address on the inside.")
@click.option("--port", type=click.IntRange(1, 65535), help="Where it listens.")
@click.option("--username", metavar="NAME", help="Whom to log in as there.")
@click.option("--key", metavar="FILE", help="The private key to log in by; - for a password.")
@click.option("--password-file", type=FILE, metavar="FILE", help="A file with its password.")
@click.option("--sudo-password-file", type=FILE, metavar="FILE", help="With what sudo asks for.")
@click.option("--read-community-file", type=FILE, metavar="FILE", help="With SNMP's, to read.")
@click.option("--community-file", type=FILE, metavar="FILE", help="With SNMP's, to set.")
@click.option("--host-key", metavar="SHA256:...", help="The router's host key must be this one.")
@click.option("--option", multiple=True, metavar="KEY=VALUE", help="An option of the driver's.")
@click.option(
    "--preferred/--spare",
    default=None,
    help="The circuit in use is the preferred one (the default), or the spare.",
)
@click.option("--name", metavar="NAME", help="A name for the circuit in use.")
@click.option("--address", metavar="A/LEN", help="Its address, where the router tells none.")
@click.option("--gateway", metavar="A", help="Its gateway, likewise.")
@click.option("--interface", metavar="NAME", help="The router's interface to it, likewise.")
@click.option("--metered/--not-metered", default=None, help="It is to be probed sparingly.")
@click.option("--other-name", metavar="NAME", help="A name for the other circuit.")
@click.option("--other-address", metavar="A/LEN", help="The router's address on that.")
@click.option("--other-gateway", metavar="A", help="Its gateway.")
@click.option("--other-interface", metavar="NAME", help="The router's interface to it.")
@click.option("--other-metered/--other-not-metered", default=None, help="It is metered, or not.")
@click.option(
    "--vantage",
    metavar="HOW",
    help="How the preferred circuit is seen while idle: none, mark, bind:IFACE, source:ADDRESS.",
)
@click.option(
    "--probe", multiple=True, metavar="PROBE", help="A target, such as 'icmp: 192.0.2.1'."
)
@click.option("--yes", is_flag=True, help="Ask nothing: what is not given has its default.")
@click.option("--force", is_flag=True, help="Replace files that are there already.")
@answered()
def command(*, yes: bool, force: bool, **given: Any) -> None:
    """Ask what is needed, read the router, and write a commented profile to start from.

    The host key is shown before it is trusted. Secrets go into files of their own beside the
    profile, which nobody else can read. Nothing is changed on the router. Each question has an
    option; with --yes nothing is asked.
    """
    from wanfailover.cli import doorway, newcomer
    from wanfailover.cli.asking import one_of
    from wanfailover.config.proposal import sound
    from wanfailover.config.schema import ProfileKeys

    _quiet_logs()
    ask = Asker(given, quiet=yes)
    site = ask.text(
        "site", "A name for the site", "office", lambda t: sound(ProfileKeys, "site", t)
    )
    output = _output(ask, site)
    _may_go([output], ask, force=force)
    driver = ask.text("driver", "Which", None, one_of(_drivers(ask)))
    login = doorway.log_in(ask, driver, output.parent)
    doorway.pin(ask, login)
    with tempfile.TemporaryDirectory(prefix="wanfailover-init-") as scratch:
        view = doorway.look(login, Path(scratch))
        found = newcomer.circuits(ask, login, view)
        made = newcomer.proposal(login, site, driver, circuits=found, probes=newcomer.probes(ask))
        _prove(made.text(str(output)), Path(scratch))
    _write(made, login, output, ask, force=force)


def _drivers(ask: Asker) -> tuple[str, ...]:
    """The installed ones; whoever is asked is told what each is for."""
    from wanfailover import plugins

    known = plugins.names()
    if not ask.quiet and ask.given.get("driver") is None:
        click.echo("\nWhat is the router?")
        for name in known:
            click.echo(f"  {name:<17} {getattr(plugins.load(name), 'about', '')}".rstrip())
    return known


def _quiet_logs() -> None:
    import logging

    from wanfailover import logs

    logs.configure(json=False, secrets=(), level=logging.ERROR)


def _output(ask: Asker, site: str) -> Path:
    """The profile's path, in a folder that is there."""
    default = (ETC if ETC.is_dir() else Path()) / f"{site}.yaml"

    def read(text: object) -> Path:
        output = Path(str(text)).expanduser()
        if not output.parent.is_dir():
            raise ValueError(f"there is no folder {output.parent}: make it first")
        return output

    output: Path = ask.text("output", "The profile to write", str(default), read)
    return output


def _may_go(files: list[Path], ask: Asker, *, force: bool) -> None:
    """Nothing that is there is replaced unless somebody says so."""
    there = [str(file) for file in files if file.exists() or file.is_symlink()]
    if not there or force:
        return
    if ask.quiet:
        raise click.UsageError(
            f"{', '.join(there)} is there already: add --force to replace it, or choose another "
            "--output"
        )
    if not click.confirm(f"{', '.join(there)} is there already. Replace it", default=False):
        click.echo("Nothing was written.", err=True)
        raise click.exceptions.Exit(1)


def _prove(text: str, scratch: Path) -> None:
    """Have it read as any profile is, before anything is written.

    Raises:
        click.UsageError: With the complaints, if the answers do not go together.
    """
    from wanfailover import config
    from wanfailover.errors import ProfileError

    draft = scratch / "profile.yaml"
    draft.write_text(text, encoding="utf-8")
    try:
        config.load(draft, secrets=False)
    except ProfileError as error:
        words = "\n".join(complaint.text for complaint in error.complaints)
        raise click.UsageError(f"that makes no profile: {words}") from None


def _write(made: Proposal, login: Login, output: Path, ask: Asker, *, force: bool) -> None:
    """Secrets first, the profile last: whoever finds it finds all it names."""
    from wanfailover.cli.newcomer import service
    from wanfailover.config import safe

    folder = output.parent
    files = {folder / made.files[key]: text for key, text in login.beside.items()}
    _may_go(list(files), ask, force=force)
    secrets_of, rest_of = service()
    known = folder / made.files.get("known_hosts", "")
    try:
        for file, text in files.items():
            secret = file != known
            safe.write(
                file, text,
                mode=0o600 if secret else 0o644,
                owner=secrets_of if secret else rest_of,
                replace=True,
            )  # fmt: skip
        safe.write(output, made.text(str(output)), mode=0o644, owner=rest_of, replace=True)
    except OSError as error:
        raise click.UsageError(f"{error.filename} cannot be written: {error.strerror}") from None
    click.echo(f"\n{output} is written{', and beside it:' if files else '.'}")
    for file in files:
        secret = file != known
        click.echo(f"  {file.name:<28} {'only its owner may read it' if secret else 'host key'}")
    if not made.probes:
        click.echo("Look at its probes: replace what belongs to one of your providers.")
    click.echo(f"Next:\n  wanfailover check {output}\n  wanfailover run {output}")
