"""The ways to somebody: each sends one message, or says why it could not. No retries, no memory."""

from __future__ import annotations

from typing import Protocol

from wanfailover.notify.letter import Letter

DEADLINE = 30.0
"""Seconds for one message on one path, whatever it does; then it has not been taken."""


class NotSent(Exception):
    """It was not taken; ``str()`` says at which step and why.

    Args:
        refused: The far side itself said no to this one, so the next may fare better; else the
            path does not work now.
    """

    def __init__(self, why: str, *, refused: bool = False) -> None:
        self.refused = refused
        super().__init__(why)


class Way(Protocol):
    """A path to somebody, by the profile's `notify`."""

    async def send(self, letter: Letter) -> str:
        """Send it; gives the far side's words.

        Raises:
            NotSent: It has not been taken.
        """
        ...

    async def look(self) -> str:
        """Find out without sending anything whether it could be; gives a sentence.

        Raises:
            NotSent: It could not.
        """
        ...
