"""What is in the wheel, and that what it installs finds itself."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PathDistribution
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
WHERE_THE_DRIVER_IS = """
import sys
from wanfailover import plugins
print(sys.modules[type(plugins.load("iproute2")).__module__].__file__)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the wheel unpacked: for pure Python that is what installing does."""
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", place]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = place.glob("*.whl")
    site = place / "site-packages"
    with ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def run(installed: Path, *arguments: str) -> str:
    """Run Python on the unpacked wheel, ahead of this checkout."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=installed,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    ).stdout


def test_the_packages_stand_side_by_side_and_nothing_else(installed):
    """A driver is a package of its own, as a third party's would be; `drivers` is only a folder."""
    top = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}
    drivers = {path.name for path in (ROOT / "drivers").glob("wanfailover_*")}
    assert "wanfailover_iproute2" in drivers
    assert top == {"wanfailover", *drivers}


def test_every_module_of_the_checkout_is_there(installed):
    """No module is forgotten, and the marker for type checkers comes along."""
    for root in (ROOT, ROOT / "drivers"):
        for module in root.glob("wanfailover*/**/*.py"):
            assert (installed / module.relative_to(root)).is_file(), module
    assert (installed / "wanfailover" / "py.typed").is_file()


def test_it_brings_the_command_and_its_driver(installed):
    """The command `wanfailover`, and the driver by its entry point."""
    (metadata,) = installed.glob("*.dist-info")
    points = PathDistribution(metadata).entry_points
    assert {(point.group, point.name, point.value) for point in points} >= {
        ("console_scripts", "wanfailover", "wanfailover.cli:main"),
        ("wanfailover.drivers", "iproute2", "wanfailover_iproute2:PLUGIN"),
    }


def test_installed_it_loads_its_driver_and_answers(installed):
    """It runs from where it was installed, with nothing of the checkout on its path."""
    assert run(installed, "-c", WHERE_THE_DRIVER_IS).startswith(str(installed))
    assert "Usage: " in run(installed, "-m", "wanfailover", "--help")


def test_installed_it_has_the_files_that_it_prints(installed):
    """The Postfix and strongSwan configuration of deploy/ comes along."""
    profile = ROOT / "profiles" / "mail-linux-ssh.yaml"
    printed = run(installed, "-m", "wanfailover", "mail-config", str(profile))
    assert "fast_flush_domains = $office_domains" in printed
    assert 'oifname "eth1" ip daddr' in printed


def test_installed_it_has_the_files_of_its_page(installed):
    """All that a browser asks for, and the licence of what others have made."""
    static = Path("wanfailover") / "page" / "static"
    files = {path.relative_to(ROOT) for path in (ROOT / static).rglob("*") if path.is_file()}
    assert {static / "index.html", static / "vendor" / "uPlot.LICENSE"} <= files
    for file in files:
        assert (installed / file).read_bytes() == (ROOT / file).read_bytes()
    known = "from wanfailover.page.server import files; print(*files())"
    assert "index.html" in run(installed, "-c", known).split()
