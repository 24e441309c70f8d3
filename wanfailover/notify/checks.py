"""Rows of `check` about notifications, and a message that tries every path."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from wanfailover.addressees import Addressee, Notices
from wanfailover.notify.letter import Letter
from wanfailover.notify.paths import DEADLINE, NotSent
from wanfailover.notify.ways import way
from wanfailover.ports import Finding, Severity
from wanfailover.probes.names import Names

REMEDY = "correct it under `notify`, and try it: wanfailover notify --test PROFILE"


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one path.

    Args:
        words: The far side's, or why it was not reached.

        refused: It was reached, and would not.
    """

    path: str
    well: bool
    words: str
    refused: bool = False


async def findings(notices: Notices, names: Names) -> AsyncIterator[Finding]:
    """Look at every path, all at once, and send nothing."""
    tried = await asyncio.gather(*(attempt(path, names) for path in notices.paths))
    nobody = not any(each.well for each in tried)
    for each in tried:
        about = f"notify: {each.path}"
        if each.well:
            yield Finding(about, Severity.GREEN, each.words)
        elif nobody:
            yield Finding(about, Severity.RED, f"{each.words}; nobody would be told", REMEDY)
        else:
            yield Finding(about, Severity.YELLOW, each.words, REMEDY)


async def attempt(path: Addressee, names: Names, letter: Letter | None = None) -> Tried:
    """Send *letter* by one path; without one only look whether it could be."""
    try:
        async with asyncio.timeout(DEADLINE):
            sender = way(path, names)
            words = await (sender.look() if letter is None else sender.send(letter))
    except TimeoutError:
        return Tried(path.name, well=False, words=f"nothing within {DEADLINE:g} s")
    except NotSent as error:
        return Tried(path.name, well=False, words=str(error), refused=error.refused)
    return Tried(path.name, well=True, words=words)
