"""What packet tests do on a lab's hosts, in the words of the people who would do it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from wanfailover.lab import Lab
from wanfailover.lab.addresses import CIRCUITS, ECHO, WHOAMI_PORT

HERE = Path(__file__).parent
PRIMARY, BACKUP, THIRD = CIRCUITS
FAR = str(ECHO[0])
SIGNALS = ("gateway", "far", "tcp80", "tcp25", "dns")
WELL = (1.0,) * len(SIGNALS)
DEAD = (0.0,) * len(SIGNALS)


def look(lab: Lab, *options: str, host: str = "office") -> dict:
    """What a host sees of the Internet; see look.py for the options."""
    seen = lab.run(host, sys.executable, HERE / "look.py", *options)
    assert seen.returncode == 0, seen.stderr
    return json.loads(seen.stdout)


def shares(lab: Lab, *options: str, host: str = "office") -> tuple[float, ...]:
    """The share of answers to each of the SIGNALS."""
    seen = look(lab, *options, host=host)
    return tuple(seen[signal] for signal in SIGNALS)


def ip(lab: Lab, host: str, *lines: str) -> None:
    """Change a host by lines for ``ip -batch``."""
    done = lab.run(host, "ip", "-batch", "-", input="\n".join(lines))
    assert done.returncode == 0, done.stderr


def to_backup(lab: Lab) -> None:
    """What the administrator types: the other address, the other gateway."""
    keep_both_and_use_backup(lab)
    ip(lab, "router", f"address delete {PRIMARY.address} dev wan")


def keep_both_and_use_backup(lab: Lab) -> None:
    """The other gateway, while the old address stays beside the new one."""
    ip(
        lab,
        "router",
        f"address add {BACKUP.address} dev wan",
        f"route replace default via {BACKUP.gateway} dev wan src {BACKUP.address.ip}",
    )


def seen_from_outside(lab: Lab, host: str = "client") -> str:
    """The public address that a far server sees."""
    connect = f"import socket; far = socket.create_connection(('{FAR}', {WHOAMI_PORT}), 2);"
    return lab.run(host, sys.executable, "-c", f"{connect} print(far.recv(99).decode())").stdout[
        :-1
    ]


def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Wait until *condition* holds; tell whether it did within *seconds*."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
