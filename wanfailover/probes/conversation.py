"""A probe that is a conversation: resolve, connect, then what the kind has to say, step by step.

Each conversation is held on a new socket, so there is no state between two probes and nothing to
renew after a switchover: the source port is a new one every time. The step it was in when it
failed, and how long each step before it took, are in the result.
"""

from __future__ import annotations

import asyncio
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import ClassVar

from wanfailover.core.facts import Result
from wanfailover.core.site import Path
from wanfailover.ports import ProbeResult, nobody
from wanfailover.probes.failures import Failed, Unsent, legible
from wanfailover.probes.names import Names
from wanfailover.probes.sockets import connect, retransmitted


class Steps:
    """Where a conversation stands: the steps it has passed, with seconds, and the one it is in.

    Args:
        deadline: Seconds for all steps together.

        heard: To be called when the far side has shown itself.
    """

    def __init__(self, deadline: float, heard: Callable[[], object]) -> None:
        self.heard = heard
        self.passed: list[tuple[str, float]] = []
        self.retries = 0
        self.current: str | None = None
        self._entered = time.monotonic()
        self._until = self._entered + deadline

    def enter(self, step: str) -> None:
        """Begin *step*; the one before has passed."""
        self.leave()
        self.current = step

    def leave(self) -> None:
        """The step under way has passed."""
        now = time.monotonic()
        if self.current is not None:
            self.passed.append((self.current, now - self._entered))
        self.current, self._entered = None, now

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self._until - time.monotonic()


class Conversation(ABC):
    """A prober whose kind is a talk over one socket; a subclass writes only the talk.

    Args:
        deadline: Seconds for the whole of it, name lookup included.
    """

    round_trip: ClassVar[str] = "connect"
    """The step whose duration is one round trip through the network, and so the result's `rtt`."""

    def __init__(self, host: str, port: int, deadline: float, names: Names) -> None:
        self._host = host
        self._port = port
        self._deadline = deadline
        self._names = names

    async def probe(self, path: Path, heard: Callable[[], object] = nobody) -> ProbeResult:
        """Hold the conversation once; whatever happens in it is a result."""
        steps = Steps(self._deadline, heard)
        try:
            async with asyncio.timeout(self._deadline):
                await self.talk(path, steps)
        except Unsent as failure:
            return _ended(Result.UNSENT, steps, str(failure))
        except Failed as failure:
            return _ended(Result.LOST, steps, str(failure), failure.step)
        except TimeoutError:
            return _ended(Result.LOST, steps, f"no answer within {self._deadline:g} s")
        steps.leave()
        passed = tuple(steps.passed)
        rtt = dict(passed)[self.round_trip]
        return ProbeResult(Result.ANSWERED, rtt=rtt, steps=passed, retries=steps.retries)

    @abstractmethod
    async def talk(self, path: Path, steps: Steps) -> None:
        """Say what there is to say, entering each step before it is tried.

        Raises:
            Unsent: Nothing left this host.
            Failed: The line or the far side failed.
        """

    def renew(self) -> None:  # noqa: B027  # complete as it is
        """Nothing to do: each conversation has a new socket and so a new source port."""

    def close(self) -> None:  # noqa: B027  # complete as it is
        """Nothing to do: no socket outlives its conversation."""

    async def resolve(self, steps: Steps) -> IPv4Address:
        """Find the target's address; step ``resolve``."""
        steps.enter("resolve")
        return await self._names.resolve(self._host)

    async def connect(self, path: Path, steps: Steps) -> socket.socket:
        """Find the target and connect to it; steps ``resolve`` and ``connect``."""
        address = await self.resolve(steps)
        steps.enter("connect")
        sock = await connect(path, address, self._port)
        steps.heard()
        steps.retries = retransmitted(sock)
        return sock


def _ended(result: Result, steps: Steps, detail: str, step: str | None = None) -> ProbeResult:
    """The result of a conversation that broke off in a step."""
    return ProbeResult(
        result, step=step or steps.current, detail=legible(detail), steps=tuple(steps.passed)
    )
