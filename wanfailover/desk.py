"""Operators' requests, as far as they need no running agent: refuse, rehearse, carry out once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from wanfailover.config import Profile
from wanfailover.control import Reply
from wanfailover.core.engine import Engine
from wanfailover.core.entries import MailDrained
from wanfailover.core.facts import Ending, Fact, SwitchRequest
from wanfailover.core.plan import SetAddress, SetGateway, Step
from wanfailover.core.policy import Decision
from wanfailover.core.requests import Answer
from wanfailover.core.site import Site
from wanfailover.custody import Custody
from wanfailover.errors import DriverError, RouterHeld
from wanfailover.guarded import Guarded
from wanfailover.journal.memory import remember
from wanfailover.journal.reader import Reader
from wanfailover.journal.spill import Spill
from wanfailover.journal.writer import Journal
from wanfailover.mail.drain import WITHIN_ONCE, Drain, by_smtp
from wanfailover.notify.office import post_of
from wanfailover.notify.post import Post
from wanfailover.ports import RouterDriver
from wanfailover.probes import Names
from wanfailover.proofs import FarProver
from wanfailover.recorder import Recorder
from wanfailover.sites import SiteDir
from wanfailover.specs import Mail
from wanfailover.switchover import Order, Prepared, Switchover, prepare

UNREACHABLE = 3
"""Exit code where the router could not be reached or entered."""


def reply_to(answer: Answer) -> Reply:
    """An engine's answer as the command's."""
    code = {None: 0, "router-unreachable": UNREACHABLE}.get(answer.rule, 1)
    return Reply(code, answer.sentence, answer.rule)


def unknown_circuit(site: Site, request: SwitchRequest) -> Reply | None:
    """Refuse a circuit the site does not have."""
    names = [circuit.name for circuit in site.circuits]
    if request.circuit in names:
        return None
    return Reply(2, f"there is no circuit {request.circuit}; there are: {', '.join(names)}")


async def rehearse(
    site: Site, request: SwitchRequest, driver: RouterDriver, refused: Decision | None
) -> Reply:
    """Read the router and show what would be typed; touch nothing."""
    if refused is not None:
        return Reply(1, refused.because, refused.rule)
    try:
        prepared = await prepare(site, request.circuit, driver)
        left = _left_to_the_router(prepared, driver)
    except DriverError as error:
        return Reply(UNREACHABLE, str(error), "router-unreachable")
    if prepared.plan.source == request.circuit and not prepared.view.unfinished:
        return Reply(0, f"the router is on {request.circuit} already; nothing would be changed")
    guard = Custody(site.name, driver).guards(prepared.actions, prepared.proving)
    return Reply(0, "dry run: nothing was changed", lines=tuple(show(prepared, guard, left)))


def _left_to_the_router(prepared: Prepared, driver: RouterDriver) -> tuple[Step, ...]:
    """Steps for which nothing is typed: without them the driver would type the same."""

    def typed(steps: Sequence[Step]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        return [(each.does, each.undoes) for each in driver.compile(steps, prepared.view)]

    steps = prepared.plan.steps
    every = typed(steps)
    beside = (step for step in steps if not isinstance(step, SetAddress | SetGateway))
    return tuple(
        step for step in beside if typed([each for each in steps if each is not step]) == every
    )


def show(
    prepared: Prepared, guard: float | None = None, left: Collection[Step] = ()
) -> Iterator[str]:
    """A plan for people: what would be typed, what must hold, what would take it back.

    *guard* is the seconds after which the router would take it back by itself, if it can; *left*
    are the steps for which nothing is typed.
    """
    plan = prepared.plan
    yield f"From {plan.source or 'neither circuit'} to {plan.target}:"
    for step in plan.steps:
        yield f"  {step}" + " (nothing is typed for it: left to the router)" * (step in left)
    yield "Typed to the router:"
    for action in prepared.actions:
        yield f"  {action.title}"
        yield from (f"    {line}" for line in action.does)
    yield "Proof:"
    yield from (f"  {proof}" for proof in plan.proofs)
    yield "If it fails, taken back by:"
    for action in reversed(prepared.actions):
        yield from (f"    {line}" for line in action.undoes)
    if guard is not None:
        yield (
            f"The same is left on the router beforehand, unless {plan.source or 'what is left'} is "
            f"down: it takes itself back {guard:g} s later, if nobody has proved it by then"
        )
    yield from (f"Note: {remark}" for remark in prepared.view.remarks)


async def switch_once(
    profile: Profile,
    site_dir: SiteDir,
    router: RouterDriver,
    request: SwitchRequest,
    *,
    dry_run: bool,
    names: Names | None = None,
) -> Reply:
    """Carry out one request without an agent: same engine, plan, proof and journal.

    The caller holds the site's lock.
    """
    site = profile.site()
    unknown = unknown_circuit(site, request)
    if unknown is not None:
        return unknown
    driver = Guarded(router)
    spill = Spill(site_dir.spill)
    spilled, letters = spill.rows(), spill.posted()
    journal = Journal(site_dir.journal, spilled=spilled, posted=letters)
    record = Recorder(journal, spill=spill)
    try:
        with Reader(site_dir.journal, spilled, lenient=True) as reader:
            memory = remember(reader, time.monotonic())
            record.teller = post = post_of(
                profile, reader, journal, names or Names(), spilled=letters
            )
        engine = Engine(site, memory=memory)
        if dry_run:
            engine.feed(await driver.read(), time.monotonic())
            refused = engine.refusal(request, time.monotonic())
            return await rehearse(site, request, driver, refused)
        session = _Session(engine, record)
        prover = FarProver(profile.probes, site, names or Names(), profile.wakes)
        run = Switchover(site, driver, prover, session.record)
        try:
            await run.custody.take()
            await session.feed(await driver.read())
            reply = reply_to(await session.carry_out(request, run))
            notes = [f"Note: {record.trouble}"] if record.trouble else []
            if profile.mail is not None and session.moved is not None:
                notes.append(await _drained(profile.mail, session.moved, names or Names(), record))
            notes += await _notified(post)
            return replace(reply, lines=(*reply.lines, *notes))
        finally:
            await run.custody.release()
    except RouterHeld as error:
        return Reply(1, str(error), "router-held")
    except DriverError as error:
        return Reply(UNREACHABLE, str(error), "router-unreachable")
    finally:
        await driver.close()
        journal.close()


async def _notified(post: Post) -> list[str]:
    """Send what can be sent, for as long as one may wait for a command."""
    sending = asyncio.create_task(post.run())
    done = await post.drained(WITHIN_ONCE)
    sending.cancel()
    await asyncio.wait([sending])
    return [] if done else [f"Note: {post.trouble}; the next agent sends them"]


async def _drained(mail: Mail, switchover: str, names: Names, record: Recorder) -> str:
    """Ask the backup MX to deliver, for as long as one may wait for a command; tell about it."""
    if not mail.etrn:
        return "Mail: the backup MX is not asked to deliver: etrn is false"
    entry = await Drain(mail, by_smtp(mail, names)).run(switchover, WITHIN_ONCE)
    await record(entry)
    late = "" if isinstance(entry, MailDrained) else "; its mail waits for its own schedule"
    return f"Mail: {entry.because}{late}"


class _Session:
    """One request's way through an engine of its own."""

    def __init__(self, engine: Engine, record: Recorder) -> None:
        self.engine = engine
        self.record = record
        self.moved: str | None = None  # the switchover that was proved

    async def feed(self, fact: Fact) -> list[Answer]:
        entries, answers = self.engine.feed(fact, time.monotonic())
        await self.record(*entries)
        return answers

    async def carry_out(self, request: SwitchRequest, switchover: Switchover) -> Answer:
        answers = await self.feed(request)
        if not answers:
            order = Order.of(self.engine)
            await self.feed(order.started(self.engine.active))
            outcome = await switchover.run(order)
            if outcome.ending is Ending.PROVED:
                self.moved = outcome.id
            answers = await self.feed(outcome)
        return answers[0]
