"""Everything that can go wrong, as one tree.

WanFailoverError
├── ProfileError             the profile is wrong; carries every complaint with file, line, column
├── DriverError              the router and we did not understand each other
│   ├── RouterUnreachable    also ConnectionError; transient
│   ├── RouterTimeout        also TimeoutError; transient
│   ├── LoginRefused         credentials or host key; permanent until somebody changes them
│   ├── CommandRefused       carries the command and the router's words
│   ├── RouterHeld           another agent, perhaps on another host, changes this router
│   ├── NeedsRestart         it would take a restart, which the profile does not allow
│   └── UnreadableReply      carries the text that could not be understood
├── SwitchoverError
│   ├── ProofFailed          applied, but traffic does not pass; undone
│   └── UndoFailed           the one that wakes a person
├── JournalError             also OSError
├── RecordingError           there is no recording of samples, or it cannot be read
├── ControlError             no agent is listening, or another one holds the site
│   └── SiteUnclear          which site is meant was not said, or there is none of that name
└── LabError                 the packet lab cannot be built here, with the remedy

A dead circuit is not an error: it is a sample. Each message is one sentence for the operator that
says what is wrong and, where we know it, what to do. Vendors' exceptions stop at the transport.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class WanFailoverError(Exception):
    """Anything this program raises on purpose; ``str()`` of it is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with a profile: where it stands, and what would be right."""

    file: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.text}"


class ProfileError(WanFailoverError):
    """The profile cannot be used; *complaints* holds every reason, in the order of the file."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("\n".join(str(complaint) for complaint in self.complaints))


class DriverError(WanFailoverError):
    """The router and we did not understand each other.

    Attributes:
        untouched: Set on an action's error where it ended before the router was touched, so that
            there is nothing to take back.
    """

    untouched: bool = False


class RouterUnreachable(DriverError, ConnectionError):
    """No connection to the router, or it was lost."""


class RouterTimeout(DriverError, TimeoutError):
    """The router did not answer within the deadline."""


class LoginRefused(DriverError):
    """The router refused our credentials, or we refused its host key."""


class CommandRefused(DriverError):
    """The router refused a command.

    Args:
        command: What was typed.

        words: What the router answered.
    """

    def __init__(self, command: str, words: str) -> None:
        self.command = command
        self.words = "; ".join(filter(None, map(str.strip, words.splitlines())))
        super().__init__(f"the router refused '{command}': {self.words or 'no reason given'}")


class RouterHeld(DriverError):
    """Another agent changes this router, as a mark on the router itself says: nothing was done."""

    untouched = True


class NeedsRestart(DriverError):
    """The router would hold the new values only after a restart, which the profile forbids.

    Nothing was typed, or it has been put back.
    """

    untouched = True

    def __init__(self, what: str) -> None:
        super().__init__(f"needs-restart: {what}")


class UnreadableReply(DriverError):
    """The router answered something we cannot read; *text* is what it said."""

    def __init__(self, what: str, text: str) -> None:
        self.text = text
        super().__init__(f"cannot understand the router's {what}: {text.strip()[:200]!r}")


class SwitchoverError(WanFailoverError):
    """A switchover did not do what it set out to do."""


class ProofFailed(SwitchoverError):
    """The router holds the new values, but traffic does not pass."""


class UndoFailed(SwitchoverError):
    """Neither the new state nor the old one could be established: a person is needed."""


class JournalError(WanFailoverError, OSError):
    """The journal cannot be read or written."""


class RecordingError(WanFailoverError):
    """There is no recording of samples, or it cannot be read."""


class ControlError(WanFailoverError):
    """No agent answers at the control socket, or another one holds the site."""


class SiteUnclear(ControlError):
    """Which site is meant was not said, or there is none of that name: a mistake of usage."""


class LabError(WanFailoverError):
    """The packet lab cannot be built on this machine; the message says what to do."""
