"""What users of the office see: their public address, and streams while things happen."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from wanfailover.lab import Lab
from wanfailover.lab.addresses import ECHO, WHOAMI_PORT

_ASK = """
import socket, sys
kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[sys.argv[1]]
with socket.socket(socket.AF_INET, kind) as asking:
    asking.settimeout(2)
    asking.connect((sys.argv[2], int(sys.argv[3])))
    asking.send(b"who am I?")
    print(asking.recv(64).decode().split(":")[0].strip())
"""


def public_address(lab: Lab, kind: str = "tcp") -> str:
    """The address by which the Internet sees a new flow of the client's."""
    asked = lab.run("client", sys.executable, "-c", _ASK, kind, str(ECHO[0]), str(WHOAMI_PORT))
    return asked.stdout.strip() or asked.stderr


@contextmanager
def streams(lab: Lab, *modes: str) -> Iterator[dict[str, dict]]:
    """Run a user's streams; on leaving, the yielded dict holds their reports by mode."""
    reports: dict[str, dict] = {}
    running = {
        mode: lab.popen(
            "client",
            *(sys.executable, "-m", "wanfailover.lab.stream", mode, str(ECHO[0]), "120"),
            stdout=-1,
        )
        for mode in modes
    }
    yield reports
    for mode, process in running.items():
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
        reports[mode] = json.loads(output.splitlines()[-1])
