"""A router's shell as drivers use it: as root where needed, detached where it changes things."""

from __future__ import annotations

import asyncio
import contextlib

from wanfailover.errors import DriverError, RouterTimeout
from wanfailover.ports import RouterAccess
from wanfailover.transports import detached
from wanfailover.transports.local import LocalShell
from wanfailover.transports.root import Means, Sudo, as_root, find_means
from wanfailover.transports.shell import Completed, SessionLost, Shell
from wanfailover.transports.ssh import SshShell

STOP_WITHIN = 5.0
"""Seconds to end a script, or to tidy up after one; beyond those that the script itself has."""


def shell_for(access: RouterAccess, netns: str | None = None) -> Shell:
    """The shell that the profile's transport names; *netns* is for ``local`` alone."""
    return LocalShell(netns) if access.transport == "local" else SshShell(access)


class RouterShell:
    """A shell and the means of root in it.

    Args:
        sudo: How to become root; None where the user is root, or root is not wanted.
    """

    def __init__(self, shell: Shell, sudo: Sudo | None = None) -> None:
        self._shell = shell
        self._sudo = sudo
        self._means: Means | None = None

    @property
    def where(self) -> str:
        """Where it is, as printed to the operator."""
        return self._shell.where

    async def run(self, command: str, *, within: float, root: bool = False) -> Completed:
        """Run *command* to its end, over *within* seconds at most.

        Raises:
            RouterUnreachable: There is no way there, or no longer.
            RouterTimeout: It took too long.
            LoginRefused: Log-in or sudo was refused.
        """
        stdin = ""
        if root:
            command, stdin = await self._as_root(command)
        return await self._shell.run(command, within=within, stdin=stdin)

    async def run_detached(self, script: str, *, within: float) -> Completed:
        """Run *script* as root so that it finishes on the router though the session dies.

        After a loss the session is renewed once, and the script's own ending is reported.

        Raises:
            RouterTimeout: It took too long, and was ended: what undoes it must have the last word.
        """
        command, stdin = await self._as_root(script)
        place = detached.new_place()
        deadline = asyncio.get_running_loop().time() + within
        text = detached.start_once(command, place, within)
        try:
            done = await self._shell.run(text, within=within, stdin=stdin)
        except SessionLost:
            left = max(0.0, deadline - asyncio.get_running_loop().time())
            done = await self._again(text, place, left, stdin)
        except RouterTimeout:
            await self._stop(place)
            raise
        with contextlib.suppress(DriverError):  # it was private and is of no more use, no more
            await self._shell.run(f"rm -r {place}", within=STOP_WITHIN)
        return done

    async def _again(self, text: str, place: str, within: float, stdin: str) -> Completed:
        try:
            return await self._shell.run(text, within=within, stdin=stdin)
        except RouterTimeout:
            await self._stop(place)
            raise

    async def _stop(self, place: str) -> None:
        """End a script that took too long; where the router is away, it goes on by itself."""
        command, stdin = await self._as_root(detached.stop(place))
        with contextlib.suppress(DriverError):
            await self._shell.run(command, within=STOP_WITHIN, stdin=stdin)

    async def close(self) -> None:
        """Log out; the next command logs in again."""
        await self._shell.close()

    async def _as_root(self, script: str) -> tuple[str, str]:
        if self._means is None:
            self._means = await find_means(self._shell, self._sudo)
        return as_root(script, self._means, self._sudo)
