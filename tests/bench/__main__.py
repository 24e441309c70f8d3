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
from statistics import median

from tests.packets.users import streams
from wanfailover.lab import Lab
from wanfailover.lab.addresses import DNS, ECHO, WEB, WEB_HOST
from wanfailover.lab.office import Office
from wanfailover.lab.privilege import enter

# Only the budget is not the default: a bench fails over more often in an hour than any office.
SETTINGS = ("policy: {switches_per_hour: 1000}",)

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
    arguments = parser.parse_args()
    enter([sys.executable, "-m", "tests.bench", *sys.argv[1:]])
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.release()}\n")
    with Lab() as lab, tempfile.TemporaryDirectory() as directory:
        cuts(lab, Path(directory), arguments.runs)
    with Lab() as lab, tempfile.TemporaryDirectory() as directory:
        watching(lab, Path(directory), arguments.watch)


def cuts(lab: Lab, directory: Path, runs: int) -> None:
    """Cut the primary *runs* times; a user asks the Internet 50 times a second."""
    office = Office(lab, directory, settings=SETTINGS)
    office.start()
    outages, switches = [], []
    for run in range(runs):
        office.wait(lambda report: report["health"]["primary"]["state"] == "up", 10)
        time.sleep(1 + run * 0.137 % 1)  # cuts fall on another phase of the probes each time
        with streams(lab, "udp-fresh") as felt:
            time.sleep(0.3)
            lab.fault("dsl-down", "primary")
            report = office.wait(on("backup"), 30)
            time.sleep(0.7)
        outages.append(felt["udp-fresh"]["longest"])
        switches.append(report["switchover"]["seconds"])
        lab.clear("primary")
        office.wait(lambda report: report["health"]["primary"]["state"] == "up", 10)
        assert office.command("switch", "primary").returncode == 0
    office.stop()
    show("client without Internet after a hard cut", outages, "s")
    show("of that, the switch: read, type, read back, prove", switches, "s")


def watching(lab: Lab, directory: Path, seconds: float) -> None:
    """What the agent costs while nothing happens, and how quickly it answers."""
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


def on(circuit: str):
    """The router is on *circuit* and no switchover is running."""

    def holds(report):
        last = report["switchover"]
        return report["active"] == circuit and last and last["outcome"] == "proved"

    return holds


def cpu(pid: int) -> float:
    """Seconds of CPU a process has used, user and system (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(what: str, values: list[float], unit: str) -> None:
    """Median, best and worst."""
    print(
        f"{what}: median {median(values):.2f} {unit}, best {min(values):.2f}, "
        f"worst {max(values):.2f} (n={len(values)})"
    )


if __name__ == "__main__":
    main()
