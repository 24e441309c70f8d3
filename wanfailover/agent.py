"""The wiring: everything that one site's agent is made of, and its life from start to stop."""

from __future__ import annotations

import asyncio
import math
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import structlog

from wanfailover import __version__, logs, report, watchdog
from wanfailover.abilities import Costly
from wanfailover.config import Profile
from wanfailover.control import Control, Reply
from wanfailover.core import entries as log
from wanfailover.core.facts import (
    AutoRequest,
    Ending,
    Fact,
    Outcome,
    PauseRequest,
    ProbeSample,
    ResumeRequest,
    Role,
    SwitchoverStarted,
    SwitchRequest,
    Tick,
)
from wanfailover.core.memory import Memory
from wanfailover.counts import Counts
from wanfailover.desk import rehearse, reply_to, unknown_circuit
from wanfailover.drill import Eyes
from wanfailover.guarded import Guarded
from wanfailover.hints import Hints
from wanfailover.journal import retention
from wanfailover.journal.eras import utc_now
from wanfailover.journal.memory import remember, usual_cost
from wanfailover.journal.reader import Reader
from wanfailover.journal.spill import Spill
from wanfailover.journal.writer import Journal
from wanfailover.loop import Loop, Succession, Watchers, heritage
from wanfailover.mail.postmaster import Postmaster
from wanfailover.notify.office import post_of
from wanfailover.outfit import Outfit
from wanfailover.page.gate import Gate
from wanfailover.page.sources import Sources
from wanfailover.ports import RouterDriver
from wanfailover.present import Present
from wanfailover.probes import Names, Runner
from wanfailover.probes.rouse import rouse
from wanfailover.probes.sockets import THROUGH
from wanfailover.recorder import Recorder
from wanfailover.reload import Reloader
from wanfailover.report import Report
from wanfailover.rollups.recording import Recording
from wanfailover.routine import Left, Routines
from wanfailover.sites import SiteDir
from wanfailover.sleepers import Sleepers
from wanfailover.specs import Wake
from wanfailover.switchover import Switchover
from wanfailover.tunnels import Tunnels
from wanfailover.watchdog import Herald, Notifier
from wanfailover.windows import Windows
from wanfailover.witnessed import Witnessed

STOP_WITHIN = 120.0
"""Seconds that a switchover under way has when the agent is told to stop: then it is undone. With
its undo on a router that restarts for it, less than the unit's TimeoutStopSec."""

FAREWELL = 30.0
"""Seconds to take what is ours from the router; there it grows old by itself."""

_log = structlog.get_logger("wanfailover")


class Agent:
    """One site's agent. `run` until `stop` is called."""

    def __init__(
        self,
        profile: Profile,
        site_dir: SiteDir,
        router: RouterDriver,
        notify: Notifier | None = None,
        names: Names | None = None,
    ) -> None:
        self._profile = profile
        self._notify = notify or Notifier({})
        self._herald = Herald(self._notify)
        self._driver = driver = Guarded(router)
        spill = Spill(site_dir.spill)
        spilled, letters = spill.rows(), spill.posted()
        self._journal = Journal(site_dir.journal, spilled=spilled, posted=letters)
        self._record = Recorder(self._journal, spill=spill)
        self._names = names = names or Names()
        with Reader(site_dir.journal, spilled, lenient=True) as reader:
            memory = remember(reader, time.monotonic())
            cost = usual_cost(reader)
            self._present = Present(profile.driver, report.last_switchover(reader))
            mailed, flown = report.last_mail(reader), report.last_canary(reader)
            left = Left.of(reader, time.monotonic())
            self._post = post_of(profile, reader, self._journal, names, self._conditions, letters)
        if cost is None:
            cost = driver.outage() if isinstance(driver, Costly) else 0.0
        switchover = self._equip(profile, cost, memory)
        self._flight, self.counts = Recording(site_dir, profile.keep), Counts()
        self._record.teller = self._post
        watchers = Watchers(self._fed, self._point, self._ended)
        self._custody, self._site_dir = switchover.custody, site_dir
        self._loop = Loop(self.engine, driver, switchover, self._record, watchers)
        self._tunnels = Tunnels(self._site.tunnels)
        self._mail = Postmaster(
            profile.mail,
            self._names,
            self._record,
            self._loop.spawn,
            switching=lambda: self.engine.switchover is not None,
            mailed=mailed,
            flown=flown,
        )
        self._witnessed = Witnessed(driver, self._loop.router, self._record)
        self._runner = Runner(self._sampled, detect=self._site.policy.detect, names=self._names)
        self._sleepers = Sleepers(
            profile.wakes, self._loop.inbox.put_nowait, self._rouse, self._loop.spawn
        )
        eyes = Eyes(lambda: self.engine, lambda: self._tunnels.readings, self._mail.report)
        self._routines = Routines(
            profile, self._site, driver, self._loop, eyes, self._record, left, self._names
        )
        self._hints = Hints(driver, self._hinted)
        self._control = Control(self, site_dir.socket)
        sources = Sources(site_dir, self.report, self.counts, self._late)
        self._page = Gate(profile.page, sources)
        self._aimed: tuple[str | None, int] | None = None
        self._turned: float | None = None  # the loop, last
        self._windows = Windows(profile.calendar, self._loop.inbox.put_nowait)
        self._reloader = Reloader(lambda new: self._loop.succeed(partial(self._succeed, new)))

    # What the control socket asks of us.

    def report(self) -> Report:
        """Tell how things stand, as `status --json` does."""
        active = self.engine.active
        return self._present.report(
            self.engine,
            {each.name: self._aim.vantage(each, active) for each in self._site.circuits},
            tunnels=self._tunnels.readings,
            warnings=tuple(self._warnings()),
            mail=self._mail.report(),
            notify=self._post.report(),
            preflight=self._routines.preflights.report(),
            drill=self._routines.report(),
        )

    def _warnings(self) -> Iterator[str]:
        tellers = (
            self._record, self._flight, self._post, self._routines, self._hints, self._loop.marks,
            self._custody, self._tunnels, self._mail, self._reloader, self._control,
            self._page,
        )  # fmt: skip
        yield from filter(None, (teller.trouble for teller in tellers))
        yield from filter(None, (logs.trouble(),))
        if self._journal.aside is not None:
            yield f"the journal was damaged: it is set aside as {self._journal.aside}"
        if self.engine.router.unfinished:
            yield f"after its next restart the router will hold {self.engine.router.unfinished}"
        yield from self._present.remarks

    def _conditions(self) -> dict[str, str]:
        """What is amiss and has no entry: with the disk, and what has not been done."""
        disks = {"journal": self._record.trouble, "recording of samples": self._flight.trouble}
        troubles = {topic: trouble for topic, trouble in disks.items() if trouble}
        return troubles | self._routines.conditions()

    async def switch(self, request: SwitchRequest, *, dry_run: bool) -> Reply:
        """Put an operator's request into the inbox and wait for its answer."""
        unknown = unknown_circuit(self._site, request)
        if unknown is not None:
            return unknown
        if self.engine.switchover is None:
            await self._loop.read_router()  # an operator is answered by what the router holds now
        if dry_run:
            refused = self.engine.refusal(request, time.monotonic())
            async with self._loop.router:
                return await rehearse(self._site, request, self._driver, refused)
        return reply_to(await self._loop.ask(request))

    async def auto(self, who: str) -> Reply:
        """Let automation decide again."""
        return reply_to(await self._loop.ask(AutoRequest(uuid.uuid4().hex[:12], who)))

    async def automation(self, request: PauseRequest | ResumeRequest) -> Reply:
        """Stop automation, or let it go on."""
        return reply_to(await self._loop.ask(request))

    async def drill(
        self, circuit: str | None, stay: float | None, who: str, *, dry_run: bool
    ) -> Reply:
        """Rehearse a failover."""
        return await self._routines.drill(circuit, stay, who, dry_run=dry_run)

    def explanation(self) -> Report:
        """Tell the decision in force, with all that it rests on."""
        return report.explained(self.engine.explain(time.monotonic()), utc_now())

    # Life.

    def stop(self) -> None:
        """End `run` soon: a running switchover is finished or undone first."""
        self._driver.hurry(STOP_WITHIN)
        self._loop.stop()

    def hang_up(self) -> None:
        """Have the profile read again, soon."""
        self._loop.spawn(self.reload())

    async def reload(self) -> None:
        """Go by the profile as it is now; where that cannot be, say why, and go on as before."""
        if not self._herald.watching:
            await self._reloader(self._profile)
            return
        self._herald.reloading()
        await self._reloader(self._profile)
        self._herald.reloaded(self.engine.decision)

    def _succeed(self, profile: Profile) -> Succession:
        """Make anew what depends on the profile; what an engine must remember goes along.

        What the lines have shown in the last seconds is asked for again, for by the new profile it
        may mean something else.
        """
        old, cost = self.engine, self._site.policy.switch_cost
        memory = replace(old.memory(), epoch=old.epoch + 1)  # what is in flight the old one asked
        switchover, self._aimed = self._equip(profile, cost, memory), None
        switchover.custody = self._custody
        self._loop.spawn(self._runner.close())
        self._runner = Runner(self._sampled, detect=self._site.policy.detect, names=self._names)
        self._rewire(profile)
        self._routines.profile = profile
        facts = [self._windows.exchange(profile.calendar), *heritage(old, time.monotonic())]
        return Succession(self.engine, switchover, facts)

    def _equip(self, profile: Profile, cost: float, memory: Memory) -> Switchover:
        made = Outfit.of(profile, cost, memory, self._driver, self._names, self._record)
        self._site, self._aim, self.engine = made.site, made.aim, made.engine
        return made.switchover

    def _rewire(self, profile: Profile) -> None:
        """What stands beside the engine: the recording of samples is begun anew."""
        self._profile = profile
        self._loop.spawn(asyncio.to_thread(self._flight.close))  # its disk may take its time
        self._flight = Recording(self._site_dir, profile.keep)
        self._flight.started(self.engine, self._aim.controls, time.monotonic())

    async def run(self) -> None:
        """Watch and act until `stop`.

        Raises:
            RouterHeld: Another agent changes this router.
            DriverError: The router cannot be read now, at the start: better to say so at once than
                to watch over a router that could not be switched.
        """
        feeder = asyncio.create_task(watchdog.feed(self._notify, self._late))
        try:
            await self._custody.take()
            view = await self._driver.read()
            self._windows.told()  # before anything can be decided
            self._loop.inbox.put_nowait(view)
            await self._control.open()
            await self._record(log.AgentStarted(__version__, os.getpid()))
            self._flight.started(self.engine, self._aim.controls, time.monotonic())
            self._loop.spawn(self._flight.catch_up())
            self._mail.resume(self._present.last)
            self._loop.spawn(self._post.run())
            self._loop.spawn(self._routines.run())
            self._loop.spawn(self._mail.watch())
            self._loop.spawn(self._hints.listen())
            self._loop.spawn(self._windows.run())
            self._loop.spawn(self._page.run())
            self._loop.spawn(retention.daily(self._prune))
            self._loop.spawn(self._custody.watch(self._loop.router))
            await self._loop.run()
            await self._loop.written()
            await self._record(*self.engine.learned())
            await self._record(log.AgentStopped("it was told to"))
        finally:
            self._turned = None
            self._notify("STOPPING=1")
            await self._close()
            feeder.cancel()
        self._loop.blame()

    async def _close(self) -> None:
        await self._loop.close()
        await self._control.close()
        await self._page.close()
        await self._runner.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await self._tidy()
        await self._driver.close()
        self._flight.close()
        self._journal.close()

    async def _tidy(self) -> None:
        """Leave nothing of ours on the router."""
        marked = any(circuit.marked for circuit in self._site.circuits)
        if self._custody.taken:
            if marked and self._loop.marks.due(math.inf):
                await self._loop.marks.set(())
            await self._custody.release()

    async def _prune(self) -> None:
        """Keep no more history than the profile asks for."""
        await self._journal.prune(self._profile.keep.history, time.monotonic())

    def _hinted(self) -> bool:
        """The router wants to be looked at: have the loop see to it."""
        news = self.engine.router.prompt()
        if news:
            self._loop.inbox.put_nowait(Tick())
        return news

    def _sampled(self, sample: ProbeSample) -> None:
        """What a tunnel's check says is for the tunnels alone."""
        if sample.role is Role.TUNNEL:
            self._tell_tunnels(sample, time.monotonic())
        else:
            self._sleepers.take(sample, self.engine.active)

    async def _rouse(self, circuit: str, wake: Wake) -> None:
        await rouse(wake, self._site.circuit(circuit).vantage or THROUGH, self._names)

    def _tell_tunnels(self, fact: Fact, now: float) -> None:
        news = tuple(self._tunnels.told(fact, now, self.engine))
        if news:
            self._loop.spawn(self._record(*news))
        for entry in news:
            if isinstance(entry, log.TunnelsFailed):
                self._loop.spawn(self._witnessed.told(entry.circuit))

    # What the loop does, as others need to know it.

    def _fed(self, fact: Fact, now: float, entries: Sequence[log.Entry]) -> None:
        """All that the engine learns is recorded, and some of it is told."""
        self._flight.fed(fact, now, entries)
        self.counts.fed(fact, now, self.engine)
        self._tell_tunnels(fact, now)
        self._turned = time.monotonic()
        self._present.fed(fact, self.engine, now)
        if isinstance(fact, SwitchoverStarted):
            self._mail.cancel()

    def _late(self) -> float:
        """By how many seconds the loop or the probes are behind, once they turn."""
        if self._turned is None:
            return 0.0
        return max(time.monotonic() - self._turned, self._runner.late())

    def _ended(self, outcome: Outcome) -> None:
        self._present.ended(outcome)
        if outcome.ending is not Ending.STUCK and outcome.changed:
            self._mail.begin(outcome.id)

    def _point(self, now: float) -> None:
        """Aim the probes at what the router does now; look closer while something is overdue."""
        self._routines.preflights.give_way()
        if self.engine.router.view is not None:  # before that nothing is watched yet
            self._herald.tell(self.engine.decision)
        aimed = (self.engine.active, self.engine.epoch)
        if aimed != self._aimed and self.engine.switchover is None:
            self._aimed = aimed
            self._runner.follow(self._aim.at(self.engine.active), self.engine.epoch)
        if self.engine.fast:
            self._runner.hasten(self.engine.active, None)
        elif self._hints.quick(now):
            self._runner.hasten(self.engine.active, None)  # an idle circuit may be a metered one
        else:
            self._runner.calm()
        self._runner.await_tunnels(self._tunnels.renewing)
