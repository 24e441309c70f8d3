"""Sentences and defaults of logging in by SSH: where, as whom, against which known host keys."""

from __future__ import annotations

from pathlib import Path

from wanfailover.ports import RouterAccess

SSH_PORT = 22


def port(access: RouterAccess) -> int:
    """The port asked for, or SSH's own."""
    return access.port or SSH_PORT


def where(access: RouterAccess) -> str:
    """The router as printed to the operator."""
    return f"{access.host} port {port(access)}"


def too_late(where: str, within: float) -> str:
    """The router took too long, with log-in or with a command."""
    return f"{where} did not answer within {within:.1f} s"


def known_hosts(access: RouterAccess) -> Path:
    """The file of known host keys: the profile's, or that of the account we run as."""
    return access.known_hosts or Path.home() / ".ssh" / "known_hosts"


def refused(access: RouterAccess, allowed: tuple[str, ...] = ()) -> str:
    """The router knows neither the key nor the password."""
    key = f"key {access.key}" if access.key else ""
    password = "a password" if access.password else ""
    offered = " and ".join(filter(None, [key, password])) or "neither key nor password"
    hint = f"; it takes only {' or '.join(allowed)}" if allowed else ""
    return (
        f"{where(access)} refused user {access.username!r} with {offered}{hint}: let that in "
        "there, or correct `credentials`"
    )


def changed_host(access: RouterAccess, shown: str, known: str) -> str:
    """The router shows another host key than the one on file."""
    file = known_hosts(access)
    return (
        f"{where(access)} shows the host key {shown}, but {file} has {known} for it: somebody may "
        "stand between, or the router was replaced; only if you know that it was, run "
        f"'ssh-keygen -R {_entry(access)} -f {file}' and '{_scan(access)}'"
    )


def unknown_host(access: RouterAccess) -> str:
    """There is no host key of the router on file."""
    return (
        f"the host key of {where(access)} is not in {known_hosts(access)}; run '{_scan(access)}' "
        "and compare it with the one that 'ssh-keygen -lf' shows on the router itself"
    )


def bad_known_hosts(access: RouterAccess, why: str) -> str:
    """The file of host keys cannot be used."""
    return f"{known_hosts(access)} cannot be used as a file of known host keys: {why}"


def bad_key(access: RouterAccess, why: str) -> str:
    """The file of our private key cannot be used."""
    return f"the key {access.key} cannot be used: {why}"


def _entry(access: RouterAccess) -> str:
    """The name a host has in known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""
    host = access.host or ""
    return host if port(access) == SSH_PORT else f"'[{host}]:{port(access)}'"


def _scan(access: RouterAccess) -> str:
    return f"ssh-keyscan -p {port(access)} {access.host} >>{known_hosts(access)}"
