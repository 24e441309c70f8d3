"""What the commands say of themselves: each option, the manual page, completion in a shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from wanfailover.cli import COMMANDS, cli
from wanfailover.cli.manual import page

PAGE = Path(__file__).parents[2] / "deploy" / "wanfailover.1"


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name):
    """By a sentence; and every argument is named in what the command says of itself."""
    found = command(name)
    options = [each for each in found.params if isinstance(each, click.Option)]
    assert [each.name for each in options if not (each.help or "").strip()] == []
    assert [
        each.name for each in options if not (each.help or "").rstrip().endswith((".", ")"))
    ] == []
    arguments = [each for each in found.params if isinstance(each, click.Argument)]
    spoken = f"{found.help} {' '.join(each.help or '' for each in options)}".lower()
    assert [each.name for each in arguments if str(each.name).lower() not in spoken] == []


def test_the_manual_page_is_what_the_commands_say():
    """A stale one fails: `python -m wanfailover.cli.manual >deploy/wanfailover.1` makes it anew."""
    assert PAGE.read_text() == page()


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not here")
def test_the_manual_page_reads_without_a_warning():
    """Every command has its section, and groff finds nothing amiss."""
    shown = subprocess.run(
        ["man", "--warnings", "--local-file", PAGE],
        env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stderr == ""
    for name in COMMANDS:
        assert f"\n   {name}\n" in shown.stdout


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("wanfailover st", "status"), ("wanfailover init --oth", "--other-gateway")],
)
def test_a_shell_completes_commands_and_options(typed, wanted):
    """By click's own means: what the scripts of the package ask for."""
    assert f"plain,{wanted}" in completed(typed)


def completed(typed: str, *python: str, **environment: str) -> list[str]:
    """What a shell is told, the last word of *typed* being under way."""
    asked = {
        "_WANFAILOVER_COMPLETE": "bash_complete",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split(" ")) - 1),
    }
    done = subprocess.run(
        [sys.executable, *python, "-m", "wanfailover"],
        env=os.environ | asked | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return [line for line in (done.stdout + done.stderr).splitlines() if line]


PROFILE = """\
site: {site}
circuits:
  # - {{name: adsl, address: 192.0.2.1/29}}
  - {{name: fibre, address: 203.0.113.2/29, gateway: 203.0.113.1}}
  - address: 198.51.100.77/24   # its name: none
    name: "lte"

probes: []
tunnels:
  - {{name: elsewhere, check: {{icmp: 10.0.0.1}}}}
"""


@pytest.fixture
def offices(tmp_path):
    """The state directory of two sites; their profiles stand elsewhere."""
    for site in ("branch", "office"):
        profile = tmp_path / f"{site}.yaml"
        profile.write_text(PROFILE.format(site=site).replace("fibre", f"{site}-fibre"))
        folder = tmp_path / "state" / site
        folder.mkdir(parents=True)
        (folder / "profile").write_text(f"{profile}\n")
    return tmp_path / "state"


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("wanfailover status --site ", ["branch", "office"]),
        ("wanfailover status --site o", ["office"]),
        ("wanfailover switch --site office ", ["office-fibre", "lte"]),
        ("wanfailover drill --site branch ", ["branch-fibre", "lte"]),
        ("wanfailover switch --site branch l", ["lte"]),
        ("wanfailover switch ", []),  # of which of the two?
        ("wanfailover switch --site nowhere ", []),
    ],
)
def test_a_shell_completes_sites_and_circuits(offices, typed, wanted):
    """Those of the state directory, by the environment or by the option before them."""
    told = [f"plain,{each}" for each in wanted]
    assert completed(typed, WANFAILOVER_STATE_DIR=str(offices)) == told
    by_option = typed.replace(" --site", f" --state-dir {offices} --site")
    assert "--site" not in typed or completed(by_option) == told


def test_completion_loads_nothing_heavy(offices):
    """A person waits for it, with a finger on the key."""
    typed = "wanfailover switch --site office "
    told = completed(typed, "-X", "importtime", WANFAILOVER_STATE_DIR=str(offices))
    assert "plain,lte" in told
    loaded = {line.rpartition("|")[2].strip() for line in told if "import time:" in line}
    assert "click" in loaded
    assert (
        loaded & {"asyncio", "pydantic", "ruamel.yaml", "sqlite3", "structlog", "aiohttp"} == set()
    )


def test_completion_of_what_cannot_be_read_is_nothing(offices):
    """A profile that is gone, or is no text, or has no circuits."""
    typed = "wanfailover switch --site office "
    profile = offices.parent / "office.yaml"
    for content in (b"\xff\xfe", b"site: office\n", b"circuits:", None):
        profile.write_bytes(content) if content is not None else profile.unlink()
        assert completed(typed, WANFAILOVER_STATE_DIR=str(offices)) == []


@pytest.mark.parametrize(
    ("words", "reply", "said"),
    [
        (
            ("--dry-run",),
            (0, "dry run: nothing was changed; a drill would go to b"),
            "Dry run: nothing was changed; a drill would go to b\n",
        ),
        (("--dry-run",), (1, "it is paused"), "Dry run: no drill would begin: it is paused\n"),
        ((), (0, "a to b and back"), "Drill passed: a to b and back\n"),
        ((), (1, "it is paused"), "Drill failed: it is paused\n"),
    ],
)
def test_a_drill_that_is_none_is_not_told_as_one(offices, monkeypatch, words, reply, said):
    """A dry run has not passed, and nothing happens meanwhile."""
    answer = {"exit": reply[0], "sentence": reply[1], "lines": []}
    monkeypatch.setattr("wanfailover.cli.drill.ask", lambda *_, **__: answer)
    argv = ["--site", "office", "--state-dir", str(offices), *words]
    done = CliRunner().invoke(command("drill"), argv)
    assert done.exit_code == reply[0]
    assert done.output.endswith(said)
    assert ("What happens meanwhile" in done.output) is (not words)
