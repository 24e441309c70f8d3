"""An SSH server on the lab's router, and the profile lines by which an agent logs in to it."""

from __future__ import annotations

import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.transports.server import Account
from wanfailover.lab import Lab
from wanfailover.lab.addresses import ROUTER


class Door:
    """Keys, passwords and the server. All files lie in *directory*, which is the profile's too."""

    def __init__(self, lab: Lab, directory: Path, user: Account) -> None:
        self._lab = lab
        self.directory = directory
        self.user = user
        for left in Path("/tmp").glob(f"wanfailover-{pwd.getpwnam(user.name).pw_uid}-*"):
            shutil.rmtree(left)  # on a router that is no more, by one who had this number before
        for name in ("host", "stranger", "key"):
            self._make_key(name)
        self.know("host")
        self.secret("password", user.password)
        self.secret("sudo", user.password)

    def _make_key(self, name: str) -> None:
        file = self.directory / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)

    def secret(self, name: str, value: str) -> None:
        """Write a secret's file as the profile wants it."""
        file = self.directory / name
        file.touch(mode=0o600)
        file.write_text(value + "\n")

    def know(self, name: str | None) -> None:
        """Let known_hosts have *name*'s key for the router; None: only another host's."""
        public = (self.directory / f"{name or 'host'}.pub").read_text()
        (self.directory / "known_hosts").write_text(f"{ROUTER.ip if name else 'other'} {public}")

    def profile(self, *, by: str = "key", host: str | None = None) -> tuple[str, ...]:
        """The lines below `router:`; *by* is ``key`` or ``password``."""
        extra = "sudo_password: {file: sudo}" if by == "password" else None
        credentials = [
            f"username: {self.user.name}",
            f"{by}: {{file: {by}}}",
            "known_hosts: {file: known_hosts}",
            *filter(None, [extra]),
        ]
        return (
            *([f"host: {host}"] if host else []),
            "transport: ssh",
            f"credentials: {{{', '.join(credentials)}}}",
            "options: {sudo: true}",
        )

    @contextmanager
    def open(self) -> Iterator[None]:
        """Run sshd(8) on the router."""
        Path("/run/sshd").mkdir(exist_ok=True)  # privilege separation's
        # sshd reads it as the user, who may not enter the test's own directory.
        authorized = self._lab._spaces.directory / "authorized"
        authorized.write_text((self.directory / "key.pub").read_text())
        settings = {
            "ListenAddress": ROUTER.ip,
            "HostKey": self.directory / "host",
            "PidFile": "none",
            "AuthorizedKeysFile": authorized,
            "StrictModes": "no",
            "UsePAM": "no",
        }
        conf = self.directory / "sshd_config"
        conf.write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
        listener = self._lab.popen(
            "router", "/usr/sbin/sshd", "-D", "-e", "-f", conf, stderr=subprocess.PIPE
        )
        assert listener.stderr is not None
        while "listening" not in (line := listener.stderr.readline()):
            assert line, "sshd did not start"
        yield
        listener.kill()
        listener.wait()  # and not for its sessions: one whose end was cut off never learns of it
