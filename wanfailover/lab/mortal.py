"""Run a command that dies with its owner: ``python -m wanfailover.lab.mortal PID COMMAND...``.

PID is the owner's, which must be this process's parent. It needs no tool and no privilege.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""linux/prctl.h: the signal to get when the parent dies; it outlasts execve (prctl(2))."""


def main() -> None:
    """Bind our life to the owner's, and become the command."""
    owner, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == int(owner):  # else it died before we asked
        os.execvp(command[0], command)


if __name__ == "__main__":
    main()
