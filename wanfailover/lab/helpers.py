"""Programs of this package that run in a box: started, and waited for until they say ``ready``."""

from __future__ import annotations

import select
import subprocess
import sys

from wanfailover.errors import LabError
from wanfailover.lab.namespaces import Namespaces

READY_WITHIN = 10.0
"""Seconds one may take to start; on an idle machine it takes a fraction of one."""


def start(spaces: Namespaces, box: str, module: str, *argv: str) -> subprocess.Popen[str]:
    """Start ``wanfailover.lab.MODULE`` in *box*, in a session of its own: Ctrl-C is not for it."""
    with (spaces.directory / f"{module}-{box}.log").open("w") as log:
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
    assert process.stdout is not None
    with process.stdout as stdout:
        heard, _, _ = select.select([stdout], [], [], READY_WITHIN)
        if heard and stdout.readline() == "ready\n":
            return
    process.kill()
    process.wait()
    words = (spaces.directory / f"{module}-{box}.log").read_text().strip()
    raise LabError(f"the lab's {module} did not start: {words or f'no word in {READY_WITHIN:g} s'}")
