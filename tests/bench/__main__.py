"""Measures what an outage costs, with default settings, and what watching costs.

Each figure is printed with how often it was measured, and on what; nothing here passes or fails. An
outage is measured twice: with the patience an agent begins with, and with what a week of a fibre
line has taught it.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.livelihood import livelihood
from tests.bench.outages import console, linux, show
from tests.bench.year import year
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
    parser.add_argument(
        "--runs", type=int, default=20, help="hard cuts with each patience (default 20)"
    )
    parser.add_argument(
        "--trial-runs", type=int, default=5, help="trials of a dead primary (default 5)"
    )
    parser.add_argument(
        "--tunnel-runs", type=int, default=5, help="cuts with a tunnel and its mail (default 5)"
    )
    parser.add_argument("--watch", type=float, default=60.0, help="seconds of quiet watching")
    parser.add_argument(
        "--console-runs", type=int, default=6, help="the same of virtual routers (default 6)"
    )
    parser.add_argument(
        "--slow-runs", type=int, default=2, help="switches of each at its slowest (default 2)"
    )
    parser.add_argument(
        "--year-runs", type=int, default=10, help="tellings of a year in each way (default 10)"
    )
    arguments = parser.parse_args()
    enter([sys.executable, "-m", "tests.bench", *sys.argv[1:]])
    print(f"{machine()}\n{busy('at the beginning')}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        if arguments.runs or arguments.trial_runs:
            linux(fresh(directory, "linux"), arguments.runs, arguments.trial_runs)
        if arguments.tunnel_runs:
            livelihood(fresh(directory, "tunnels"), arguments.tunnel_runs)
        if arguments.watch:
            watching(fresh(directory, "watching"), arguments.watch)
        if arguments.year_runs:
            year(fresh(directory, "year"), arguments.year_runs)
        for name in virtual.names() if arguments.console_runs else ():
            runs = arguments.console_runs, arguments.slow_runs, arguments.trial_runs
            console(name, fresh(directory, name), *runs)
    print(f"\n{busy('at the end')}")


def machine() -> str:
    """What it is measured on."""
    described = Path("/proc/cpuinfo").read_text().partition("model name")[2]
    processor = described.partition("\n")[0].strip("\t :") or platform.machine()
    cores = f"{os.cpu_count()} cores of {processor}"
    return f"Python {platform.python_version()}, {cores}, {platform.system()} {platform.release()}"


def busy(when: str) -> str:
    """How much else was to be done; the bench itself comes to about half a process."""
    minute, *_ = os.getloadavg()
    return f"load {when}: {minute:.1f} processes"


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
