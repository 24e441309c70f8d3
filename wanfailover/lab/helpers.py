"""Programs that run beside a lab: started, and waited for until they say ``ready``."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from pathlib import Path
from typing import IO

from wanfailover.errors import LabError
from wanfailover.lab.namespaces import Namespaces

READY_WITHIN = 10.0
"""Seconds one may take to start; on an idle machine it takes a fraction of one."""


def start(spaces: Namespaces, box: str, module: str, *argv: str) -> subprocess.Popen[str]:
    """Start ``wanfailover.lab.MODULE`` in *box*, in a session of its own: Ctrl-C is not for it."""
    with _log(spaces, box, module).open("w") as log:
        return subprocess.Popen(
            spaces.enter(box, sys.executable, "-m", f"wanfailover.lab.{module}", *argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )


def await_ready(spaces: Namespaces, box: str, module: str, process: subprocess.Popen[str]) -> None:
    """Return once the helper has said that it is ready.

    Raises:
        LabError: It died, or took too long; the message holds its last words.
    """
    hear_ready(module, process, _log(spaces, box, module)).close()


def hear_ports(what: str, process: subprocess.Popen[str], log: Path) -> dict[str, int]:
    """Wait for a program that says on its second line, as JSON, which ports it listens at.

    Args:
        what: Its name in the error.

        process: Its standard output is a pipe.

        log: Where its standard error goes.

    Raises:
        LabError: It died, or took too long; the message holds its last words.
    """
    with hear_ready(what, process, log) as said:
        ports: dict[str, int] = json.loads(said.readline())
    return ports


def hear_ready(what: str, process: subprocess.Popen[str], log: Path) -> IO[str]:
    """Wait until a program has said ``ready``; returns its output from there on."""
    assert process.stdout is not None
    heard, _, _ = select.select([process.stdout], [], [], READY_WITHIN)
    if heard and process.stdout.readline() == "ready\n":
        return process.stdout
    process.kill()
    process.communicate()
    words = log.read_text().strip()
    raise LabError(f"the lab's {what} did not start: {words or f'no word in {READY_WITHIN:g} s'}")


def _log(spaces: Namespaces, box: str, module: str) -> Path:
    return spaces.directory / f"{module}-{box}.log"
