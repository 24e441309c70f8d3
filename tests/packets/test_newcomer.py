"""A newcomer's hour: from a clone, by the README's commands, to an outage that was told of.

Nothing is there at first but Python, make and git, and at home a key for the router. Each screen is
a golden file in `newcomer/`, to be read as an administrator would at three in the morning;
`--regold` takes them anew.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest

from tests.packets import postfix
from tests.packets.hosts import eventually
from tests.packets.screens import Album, Terminal
from tests.packets.ssh import Door
from tests.packets.test_notify import FAR, PORT, Far
from tests.transports.conftest import user  # noqa: F401
from tests.transports.server import TOOLS, Account
from wanfailover.lab import Lab
from wanfailover.lab.addresses import ECHO, WEB

pytestmark = [pytest.mark.sshd, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "newcomer"

PIP = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
"""Where this machine has its packages from is not the newcomer's choice."""


class Newcomer:
    """Somebody with a home and a clone of the repository, who types at a terminal in the office."""

    def __init__(self, lab: Lab, home: Path) -> None:
        self.home = home
        self.clone = home / "wanfailover"
        self._lab = lab
        self._begun = ExitStack()
        cache = os.environ.get("PIP_CACHE_DIR", Path.home() / ".cache" / "pip")
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "WANFAILOVER_STATE_DIR": str(home / "state"),  # root's own is this machine's
            "PIP_CACHE_DIR": str(cache),
            "PIP_NO_COMPILE": "1",  # most of what is installed this hour never needs
            **PIP,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._begun.close()

    def git_clone(self) -> None:
        """The repository as it would be cloned if all that lies here were committed."""
        git = ("git", "-c", f"safe.directory={ROOT}", "-C", ROOT)
        subprocess.run([*git, "clone", "-q", "--no-hardlinks", ROOT, self.clone], check=True)
        changed = ("ls-files", "--modified", "--others", "--exclude-standard", "-z")
        listed = subprocess.run([*git, *changed], check=True, capture_output=True, text=True)
        for name in filter(None, listed.stdout.split("\0")):
            (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).exists():
                shutil.copy2(ROOT / name, self.clone / name)

    def begin(self, *words: str) -> Terminal:
        """Begin a command at a terminal."""
        start = partial(self._lab.popen, "office")
        return Terminal(start, *words, cwd=self.clone, env=self._environment)

    def make(self, *words: str) -> Terminal:
        """The same outside of the lab, whose Internet has no packages."""
        return Terminal(self._outside, "make", *words, cwd=self.clone, env=self._environment)

    def _outside(self, *argv: str, **options: Any) -> subprocess.Popen[str]:
        """As the lab has it for its hosts: where this machine's network is, and no worker's own."""
        there = ("nsenter", f"--net=/proc/{os.getppid()}/ns/net", *argv)
        return self._begun.enter_context(subprocess.Popen(there, text=True, **options))

    def wanfailover(self, *words: str, code: int = 0) -> str:
        """Have a command run to its end; what is on the screen then."""
        terminal = self.begin(".venv/bin/wanfailover", *words)
        ended = terminal.end()
        shown = terminal.screen
        terminal.close()
        assert ended == code, shown
        return shown

    def status(self, circuit: str) -> str:
        """What `status` shows once enough was heard over a circuit to tell its figures."""
        shown = ""

        def has_figures() -> bool:
            nonlocal shown
            shown = self.wanfailover("status")
            return re.search(rf"^  {circuit} +up .* loss", shown, re.MULTILINE) is not None

        assert eventually(has_figures), shown
        return shown


@pytest.fixture
def newcomer(lab: Lab, tmp_path: Path) -> Iterator[Newcomer]:
    home = tmp_path / "home"
    home.mkdir()
    with Newcomer(lab, home) as newcomer:
        yield newcomer


def test_the_first_hour(
    lab: Lab,
    newcomer: Newcomer,
    tmp_path: Path,
    user: Account,  # noqa: F811
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    postfix.needed()
    began = time.monotonic()
    newcomer.git_clone()
    set_up = newcomer.make("demo", "ARGS=--fault help")
    far = Far(lab, tmp_path)
    (tmp_path / "door").mkdir()
    door = Door(lab, tmp_path / "door", user)
    (newcomer.home / ".ssh").mkdir()
    shutil.copy2(door.directory / "key", newcomer.home / ".ssh" / "id_ed25519")
    names = {str(newcomer.home): "~", user.name: "failover"}
    album = Album(GOLDEN, names, write=request.config.getoption("--regold"))
    if set_up.end(within=180) and "cannot reach its package index" in set_up.screen:
        pytest.skip(set_up.screen)
    assert set_up.process.returncode == 0, set_up.screen
    ready = time.monotonic() - began
    album.keep("make-demo", set_up.screen)
    with door.open(), user.may(f"NOPASSWD: {TOOLS}"):
        album.keep("init", init(newcomer, user.name))
        profile = newcomer.clone / "office.yaml"
        album.keep("office.yaml", profile.read_text())
        edit(profile)
        album.keep("check", newcomer.wanfailover("check", "office.yaml"))
        album.keep("notify", newcomer.wanfailover("notify", "--test", "office.yaml"))
        assert eventually(lambda: len(far.mails) == 1)
        run = newcomer.begin(".venv/bin/wanfailover", "run", "office.yaml")
        run.until("primary is up")
        album.keep("status", newcomer.status("primary"))
        lab.fault("dsl-down", "primary")
        run.until("switch to backup proved")
        assert eventually(lambda: len(far.mails) == 3 and len(far.hooked) == 3)
        _, left, proved = map(read, far.mails)
        album.keep("mail", left)
        album.keep("mail-proved", proved)
        album.keep("explain", newcomer.wanfailover(*advice("Why", left)))
        album.keep("status-in-the-outage", newcomer.status("backup"))
        lab.clear("primary")
        run.until("switch to primary proved")
        assert eventually(lambda: len(far.mails) == 4 and len(far.hooked) == 4)
        album.keep("mail-afterwards", read(far.mails[-1]))
        album.keep("status-afterwards", newcomer.status("primary"))
        album.keep("history", newcomer.wanfailover("history"))
        album.keep("history-csv", newcomer.wanfailover("history", "--csv"))
        run.interrupt()
        assert run.end() == 0
        # Paths take their messages when they can: which line they fall between is chance.
        told = [line for line in run.screen.splitlines() if "] told " in line]
        album.keep("run", "\n".join(line for line in run.screen.splitlines() if line not in told))
        album.keep("run-told", "\n".join(sorted(line.partition("] ")[2] for line in told)))
    took = time.monotonic() - began
    record_property("table", f"a newcomer's hour: set up in {ready:.0f} s, all of it {took:.0f} s")
    album.compare()


def init(newcomer: Newcomer, name: str) -> str:
    """Answer what is asked."""
    terminal = newcomer.begin(".venv/bin/wanfailover", "init")
    answers = {
        "A name for the site": "",
        "The profile to write": "office.yaml",
        "Which": "iproute2",
        "How is it reached": "",
        "Its address on the inside": "",
        "User to log in as": name,
        "File of the private key": "",
        "Password that sudo asks for": "",
        "Are they the same": "y",
        "Is this the circuit you prefer": "",
        "A name for this circuit": "",
        "Is it metered": "",
        "A name for the other circuit": "",
        "Its address with prefix": "198.51.100.77/24",
        "Its gateway": "198.51.100.1",
        "The router's interface": "",
    }
    for question, answer in answers.items():
        terminal.answer(question, answer)
    terminal.answer("Is it metered", "y")
    terminal.answer("Which", "bind:eth1")
    terminal.answer("Take these", "n")
    for probe in (f"icmp: {ECHO[0]}", f"icmp: {ECHO[1]}", f"tcp: '{WEB}:443'", ""):
        terminal.answer("One such line", probe)
    assert terminal.end() == 0, terminal.screen
    return terminal.screen


def edit(profile: Path) -> None:
    """Take two defaults' # away, for an hour is short; and say who is told."""
    text = profile.read_text()
    for default, wanted in {
        "#policy:": "policy:",
        "#  dwell: 60s": "  dwell: 2s",
        "#failback:": "failback:",
        "#  after: 5m": "  after: 3s",
    }.items():
        assert text.count(default) == 1, default
        text = text.replace(default, wanted)
    profile.write_text(
        f"{text}\nnotify:\n"
        f"  - smtp: {{server: '{FAR}:2526', from: wan@office.test, to: [box@ops.test]}}\n"
        f"  - webhook: http://{FAR}:{PORT}/wan\n"
    )


def advice(word: str, message: str) -> list[str]:
    """The words of a command that a message tells to type."""
    (command,) = re.findall(rf"^{word}: wanfailover (.*)$", message, re.MULTILINE)
    return shlex.split(command)


def read(mail: EmailMessage) -> str:
    """A message as a mail program shows it."""
    shown = [f"{name}: {mail[name]}" for name in ("From", "To", "Subject")]
    return "\n".join([*shown, "", mail.get_content()])
