"""`init` against the lab's Linux router over SSH: its host key, its profile, a `check` of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.packets.ssh import Door
from tests.transports.conftest import user  # noqa: F401
from tests.transports.server import TOOLS, Account
from wanfailover import config
from wanfailover.lab import Lab
from wanfailover.lab.addresses import ECHO, ROUTER, WEB

pytestmark = [pytest.mark.sshd, pytest.mark.timeout(120)]


@pytest.fixture
def door(lab: Lab, tmp_path: Path, user: Account) -> Door:  # noqa: F811
    return Door(lab, tmp_path, user)


def command(lab: Lab, folder: Path, *words: str, answers: str = ""):
    argv = (sys.executable, "-m", "wanfailover", *words)
    return lab.run("office", *argv, cwd=folder, input=answers, check=False)


def options(door: Door) -> list[str]:
    key = str(door.directory / "key")
    probes = (f"icmp: {ECHO[0]}", f"icmp: {ECHO[1]}", f"tcp: '{WEB}:443'")
    return [
        *("--site", "office", "--driver", "iproute2", "--transport", "ssh"),
        *("--host", str(ROUTER.ip), "--username", door.user.name, "--key", key),
        *("--other-address", "198.51.100.77/24", "--other-gateway", "198.51.100.1"),
        *("--vantage", "bind:eth1"),
        *(word for probe in probes for word in ("--probe", probe)),
    ]


def fingerprint(door: Door, name: str) -> str:
    shown = ["ssh-keygen", "-lf", str(door.directory / f"{name}.pub")]
    return subprocess.run(shown, capture_output=True, text=True, check=True).stdout.split()[1]


def test_from_nothing_to_a_check(lab: Lab, door: Door, tmp_path: Path):
    """The key is shown as ssh-keygen shows it, pinned, and the profile written can be checked."""
    folder = tmp_path / "fresh"
    folder.mkdir()
    with door.open(), door.user.may(f"NOPASSWD: {TOOLS}"):
        done = command(lab, folder, "init", "--yes", *options(door))
        assert done.returncode == 0, done.stdout + done.stderr
        assert fingerprint(door, "host") in done.stdout
        assert "It uses 203.0.113.2/29 by way of 203.0.113.1 on wan." in done.stdout
        profile = config.load(folder / "office.yaml")
        assert [c.interface for c in profile.circuits] == ["wan", "wan"]
        assert profile.access.known_hosts == folder / "office.known-hosts"
        assert (folder / "office.key").stat().st_mode & 0o777 == 0o600
        offline = command(lab, folder, "check", "--offline", "office.yaml")
        assert {line.split()[0] for line in offline.stdout.splitlines()} == {"green"}
        online = command(lab, folder, "check", "office.yaml", "--state-dir", str(folder))
        assert online.returncode == 0, online.stdout + online.stderr


@pytest.mark.parametrize("how", ["asked", "given"])
def test_a_host_key_that_is_not_the_routers_is_not_taken(
    lab: Lab, door: Door, tmp_path: Path, how: str
):
    """Said no to, or another one than was asked for: nothing is written, nobody logs in."""
    folder = tmp_path / "fresh"
    folder.mkdir()
    with door.open():
        if how == "asked":
            done = command(
                lab, folder, "init", *options(door), "--output", "office.yaml", answers="\nn\n"
            )
            assert (done.returncode, "Then it is not trusted" in done.stderr) == (1, True)
        else:
            wrong = ("--host-key", fingerprint(door, "stranger"))
            done = command(lab, folder, "init", "--yes", *options(door), *wrong)
            assert (done.returncode, "not the one of --host-key" in done.stderr) == (2, True)
    assert list(folder.iterdir()) == []


def test_who_may_not_come_in_is_told_in_a_sentence(lab: Lab, door: Door, tmp_path: Path):
    """A password that is wrong: exit 3, and nothing is written."""
    folder = tmp_path / "fresh"
    folder.mkdir()
    door.secret("wrong", "not-it")
    words = options(door)
    at = words.index("--key")
    words[at : at + 2] = ["--password-file", str(door.directory / "wrong")]
    with door.open():
        done = command(lab, folder, "init", "--yes", *words)
    assert done.returncode == 3
    assert "refused user" in done.stderr
    assert "not-it" not in done.stdout + done.stderr
    assert list(folder.iterdir()) == []
