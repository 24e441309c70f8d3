"""What an agent leaves on a Linux router for a while: timed undos, and the name of who changes it.

The texts are the driver's own, read by its own templates; what they come to is done here at once,
where the shell would go by files. A timed undo types its lines with the router's pace.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from string import Template
from typing import Any

from tests.simulation.typed import Unforeseen, unquoted
from tests.simulation.wire import spawned_by_nobody
from wanfailover.transports.shell import Completed
from wanfailover_iproute2 import deadman, writer
from wanfailover_iproute2.place import LOCK, PLACE

Types = Callable[[str], Coroutine[Any, Any, Completed]]
"""Carries a script out, line by line."""

DONE = Completed(0, "", "")


def pattern(template: Template) -> re.Pattern[str]:
    """What a template matches, its variables as groups."""
    text, seen = "", set()
    at = 0
    for found in template.pattern.finditer(template.template):
        text += re.escape(template.template[at : found.start()])
        at = found.end()
        name = found["named"] or found["braced"]
        if name is None:
            text += re.escape("$")
        elif name in seen:
            text += f"(?P={name})"
        else:
            seen.add(name)
            text += f"(?P<{name}>.*?)"
    return re.compile(text + re.escape(template.template[at:]), re.DOTALL)


_ARM, _DISARM = pattern(deadman._ARM), pattern(deadman._DISARM)
_CLAIM, _RELEASE = pattern(writer._CLAIM), pattern(writer._RELEASE)
_GROUP = pattern(deadman._UNDO)


@dataclass
class TimedUndo:
    """One that was armed; *work* is there once it has fired."""

    scripts: list[str]
    timer: asyncio.TimerHandle
    work: asyncio.Task[Completed] | None = None


@dataclass
class Name:
    """Who changes the router."""

    id: str
    life: str
    who: str
    since: float
    heard: float


@dataclass
class Leftovers:
    """Of one router; all of it is gone when its power is cut."""

    types: Types
    undos: dict[str, TimedUndo] = field(default_factory=dict)
    name: Name | None = None
    fired: int = 0

    def vanish(self) -> None:
        """The router's memory is gone."""
        for undo in self.undos.values():
            undo.timer.cancel()
            if undo.work is not None:
                undo.work.cancel()
        self.undos.clear()
        self.name = None

    def knows(self, script: str) -> bool:
        """Tell whether a text is about such things."""
        return script.startswith(PLACE)

    async def do(self, script: str) -> Completed:
        """Do what a text says."""
        text = script.removeprefix(PLACE)
        if text == deadman._LIST:
            return Completed(0, "".join(f"{token}\n" for token in self.undos), "")
        if found := _ARM.fullmatch(text):
            return self._arm(found["token"], found["fire"], int(found["seconds"]))
        if found := _DISARM.fullmatch(text):
            return await self._disarm(found["token"], float(found["within"]))
        if found := _CLAIM.fullmatch(text.removeprefix(LOCK)):
            words = {key: unquoted(value) for key, value in found.groupdict().items()}
            return self._claim(words)
        if found := _RELEASE.fullmatch(text):
            if self.name is not None and self.name.id == unquoted(found["me"]):
                self.name = None
            return DONE
        raise Unforeseen(f"the virtual router does not know {script!r}")

    def _arm(self, token: str, fire: str, seconds: int) -> Completed:
        text = unquoted(fire)
        scripts = [f"set -e\n{found['lines']}" for found in _GROUP.finditer(text)]
        expected = text.count("\nset -e\n")
        if len(scripts) != expected:
            raise Unforeseen(f"{expected} undos, of which {len(scripts)} can be read: {text!r}")
        timer = asyncio.get_running_loop().call_later(seconds + 1, self._fire, token)
        self.undos[token] = TimedUndo(scripts, timer)
        return Completed(0, "shell\n", "")

    def _fire(self, token: str) -> None:
        undo = self.undos[token]
        self.fired += 1
        undo.work = spawned_by_nobody(self._undo(undo.scripts))

    async def _undo(self, scripts: list[str]) -> Completed:
        """Each though another failed."""
        ends = [await self.types(script) for script in scripts]
        return Completed(int(any(end.status for end in ends)), "", "")

    async def _disarm(self, token: str, within: float) -> Completed:
        undo = self.undos.get(token)
        if undo is None:
            return DONE
        if undo.work is None:
            undo.timer.cancel()
            del self.undos[token]
            return DONE
        await asyncio.wait({undo.work}, timeout=within)
        if not undo.work.done():
            return Completed(1, "", "")
        self.undos.pop(token, None)
        return Completed(0, f"fired {undo.work.result().status}\n", "")

    def _claim(self, words: dict[str, str]) -> Completed:
        now, held, over = asyncio.get_running_loop().time(), self.name, ""
        since = now
        if held is not None and held.id == words["me"]:
            since = held.since if held.life == words["life"] else now
        elif held is not None:
            age = now - held.heard
            if age < float(words["stale"]) and held.life != words["dead"]:
                told = ("held", "/run/writer", int(now - held.since), int(age), held.life, held.who)
                return Completed(0, "".join(f"{word}\n" for word in told), "")
            over = f"over {age:.0f} {held.who}\n"
        self.name = Name(words["me"], words["life"], words["name"], since, now)
        return Completed(0, over, "")
