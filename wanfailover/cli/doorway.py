"""`wanfailover init` at the router's door: how it is reached, as whom, and that it is the one."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from wanfailover import plugins
from wanfailover.cli.asking import Asker, one_of
from wanfailover.config import vault
from wanfailover.config.proposal import sound
from wanfailover.config.references import SecretKeys
from wanfailover.config.schema import CredentialsKeys, RouterKeys
from wanfailover.config.tree import Unreadable, parse
from wanfailover.core.facts import RouterView
from wanfailover.ports import DriverPlugin, OptionsWrong, RouterAccess, Secret
from wanfailover.transports import hostkey

SECRETS = {
    "password": "Password (empty: none)",
    "sudo_password": "Password that sudo asks for there (empty: none)",
    "community": "SNMP community to set by (empty: none)",
    "read_community": "SNMP community to read by (empty: public)",
}
"""Credentials that are a secret, and how they are asked for."""

WAYS = {"local": "local (this machine is the router)"}
"""Transports that do not speak for themselves."""


@dataclass
class Login:
    """The way to the router, as it becomes known.

    *beside* are texts to be written beside the profile, by credential; *there* are names of files
    that are there already.
    """

    plugin: DriverPlugin
    access: RouterAccess
    beside: dict[str, str] = field(default_factory=dict)
    there: dict[str, str] = field(default_factory=dict)
    options: dict[str, object] = field(default_factory=dict)


def log_in(ask: Asker, driver: str, folder: Path) -> Login:
    """Have all that it takes to get at the router, but its host key."""
    plugin = plugins.load(driver)
    known = plugin.transports
    transport = known[0]
    if len(known) > 1 or ask.given.get("transport") is not None:
        ways = " or ".join(WAYS.get(name, name) for name in known)
        transport = ask.text("transport", f"How is it reached: {ways}", known[0], one_of(known))
    login = Login(plugin, RouterAccess(None, transport))
    if transport != "local":
        read = partial(sound, RouterKeys, "host")
        host = ask.text("host", "Its address on the inside", _own_gateway(), read)
        port = ask.given.get("port")
        login.access = replace(login.access, host=host, port=port)
        _credentials(ask, login, folder)
    for key, value in getattr(plugin, "usual", _nothing_usual)(login.access).items():
        login.options[key] = value
    for given in ask.given.get("option", ()):
        key, sign, text = given.partition("=")
        if not (key.strip() and sign):
            raise click.UsageError(f"--option {given} has no value; write KEY=VALUE")
        login.options[key.strip()] = _value(text)
    login.access = replace(login.access, options=_options(ask, plugin, login.options))
    return login


def _nothing_usual(_: RouterAccess) -> dict[str, object]:
    return {}


def _value(text: str) -> object:
    """As a profile would have it; what is no YAML, such as a command with a colon, is a text."""
    try:
        return parse(f"x: {text}").data["x"]  # type: ignore[index]
    except Unreadable:
        return text


def _options(ask: Asker, plugin: DriverPlugin, options: dict[str, object]) -> object:
    """Have the driver read its options; the person is asked for those that it misses."""
    try:
        return plugin.options(options)
    except OptionsWrong as error:
        missing = [each for each in error.wrong if each[0] not in options]
        if ask.quiet or len(missing) < len(error.wrong):
            words = "; ".join(map(" ".join, error.wrong))
            raise click.UsageError(f"--option {words}") from None
    for key, words in missing:
        question = f"Its option {key} ({words.removeprefix('is missing: ')})"
        options[key] = ask.text("_", question, read=partial(_sound, plugin, options, key))
    return _options(ask, plugin, options)


def _sound(plugin: DriverPlugin, options: dict[str, object], key: str, text: str) -> object:
    value = _value(text)
    try:
        plugin.options(options | {key: value})
    except OptionsWrong as error:
        for wrong in error.wrong:
            if wrong[0] == key:
                raise ValueError(" ".join(wrong)) from None
    return value


def _credentials(ask: Asker, login: Login, folder: Path) -> None:
    """User, key and secrets; each secret from a file that only we may read, or typed unseen."""
    ssh = login.access.transport == "ssh"
    read = partial(sound, CredentialsKeys, "username")
    if ssh:
        name = ask.text("username", "User to log in as", None, read)
    else:
        name = ask.text("username", "User to log in as (empty: none)", "", lambda t: t and read(t))
    login.access = replace(login.access, username=name or None)
    if ssh:
        _key(ask, login, folder)
    wanted = ["password"] if not ssh or login.access.key is None else []
    wanted += ["sudo_password"] if ssh and name != "root" else []
    wanted += [] if ssh else ["read_community", "community"]
    for credential, question in SECRETS.items():
        file = ask.given.get(f"{credential}_file")
        if file is not None:
            value = _kept(file, credential)
            _beside(login, folder, credential, file, value)
        elif credential in wanted and (value := ask.secret(question)):
            login.beside[credential] = f"{value}\n"
        else:
            continue
        read_so: dict[str, Any] = {credential: Secret(value)}
        login.access = replace(login.access, **read_so)
    if ssh and login.access.key is None and login.access.password is None:
        raise click.UsageError("ssh logs in by a key or a password: give --key or --password-file")


def _kept(file: Path, credential: str) -> str:
    try:
        return vault.secret(SecretKeys(file=str(file.absolute())), Path("/")).reveal()
    except ValueError as error:
        raise click.UsageError(f"--{credential.replace('_', '-')}-file: {error}") from None


def _key(ask: Asker, login: Login, folder: Path) -> None:
    """The private key, if there is one."""

    def read(text: str) -> Path | None:
        if not text:
            return None
        file = Path(text).expanduser().absolute()
        return vault.private_file(SecretKeys(file=str(file)), Path("/"))

    default = "" if ask.quiet or ask.given.get("password_file") else _own_key()
    found = ask.text("key", "File of the private key to log in by (- for a password)", default,
                     lambda text: read("" if text == "-" else text))  # fmt: skip
    if found is None:
        return
    login.access = replace(login.access, key=found)
    _beside(login, folder, "key", found, found.read_text(encoding="utf-8").removesuffix("\n"))


def _beside(login: Login, folder: Path, credential: str, file: Path, text: str) -> None:
    """A file that is beside the profile stays what it is; another is copied there.

    The service may not look into homes, and a secret that lies elsewhere is forgotten in a move.
    """
    if file.absolute().parent == folder.absolute():
        login.there[credential] = file.name
    else:
        login.beside[credential] = f"{text}\n"


def pin(ask: Asker, login: Login) -> None:
    """Show the router's host key, and take it for the router's if the person does."""
    access = login.access
    if access.transport == "telnet":
        click.echo(
            "\nTelnet has no host key: whoever stands between could pose as the router and read "
            "the\npassword. Use it inside the office alone."
        )
    if access.transport != "ssh":
        return
    key = asyncio.run(hostkey.shown(access))
    expected = ask.given.get("host_key")
    if expected is not None and expected != key.fingerprint:
        raise click.UsageError(
            f"{access.host} shows the host key {key.fingerprint}, not the one of --host-key: "
            "somebody may stand between"
        )
    file = f"/etc/ssh/ssh_host_{key.kind.removeprefix('ssh-').partition('-')[0]}_key.pub"
    click.echo(f"\nThe router shows the host key\n    {key.kind} {key.fingerprint}")
    if expected is None:
        click.echo(
            f"Which one it really has, this shows on the router itself:\n    ssh-keygen -lf {file}"
        )
        if not ask.whether("_", "Are they the same", default=ask.quiet):
            click.echo("Then it is not trusted, and nothing was written.", err=True)
            raise click.exceptions.Exit(1)
    login.beside["known_hosts"] = key.line(access)


def look(login: Login, scratch: Path) -> RouterView:
    """Read the router; what is needed as a file for that lies in *scratch*."""
    access = login.access
    if "known_hosts" in login.beside:
        known = scratch / "known_hosts"
        known.write_text(login.beside["known_hosts"], encoding="utf-8")
        access = replace(access, known_hosts=known)

    async def visit() -> RouterView:
        driver = login.plugin.build(access)
        try:
            return await driver.read()
        finally:
            await driver.close()

    click.echo("\nReading the router ...")
    return asyncio.run(visit())


def _own_gateway() -> str | None:
    """This host's default gateway, which is mostly the router; None where it has none."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/net/route").read_text(encoding="ascii").splitlines()[1:]:
            _, destination, gateway, *_ = line.split()
            if destination == "00000000" and gateway != "00000000":
                return socket.inet_ntoa(struct.pack("=I", int(gateway, 16)))
    return None


def _own_key() -> str:
    """A key that this account logs in by; a dash where it has none."""
    for kind in ("ed25519", "ecdsa", "rsa"):
        if (file := Path.home() / ".ssh" / f"id_{kind}").is_file():
            return str(file)
    return "-"
