"""What the commands say of themselves: each option, the manual page, completion in a shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

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
    words = typed.split()
    asked = {
        "_WANFAILOVER_COMPLETE": "bash_complete",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "wanfailover"],
        env=os.environ | asked, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert f"plain,{wanted}" in done.stdout.splitlines(), done
