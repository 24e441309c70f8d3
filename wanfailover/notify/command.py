"""By a program of the operator's own, with the message as JSON on its standard input."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO

from wanfailover.addressees import ByCommand
from wanfailover.notify.letter import Letter
from wanfailover.notify.paths import NotSent
from wanfailover.probes.failures import legible

WITHIN = 25.0
"""Seconds that it may take; then it is killed, with all that it has started."""

LATER = 75
"""Exit code for "not now, try again" (sysexits.h, EX_TEMPFAIL)."""

MOST = 4096
"""Bytes of what it says that are read."""

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "USER")
"""Of our environment; the rest may hold secrets."""


class CommandWay:
    """Starts it once for each message; an exit code of 0 is "taken"."""

    def __init__(self, to: ByCommand) -> None:
        self._words = to.words

    async def send(self, letter: Letter) -> str:
        """Start it, give it the message, and wait for its end."""
        with TemporaryFile() as out:  # no pipe: what it leaves running may hold that open
            code = await self._run(json.dumps(letter.data()).encode() + b"\n", out)
            out.seek(0)
            words = legible(out.read(MOST).decode("utf-8", "replace"))
        if code != 0:
            why = f"exit code {code}" + (f": {words}" if words else "")
            raise NotSent(why, refused=code != LATER)
        return words or "exit code 0"

    async def _run(self, message: bytes, out: IO[bytes]) -> int | None:
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        try:
            process = await asyncio.create_subprocess_exec(
                *self._words, stdin=asyncio.subprocess.PIPE, stdout=out,
                stderr=asyncio.subprocess.STDOUT, env=environment, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise NotSent(f"cannot be started: {error.strerror}") from None
        try:
            async with asyncio.timeout(WITHIN):
                await process.communicate(message)
        except TimeoutError:
            raise NotSent(f"has not ended within {WITHIN:g} s") from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        return process.returncode

    async def look(self) -> str:
        """See whether it is there and may be started."""
        if shutil.which(self._words[0]) is None:
            why = "may not be started" if os.path.exists(self._words[0]) else "is not there"  # noqa: ASYNC240, PTH110
            raise NotSent(why)
        return "is there, and may be started"
