"""The systemd unit, read by systemd itself."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wanfailover.agent import FAREWELL, STOP_WITHIN
from wanfailover.cli.run import LEAVE_WITHIN
from wanfailover.core.engine import TICK
from wanfailover.guarded import MOMENT, Guarded
from wanfailover.ports import Forgetful
from wanfailover_netopia.driver import Netopia, Router

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = "wanfailover@.service"
INSTANCE = "wanfailover@office.service"

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here"
)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """A place for units like /etc/systemd/system; the program is one that exists here."""
    unit = (DEPLOY / UNIT).read_text()
    assert "ExecStart=/opt/wanfailover/bin/wanfailover run /etc/wanfailover/%i.yaml" in unit
    unit = unit.replace("/opt/wanfailover/bin/wanfailover", sys.executable)
    (tmp_path / UNIT).write_text(unit)
    return tmp_path


def with_drop_in(units: Path) -> None:
    drop_ins = units / f"{INSTANCE}.d"
    drop_ins.mkdir()
    shutil.copy(DEPLOY / "local-driver.conf", drop_ins)


def analyze(units: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--man=no", *arguments],
        env={"SYSTEMD_UNIT_PATH": f"{units}:", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
    )


def seconds(key: str) -> float:
    """What the unit gives for *key*."""
    (line,) = re.findall(rf"^{key}=(\d+)(s|min)$", (DEPLOY / UNIT).read_text(), re.MULTILINE)
    return int(line[0]) * {"s": 1, "min": 60}[line[1]]


def test_the_times_of_the_unit_are_longer_than_the_agents_own():
    """Or systemd would kill it in the middle of an undo, or of the first look at its router."""
    slow = Guarded(Netopia(Router(None, dial=None, notes=Forgetful(), restart=True)))
    undoing = slow.longest("undo") + slow.longest("read") + 2 * MOMENT
    assert seconds("TimeoutStopSec") > STOP_WITHIN + undoing + FAREWELL + LEAVE_WITHIN
    assert seconds("TimeoutStartSec") > slow.longest("read") + 2 * MOMENT
    assert seconds("WatchdogSec") / 2 > 10 * TICK


@needs_systemd
@pytest.mark.parametrize("local", [False, True])
def test_systemd_has_nothing_to_complain_about(units, local):
    """Neither a key misspelt nor a value it cannot read, with and without the drop-in."""
    if local:
        with_drop_in(units)
    verified = analyze(units, "verify", str(units / INSTANCE))
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


PAIRS = {
    "Group": "User",
    "RestartSec": "Restart",
    "StateDirectoryMode": "StateDirectory",
    "RuntimeDirectoryMode": "RuntimeDirectory",
    "RuntimeDirectoryPreserve": "RuntimeDirectoryMode",
    "ExecReload": "ExecReload",
    "CapabilityBoundingSet": "AmbientCapabilities",
    "SystemCallErrorNumber": "SystemCallFilter",
}
"""Keys that one reason serves, with the one before."""


@pytest.mark.parametrize("file", [UNIT, "local-driver.conf"])
def test_each_line_has_its_reason(file):
    """Above it; so whoever loosens one knows what for."""
    before, bare = "", []
    for line in (DEPLOY / file).read_text().partition("[Service]\n")[2].splitlines():
        key = line.partition("=")[0]
        reason = before.startswith("# ") or PAIRS.get(key) == before.partition("=")[0] or not before
        if line and not line.startswith(("#", "[")) and not reason:
            bare.append(line)
        before = line
    assert [line for line in bare if not line.startswith(("ExecStart=", "WantedBy="))] == []


EXPOSED = 2.0
"""Of 10, as systemd reckons; what it counts in the last place are the network and pings."""


@needs_systemd
@pytest.mark.parametrize(("local", "most"), [(False, EXPOSED), (True, 2.6)])
def test_little_is_left_exposed(units, local, most):
    """With the drop-in, for whoever is the router, a little more."""
    unit = units / INSTANCE
    text = (units / UNIT).read_text()
    if local:  # offline, systemd looks at one file
        text += "\n" + (DEPLOY / "local-driver.conf").read_text()
    unit.write_text(text)
    options = ("security", "--offline=true", f"--threshold={most * 10:.0f}", str(unit))
    looked = analyze(units, *options)
    assert looked.returncode == 0, looked.stdout


@needs_systemd
def test_a_line_that_is_missing_would_be_noticed(units):
    """Without its list of system calls the unit is more exposed than we let it be."""
    text = (units / UNIT).read_text()
    (units / INSTANCE).write_text(text.replace("SystemCallFilter=@system-service\n", ""))
    options = ("security", "--offline=true", f"--threshold={EXPOSED * 10:.0f}")
    assert analyze(units, *options, str(units / INSTANCE)).returncode != 0


@needs_systemd
def test_a_misspelt_key_would_be_noticed(units):
    """The check above can fail."""
    with (units / UNIT).open("a") as unit:
        unit.write("[Service]\nNoNewPrivilege=yes\n")
    assert "NoNewPrivilege" in analyze(units, "verify", str(units / INSTANCE)).stderr
