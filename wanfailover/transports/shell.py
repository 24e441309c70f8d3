"""What a router's shell is to a driver: a command goes in, its status and words come out."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Protocol

from wanfailover.errors import RouterUnreachable

PREAMBLE = 'export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"\n'
"""A router's tools are in sbin, which users' PATHs lack; and we read their words in English."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that has run to its end."""

    status: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """What it had to say: its complaints, else its output."""
        return self.err.strip() or self.out.strip()


class SessionLost(RouterUnreachable):
    """The session ended while a command was under way: it may have run, whole or half."""


class NeverSent(RouterUnreachable):
    """A kept session was found dead before the command went out: it has not run."""


class Shell(Protocol):
    """A POSIX shell somewhere."""

    @property
    def where(self) -> str:
        """Where it is, as printed to the operator."""
        ...

    @property
    def user(self) -> str:
        """Whose shell it is, as printed to the operator."""
        ...

    async def run(self, command: str, *, within: float, stdin: str = "") -> Completed:
        """Run *command*, any shell text; *within* is seconds and covers logging in as well.

        Raises:
            RouterUnreachable: There is no way there, or (`SessionLost`) no longer.
            RouterTimeout: It took too long. Over SSH the command may go on by itself.
            LoginRefused: One side refused the other.
        """
        ...

    async def close(self) -> None:
        """Log out; the next `run` logs in again."""
        ...


def quoted(command: str) -> str:
    """*command* as words for any login shell: it is `sh` that reads it."""
    return f"sh -c {shlex.quote(PREAMBLE + command)}"
