"""Screens as a person sees them: a terminal on a host of the lab, and golden files of them."""

from __future__ import annotations

import os
import re
import select
import subprocess
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

WITHIN = 30.0
"""Seconds for the next words: a busy machine's, where a command takes one."""

SIZE = (40, 110)
"""Rows and columns: room for a sentence beside what it is about."""

Start = Callable[..., "subprocess.Popen[str]"]
"""As `Lab.popen`, for one host."""


class Terminal:
    """A command at a terminal of its own, with somebody before it who reads and types."""

    def __init__(self, start: Start, *argv: str | os.PathLike[str], **options: object) -> None:
        self._master, slave = os.openpty()
        termios.tcsetwinsize(slave, SIZE)
        whole = ("setsid", "--ctty", "--wait", *argv)
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), slave)
        self.process = start(*whole, **streams, **options)
        os.close(slave)
        self._seen = ""
        self._read = 0

    @property
    def screen(self) -> str:
        """All that was shown until now, and typed."""
        self._listen(0)
        return plain(self._seen)

    def answer(self, question: str, words: str = "") -> None:
        """Wait until *question* is asked, and type *words* and Enter."""
        self.until(question)
        os.write(self._master, f"{words}\n".encode())

    def until(self, words: str, within: float = WITHIN) -> None:
        """Wait for *words* behind those that were waited for last."""
        deadline = time.monotonic() + within
        while (at := self._seen.find(words, self._read)) < 0:
            left = deadline - time.monotonic()
            assert left > 0, f"never shown: {words!r}\n{self.screen}"
            assert self._listen(min(left, 0.2)), f"ended before {words!r}\n{self.screen}"
        self._read = at + len(words)

    def interrupt(self) -> None:
        """Press ^C."""
        os.write(self._master, b"\x03")

    def end(self, within: float = WITHIN) -> int:
        """Wait until the command ends; its exit code."""
        deadline = time.monotonic() + within
        while self._listen(0.2):
            assert time.monotonic() < deadline, f"goes on and on\n{self.screen}"
        return self.process.wait(within)

    def close(self) -> None:
        """Take the terminal away."""
        os.close(self._master)

    def _listen(self, seconds: float) -> bool:
        """Take what is shown within so long; False once nobody has the terminal any more."""
        while select.select([self._master], [], [], seconds)[0]:
            try:
                self._seen += os.read(self._master, 65536).decode()
            except OSError:  # EIO: the last process on it has gone
                return False
            seconds = 0
        return True


def plain(shown: str) -> str:
    """What stays on a screen: without colours, and without lines that were taken away again."""
    shown = re.sub(r"\r\x1b\[K[^\r\n]*(?=\r\x1b\[K)", "", shown)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    return "\n".join(line.rstrip() for line in re.sub(r"\r+\n|\r", "\n", shown).split("\n"))


PATTERNS = {
    "a host key": (r"SHA256:[\w+/]{43}", "SHA256:<fingerprint>"),
    "an instant": (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", "<instant>"),
    "a date and time": (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d( UTC)?", "<date> <time>"),
    "a time of day": (r"\b\d\d:\d\d:\d\d\b", "<time>"),
    "a process": (r"\bpid \d+", "pid <pid>"),
    "a round trip": (r"\b\d+(\.\d+)? ms\b", "<n> ms"),
    "a time it took": (
        r"\b((?:(?:silent|quiet|again|use) for|after|within|up|of|outages?,) )\d+(?:\.\d+)? s\b",
        r"\1<n> s",
    ),
    "an outage, as a claim has it": (r"(<instant>,<instant>,)\d+", r"\1<seconds>"),
    "an outage, as a person has it": (r"(<time> to <date> <time>  )\d+(\.\d+)? s", r"\1<n> s"),
    "a share of the time": (r"available \d+\.\d+ %", "available <n> %"),
    "what a dead line answered ten seconds ago": (r"<n> ms, \d+ % loss, (?=silent for)", ""),
    "probes": (r"\b\d+ probes to", "<n> probes to"),
    "an id of ours": (r"\b[0-9a-f]{32}\b", "<id>"),
    "an id of a queue": (r"(queued as )[0-9A-F]+", r"\1<id>"),
}
"""What differs from one hour to the next, and what stands for it in the golden files."""


def same(shown: str, names: Mapping[str, str]) -> str:
    """Have a screen as it would be at any time and place; *names* are those of the place.

    What stands in a column behind a name stays there.
    """
    for name, placeholder in sorted(names.items(), key=lambda each: -len(each[0])):
        shown = re.sub(f"{re.escape(name)}(?= {{2}})", placeholder.ljust(len(name)), shown)
        shown = shown.replace(name, placeholder)
    for pattern, placeholder in PATTERNS.values():
        shown = re.sub(pattern, placeholder, shown)
    return shown


class Album:
    """The screens of a story, each against its golden file.

    Args:
        names: Of this place, and what stands for each.

        write: Make the golden files anew.
    """

    def __init__(self, folder: Path, names: Mapping[str, str], *, write: bool) -> None:
        self._folder = folder
        self._names = names
        self._write = write
        self._shown: dict[str, str] = {}

    def keep(self, title: str, shown: str) -> None:
        """Put a screen in, under a number and *title*."""
        number = len(self._shown) + 1
        self._shown[f"{number:02}-{title}.txt"] = same(shown, self._names).strip("\n") + "\n"

    def compare(self) -> None:
        """Have all of them be as they were."""
        if self._write:
            for file in self._folder.glob("*.txt"):
                file.unlink()
            for name, shown in self._shown.items():
                (self._folder / name).write_text(shown)
        golden = {file.name: file.read_text() for file in self._folder.glob("*.txt")}
        assert self._shown == golden
