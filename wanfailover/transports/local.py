"""The shell of this host, where the router is this host or one of its network namespaces."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import signal
from pathlib import Path

from wanfailover.errors import RouterTimeout, RouterUnreachable
from wanfailover.transports.shell import PREAMBLE, Completed

NAMESPACES = Path("/run/netns")  # where `ip netns` keeps them

KILLED_WITHIN = 1.0
"""Seconds a killed command may take to be gone; one that runs as another user may outlive it."""


class LocalShell:
    """Runs commands as children of this process, each in a process group of its own.

    Args:
        netns: Run them in this network namespace, one of those in ``ip netns list``.
    """

    def __init__(self, netns: str | None = None) -> None:
        self._netns = netns

    @property
    def where(self) -> str:
        """Where it is, as printed to the operator."""
        return "this host" if self._netns is None else f"namespace {self._netns}"

    @property
    def user(self) -> str:
        """Whose shell it is, as printed to the operator."""
        with contextlib.suppress(KeyError):
            return pwd.getpwuid(os.geteuid()).pw_name
        return str(os.geteuid())

    async def run(self, command: str, *, within: float, stdin: str = "") -> Completed:
        """Run *command*; when it takes too long it is killed, and what it started with it."""
        process = await self._start(command)
        try:
            async with asyncio.timeout(within):
                out, err = await process.communicate(stdin.encode())
        except TimeoutError as error:
            raise RouterTimeout(f"a command on {self.where} took over {within:g} s") from error
        finally:
            await _end(process)
        status = process.returncode or 0
        return Completed(status, out.decode(errors="replace"), err.decode(errors="replace"))

    async def close(self) -> None:
        """Nothing is kept between commands."""

    async def _start(self, command: str) -> asyncio.subprocess.Process:
        path = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
        try:
            return await asyncio.create_subprocess_exec(
                *self._enter(),
                *("sh", "-c", PREAMBLE + command),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={"PATH": path},  # and nothing else: secrets may have come to us by environment
                start_new_session=True,
            )
        except OSError as error:
            raise RouterUnreachable(f"no shell can be started on {self.where}: {error}") from error

    def _enter(self) -> tuple[str, ...]:
        if self._netns is None:
            return ()
        if not (NAMESPACES / self._netns).exists():
            raise RouterUnreachable(
                f"this host has no network namespace {self._netns!r}; `ip netns list` shows them"
            )
        return ("ip", "netns", "exec", self._netns)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the process group of a command that was given up; nothing where it has ended."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(KILLED_WITHIN):
            await process.wait()
