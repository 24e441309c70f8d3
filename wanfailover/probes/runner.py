"""Runs all probes of a site side by side; none ever waits for another."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable
from dataclasses import replace

from wanfailover.core.facts import Instant, ProbeSample, Role
from wanfailover.core.site import Detect, Path
from wanfailover.ports import Prober, ProbeResult
from wanfailover.probes.kinds import KINDS, Kind, build
from wanfailover.probes.names import Names
from wanfailover.probes.pinger import Pingers
from wanfailover.probes.sockets import THROUGH
from wanfailover.probes.watch import Assignment, Terms, Watch, ask
from wanfailover.specs import ProbeSpec

Build = Callable[[ProbeSpec, Names, Pingers], Prober]

RENEWING = 1.0
"""Seconds between two probes of a tunnel that is being renewed. Whoever is asked there, be it a
mail server, hears no more than one of them before that is over."""


class Runner:
    """Follows a set of assignments and reports every sample.

    Args:
        report: Told each sample, on the event loop. The same probe may be told twice: as lost when
            it is overdue, and again when it is answered after all or its end is better known.

        detect: After how long a probe is overdue, and how quick a line under suspicion is asked.

        names: Addresses of targets given by name, when they are to be shared with others.

        build: Makes probers; another one lets circuits be simulated.

        clock: Stamps the samples, in seconds, monotonic.
    """

    def __init__(
        self,
        report: Callable[[ProbeSample], None],
        *,
        detect: Detect | None = None,
        names: Names | None = None,
        build: Build = build,
        clock: Callable[[], Instant] = time.monotonic,
    ) -> None:
        self._report = report
        self._detect = detect or Detect()
        self._names = names if names is not None else Names()
        self._build = build
        self._clock = clock
        self._pingers = Pingers()
        self._epoch = 0
        self._probers: dict[ProbeSpec, Prober] = {}
        self._watches: dict[Assignment, Watch] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def follow(self, assignments: Iterable[Assignment], epoch: int = 0) -> None:
        """Run exactly these assignments from now on; those that run already are not disturbed.

        Unless *epoch* is a new one: then the active circuit has changed, what is in flight is void,
        and everything begins anew with new ICMP identifiers and source ports.
        """
        wanted = tuple(dict.fromkeys(assignments))
        renewed = epoch != self._epoch
        self._epoch = epoch
        for assignment in tuple(self._watches):
            if renewed or assignment not in wanted:
                self._stop(self._watches.pop(assignment))
        self._hold_probers({assignment.spec for assignment in wanted})
        if renewed:
            for prober in self._probers.values():
                prober.renew()
        cheap = Counter(each.circuit for each in wanted if _is_pressed(each) and _kind(each).cheap)
        for assignment, share in _staggered(wanted):
            if assignment not in self._watches:
                kin = cheap[assignment.circuit]
                self._watches[assignment] = self._start(assignment, share, kin)

    def hasten(self, *circuits: str | None) -> None:
        """Suspicion: ask at once and quickly, until `calm`; whoever is suspicious bounds the time.

        Args:
            circuits: Whose probes (None: the controls'); all where none is given.
        """
        for assignment, watch in self._watches.items():
            if _is_pressed(assignment) and (not circuits or assignment.circuit in circuits):
                watch.hasten()

    def calm(self) -> None:
        """The suspicion is settled: back to each target's own pace."""
        for assignment, watch in self._watches.items():
            if _is_pressed(assignment):
                watch.calm()

    def await_tunnels(self, targets: Container[str]) -> None:
        """Ask these *targets* at the far ends of tunnels more often, and others at their own pace.

        They are being renewed: the first answer tells that they are there, and wakes some.
        """
        for assignment, watch in self._watches.items():
            if _is_pressed(assignment):
                continue
            if assignment.target.name in targets:
                watch.hasten()
            else:
                watch.calm()

    def late(self) -> float:
        """By how many seconds the latest probe is behind its time: whether they are sent at all."""
        return max((watch.late() for watch in self._watches.values()), default=0.0)

    async def close(self) -> None:
        """Stop everything and let go of every socket."""
        self.follow((), self._epoch)
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _hold_probers(self, specs: set[ProbeSpec]) -> None:
        """Have one prober for each spec, and no others; new ones come before old ones go."""
        for spec in specs - self._probers.keys():
            self._probers[spec] = self._build(spec, self._names, self._pingers)
        for spec in self._probers.keys() - specs:
            self._probers.pop(spec).close()

    def _start(self, assignment: Assignment, share: float, kin: int) -> Watch:
        terms = Terms(self._report, self._clock, self._detect, self._epoch)
        prober = self._probers[assignment.spec]
        kind = _kind(assignment)
        if not _is_pressed(assignment):
            kind, kin = replace(kind, fastest=RENEWING), 1
        return Watch(assignment, prober, kind, terms, share, kin)

    def _stop(self, watch: Watch) -> None:
        for task in watch.stop():
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)


async def once(spec: ProbeSpec, path: Path = THROUGH, names: Names | None = None) -> ProbeResult:
    """Ask one target once, now, over *path*: for `check` and for proofs."""
    prober = build(spec, names if names is not None else Names())
    try:
        return await ask(prober, path, spec.name)
    finally:
        prober.close()


def _kind(assignment: Assignment) -> Kind:
    return KINDS.get(type(assignment.spec), Kind(""))


def _is_pressed(assignment: Assignment) -> bool:
    """It tells of the line, and so more often while that is under suspicion."""
    return assignment.target.role is not Role.TUNNEL


def _staggered(assignments: Iterable[Assignment]) -> Iterable[tuple[Assignment, float]]:
    """Spread the targets of a circuit that have one pace evenly over that pace, in parts of it."""
    groups = defaultdict[tuple[str | None, float], list[Assignment]](list)
    for assignment in assignments:
        groups[assignment.circuit, assignment.target.every].append(assignment)
    for group in groups.values():
        for index, assignment in enumerate(group):
            yield assignment, index / len(group)
