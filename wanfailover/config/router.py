"""The profile's group `router`, read into what a driver is built from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from wanfailover.config import vault
from wanfailover.config.document import Fault
from wanfailover.config.draft import Draft
from wanfailover.config.keys import readable
from wanfailover.config.options import Plugins, find_driver, read_options
from wanfailover.config.schema import CredentialsKeys, RouterKeys
from wanfailover.config.words import instead
from wanfailover.core.site import Circuit
from wanfailover.ports import DriverPlugin, RouterAccess

_READERS: dict[str, Callable[[Any, Path], object]] = {
    "password": vault.secret,
    "sudo_password": vault.secret,
    "community": vault.secret,
    "read_community": vault.secret,
    "key": vault.private_file,
    "known_hosts": vault.public_file,
}


def read_router(
    data: object, draft: Draft, plugins: Plugins, folder: Path, *, secrets: bool
) -> tuple[RouterAccess | None, list[Fault]]:
    """Read the group part by part, so that one fault does not hide another.

    Args:
        data: The group, as it stands in the file.

        draft: For the driver, which must know the router's addresses, and its tunnels.

        plugins: The drivers to choose from.

        folder: Where the relative paths of secrets begin.

        secrets: Read them; else they stay None, and no file is looked at.

    Returns:
        None in place of the value where the driver or the group itself cannot be used; and what is
        wrong besides what the schema says.
    """
    faults: list[Fault] = []
    raw = data if isinstance(data, dict) else {}
    plugin = find_driver(raw.get("driver"), plugins, faults)
    options = plugin and read_options(plugin, raw.get("options"), faults)
    credentials = readable(CredentialsKeys.model_validate, raw.get("credentials") or {})
    kept: dict[str, Any] = {}
    if credentials is not None:
        kept = _open(credentials, folder, faults) if secrets else _name(credentials, folder)
    keys = readable(RouterKeys.model_validate, data)
    if plugin is None or keys is None:
        return None, faults
    transport = keys.transport or plugin.transports[0]
    faults += _hindrances(keys, transport, plugin.transports)
    faults += _unmarkable(keys, plugin, draft.circuits)
    return RouterAccess(
        host=keys.host,
        transport=transport,
        port=keys.port,
        username=keys.credentials.username,
        options=options,
        circuits=tuple(draft.circuits.values()),
        tunnels=tuple(keys.spec().tunnel() for keys in draft.tunnels.values()),
        **kept,
    ), faults


def _open(credentials: CredentialsKeys, folder: Path, faults: list[Fault]) -> dict[str, Any]:
    """Read secrets and find files; adds to *faults* those that cannot be had."""
    found: dict[str, Any] = {}
    for key, reference in credentials.given(*_READERS).items():
        try:
            found[key] = _READERS[key](reference, folder)
        except ValueError as error:
            faults.append(Fault(("router", "credentials", key, reference.place), str(error)))
    return found


def _name(credentials: CredentialsKeys, folder: Path) -> dict[str, Path]:
    """Say where files would be, without looking."""
    references = credentials.given("key", "known_hosts")
    return {key: folder / reference.file for key, reference in references.items() if reference.file}


def _hindrances(keys: RouterKeys, transport: str, known: tuple[str, ...]) -> Iterator[Fault]:
    """Why this transport cannot be used, or what it lacks."""
    if transport not in known:
        text = f"{keys.driver} has no transport `{transport}`; {instead(transport, known)}"
        yield Fault(("router", "transport"), text)
        return
    if transport != "local" and keys.host is None:
        yield Fault(("router",), f"{transport} needs `host`, the router's address")
    if transport == "ssh":
        yield from _hindrances_to_ssh(keys.credentials)
    if transport == "telnet":
        for key in keys.credentials.given("key", "known_hosts"):
            text = (
                f"telnet has no use for `{key}`; it logs in by `username` and `password`, or none"
            )
            yield Fault(("router", "credentials", key), text)


def _unmarkable(
    keys: RouterKeys, plugin: DriverPlugin, circuits: Mapping[int, Circuit]
) -> Iterator[Fault]:
    """Circuits that shall be seen by marks, where the driver's router cannot go by them."""
    if getattr(plugin, "marks", False):
        return
    for index, circuit in circuits.items():
        if circuit.marked:
            text = (
                f"the driver {keys.driver} cannot have marked packets sent out by {circuit.name}; "
                "see the circuit by `bind` or `source`, or leave this out"
            )
            yield Fault(("circuits", index, "vantage", "mark"), text)


def _hindrances_to_ssh(credentials: CredentialsKeys) -> Iterator[Fault]:
    at = ("router", "credentials")
    if credentials.username is None:
        yield Fault(at, "ssh needs a `username` in `credentials`")
    if credentials.known_hosts is None:
        text = (
            "ssh needs `known_hosts` in `credentials`, or anybody could pose as the router; "
            "`ssh-keyscan HOST` prints what to put in its file"
        )
        yield Fault(at, text)
    if credentials.password is None and credentials.key is None:
        yield Fault(at, "ssh needs a `key` or a `password` in `credentials`")
