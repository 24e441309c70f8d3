"""The agent at work in the lab's office: its profile, its process, and what it says of itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from wanfailover.client import ask
from wanfailover.core.site import Circuit
from wanfailover.errors import ControlError, LabError
from wanfailover.lab.addresses import DNS, ECHO, MAIL, ROUTER, WEB, WEB_HOST
from wanfailover.sites import SiteDir

PROBES = (
    f"{{icmp: {ECHO[0]}}}",
    f"{{icmp: {ECHO[1]}}}",
    f"{{tcp: '{WEB}:443'}}",
    f"{{smtp: '{MAIL}:25', every: 10s}}",
    f"{{dns: {{server: {DNS}, name: {WEB_HOST}}}}}",
)
"""Kinds that fail in different ways: no single fault silences them all but the line's."""

Report = dict[str, Any]


class Ground(Protocol):
    """What an office stands on: a lab, or what takes its place."""

    @property
    def name(self) -> str:
        """What the names of its namespaces begin with."""
        ...

    @property
    def circuits(self) -> tuple[Circuit, ...]:
        """The circuits, in order of preference."""
        ...

    @property
    def authority(self) -> str:
        """Path of the certificate behind the servers' own."""
        ...

    def run(self, host: str, /, *argv: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command on a host to its end."""
        ...

    def popen(self, host: str, /, *argv: str, **options: Any) -> subprocess.Popen[str]:
        """Start a command on a host; it ends with the ground at the latest."""
        ...


@dataclass(frozen=True, slots=True)
class Router:
    """An office's router, as its profile has it.

    Args:
        lines: Of the profile's `router:`, besides the driver.

        interfaces: Whether its circuits name the router's interface they are on.
    """

    driver: str
    lines: tuple[str, ...]
    interfaces: bool = True


def linux(*lines: str) -> Router:
    """The lab's router as the Linux machine it is, reached as *lines* say."""
    return Router("iproute2", (f"host: {ROUTER.ip}", *lines))


def local(ground: Ground) -> Router:
    """The same, reached without a network: it is a namespace of this host."""
    return linux("transport: local", f"options: {{netns: {ground.name}-router}}")


class Office:
    """An agent on the office's host, with a profile of its own.

    Args:
        ground: Of the host; it is up.

        directory: For the profile and the agent's state.

        router: What its profile says of the router; `local` where it is left out.

        seen: Circuits that are seen over the *vantage* while they are idle.

        vantage: The office's second port, or what stands for it.

        settings: Further top-level lines, such as ``failback: {after: 8s}``.

        environment: Variables of the agent's, besides ours.
    """

    def __init__(
        self,
        ground: Ground,
        directory: Path,
        *,
        router: Router | None = None,
        probes: Sequence[str] = PROBES,
        seen: Sequence[str] = ("primary",),
        vantage: str = "{bind: eth1}",
        settings: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._ground = ground
        self.state = directory / "state"
        self.profile = directory / "office.yaml"
        self.log = directory / "agent.log"
        self._environment = {
            **os.environ, "SSL_CERT_FILE": ground.authority, **(environment or {})
        }  # fmt: skip
        self._agent: subprocess.Popen[str] | None = None
        router = router or local(ground)
        lines = [
            "site: office",
            "router:",
            f"  driver: {router.driver}",
            *(f"  {line}" for line in router.lines),
            "circuits:",
            *(
                _circuit(circuit, router, vantage if circuit.name in seen else None)
                for circuit in ground.circuits
            ),
            "probes:",
            *(f"  - {probe}" for probe in probes),
            *settings,
        ]
        self.profile.write_text("\n".join(lines) + "\n", encoding="utf-8")

    @property
    def journal(self) -> Path:
        """Where the agent writes down what it does."""
        return SiteDir(self.state / "office").journal

    def command(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a `wanfailover` command on the office's host, with the agent's state."""
        environment = {**self._environment, "WANFAILOVER_STATE_DIR": str(self.state)}
        argv = (sys.executable, "-m", "wanfailover", *words)
        return self._ground.run("office", *argv, env=environment, **options)

    def start(self, within: float = 60) -> None:
        """Start the agent; returns when it answers, which may be *within* so many seconds.

        Raises:
            LabError: It ended instead; the message is what it said.
        """
        with self.log.open("a", encoding="utf-8") as log:
            self._agent = self._ground.popen(
                "office",
                sys.executable,
                *("-m", "wanfailover", "run", str(self.profile), "--state-dir", str(self.state)),
                stdout=log,
                stderr=log,
                env=self._environment,
            )
        self.wait(lambda report: report["active"] is not None, within)

    @property
    def pid(self) -> int:
        """The agent's process."""
        assert self._agent is not None
        return self._agent.pid

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the agent with a signal; returns its exit code."""
        if self._agent is None:
            return 0
        self._agent.send_signal(number)
        code, self._agent = self._agent.wait(60), None
        return code

    def status(self) -> Report | None:
        """What ``status --json`` says; None while no agent answers."""
        try:
            return ask(SiteDir(self.state / "office"), "/status")
        except ControlError:
            return None

    def wait(self, holds: Callable[[Report], object], seconds: float) -> Report:
        """Wait until the agent's status satisfies *holds*.

        Raises:
            LabError: It did not in time, or the agent ended; the message tells how things stood.
        """
        report = None
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            report = self.status()
            if report is not None and holds(report):
                return report
            if self._agent is not None and self._agent.poll() is not None:
                break
            time.sleep(0.05)
        tail = self.log.read_text(encoding="utf-8")[-3000:]
        raise LabError(f"waited {seconds:g} s in vain; status {json.dumps(report)}; log:\n{tail}")


def _circuit(circuit: Circuit, router: Router, vantage: str | None) -> str:
    fields: dict[str, object] = {
        "name": circuit.name,
        "address": circuit.address,
        "gateway": circuit.gateway,
    }
    if router.interfaces:
        fields["interface"] = circuit.interface
    if vantage is not None:
        fields["vantage"] = vantage
    inner = ", ".join(f"{key}: {value}" for key, value in fields.items())
    return f"  - {{{inner}}}"
