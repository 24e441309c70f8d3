"""What lies between an agent and the world: every await by which one reaches the other.

Each crossing is counted, and what is fated for it happens there and then: to the router, to a
circuit, or to the agent itself. An agent that was killed never crosses again: what its tasks do
while they unwind reaches nobody, as of a process that got SIGKILL.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import count
from math import inf
from typing import Any, TypeVar

T = TypeVar("T")

OWNER: contextvars.ContextVar[Wire | None] = contextvars.ContextVar("owner", default=None)
"""Whose task it is; nobody's are the world's own."""


def spawned_by_nobody(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Run *work* so that it outlives the agent by whom it was begun."""
    return asyncio.get_running_loop().create_task(work, context=contextvars.Context())


def tag_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Have each task belong to the agent that began it."""

    def make(loop: asyncio.AbstractEventLoop, work: Any, **how: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **how)
        context = how.get("context")
        owner = OWNER.get() if context is None else context.get(OWNER)
        if owner is not None:
            owner.tasks[task] = None
            task.add_done_callback(owner.forget)
        return task

    loop.set_task_factory(make)


@dataclass
class _Named:
    point: str
    times: int
    deed: Callable[[], object]


@dataclass
class Fates:
    """What shall happen at which crossing, counted over all agents of a world."""

    crossed: int = 0
    tell: Callable[[str], object] | None = None
    _fated: list[tuple[int, int, Callable[[], object]]] = field(default_factory=list)
    _named: list[_Named] = field(default_factory=list)
    _order: count[int] = field(default_factory=count)

    def at(self, crossing: int, deed: Callable[[], object]) -> None:
        """Do *deed* after so many crossings from now; at the next for 1."""
        heapq.heappush(self._fated, (self.crossed + crossing, next(self._order), deed))

    def at_point(self, point: str, times: int, deed: Callable[[], object]) -> None:
        """Do *deed* when a point is crossed whose name begins so, for the so-manieth time."""
        self._named.append(_Named(point, times, deed))

    def clear(self) -> None:
        """Nothing is fated any more."""
        self._fated.clear()
        self._named.clear()

    def meet(self, point: str) -> None:
        """One more is crossed."""
        self.crossed += 1
        for named in self._named:
            named.times -= point.startswith(named.point)
        due = [named for named in self._named if not named.times]
        self._named = [named for named in self._named if named.times]
        for named in due:
            self._do(point, named.deed)
        while self._fated and self._fated[0][0] <= self.crossed:
            self._do(point, heapq.heappop(self._fated)[2])

    def _do(self, point: str, deed: Callable[[], object]) -> None:
        if self.tell is not None:
            self.tell(f"at {point}:")
        deed()


class Wire:
    """One agent's."""

    def __init__(self, fates: Fates) -> None:
        self._fates = fates
        self.dead = False
        self.tasks: dict[asyncio.Task[Any], None] = {}  # in order: a set's is another each time
        self.hang_up: list[Callable[[], object]] = []  # what a kernel does for a process that dies

    def forget(self, task: asyncio.Task[Any]) -> None:
        self.tasks.pop(task, None)

    def meet(self, point: str) -> None:
        """Cross; does not come back for an agent that is dead by then.

        Raises:
            CancelledError: It was killed.
        """
        if not self.dead:
            self._fates.meet(point)
        if self.dead:
            raise asyncio.CancelledError

    def kill(self) -> None:
        """SIGKILL: all it was doing ends where it stands."""
        if self.dead:
            return
        self.dead = True
        for close in self.hang_up:
            close()
        for task in list(self.tasks):
            task.cancel()


@dataclass
class Trouble:
    """What is the matter with the ways into a router, and until when."""

    _until: dict[str, float] = field(default_factory=dict)

    def begin(self, kind: str, seconds: float) -> None:
        """*kind* is ``away``, ``silent``, ``garbles``, ``refuses``, ``bars`` or ``hangs``."""
        until = asyncio.get_running_loop().time() + seconds
        self._until[kind] = max(until, self._until.get(kind, -inf))

    def end(self) -> None:
        self._until.clear()

    def _has(self, kind: str) -> bool:
        return self._until.get(kind, -inf) > asyncio.get_running_loop().time()

    @property
    def any(self) -> bool:
        """Something is."""
        return any(map(self._has, self._until))

    @property
    def away(self) -> bool:
        """Nobody listens."""
        return self._has("away")

    @property
    def silent(self) -> bool:
        """What is sent arrives, and no answer comes."""
        return self._has("silent")

    @property
    def garbles(self) -> bool:
        """Answers are noise."""
        return self._has("garbles")

    @property
    def refuses(self) -> bool:
        """Every change is refused."""
        return self._has("refuses")

    @property
    def hangs(self) -> bool:
        """Who asks now is left waiting for ever, whatever deadline he gave."""
        return self._has("hangs")

    @property
    def bars(self) -> bool:
        """Nobody is let in."""
        return self._has("bars")


class Garbage:
    """Noise in the place of an answer; the same for the same answer."""

    NOISE = b"\x00\xff{[\x1b[2J%&\x07garbage\r\n"

    @classmethod
    def text(cls, said: str) -> str:
        return cls.bytes_(said.encode()).decode("latin-1") if said else said

    @classmethod
    def bytes_(cls, said: bytes) -> bytes:
        times = len(said) // len(cls.NOISE) + 1
        return (cls.NOISE * times)[: len(said)]
