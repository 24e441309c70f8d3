"""Runs all probes of a site side by side; none ever waits for another."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

from wanfailover.core.facts import Instant, Path, ProbeSample
from wanfailover.ports import Prober, ProbeResult
from wanfailover.probes.kinds import KINDS, Kind, build
from wanfailover.probes.names import Names
from wanfailover.probes.pinger import Pingers
from wanfailover.probes.sockets import THROUGH
from wanfailover.probes.watch import Assignment, Terms, Watch, ask
from wanfailover.specs import ProbeSpec

Build = Callable[[ProbeSpec, Names, Pingers], Prober]


class Runner:
    """Follows a set of assignments and reports every sample.

    Args:
        report: Told each sample, on the event loop. The same probe may be told twice: as lost when
            it is overdue, and again when it is answered after all or its end is better known.

        overdue: Seconds without a sign of the far side after which a probe counts as lost.

        suspicion: Seconds for which `hasten` may quicken the pace; a line that stays dubious for
            longer is told apart by its own pace just as well.

        names: Addresses of targets given by name, when they are to be shared with others.

        build: Makes probers; another one lets circuits be simulated.

        clock: Stamps the samples, in seconds, monotonic.
    """

    def __init__(
        self,
        report: Callable[[ProbeSample], None],
        *,
        overdue: float = 1.0,
        suspicion: float = 60.0,
        names: Names | None = None,
        build: Build = build,
        clock: Callable[[], Instant] = time.monotonic,
    ) -> None:
        self._report = report
        self._overdue = overdue
        self._suspicion = suspicion
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
        for assignment, share in _staggered(wanted):
            if assignment not in self._watches:
                self._watches[assignment] = self._start(assignment, share)

    def hasten(self, *circuits: str | None) -> None:
        """Suspicion: ask at once and quickly, for a bounded time or until `calm`.

        Args:
            circuits: Whose probes (None: the controls'); all where none is given.
        """
        for assignment, watch in self._watches.items():
            if not circuits or assignment.circuit in circuits:
                watch.hasten()

    def calm(self) -> None:
        """The suspicion is settled: back to each target's own pace."""
        for watch in self._watches.values():
            watch.calm()

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

    def _start(self, assignment: Assignment, share: float) -> Watch:
        terms = Terms(self._report, self._clock, self._overdue, self._suspicion, self._epoch)
        kind = KINDS.get(type(assignment.spec), Kind(""))
        return Watch(assignment, self._probers[assignment.spec], kind, terms, share)

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


def _staggered(assignments: Iterable[Assignment]) -> Iterable[tuple[Assignment, float]]:
    """Spread the targets of a circuit that have one pace evenly over that pace, in parts of it."""
    groups = defaultdict[tuple[str | None, float], list[Assignment]](list)
    for assignment in assignments:
        groups[assignment.circuit, assignment.target.every].append(assignment)
    for group in groups.values():
        for index, assignment in enumerate(group):
            yield assignment, index / len(group)
