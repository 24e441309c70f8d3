"""A rehearsed failover: there, for a while, and back, with all proofs; put back at the first red.

It goes in by the operator's door: each of its two switches is a request in the inbox, with the
plan, the proof and the undo of any other. But it does not insist: every rule that stands before
`drill` refuses it. While it is away it holds the circuit, for its stay and the way back, which is
asked for again while only the moment is against it. Whatever becomes of the agent meanwhile, the
hold ends, and the rules decide. They go back by themselves, but where the profile says `failback:
manual`: there somebody has to, by `wanfailover switch NAME`, and is told so. An operator who does
something else in between has taken over; nothing of his is undone.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from wanfailover.calm import next_best, objections
from wanfailover.control import Reply
from wanfailover.core.engine import Engine
from wanfailover.core.facts import AutoRequest, SwitchRequest
from wanfailover.core.reading import State
from wanfailover.core.requests import Answer
from wanfailover.core.site import Site
from wanfailover.core.situation import Hold
from wanfailover.entries import DrillBegan, DrillEnded, PreflightDone
from wanfailover.ports import EntrySink
from wanfailover.report import Report
from wanfailover.tunnels import TunnelReading, TunnelState

LOOK = 0.5
"""Seconds between two looks at how it goes."""

SPARE = 300.0
"""Seconds that the hold outlasts the stay: the way back must be ours, and takes its time."""

AGAIN = 5.0
"""Seconds between two requests for the way back, while only the moment is against it."""

MARGIN = 30.0
"""Seconds before the hold's end in which none is made any more: the last one takes its time."""

PASSING = frozenset({"switchover-running", "prober-sick", "router-unreachable"})
"""Rules that refuse for the moment: nothing was changed, and soon they may have nothing to say."""

WATCHED = 10.0
"""Seconds after the return in which its circuit is watched: one that dies in them is seen to."""

BACK_WITHIN = 60.0
"""Seconds that it has then to be seen up again."""

MAIL_WITHIN = 60.0
"""Seconds that the backup MX has to begin to deliver, beyond the stay."""

DONE, FAILED, WAITED = "done", "failed", "waited"

TAKEN = "somebody else has taken over"

Request = SwitchRequest | AutoRequest


class Red(Exception):
    """Something is not as it must be; ``str()`` is the sentence.

    Args:
        ours: The router is where the drill has put it, and goes back; else somebody has taken over.
    """

    def __init__(self, why: str, *, ours: bool = True) -> None:
        self.ours = ours
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Eyes:
    """What a drill looks at.

    Args:
        current: The engine that decides now: a profile that is read again may bring another.

        tunnels: How they are, by name.

        mail: What became of having the backup MX deliver: see `Drains.report`.
    """

    current: Callable[[], Engine]
    tunnels: Callable[[], Mapping[str, TunnelReading]]
    mail: Callable[[], Report | None]

    @property
    def engine(self) -> Engine:
        """The one that decides now."""
        return self.current()


@dataclass(slots=True)
class _Running:
    """The drill under way."""

    id: str
    source: str
    target: str
    stay: float
    who: str
    began: float
    up: tuple[str, ...] = ()  # tunnels that were up before
    away: bool = False
    until: float | None = None  # the hold's end
    steps: list[tuple[str, str, str]] = field(default_factory=list)

    def note(self, what: str, words: str, how: str = DONE) -> None:
        self.steps.append((what, how, words))


class Drills:
    """One site's; one at a time.

    Args:
        ask: Puts a request into the inbox and waits for its answer.

        preflight: Does one now; None where it had to give way.
    """

    def __init__(
        self,
        site: Site,
        eyes: Eyes,
        ask: Callable[[Request], Awaitable[Answer]],
        preflight: Callable[[], Awaitable[PreflightDone | None]],
        record: EntrySink,
        clock: Callable[[], float],
    ) -> None:
        self._site = site
        self._eyes = eyes
        self._ask = ask
        self._preflight = preflight
        self._record = record
        self._clock = clock
        self._running: _Running | None = None
        self._last: DrillEnded | None = None

    @property
    def doing(self) -> str | None:
        """What is being done, in a word; None while there is no drill."""
        run = self._running
        if run is None:
            return None
        return f"{run.target} for {run.stay:g} s, and back to {run.source}"

    @property
    def away(self) -> bool:
        """The router is where it is for the drill's sake."""
        return self._running is not None and self._running.away

    def report(self) -> Report | None:
        """As ``status --json`` has it; None where there was none since the agent's start."""
        if self._running is not None:
            return {"state": "running", "because": f"drill to {self.doing}"}
        if self._last is not None:
            return {"state": self._last.result, "because": self._last.because}
        return None

    async def run(
        self, circuit: str | None, stay: float, who: str, *, dry_run: bool = False
    ) -> Reply:
        """Rehearse a failover to *circuit*, the next best where None is named."""
        target = circuit or next_best(self._eyes.engine)
        if target not in {each.name for each in self._site.circuits}:
            names = ", ".join(each.name for each in self._site.circuits)
            return Reply(2, f"there is no circuit {target}; there are: {names}")
        if self._running is not None:
            return Reply(1, f"a drill is under way: {self.doing}", "drill")
        source = self._site.circuits[0].name
        run = _Running(uuid.uuid4().hex[:12], source, target, stay, who, self._clock())
        self._running = run
        try:
            ended = await self._rehearse(run, dry_run=dry_run)
        finally:
            self._running = None
        if not dry_run:
            self._last = ended
            await self._record(ended)
        code = 0 if ended.result == "passed" else 1
        lines = tuple(_line(step) for step in ended.steps)
        return Reply(code, ended.because, None if code == 0 else "drill", lines)

    async def resume(self, left: DrillBegan) -> None:
        """An agent ended in the middle of one: put back what it had moved, and say so."""
        engine = self._eyes.engine
        while not self._settled():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(LOOK)
        run = _Running(left.id, left.source, left.target, left.stay, left.who, self._clock())
        why = "the agent ended in the middle of it"
        if engine.active == left.target and self._held(run):
            why = f"{why}; {await self._home(run)}"
        else:
            why = f"{why}; the router is on {engine.active or 'neither circuit'}"
        self._last = DrillEnded(left.id, "failed", why, 0.0, tuple(run.steps))
        await self._record(self._last)

    def _settled(self) -> bool:
        """The router was read, and what was left open is finished."""
        engine = self._eyes.engine
        busy = engine.switchover is not None or engine.interrupted is not None
        return engine.router.view is not None and not busy

    # The whole of it.

    async def _rehearse(self, run: _Running, *, dry_run: bool) -> DrillEnded:
        try:
            await self._may_begin(run)
        except Red as red:
            return self._ended(run, "refused", str(red))
        if dry_run:
            return self._ended(
                run, "passed", f"dry run: nothing was changed; a drill would go to {self.doing}"
            )
        tunnels = self._eyes.tunnels().items()
        run.up = tuple(name for name, each in tunnels if each.state is TunnelState.UP)
        run.away = True
        await self._record(DrillBegan(run.id, run.source, run.target, run.stay, run.who))
        try:
            await self._go(run)
            await self._stay(run)
        except Red as red:
            run.note("abort", str(red), FAILED)
            back = "; left as it is" if not red.ours else f"; {await self._home(run)}"
            return self._ended(run, "failed", f"{red}{back}")
        try:
            await self._return(run)
        except Red as red:
            run.note("abort", str(red), FAILED)
            return self._ended(run, "failed", str(red))
        took = self._clock() - run.began
        return self._ended(
            run, "passed", f"{run.source} to {run.target} and back in {took:.0f} s, all proved"
        )

    async def _may_begin(self, run: _Running) -> None:
        """Every precondition: the cheap ones first, and again once the preflight has had its time.

        Raises:
            Red: The first that is not met.
        """
        self._is_calm(run)
        done = await self._preflight()
        if done is None:
            raise Red("not now: the preflight had to give way")
        if done.result == "red":
            reds = "; ".join(f"{row[0]}: {row[2]}" for row in done.rows if row[1] == "red")
            raise Red(f"the preflight is red: {reds}")
        run.note("preflight", f"is {done.result}")
        self._is_calm(run)
        run.note("begin", f"the router is on {run.source}, which is up; nothing is amiss")

    def _is_calm(self, run: _Running) -> None:
        why = next(objections(self._eyes.engine, run.source, run.target), None)
        if why is not None:
            raise Red(f"not now: {why}")

    async def _go(self, run: _Running) -> None:
        """There, with proof."""
        what = f"switch to {run.target}"
        request = SwitchRequest(
            uuid.uuid4().hex[:12], run.target, hold=run.stay + SPARE, reason="a drill",
            who=run.who, drill=True,
        )  # fmt: skip
        answer = await self._ask(request)
        if answer.rule is not None or self._eyes.engine.active != run.target:
            ours = self._eyes.engine.active == run.target
            raise Red(f"{what}: {answer.sentence}", ours=ours)
        hold = self._eyes.engine.hold
        run.until = hold.until if hold is not None else None
        run.note(what, answer.sentence)

    async def _stay(self, run: _Running) -> None:
        """For as long as was asked for; then the tunnels and the mail must have followed."""
        end = self._clock() + run.stay
        while self._clock() < end:
            self._is_well(run)
            await asyncio.sleep(min(LOOK, max(0.0, end - self._clock())) or LOOK)
        self._is_well(run)
        run.note(f"stay on {run.target}", f"{run.stay:g} s, up")
        await self._followed(run, f"on {run.target}", partial(self._is_well, run))

    def _is_well(self, run: _Running) -> None:
        engine = self._eyes.engine
        if engine.active != run.target or not self._held(run):
            raise Red(TAKEN, ours=False)
        reading = engine.readings[run.target]
        if reading.state is State.DOWN:
            raise Red(f"{run.target} is down ({reading.because})")

    async def _followed(self, run: _Running, where: str, watch: Callable[[], object]) -> None:
        """The tunnels that were up are up again, and the backup MX delivers."""
        within = {tunnel.name: tunnel.within for tunnel in self._site.tunnels}
        for name in run.up:
            await self._until(partial(self._tunnel, name, where), within[name], watch)
            run.note(f"tunnel {name}", f"is up {where}")
        if self._eyes.mail() is not None:
            await self._until(partial(self._mail, where), MAIL_WITHIN, watch)
            run.note("mail", f"is delivered {where}")

    def _tunnel(self, name: str, where: str) -> str:
        """What is wrong with it; nothing where it is up."""
        reading = self._eyes.tunnels()[name]
        up = reading.state is TunnelState.UP
        return "" if up else f"tunnel {name} {where}: {reading.because}"

    def _mail(self, where: str) -> str:
        told = self._eyes.mail() or {}
        return "" if told.get("state") == "drained" else f"mail {where}: {told.get('because')}"

    def _seen(self, circuit: str) -> str:
        state = self._eyes.engine.readings[circuit].state
        return "" if state is State.UP else f"{circuit} is {state} after the return"

    async def _return(self, run: _Running) -> None:
        """Back, with proof."""
        words = await self._back(run)
        run.note(f"switch to {run.source}", words)
        await asyncio.sleep(WATCHED)
        await self._until(partial(self._seen, run.source), BACK_WITHIN)
        await self._followed(run, f"on {run.source}", str)

    async def _home(self, run: _Running) -> str:
        """Put back what was moved; a sentence on how that went."""
        if self._eyes.engine.active == run.source:
            await self._let_go(run)
            return f"the router is on {run.source}"
        try:
            words = await self._back(run)
        except Red as red:
            run.note(f"switch to {run.source}", str(red), FAILED)
            return f"and it could not be put back: {red}"
        run.note(f"switch to {run.source}", words)
        return f"it was put back on {run.source}"

    async def _back(self, run: _Running) -> str:
        """The way back, else `Red`; a circuit that is seen dead is not gone back to."""
        what, hold = f"switch to {run.source}", self._held(run)
        last = (hold.until or 0.0) - MARGIN if hold else 0.0
        while (answer := await self._ask_back(run)).rule in PASSING and self._clock() < last:
            if not any(how == WAITED for _, how, _ in run.steps):
                run.note(what, answer.sentence, WAITED)
            await asyncio.sleep(AGAIN)
            if not self._held(run):
                raise Red(f"{what}: {answer.sentence}; {TAKEN}", ours=False)
        if answer.rule is None and self._eyes.engine.active == run.source:
            return answer.sentence
        await self._let_go(run)
        raise Red(f"{what}: {answer.sentence}; {self._from_here(run)}")

    async def _ask_back(self, run: _Running) -> Answer:
        id_ = uuid.uuid4().hex[:12]
        back = SwitchRequest(id_, run.source, reason="a drill", who=run.who, drill=True)
        return await self._ask(back)

    def _from_here(self, run: _Running) -> str:
        """What becomes of it now that nothing is held."""
        engine = self._eyes.engine
        if engine.active == run.target and engine.site.policy.failback == "manual":
            return f"returning is by hand: wanfailover switch {run.source}"
        return "the rules decide from here"

    async def _let_go(self, run: _Running) -> None:
        if self._held(run):
            await self._ask(AutoRequest(uuid.uuid4().hex[:12], run.who))

    async def _until(
        self, wrong: Callable[[], str], within: float, watch: Callable[[], object] = str
    ) -> None:
        """Wait until nothing is *wrong*, and look after all else meanwhile."""
        end = self._clock() + within
        while why := wrong():
            watch()
            if self._clock() >= end:
                raise Red(why)
            await asyncio.sleep(LOOK)

    def _held(self, run: _Running) -> Hold | None:
        """The hold, while it is the drill's own."""
        hold = self._eyes.engine.hold
        if hold is None or not hold.drill or hold.circuit != run.target:
            return None
        return hold if run.until in {None, hold.until} else None

    def _ended(self, run: _Running, result: str, because: str) -> DrillEnded:
        seconds = round(self._clock() - run.began, 3)
        return DrillEnded(run.id, result, because, seconds, tuple(run.steps))


def _line(step: tuple[str, str, str]) -> str:
    what, how, words = step
    return f"  {how.ljust(6)}  {what}: {words}"
