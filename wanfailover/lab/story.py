"""The demo's story: a line is cut and comes back, told as it happens by those who see it.

Three tell: the narrator says what is done to the line, the agent's journal what the agent decides
and does, and a user's stream what it feels like inside.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wanfailover.core.entries import Entry, SwitchoverIntended
from wanfailover.errors import JournalError
from wanfailover.journal.reader import Reader
from wanfailover.lab.addresses import ECHO
from wanfailover.lab.faults import parse
from wanfailover.lab.lab import Lab
from wanfailover.lab.office import Office, Report

RETURN_AFTER = 15
SETTINGS = (f"failback: {{after: {RETURN_AFTER}s}}", "policy: {dwell: 5s}")
"""The quiet time before the return is five minutes by default; a demo has one."""

PICTURE = """\
  office 192.168.10.10, the agent ┐              ┌ provider A, primary 203.0.113.2  ┐
                                  ├ LAN ─ router ┤                                  ├ Internet
  client 192.168.10.20, a user    ┘              └ provider B, backup 198.51.100.77 ┘"""

PATIENCE = 30.0
HARMLESS = 12.0
"""Seconds after which a fault that was not acted on is one that need not be."""


class Story:
    """Plays once.

    Args:
        directory: For the agent's profile and state.

        say: Prints a line.

        tell: Gives a journal entry's sentence, or None.
    """

    def __init__(
        self, directory: Path, say: Callable[[str], None], tell: Callable[[Entry], str | None]
    ) -> None:
        self._directory = directory
        self._say = say
        self._tell = tell
        self._seen = 0
        self._felt: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._gaps: list[float] = []
        self._began = time.monotonic()

    def play(self, fault: str) -> None:
        """Play the story of *fault* on the primary.

        Raises:
            LabError: The lab cannot be built here, there is no such fault, or the agent failed.
        """
        meaning = parse(fault)[0].means
        with Lab() as lab:
            built = time.monotonic() - self._began
            self._say(
                f"A virtual office of network namespaces, built in {built:.1f} s:\n{PICTURE}\n"
            )
            office = Office(lab, self._directory, settings=SETTINGS)
            self._began = time.monotonic()
            self._narrate("The agent starts on the office's host; the router is on the primary.")
            office.start()
            self._watch_a_user(lab)
            self._until(office, lambda report: report["health"]["primary"]["state"] == "up")
            self._pass(office, 3)
            self._narrate(f"The primary fails: {fault}: {meaning}")
            lab.fault(fault, "primary")
            if not self._leaves(office):
                self._narrate("The agent stays, and rightly: some far targets answer.")
                self._end(office)
                return
            self._pass(office, 5)
            self._narrate(
                f"The primary is repaired. It must stay quiet for {RETURN_AFTER} s before it is "
                "trusted again (5 min by default)."
            )
            lab.clear("primary")
            self._until(office, _settled("primary"))
            self._pass(office, 3)
            self._end(office)

    def _end(self, office: Office) -> None:
        for word in ("status", "history"):
            self._say(f"\n$ wanfailover {word}\n{office.command(word).stdout.rstrip()}")
        office.stop()
        gaps = ", ".join(f"{gap:.2f} s" for gap in self._gaps) or "never"
        self._say(f"\nThe user inside was without Internet for {gaps}. The lab is gone again.")

    # The tellers.

    def _narrate(self, text: str) -> None:
        self._line("", text)

    def _line(self, who: str, text: str) -> None:
        self._say(f"{time.monotonic() - self._began:6.1f} s  {who:7}{text}")

    def _watch_a_user(self, lab: Lab) -> None:
        """Let a user open connection after connection; what it feels arrives in a queue."""
        stream = lab.popen(
            "client",
            *(sys.executable, "-m", "wanfailover.lab.stream", "tcp-fresh", str(ECHO[0]), "600"),
            "--live",
            stdout=-1,
        )

        def listen() -> None:
            for line in stream.stdout or ():
                self._felt.put(json.loads(line))

        threading.Thread(target=listen, daemon=True).start()

    def _follow(self, office: Office) -> None:
        """Tell what is new."""
        while not self._felt.empty():
            event = self._felt.get()
            if event["event"] == "lost":
                self._line("user", "my connections hang")
            elif event["event"] == "back":
                self._gaps.append(event["after"])
                self._line("user", f"I am back, after {event['after']:.2f} s without Internet")
        try:
            with Reader(office.state / "office" / "journal.db") as reader:
                records = [record for record in reader.records() if record.id > self._seen]
        except JournalError:
            return  # the agent has not made it yet
        for record in records:
            self._seen = record.id
            self._agent_says(record.entry)

    def _agent_says(self, entry: Entry) -> None:
        line = self._tell(entry)
        if line is not None:
            self._line("agent", line)
        if isinstance(entry, SwitchoverIntended):
            for _, _, typed, _ in entry.actions:
                for text in typed:
                    self._line("router", f"# {text}")

    def _pass(self, office: Office, seconds: float) -> None:
        """Let time go by."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._follow(office)
            time.sleep(0.1)

    def _leaves(self, office: Office) -> bool:
        """Let time go by until the agent has left the primary, or clearly does not mean to."""
        until = time.monotonic() + HARMLESS
        while time.monotonic() < until:
            self._pass(office, 0.2)
            report = office.status()
            if report is not None and report["switchover"] is not None:
                self._until(office, _settled("backup"))
                return True
        return False

    def _until(self, office: Office, holds: Callable[[Report], object]) -> None:
        """Let time go by until the agent's status satisfies *holds*.

        Raises:
            LabError: It does not in time.
        """
        until = time.monotonic() + PATIENCE + RETURN_AFTER
        while time.monotonic() < until:
            self._follow(office)
            report = office.status()
            if report is not None and holds(report):
                return
            time.sleep(0.1)
        office.wait(holds, 0.5)


def _settled(circuit: str) -> Callable[[Report], bool]:
    def holds(report: Report) -> bool:
        running = report["switchover"] and report["switchover"]["outcome"] == "running"
        return report["active"] == circuit and not running

    return holds
