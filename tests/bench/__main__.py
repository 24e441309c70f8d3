"""Measures what an outage costs, with default settings, and what watching costs.

Each figure is printed with how often it was measured; nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.outages import console, linux, show
from wanfailover.lab import Lab, virtual
from wanfailover.lab.addresses import DNS, ECHO, WEB, WEB_HOST
from wanfailover.lab.office import Office
from wanfailover.lab.privilege import enter

FOUR_AT_TWO = (
    f"{{icmp: {ECHO[0]}}}",
    f"{{icmp: {ECHO[1]}}}",
    f"{{tcp: '{WEB}:443', every: 0.5s}}",
    f"{{dns: {{server: {DNS}, name: {WEB_HOST}}}, every: 0.5s}}",
)


def main() -> None:
    """Run all measurements, in turn."""
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="hard cuts (default 20)")
    parser.add_argument("--watch", type=float, default=60.0, help="seconds of quiet watching")
    parser.add_argument(
        "--console-runs", type=int, default=6, help="hard cuts of each virtual router (default 6)"
    )
    parser.add_argument(
        "--slow-runs", type=int, default=2, help="switches of each at its slowest (default 2)"
    )
    arguments = parser.parse_args()
    enter([sys.executable, "-m", "tests.bench", *sys.argv[1:]])
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.release()}\n")
    with tempfile.TemporaryDirectory() as directory:
        if arguments.runs:
            linux(fresh(directory, "linux"), arguments.runs)
        if arguments.watch:
            watching(fresh(directory, "watching"), arguments.watch)
        for name in virtual.names() if arguments.console_runs else ():
            runs = arguments.console_runs, arguments.slow_runs
            console(name, fresh(directory, name), *runs)


def fresh(directory: str, name: str) -> Path:
    """A folder of its own, with a journal of its own."""
    folder = Path(directory, name)
    folder.mkdir()
    return folder


def watching(directory: Path, seconds: float) -> None:
    """What the agent costs while nothing happens, and how quickly it answers."""
    with Lab() as lab:
        office = Office(lab, directory, probes=FOUR_AT_TWO, seen=())
        office.start()
        time.sleep(5)
        before, began = cpu(office.pid), time.monotonic()
        time.sleep(seconds)
        share = (cpu(office.pid) - before) / (time.monotonic() - began)
        memory = Path(f"/proc/{office.pid}/status").read_text()
        rss = next(int(line.split()[1]) for line in memory.splitlines() if line.startswith("VmRSS"))
        times = []
        for _ in range(20):
            began = time.monotonic()
            assert office.command("status").returncode == 0
            times.append(time.monotonic() - began)
        office.stop()
    show("`wanfailover status`, whole process", times, "s")
    print(
        f"agent's CPU over {seconds:g} s, 4 targets twice a second: {share * 100:.2f} % of a core"
    )
    print(f"agent's memory (RSS): {rss / 1024:.0f} MB")


def cpu(pid: int) -> float:
    """Seconds of CPU a process has used, user and system (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
