"""One target being asked again and again: its pace, and its probes that are not answered yet.

Probes are sent on their pace whether or not earlier ones are answered; a line that answers late is
then told from one that is dead. Each probe is told as lost when it is overdue, by what the target
usually takes, and nobody has been heard, and once more with its true end if that is something else:
a late answer repairs the past.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass

from wanfailover.core.facts import Instant, ProbeSample, Result
from wanfailover.core.site import Detect, Path, Target
from wanfailover.core.timeout import Timeout
from wanfailover.ports import Prober, ProbeResult, nobody
from wanfailover.probes.failures import SILENT
from wanfailover.probes.kinds import Kind
from wanfailover.probes.sockets import THROUGH
from wanfailover.specs import ProbeSpec

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Ask one target over one path, on behalf of a circuit (None: of the router's inside)."""

    spec: ProbeSpec
    target: Target
    circuit: str | None
    path: Path = THROUGH


@dataclass(frozen=True, slots=True)
class Terms:
    """What all watches of a runner have in common.

    Args:
        report: Told each sample.

        clock: Stamps samples, in seconds, monotonic.

        detect: After how long a probe is overdue, and how quick a line under suspicion is asked.

        epoch: The count of changes of the active circuit.
    """

    report: Callable[[ProbeSample], None]
    clock: Callable[[], Instant]
    detect: Detect
    epoch: int


async def ask(
    prober: Prober, path: Path, name: str, heard: Callable[[], object] = nobody
) -> ProbeResult:
    """Ask once; a prober that raises has a bug, which is logged and says nothing about the line."""
    try:
        return await prober.probe(path, heard)
    except Exception as bug:  # noqa: BLE001  # logged, and no bug may end the watch
        _log.exception("probe-broke", extra={"target": name})
        return ProbeResult(Result.UNSENT, step="probe", detail=f"a bug in the prober: {bug!r}")


class Watch:
    """Follows one assignment until it is stopped.

    Args:
        share: The part of its pace, 0 to 1, by which it comes after the first of its group.

        kin: How many targets share the quick probes of a line under suspicion.
    """

    def __init__(
        self,
        assignment: Assignment,
        prober: Prober,
        kind: Kind,
        terms: Terms,
        share: float,
        kin: int = 1,
    ) -> None:
        self._assignment = assignment
        self._prober = prober
        self._kind = kind
        self._terms = terms
        self._share = share
        self._loop = asyncio.get_running_loop()
        self._asking: set[asyncio.Task[None]] = set()
        self._told: dict[Instant, ProbeResult | None] = {}
        self._timeout = Timeout(terms.detect)
        self._fastest = max(kind.fastest, terms.detect.fast * kin)
        self._quick = False
        self._pressed = -math.inf
        self._due = self._loop.time() + share * assignment.target.every
        self._timer = self._loop.call_at(self._due, self._on_time)

    def hasten(self) -> None:
        """Ask now and go on at the fastest pace, until `calm`.

        While it lasts another call changes nothing. A suspicion that comes and goes asks no oftener
        than the fastest pace besides the target's own, and puts no probe off.
        """
        if self._quick:
            return
        self._quick = True
        now = self._loop.time()
        if now - self._pressed < self._fastest:
            soon = self._pressed + self._fastest
        else:
            self._pressed = now
            self._send()
            soon = now + self._fastest * (1 + self._share)
        self._schedule(min(soon, self._due))

    def calm(self) -> None:
        """Go back to the target's own pace after the next probe."""
        self._quick = False

    def late(self) -> float:
        """By how many seconds the next probe is behind its time."""
        return max(0.0, self._loop.time() - self._due)

    def stop(self) -> tuple[asyncio.Task[None], ...]:
        """Ask no more; what is in flight is void. Returns the tasks that are ending."""
        self._timer.cancel()
        ending = tuple(self._asking)
        for task in ending:
            task.cancel()
        self._told.clear()
        return ending

    @property
    def _pace(self) -> float:
        """Seconds from one probe to the next."""
        every = self._assignment.target.every
        return min(self._fastest, every) if self._quick else every

    def _schedule(self, due: float) -> None:
        """Send the next probe at *due*, on the loop's clock, and at no other time."""
        self._timer.cancel()
        self._due = due
        self._timer = self._loop.call_at(due, self._on_time)

    def _on_time(self) -> None:
        """Send, and plan the next: on the grid of the pace, past what a stall has swallowed."""
        behind = self._loop.time() - self._due
        pace = self._pace
        self._send()
        self._schedule(self._due + pace * (math.floor(behind / pace) + 1))

    def _send(self) -> None:
        """Begin one probe, unless too many are unanswered."""
        if len(self._asking) < self._kind.in_flight:
            task = self._loop.create_task(self._ask())
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _ask(self) -> None:
        """See one probe through to its end."""
        sent, timeout = self._terms.clock(), self._timeout.seconds
        self._told[sent] = None
        heard = asyncio.Event()
        # Put off by one turn of the loop: after a stall the answers that wait in the sockets come
        # first, and a probe that was answered long ago is not told as lost for an instant.
        overdue = self._loop.call_later(
            timeout, self._loop.call_soon, self._on_overdue, sent, timeout, heard
        )
        name = self._assignment.target.name
        try:
            result = await ask(self._prober, self._assignment.path, name, heard.set)
        finally:
            overdue.cancel()
        if result.result is Result.ANSWERED and result.rtt is not None and not result.retries:
            self._timeout.take(result.rtt)
        self._tell(sent, timeout, result)
        self._told.pop(sent, None)

    def _on_overdue(self, sent: Instant, timeout: float, heard: asyncio.Event) -> None:
        """Tell of a loss, unless the far side has been heard and is only slow."""
        if not heard.is_set():
            self._tell(sent, timeout, SILENT)

    def _tell(self, sent: Instant, timeout: float, result: ProbeResult) -> None:
        """Report how a probe stands, unless that is known or no longer wanted."""
        if sent not in self._told or self._told[sent] == result:
            return
        self._told[sent] = result
        self._terms.report(
            ProbeSample(
                circuit=self._assignment.circuit,
                target=self._assignment.target.name,
                role=self._assignment.target.role,
                sent=sent,
                result=result.result,
                rtt=result.rtt,
                step=result.step,
                detail=result.detail,
                epoch=self._terms.epoch,
                timeout=timeout,
                retries=result.retries,
            )
        )
