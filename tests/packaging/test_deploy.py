"""The systemd unit, read by systemd itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


@needs_systemd
@pytest.mark.parametrize("local", [False, True])
def test_systemd_has_nothing_to_complain_about(units, local):
    """Neither a key misspelt nor a value it cannot read, with and without the drop-in."""
    if local:
        with_drop_in(units)
    verified = analyze(units, "verify", str(units / INSTANCE))
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


@needs_systemd
def test_a_misspelt_key_would_be_noticed(units):
    """The check above can fail."""
    with (units / UNIT).open("a") as unit:
        unit.write("[Service]\nNoNewPrivilege=yes\n")
    assert "NoNewPrivilege" in analyze(units, "verify", str(units / INSTANCE)).stderr
