"""A stage without packets, for where there can be no lab: all of it is processes on loopback.

The router is a virtual one, and behind it circuits are simulated: see `simulated`. The agent, its
profile and its command are the real ones. It needs no privilege and no tool.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any, Self

from wanfailover.core.site import Circuit
from wanfailover.lab import simulated, virtual
from wanfailover.lab.addresses import AUTHORITY, CIRCUITS, PAGE, WEB_HOST
from wanfailover.lab.helpers import hear_ports
from wanfailover.lab.office import Office
from wanfailover.lab.stage import SETTINGS, stream
from wanfailover.lab.virtual import Stand

INSIDE = IPv4Interface("127.0.0.1/8")
FREE = (("telnet", 0), ("snmp", 0))
"""Ports that nobody else has: 23 and 161 are root's."""

(VANTAGE,) = simulated.VANTAGES

_PICTURE = """\
  the agent ┐            ┌ primary 203.0.113.2/29, simulated   ┐
            ├── router ──┤                                     ├ Internet: servers on 127.0.2.0/24
  a user    ┘            └ backup 198.51.100.77/24, simulated  ┘"""


class Loopback:
    """The office without packets.

    Args:
        router: Name of the virtual router.
    """

    name = "loopback"
    prompt = ">"
    office: Office

    def __init__(self, router: str) -> None:
        self._router = router
        self._started = ExitStack()
        self._processes: list[subprocess.Popen[str]] = []
        self.scenery = f"An office on loopback, with a virtual {router} as its router:\n{_PICTURE}"

    @property
    def circuits(self) -> tuple[Circuit, ...]:
        """The two that are simulated."""
        return CIRCUITS[:2]

    @property
    def authority(self) -> str:
        """Path of the certificate behind the servers' own."""
        return str(self._directory / AUTHORITY)

    def __enter__(self) -> Self:
        with ExitStack() as begun:
            begun.callback(self.__exit__)
            self._directory = Path(tempfile.mkdtemp(prefix="wanfailover-demo-"))
            self._started.callback(shutil.rmtree, self._directory, ignore_errors=True)
            self._open()
            begun.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
        self._started.close()

    def run(self, _: str, /, *argv: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; all hosts are this one."""
        options = {"capture_output": True, "text": True, "check": False, **options}
        done: subprocess.CompletedProcess[str] = subprocess.run(argv, **options)  # noqa: PLW1510
        return done

    def popen(self, _: str, /, *argv: str, **options: Any) -> subprocess.Popen[str]:
        """Start a command; it is killed at the end, or when this process is."""
        mortal = (sys.executable, "-m", "wanfailover.lab.mortal", str(os.getpid()))
        options = {"text": True, "start_new_session": True, **options}  # Ctrl-C is not for it
        process: subprocess.Popen[str] = subprocess.Popen((*mortal, *argv), **options)
        self._processes.append(process)
        return self._started.enter_context(process)

    def playable(self, fault: str) -> None:
        simulated.playable(fault)

    def fault(self, words: str, circuit: str) -> None:
        simulated.playable(words)
        assert self._internet.stdin is not None
        self._internet.stdin.write(f"{json.dumps([circuit, words])}\n")
        self._internet.stdin.flush()

    def clear(self, circuit: str) -> None:
        self.fault("none", circuit)

    def user(self) -> subprocess.Popen[str]:
        target = f"{simulated.ECHO}:{self._ports['echo']}"
        return self.popen("client", *stream(target), stdout=subprocess.PIPE)

    def _open(self) -> None:
        running = self._directory / "running.json"
        place = Stand(
            circuit=self.circuits[0],
            inside=INSIDE,
            edit_log=self._directory / "edits.jsonl",
            running=running,
            ports=FREE,
        )
        self._internet = self._start_internet(running)
        self._ports = hear_ports("Internet", self._internet, self._directory / "internet.err")
        standing = virtual.start(self._router, place, partial(self.popen, "router"))
        self.office = Office(
            self,
            self._directory,
            router=standing.router,
            probes=_probes(self._ports),
            vantage=f"{{source: {VANTAGE}}}",
            settings=SETTINGS,
        )

    def _start_internet(self, running: Path) -> subprocess.Popen[str]:
        """Start the one that outlives us by an instant, to take the directory away."""
        module = (sys.executable, "-m", "wanfailover.lab.simulated")
        with (self._directory / "internet.err").open("w") as log:
            return self._started.enter_context(
                subprocess.Popen(
                    (*module, str(self._directory), str(running)),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    start_new_session=True,
                )
            )


def _probes(ports: dict[str, int]) -> list[str]:
    """The far targets. What takes a connection has a short deadline: here each one is accepted."""
    names = [
        f"{{dns: {{server: '{address}:{ports[str(address)]}', name: {WEB_HOST}}}, every: 0.5s}}"
        for address in simulated.DNS
    ]
    mail, page = f"{simulated.MAIL}:{ports['mail']}", f"https://{simulated.WEB}:{ports['page']}/"
    return [
        *names,
        f"{{smtp: '{mail}', every: 10s, deadline: 2s}}",
        f"{{https: '{page}', expect: {PAGE.split(',')[0]}, deadline: 2s}}",
    ]
