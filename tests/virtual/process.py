"""The unit as a process, as the lab starts it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SLOW = re.compile(r"^Executing <.*> took \d+\.\d+ seconds\n", re.MULTILINE)
"""What asyncio says in development mode where the machine was busy with something else."""


@dataclass
class Running:
    """A unit that listens on this host."""

    process: subprocess.Popen[str]
    telnet: int
    snmp: int
    directory: Path

    @property
    def runs(self) -> dict[str, object]:
        return json.loads((self.directory / "running.json").read_text())

    @property
    def log(self) -> list[dict[str, object]]:
        lines = (self.directory / "edits.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def stop(self) -> tuple[int, str]:
        """Ask it to end; returns its exit status and its last words."""
        self.process.send_signal(signal.SIGTERM)
        _, words = self.process.communicate(timeout=10)
        return self.process.returncode, SLOW.sub("", words)


@contextmanager
def unit(directory: Path, *argv: str, within: Sequence[str] = ()) -> Iterator[Running]:
    """Start one, as a command of *within*; it must end without having complained."""
    command = [
        *within,
        *(sys.executable, "-W", "error", "-X", "dev", "-m", "wanfailover_netopia.virtual"),
        *("--telnet-port", "0", "--snmp-port", "0"),
        *("--edit-log", str(directory / "edits.jsonl")),
        *("--running", str(directory / "running.json"), *argv),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        running = Running(process, directory=directory, **json.loads(process.stdout.readline()))
        yield running
        if process.poll() is None:
            assert (ended := running.stop()) == (0, ""), ended
    finally:
        process.kill()
        process.communicate()
