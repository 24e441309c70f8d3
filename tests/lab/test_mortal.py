"""A command that dies with its owner."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.packets.hosts import eventually
from tests.packets.test_lab_traces import gone

MORTAL = (sys.executable, "-m", "wanfailover.lab.mortal")

OWNER = f"""
import os, signal, subprocess
command = [*{MORTAL}, str(os.getpid()), "sh", "-c", "echo $$; exec sleep 60"]
child = subprocess.Popen(command)
signal.pause()
"""


def test_it_dies_when_its_owner_is_killed():
    """Nothing but the kernel can tell it so: the owner had no time to."""
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        owner.kill()
    assert eventually(lambda: gone(pid))


def test_it_does_not_begin_without_its_owner():
    """One that died while the command was being started left nobody to die with."""
    done = subprocess.run([*MORTAL, "1", "echo", "here"], capture_output=True, check=True)
    assert done.stdout == b""


def test_it_is_the_command_itself():
    """Signals reach the command, and its status is its own."""
    with subprocess.Popen([*MORTAL, str(os.getpid()), "sleep", "60"]) as command:
        cmdline = Path(f"/proc/{command.pid}/cmdline")
        assert eventually(lambda: cmdline.read_bytes().startswith(b"sleep"))
        command.terminate()
        assert command.wait(5) == -15
