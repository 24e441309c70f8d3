"""The agent at work in the lab's office: its profile, its process, and what it says of itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from wanfailover.client import ask
from wanfailover.errors import ControlError, LabError
from wanfailover.lab.addresses import DNS, ECHO, MAIL, ROUTER, WEB, WEB_HOST
from wanfailover.lab.lab import Lab
from wanfailover.sites import SiteDir

PROBES = (
    f"{{icmp: {ECHO[0]}}}",
    f"{{icmp: {ECHO[1]}}}",
    f"{{tcp: '{WEB}:443'}}",
    f"{{smtp: '{MAIL}:25', every: 10s}}",
    f"{{dns: {{server: {DNS}, name: {WEB_HOST}}}}}",
)
"""Kinds that fail in different ways: no single fault silences them all but the line's."""

LOCAL = "transport: local"
"""The router is a namespace of this host; `profile` adds its name."""

Report = dict[str, Any]


class Office:
    """An agent on the office's host, with a profile of its own.

    Args:
        lab: A lab that is up.

        directory: For the profile and the agent's state.

        router: Lines of the profile's `router:` besides the driver; the default reaches it locally.

        seen: Circuits that the office's second port sees while they are idle.

        settings: Further top-level lines, such as ``failback: {after: 8s}``.

        environment: Variables of the agent's, besides ours.
    """

    def __init__(
        self,
        lab: Lab,
        directory: Path,
        *,
        router: Sequence[str] = (),
        probes: Sequence[str] = PROBES,
        seen: Sequence[str] = ("primary",),
        settings: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._lab = lab
        self.state = directory / "state"
        self.profile = directory / "office.yaml"
        self.log = directory / "agent.log"
        self._environment = {**os.environ, "SSL_CERT_FILE": lab.authority, **(environment or {})}
        self._agent: subprocess.Popen[str] | None = None
        local = (LOCAL, f"options: {{netns: {lab.name}-router}}")
        lines = [
            "site: office",
            "router:",
            "  driver: iproute2",
            f"  host: {ROUTER.ip}",
            *(f"  {line}" for line in router or local),
            "circuits:",
            *(self._circuit(circuit, seen) for circuit in lab.circuits),
            "probes:",
            *(f"  - {probe}" for probe in probes),
            *settings,
        ]
        self.profile.write_text("\n".join(lines) + "\n", encoding="utf-8")

    @staticmethod
    def _circuit(circuit: Any, seen: Sequence[str]) -> str:
        fields = {
            "name": circuit.name,
            "address": circuit.address,
            "gateway": circuit.gateway,
            "interface": circuit.interface,
        }
        if circuit.name in seen:
            fields["vantage"] = "{bind: eth1}"
        inner = ", ".join(f"{key}: {value}" for key, value in fields.items())
        return f"  - {{{inner}}}"

    def command(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a `wanfailover` command on the office's host, with the agent's state."""
        environment = {**self._environment, "WANFAILOVER_STATE_DIR": str(self.state)}
        argv = (sys.executable, "-m", "wanfailover", *words)
        return self._lab.run("office", *argv, env=environment, **options)

    def start(self) -> None:
        """Start the agent; returns when it answers.

        Raises:
            LabError: It ended instead; the message is what it said.
        """
        with self.log.open("a", encoding="utf-8") as log:
            self._agent = self._lab.popen(
                "office",
                sys.executable,
                *("-m", "wanfailover", "run", str(self.profile), "--state-dir", str(self.state)),
                stdout=log,
                stderr=log,
                env=self._environment,
            )
        self.wait(lambda report: report["active"] is not None, 15)

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
