"""`check --record`, and a driver's notes, with a driver that a third party has installed."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = """
import os, time
from ipaddress import IPv4Address
from wanfailover.core.facts import RouterView
from wanfailover.errors import RouterUnreachable


class Driver:
    def __init__(self, access):
        self.access = access

    async def read(self):
        self.access.notes.put("visits", self.access.notes.get("visits") or "first")
        raise RouterUnreachable("192.168.1.1 does not answer")

    def compile(self, steps, view):
        return ()

    async def close(self):
        print("logged out")


class Recordable(Driver):
    async def record(self):
        if os.environ.get("AWAY"):
            raise RouterUnreachable("192.168.1.1 does not answer")
        return "screen: Main Menu\\nnoted: " + str(self.access.notes.get("effect"))


class Plugin:
    transports = ("telnet",)

    def __init__(self, driver):
        self.build = driver

    def options(self, raw):
        return None


RECORDING, PLAIN = Plugin(Recordable), Plugin(Driver)
"""
ENTRY_POINTS = """\
[wanfailover.drivers]
recording = standin:RECORDING
plain = standin:PLAIN
"""
PROFILE = """\
site: office
router: {{driver: {driver}, host: 192.168.1.1}}
circuits:
  - {{name: primary, address: 203.0.113.2/29, gateway: 203.0.113.1}}
  - {{name: backup, address: 198.51.100.77/24, gateway: 198.51.100.1}}
"""


class Desk:
    """A place with the drivers installed, a profile for each, and a state directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = path / "state"
        self.file = path / "visit.txt"
        info = path / "standin-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: standin\nVersion: 1\n")
        (info / "entry_points.txt").write_text(ENTRY_POINTS)
        (path / "standin.py").write_text(DRIVER)
        for driver in ("recording", "plain"):
            (path / f"{driver}.yaml").write_text(PROFILE.format(driver=driver))

    def check(self, driver: str, *words: str, **environment: str):
        return self.command("check", f"{driver}.yaml", *words, **environment)

    def command(self, *words: str, **environment: str):
        return subprocess.run(
            [sys.executable, "-m", "wanfailover", *words, "--state-dir", str(self.state)],
            env={**os.environ, "PYTHONPATH": str(self.path), **environment},
            cwd=self.path,
            capture_output=True,
            text=True,
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_the_router_says_is_written_for_its_owner_alone(desk):
    """A new file, mode 0600, and a word on what to look at before it is shared."""
    done = desk.check("recording", "--record", "visit.txt")
    assert done.returncode == 0, done.stderr
    assert desk.file.read_text() == "screen: Main Menu\nnoted: None"
    assert stat.S_IMODE(desk.file.stat().st_mode) == 0o600
    assert "visit.txt" in done.stdout
    assert "Look through it before you share it" in done.stdout
    assert "logged out" in done.stdout


def test_no_file_is_written_over(desk):
    """Not even one of the user's own, nor one that a link leads to: the router is not visited."""
    desk.file.write_text("an earlier visit")
    (desk.path / "link").symlink_to(desk.path / "elsewhere")
    for name in ("visit.txt", "link"):
        done = desk.check("recording", "--record", name)
        assert done.returncode == 2
        assert f"{name} is there already: name a new file" in done.stderr
        assert "logged out" not in done.stdout
    assert desk.file.read_text() == "an earlier visit"
    assert not (desk.path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("driver", "words", "environment", "code", "sentence"),
    [
        ("plain", ("--record", "visit.txt"), {}, 2, "the driver plain has no way to record"),
        ("recording", ("--record", "visit.txt"), {"AWAY": "1"}, 3, "does not answer"),
        ("recording", ("--record", "visit.txt", "--offline"), {}, 2, "goes without --offline"),
        ("recording", ("--record", "visit.txt", "--json"), {}, 2, "goes without --offline"),
        ("recording", ("--record", "no-such/visit.txt"), {}, 2, "No such file or directory"),
    ],
)
def test_a_visit_that_cannot_be_leaves_no_file(desk, driver, words, environment, code, sentence):
    """One sentence and an exit code, and nothing half written."""
    done = desk.check(driver, *words, **environment)
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not desk.file.exists()


def test_check_makes_no_state_directory(desk):
    """It changes nothing: where no agent has run, notes last as long as the command."""
    done = desk.check("plain")
    assert done.returncode == 3
    assert "does not answer" in done.stderr
    assert not desk.state.exists()


def test_check_takes_and_keeps_notes_where_an_agent_has_run(desk):
    """What the agent has found out need not be found out again, nor what `check` has."""
    notes = desk.state / "office" / "router.json"
    notes.parent.mkdir(parents=True)
    notes.write_text('{"effect": "restart"}')
    assert desk.check("recording", "--record", "visit.txt").returncode == 0
    assert desk.file.read_text() == "screen: Main Menu\nnoted: restart"
    desk.check("plain")
    assert json.loads(notes.read_text()) == {"effect": "restart", "visits": "first"}


def test_run_and_switch_keep_notes(desk):
    """The agent's own directory is where they are, and an operator's switch finds them there."""
    assert desk.command("run", "plain.yaml").returncode == 3  # the router does not answer
    notes = desk.state / "office" / "router.json"
    assert json.loads(notes.read_text()) == {"visits": "first"}
    notes.unlink()
    assert desk.command("switch", "backup").returncode == 3
    assert json.loads(notes.read_text()) == {"visits": "first"}
