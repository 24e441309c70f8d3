"""An OpenSSH server on the test's own router, an account to log in to, and what sudo allows it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Self

from tests.drivers.testbed import ROUTER, Testbed
from wanfailover.ports import RouterAccess, Secret

PREFIX = "wfdrv"
TOOLS = (
    "/usr/sbin/ip, /usr/sbin/conntrack, /usr/bin/arping, /usr/sbin/sysctl, /usr/sbin/nft, "
    "/usr/sbin/iptables"
)
NUMBERS = count()


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine, for as long as the tests run."""

    name: str
    password: str

    @contextmanager
    def may(self, *rules: str, defaults: str = "") -> Iterator[None]:
        """Let the user do by sudo what *rules* of sudoers(5) say, for the block."""
        file = Path("/etc/sudoers.d", self.name)
        lines = [f"Defaults:{self.name} {defaults}"] if defaults else []
        lines += [f"{self.name} ALL=(root) {rule}" for rule in rules]
        draft = file.with_suffix(".draft")  # sudo(8) does not read what has a dot in its name
        draft.write_text("\n".join([*lines, ""]))
        draft.chmod(0o440)
        draft.rename(file)
        try:
            yield
        finally:
            file.unlink()


@contextmanager
def account() -> Iterator[Account]:
    """Make a user with a password; those of test runs that were killed go first."""
    made = Account(f"{PREFIX}{os.getpid()}-{next(NUMBERS)}", secrets.token_hex(12))
    with _one_at_a_time():
        for name, pid in re.findall(
            rf"^({PREFIX}(\d+)-\d+):", Path("/etc/passwd").read_text(), re.MULTILINE
        ):
            if not Path("/proc", pid).exists():
                _remove(name)
                Path("/etc/sudoers.d", name).unlink(missing_ok=True)
        subprocess.run(["useradd", "-M", "-N", "-d", "/", "-s", "/bin/sh", made.name], check=True)
    try:
        line = f"{made.name}:{made.password}\n"
        with _one_at_a_time():
            subprocess.run(["chpasswd"], input=line, text=True, check=True)
        yield made
    finally:
        with _one_at_a_time():
            _remove(made.name)


def _remove(name: str) -> None:
    subprocess.run(["userdel", name], check=True, capture_output=True)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Have the accounts to ourselves: several workers make theirs, and the tools do not wait."""
    folder = os.open("/etc", os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


class Server:
    """sshd(8) in the router's namespace; lives for a ``with`` block."""

    def __init__(self, bed: Testbed, user: Account) -> None:
        self.bed = bed
        self.user = user
        self.directory = directory = bed.spaces.directory  # goes with the namespaces
        directory.mkdir()
        self.desk.mkdir()
        self.desk.chmod(0o777)
        for name in ("host", "key", "stranger"):
            self.make_key(name)
        # As a careful administrator writes it: no terminal, no forwarding.
        (directory / "authorized").write_text(f"restrict {self.public('key')}")
        self.know("host")

    @property
    def desk(self) -> Path:
        """A folder that the user may write to."""
        return self.directory / "desk"

    def make_key(self, name: str, kind: str = "ed25519", passphrase: str = "") -> None:
        size = ["-b", "2048"] if kind == "rsa" else []
        where = ["-N", passphrase, "-f", self.directory / name]
        subprocess.run(["ssh-keygen", "-q", "-t", kind, *size, *where], check=True)

    def authorize(self, name: str) -> None:
        with (self.directory / "authorized").open("a") as file:
            file.write(self.public(name))

    def public(self, name: str) -> str:
        return (self.directory / f"{name}.pub").read_text()

    def know(self, name: str) -> None:
        """Put a key into known_hosts as the router's."""
        (self.directory / "known_hosts").write_text(f"{ROUTER} {self.public(name)}")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        Path("/run/sshd").mkdir(exist_ok=True)  # privilege separation's
        settings = {
            "ListenAddress": ROUTER,
            "HostKey": self.directory / "host",
            "PidFile": "none",
            "AuthorizedKeysFile": self.directory / "authorized",
            "StrictModes": "no",
            "UsePAM": "no",
        }
        conf = self.directory / "sshd_config"
        conf.write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
        self._listener = subprocess.Popen(
            self.bed.spaces.enter("router", "/usr/sbin/sshd", "-D", "-e", "-f", conf),
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._listener.stderr is not None
        while "listening" not in (line := self._listener.stderr.readline()):
            assert line, "sshd did not start"

    def stop(self) -> None:
        """End the server and every session; does nothing the second time."""
        if self._listener.returncode is not None:
            return
        self._listener.kill()
        self.kill_sessions()
        self._listener.communicate()

    def kill_sessions(self) -> None:
        """End every session as a crash would; what runs in them is left alone."""
        for pid in self.bed.spaces.pids("router"):
            if pid != self._listener.pid and _name(pid) == "sshd":
                os.kill(pid, 9)

    def running(self) -> list[list[str]]:
        """Arguments of every process on the router."""
        return [arguments for pid in self.bed.spaces.pids("router") if (arguments := _argv(pid))]

    def access(self, **changes: object) -> RouterAccess:
        values = {
            "host": ROUTER,
            "transport": "ssh",
            "username": self.user.name,
            "key": self.directory / "key",
            "known_hosts": self.directory / "known_hosts",
            "circuits": self.bed.site.circuits,
        }
        return RouterAccess(**{**values, **changes})

    def by_password(self, **changes: object) -> RouterAccess:
        return self.access(key=None, password=Secret(self.user.password), **changes)


async def until(holds: Callable[[], object]) -> None:
    """Wait until something holds that is brought about elsewhere."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def _argv(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    except OSError:  # gone meanwhile
        return []


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:  # gone meanwhile
        return ""
