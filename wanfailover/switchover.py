"""Moves the router to another circuit, or puts everything back.

Order matters more than speed. The whole plan exists before anything happens; the intent is on the
disk before the first byte goes to the router; each action is marked before and after; the router is
read back, because what was typed is not what it holds; the proof decides. If anything fails, the
actions that were begun are undone in reverse, also the one that failed, for it may have been half
done. Where the undo fails too, be it by a bug, that is its own state, `stuck`, and says so.

Where a circuit is left that works, and the driver can, a timed undo is left on the router before
the first change, and cancelled when the proof holds or all is undone: should we be gone by then, it
brings the working circuit back. Leaving a dead one none is left, for it would bring back that.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog

from wanfailover.core import entries as log
from wanfailover.core import plan as plans
from wanfailover.core.engine import Engine
from wanfailover.core.facts import Ending, Outcome, RouterView, SwitchoverStarted, SwitchRequest
from wanfailover.core.ledger import MENDING
from wanfailover.core.plan import Plan
from wanfailover.core.policy import ASKED
from wanfailover.core.reading import State
from wanfailover.core.site import Site
from wanfailover.custody import Custody
from wanfailover.errors import DriverError, ProofFailed, RouterHeld, SwitchoverError, UndoFailed
from wanfailover.ports import Action, EntrySink, Prover, RouterDriver

DEAD_MAN = "dead-man"
"""The name under which the journal keeps what became of the timed undo."""

_log = structlog.get_logger("wanfailover")


@dataclass(frozen=True, slots=True)
class Order:
    """What to do and why: a decision with a name of its own.

    Args:
        left: The circuit that an interrupted switchover was leaving; None for a new one.

        leaves_live: The router is on a circuit that is not known to be down.

        leaves_dead: It is on one that is: going back to it would be no better than staying.

        request: What the operator asked for, where it is his.
    """

    id: str
    target: str
    rule: str
    because: str
    automatic: bool
    left: str | None = None
    leaves_live: bool = False
    leaves_dead: bool = False
    request: SwitchRequest | None = None

    @classmethod
    def of(cls, engine: Engine) -> Order:
        """What *engine* has decided, which must be to switch."""
        decision, interrupted = engine.decision, engine.interrupted
        active = engine.readings.get(engine.active or "")
        return cls(
            id=uuid.uuid4().hex[:8],
            target=decision.target or "",
            rule=decision.rule,
            because=decision.because,
            automatic=decision.rule not in ASKED,
            left=interrupted.source if interrupted else None,
            leaves_live=active is not None
            and active.state is not State.DOWN
            and engine.active != decision.target,
            leaves_dead=engine.leaves_dead,
            request=engine.request,
        )

    def started(self, source: str | None) -> SwitchoverStarted:
        """The fact that it is being carried out, from circuit *source*."""
        return SwitchoverStarted(self.id, source, self.target, self.rule)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan with the router's own actions for it; nothing was touched yet."""

    plan: Plan
    actions: tuple[Action, ...]
    view: RouterView

    @property
    def proving(self) -> float:
        """Seconds that its proofs may take."""
        return sum(proof.within for proof in self.plan.proofs)


async def prepare(
    site: Site, target: str, driver: RouterDriver, left: str | None = None, *, trial: bool = False
) -> Prepared:
    """Read the router and plan the way to *target*; also what `--dry-run` shows.

    Raises:
        DriverError: The router cannot be read.
    """
    view = await driver.read()
    plan = plans.make(site, target, view, left, trial=trial)
    return Prepared(plan, driver.compile(plan.steps, view), view)


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a transaction ended, and what the router held then, if that could be read."""

    ending: Ending
    because: str
    view: RouterView | None
    proof_failed: bool = False
    changed: bool = True


@dataclass(slots=True)
class _Transaction:
    """How far it has got: the actions that were begun, and whether a timed undo may be there."""

    order: Order
    prepared: Prepared
    begun: list[Action] = field(default_factory=list)
    guarded: bool = False

    @property
    def mends(self) -> bool:
        """An earlier one had left the router on no circuit: nobody wants that back."""
        return self.prepared.plan.source is None and self.order.rule in MENDING


class Switchover:
    """Runs orders, one at a time, for one site and router."""

    def __init__(
        self,
        site: Site,
        driver: RouterDriver,
        prover: Prover,
        record: EntrySink,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._site = site
        self._driver = driver
        self._prover = prover
        self._record = record
        self._clock = clock
        self.custody = Custody(site.name, driver)

    async def run(self, order: Order) -> Outcome:
        """Carry out *order*; never raises for anything the router or the circuit does."""
        started = self._clock()
        try:
            await self.custody.take()
            trial = order.rule == "trial-failback"
            prepared = await prepare(
                self._site, order.target, self._driver, order.left, trial=trial
            )
        except DriverError as error:
            because = f"nothing was changed: {error}"
            refused = "router-held" if isinstance(error, RouterHeld) else "router-unreachable"
            failed = self._outcome(order, None, Ending.UNDONE, started, because, changed=False)
            return replace(failed, refused=refused)
        await self._record(_intent(order, prepared))
        ended = await self._transact(_Transaction(order, prepared))
        outcome = replace(
            self._outcome(order, prepared.plan, ended.ending, started, ended.because),
            view=ended.view,
            proof_failed=ended.proof_failed,
            changed=ended.changed,
        )
        whole = not ended.changed or self._site.is_whole(ended.view)
        await self._record(replace(ended_entry(outcome), whole=whole))
        return outcome

    async def _transact(self, this: _Transaction) -> _Ended:
        plan, id_ = this.prepared.plan, this.order.id
        try:
            await self._arm(this)
            for action in this.prepared.actions:
                this.begun.append(action)
                try:
                    await self._perform(id_, action)
                except DriverError as error:
                    if error.untouched:
                        this.begun.pop()
                    raise
            view = await self._read_back(plan)
            proofs = [await self._prover.prove(proof, plan.target) for proof in plan.proofs]
            await self._commit(this)
        except ProofFailed as error:
            if this.guarded or not (this.mends or this.order.leaves_dead):
                return await self._undo(this, error)
            no_better = "it was on no circuit" if this.mends else f"{plan.source} is down as well"
            because = f"{error}; it stays there, for {no_better}"
            return _Ended(Ending.UNPROVED, because, view, proof_failed=True)
        except Exception as error:  # noqa: BLE001 - a bug, too, must not leave it unproved
            return await self._undo(this, error)
        return _Ended(Ending.PROVED, "; ".join(proofs), view)

    async def _arm(self, this: _Transaction) -> None:
        """Leave a timed undo on the router, where a circuit is left that works.

        A router without the means for one goes on without. Where the attempt fails, nothing has
        been changed yet, and nothing will be.
        """
        order, actions = this.order, this.prepared.actions
        seconds = self.custody.guards(actions, this.prepared.proving)
        live = order.leaves_live or (order.left is not None and self.custody.found)
        if seconds is None or not live or this.mends:  # nobody wants half of each back
            return
        await self._record(log.ActionBegun(order.id, DEAD_MAN))
        began, this.guarded = self._clock(), True
        try:
            this.guarded = await self.custody.arm(order.id, actions, seconds)
        except DriverError as error:
            await self._record(log.ActionFailed(order.id, DEAD_MAN, str(error)))
            raise
        took = round(self._clock() - began, 3)
        entry: log.Entry = log.ActionDone(order.id, DEAD_MAN, f"fires after {seconds:g} s", took)
        if not this.guarded:
            without = "the router has no means for a timed undo, and does without"
            entry = log.ActionFailed(order.id, DEAD_MAN, without)
        await self._record(entry)

    async def _commit(self, this: _Transaction) -> None:
        """It stands, if the timed undo has not fired meanwhile.

        Raises:
            SwitchoverError: It has.
        """
        if await self._disarm(this):
            raise SwitchoverError("its time ran out, and the router has undone it by itself")

    async def _disarm(self, this: _Transaction) -> bool:
        """Cancel the timed undo, if there is one; tell whether it had fired."""
        if not this.guarded:
            return False
        try:
            fired = await self.custody.disarm(this.order.id)
        except Exception as error:
            failure = _said(this.order.id, error)
            await self._record(log.ActionFailed(this.order.id, DEAD_MAN, failure))
            raise
        this.guarded = False
        entry: log.Entry = log.ActionUndone(this.order.id, DEAD_MAN, "cancelled in time")
        if fired:
            entry = log.ActionFailed(this.order.id, DEAD_MAN, "nobody cancelled it: it has fired")
        await self._record(entry)
        return fired

    async def _perform(self, id_: str, action: Action) -> None:
        await self._record(log.ActionBegun(id_, action.name))
        began = self._clock()
        try:
            words = await self._driver.perform(action)
        except DriverError as error:
            await self._record(log.ActionFailed(id_, action.name, str(error)))
            if action.essential:
                raise
            return
        seconds = round(self._clock() - began, 3)
        await self._record(log.ActionDone(id_, action.name, words, seconds))

    async def _read_back(self, plan: Plan) -> RouterView:
        view = await self._driver.read()
        circuit = self._site.identify(view)
        if circuit is None or circuit.name != plan.target:
            raise SwitchoverError(
                f"the router took the commands but does not hold them: it sends from {view.source} "
                f"to {view.gateway}"
            )
        return view

    async def _undo(self, this: _Transaction, cause: Exception) -> _Ended:
        """Put back what was there, action by action in reverse; go on past a failure.

        The timed undo is cancelled last, and not where ours has failed: it is one try more.
        """
        id_, prepared, why = this.order.id, this.prepared, _said(this.order.id, cause)
        ends = [await self._take_back(id_, action) for action in reversed(this.begun)]
        failures = [failure for failure in ends if failure]
        if not failures:
            with contextlib.suppress(Exception):  # it would do what is done; see `Custody.take`
                await self._disarm(this)
        if not this.begun:
            because = f"nothing was changed: {why}"
            return _Ended(Ending.UNDONE, because, prepared.view, changed=False)
        back = prepared.plan.source or "its former state"
        view = None
        try:
            view = await self._driver.read()
            self._same(view, prepared)
        except Exception as error:  # noqa: BLE001 - nobody knows what it holds, then
            failures.append(_said(id_, error))
        if failures:
            because = f"{why}; and going back to {back} failed: {'; '.join(failures)}"
            return _Ended(Ending.STUCK, because, view)
        failed = isinstance(cause, ProofFailed)
        because = f"{'proof failed' if failed else 'failed'}: {why}; the router is on {back} again"
        return _Ended(Ending.UNDONE, because, view, failed)

    async def _take_back(self, id_: str, action: Action) -> str:
        """Undo *action*; tell what went wrong, if that matters."""
        try:
            words = await self._driver.undo(action)
        except Exception as error:  # noqa: BLE001 - a bug, too, must not keep us from the others
            failure = _said(id_, error)
            await self._record(log.ActionFailed(id_, action.name, f"undo: {failure}"))
            return f"{action.name}: {failure}" if action.essential else ""
        await self._record(log.ActionUndone(id_, action.name, words))
        return ""

    def _same(self, view: RouterView, prepared: Prepared) -> None:
        """The undo is complete when the router is where it was.

        Raises:
            UndoFailed: It is somewhere else.
        """
        circuit = self._site.identify(view)
        before = prepared.view
        back_on = circuit is not None and circuit.name == prepared.plan.source
        held = (view.source, view.gateway, view.interface)
        if not back_on and held != (before.source, before.gateway, before.interface):
            raise UndoFailed(f"the router now sends from {view.source} to {view.gateway}")

    def _outcome(
        self,
        order: Order,
        plan: Plan | None,
        ending: Ending,
        started: float,
        because: str,
        *,
        changed: bool = True,
    ) -> Outcome:
        return Outcome(
            id=order.id,
            source=plan.source if plan else None,
            target=order.target,
            rule=order.rule,
            ending=ending,
            seconds=self._clock() - started,
            because=because,
            automatic=order.automatic,
            changed=changed,
        )


def ended_entry(outcome: Outcome) -> log.SwitchoverEnded:
    """An outcome as the journal keeps it."""
    return log.SwitchoverEnded(
        outcome.id,
        outcome.source,
        outcome.target,
        outcome.rule,
        outcome.ending,
        round(outcome.seconds, 3),
        outcome.because,
        outcome.proof_failed,
        outcome.changed,
    )


def _said(id_: str, error: Exception) -> str:
    """What is told of *error*; a bug is named, and logged with its traceback."""
    if isinstance(error, DriverError | SwitchoverError):
        return str(error)
    _log.error("switchover-bug", switchover=id_, exc_info=error)
    return f"a bug in wanfailover ({type(error).__name__}: {error})"


def _intent(order: Order, prepared: Prepared) -> log.SwitchoverIntended:
    request = order.request
    return log.SwitchoverIntended(
        order.id,
        prepared.plan.source,
        order.target,
        order.rule,
        order.because,
        order.automatic,
        tuple((a.name, a.title, a.does, a.undoes) for a in prepared.actions),
        hold=request.hold if request else None,
        once=request.once if request else False,
        who=request.who if request else "",
        reason=request.reason if request else "",
        drill=request.drill if request else False,
    )
