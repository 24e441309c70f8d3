"""Why a probe got no answer, told apart by whose doing it is.

The difference decides whether a circuit is left. `Unsent` is ours: nothing left this host, so the
sample says nothing about the line. `Failed` is theirs: the line or the far side. Both end in the
prober, which turns them into a `ProbeResult`; neither ever leaves this package.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from wanfailover.core.facts import Result
from wanfailover.ports import ProbeResult

SILENT = ProbeResult(Result.LOST, detail="no answer")
"""Nothing came back, and there is nothing more to tell."""

_LONGEST = 200
"""Characters of a server's own words that a sample keeps; a banner may be of any length."""

_HERE = {
    errno.EACCES: "this host's routes or rights forbid it",
    errno.EADDRNOTAVAIL: "this host does not have that address",
    errno.EHOSTUNREACH: "this host's routes call it unreachable",
    errno.EINVAL: "this host's routes discard it",
    errno.ENETDOWN: "the interface is down",
    errno.ENETUNREACH: "this host has no route there",
    errno.ENODEV: "this host has no such interface",
    errno.EPERM: "this host's firewall or rights forbid it",
}
"""What an errno means when this host raises it at once, without asking the network."""


class Unsent(Exception):
    """Nothing left this host; ``str()`` says what was tried and what is in the way."""


class Failed(Exception):
    """The line or the far side failed; ``str()`` says how.

    Args:
        detail: The failure in a few words, which may be the far side's own.

        step: The step that failed, where it is a finer one than the step under way.
    """

    def __init__(self, detail: str, step: str | None = None) -> None:
        self.step = step
        super().__init__(detail)


class Refused(Failed):
    """The far side itself said no, which shows that it is there."""


@contextmanager
def locally(doing: str) -> Iterator[None]:
    """Call what fails inside `Unsent`: *doing* is what was tried, as in "bind to eth1"."""
    try:
        yield
    except OSError as error:
        raise unsent(doing, error.errno) from error


def unsent(doing: str, number: int | None) -> Unsent:
    """Say that *doing* failed on this host with errno *number*."""
    return Unsent(f"cannot {doing}: {_HERE.get(number or 0) or os.strerror(number or 0).lower()}")


def failed(number: int | None) -> Failed:
    """Say what the network or the far side did to a connection, by its errno."""
    kind = Refused if number == errno.ECONNREFUSED else Failed
    return kind(os.strerror(number or 0).lower())


def legible(text: str) -> str:
    """Make a stranger's words fit for a log, a journal and a terminal: one short printable line."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:_LONGEST]
