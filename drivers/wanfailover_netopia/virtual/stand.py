"""How the lab starts the unit, and how a profile reaches it."""

from __future__ import annotations

from ipaddress import IPv4Interface
from pathlib import Path
from typing import Protocol

from wanfailover.core.site import Circuit
from wanfailover_netopia.virtual.beginning import NAME, PASSWORD
from wanfailover_netopia.virtual.variants import parse


class Stand(Protocol):
    """Where it is to stand, and as what; the lab has the class."""

    @property
    def circuit(self) -> Circuit: ...
    @property
    def inside(self) -> IPv4Interface: ...
    @property
    def edit_log(self) -> Path: ...
    @property
    def running(self) -> Path: ...
    @property
    def ports(self) -> tuple[tuple[str, int], ...]: ...
    @property
    def device(self) -> str | None: ...
    @property
    def variant(self) -> str: ...


class Virtual:
    """What the entry point names."""

    def command(self, stand: Stand) -> tuple[str, ...]:
        """Arguments for Python that start it; it says ``ready`` on a line when it listens."""
        ports = {"telnet": 23, "snmp": 161, **dict(stand.ports)}
        circuit = stand.circuit
        given = {
            "--listen": stand.inside.ip,
            "--telnet-port": ports["telnet"],
            "--snmp-port": ports["snmp"],
            "--variant": stand.variant or "classic",
            "--edit-log": stand.edit_log,
            "--running": stand.running,
            "--address": circuit.address,
            "--gateway": circuit.gateway,
            "--inside": stand.inside,
        }
        if stand.device is not None:
            given["--device"] = stand.device
        if "trap" in ports:
            given["--trap-to"] = f"127.0.0.1:{ports['trap']}"
        words = (str(word) for pair in given.items() for word in pair)
        return ("-m", "wanfailover_netopia.virtual", *words)

    def profile(self, stand: Stand) -> tuple[str, ...]:
        """Lines of a profile's `router:`, besides the driver; secrets lie beside the edit log."""
        ports = {"telnet": 23, "snmp": 161, **dict(stand.ports)}
        options = [f"snmp_port: {ports['snmp']}"]
        if "trap" in ports:
            options.append(f'trap_listen: "127.0.0.1:{ports["trap"]}"')
        return (
            f"host: {stand.inside.ip}",
            f"port: {ports['telnet']}",
            f"credentials: {{{', '.join(_credentials(stand))}}}",
            f"options: {{{', '.join(options)}}}",
        )


def _credentials(stand: Stand) -> list[str]:
    names = parse(stand.variant)
    secrets = {}
    if names & {"password", "password-only", "name-empty"}:
        secrets["password"] = PASSWORD
    if not names & {"rw-empty", "snmp-off"}:
        secrets["community"] = "s3cret-rw" if "rw-custom" in names else "private"
    if "snmp-off" not in names:
        secrets["read_community"] = "public"
    words = [f"{key}: {{file: {_secret_file(stand, key, secrets[key])}}}" for key in secrets]
    return [f"username: {NAME}", *words] if "password" in names else words


def _secret_file(stand: Stand, name: str, secret: str) -> Path:
    file = stand.edit_log.with_name(f"{stand.edit_log.stem}.{name}").absolute()
    file.touch(mode=0o600)
    file.write_text(secret, encoding="utf-8")
    return file


VIRTUAL = Virtual()
