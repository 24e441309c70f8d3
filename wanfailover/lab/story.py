"""The demo's story: a line is cut and comes back, told as it happens by those who see it.

Three tell: the narrator says what is done to the line, the agent's journal what the agent decides
and does, and a user's stream what it feels like inside.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from wanfailover.core.entries import ActionBegun, SwitchoverIntended
from wanfailover.entries import Entry
from wanfailover.errors import JournalError
from wanfailover.journal.reader import Reader
from wanfailover.lab.faults import parse
from wanfailover.lab.office import Office, Report
from wanfailover.lab.stage import RETURN_AFTER, Stage

PATIENCE = 30.0
HARMLESS = 12.0
"""Seconds after which a fault that was not acted on is one that need not be."""


class Story:
    """Plays once.

    Args:
        stage: Where; built by `play`, and gone afterwards.

        say: Prints a line.

        tell: Gives a journal entry's sentence, or None.
    """

    def __init__(
        self, stage: Stage, say: Callable[[str], None], tell: Callable[[Entry], str | None]
    ) -> None:
        self._stage = stage
        self._say = say
        self._tell = tell
        self._seen = 0
        self._felt: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._gaps: list[float] = []
        self._typed: dict[str, tuple[str, ...]] = {}  # by the running switchover's actions
        self._began = time.monotonic()

    def play(self, fault: str) -> None:
        """Play the story of *fault* on the primary.

        Raises:
            LabError: The stage cannot be had here, there is no such fault, or the agent failed.
        """
        meaning = parse(fault)[0].means
        self._stage.playable(fault)
        with self._stage as stage:
            built = time.monotonic() - self._began
            self._say(f"{stage.scenery}\nBuilt in {built:.1f} s.\n")
            office = stage.office
            self._began = time.monotonic()
            self._narrate("The agent starts on the office's host; the router is on the primary.")
            office.start()
            self._watch_a_user(stage)
            self._until(office, lambda report: report["health"]["primary"]["state"] == "up")
            self._pass(office, 3)
            self._narrate(f"The primary fails: {fault}: {meaning}")
            stage.fault(fault, "primary")
            if self._leaves(office):
                self._pass(office, 5)
                self._narrate(
                    f"The primary is repaired. It must stay quiet for {RETURN_AFTER} s before it "
                    "is trusted again (5 min by default)."
                )
                stage.clear("primary")
                self._until(office, _settled("primary"))
                self._pass(office, 3)
            else:
                self._narrate("The agent stays, and rightly: some far targets answer.")
            self._end(office)
        gaps = ", ".join(f"{gap:.2f} s" for gap in self._gaps) or "never"
        self._say(f"\nThe user inside was without Internet for {gaps}. Everything is gone again.")

    def _end(self, office: Office) -> None:
        for word in ("status", "history"):
            self._say(f"\n$ wanfailover {word}\n{office.command(word).stdout.rstrip()}")
        office.stop()

    # The tellers.

    def _narrate(self, text: str) -> None:
        self._line("", text)

    def _line(self, who: str, text: str) -> None:
        self._say(f"{time.monotonic() - self._began:6.1f} s  {who:7}{text}")

    def _watch_a_user(self, stage: Stage) -> None:
        """Have what the user feels arrive in a queue."""
        stream = stage.user()

        def listen() -> None:
            with suppress(ValueError):  # the stage closes it
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
            with Reader(office.journal) as reader:
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
            self._typed = {name: lines for name, _, lines, _ in entry.actions}
        elif isinstance(entry, ActionBegun):
            for text in self._typed.get(entry.name, ()):
                self._line("router", f"{self._stage.prompt} {text}")

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
