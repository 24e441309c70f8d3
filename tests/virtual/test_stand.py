"""What the lab asks of a virtual router: how to start it, and what a profile says of it."""

from __future__ import annotations

import stat
from importlib.metadata import entry_points
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from wanfailover.core.site import Circuit
from wanfailover.lab.virtual import Stand
from wanfailover_netopia.virtual import VIRTUAL

PRIMARY = Circuit("primary", IPv4Interface("203.0.113.2/29"), IPv4Address("203.0.113.1"))


def stand(folder: Path, **more: object) -> Stand:
    given = {
        "circuit": PRIMARY,
        "inside": IPv4Interface("192.168.10.1/24"),
        "edit_log": folder / "edits.jsonl",
        "running": folder / "running.json",
    }
    return Stand(**(given | more))


def test_found_by_its_entry_point() -> None:
    """The lab finds it by the name of its driver."""
    (point,) = entry_points(group="wanfailover.virtual", name="netopia-r9100")
    assert point.load() is VIRTUAL


def test_command(tmp_path: Path) -> None:
    """It listens on the inside, at the usual ports unless told otherwise."""
    words = VIRTUAL.command(stand(tmp_path, device="wan", variant="fw3", ports=(("snmp", 0),)))
    told = dict(zip(words[2::2], words[3::2], strict=True))
    assert words[:2] == ("-m", "wanfailover_netopia.virtual")
    assert told["--listen"] == "192.168.10.1"
    assert (told["--telnet-port"], told["--snmp-port"]) == ("23", "0")
    assert (told["--address"], told["--gateway"]) == ("203.0.113.2/29", "203.0.113.1")
    assert (told["--device"], told["--variant"]) == ("wan", "fw3")


def test_trap_port(tmp_path: Path) -> None:
    """With a port for traps they go there, and the profile listens there."""
    place = stand(tmp_path, ports=(("trap", 1162),))
    assert "127.0.0.1:1162" in VIRTUAL.command(place)
    assert 'trap_listen: "127.0.0.1:1162"' in VIRTUAL.profile(place)[-1]


@pytest.mark.parametrize(
    ("variant", "secrets"),
    [
        ("", {"community": "private", "read_community": "public"}),
        ("rw-empty", {"read_community": "public"}),
        ("rw-custom", {"community": "s3cret-rw", "read_community": "public"}),
        ("snmp-off+password-only", {"password": "secret9100"}),
        ("snmp-off+password", {"password": "secret9100"}),
    ],
)
def test_profile(variant: str, secrets: dict[str, str], tmp_path: Path) -> None:
    """The profile refers to files with the variant's secrets that nobody else may read."""
    lines = VIRTUAL.profile(stand(tmp_path, variant=variant, ports=(("telnet", 2323),)))
    assert lines[:2] == ("host: 192.168.10.1", "port: 2323")
    assert ("username: admin" in lines[2]) == ("password" in variant.split("+"))
    files = {file.suffix[1:]: file for file in tmp_path.iterdir()}
    assert {name: file.read_text() for name, file in files.items()} == secrets
    for file in files.values():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert str(file) in lines[2]
        assert file.read_text() not in " ".join(lines)
