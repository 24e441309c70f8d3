"""A circuit that works is left with a timed undo on the router; and never are there two writers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from tests.scenarios.world import World, site
from tests.support.router import MemoryRouter
from tests.switchover.test_switchover import ACTIONS, BACKUP, PRIMARY, SITE, Log, Prover, side
from wanfailover.abilities import Claiming, DeadMan
from wanfailover.core import entries as log
from wanfailover.core.facts import Ending
from wanfailover.errors import RouterHeld
from wanfailover.switchover import DEAD_MAN, Order, Switchover

ORDER = Order("s1", "backup", "operator-asked", "works", automatic=False, leaves_live=True)


@dataclass
class GuardedRouter(MemoryRouter):
    """One that undoes by itself what nobody confirms, and knows who changes it.

    Args:
        after: Calls of ours after which a timed undo fires, counted from when it was armed.

        means: It has the means for a timed undo.
    """

    after: int | None = None
    means: bool = True
    holder: str = ""
    men: dict[str, tuple] = field(default_factory=dict)
    fired: set[str] = field(default_factory=set)
    left: int | None = None
    seconds: float = 0.0

    def fires_after(self, actions, proving):
        return 10.0 * len(actions) + proving

    async def arm(self, token, actions, seconds):
        self._fail("arm")
        if not self.means:
            return False
        self.men[token], self.left, self.seconds = actions, self.after, seconds
        self._fail("after arm")
        return True

    async def disarm(self, token):
        self._fail("disarm")
        self.men.pop(token, None)
        return token in self.fired

    async def armed(self):
        self._fail("armed")
        return tuple(self.men)

    async def claim(self, name):
        self._fail("claim")
        if self.holder:
            raise RouterHeld(f"{self.holder} changes this router")
        return ""

    async def release(self):
        self._fail("release")

    def fire(self):
        """Its time has run out."""
        for token, actions in self.men.items():
            self.fired.add(token)
            for action in reversed(actions):
                super()._do(f"timed {action.name}", action.undoes)

    def _do(self, call, lines):
        words = super()._do(call, lines)
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                self.left = None
                self.fire()
        return words


def router(*faults: str, **options) -> GuardedRouter:
    made = GuardedRouter(PRIMARY.address, PRIMARY.gateway, set(faults), **options)
    assert isinstance(made, DeadMan)
    assert isinstance(made, Claiming)
    return made


async def run(router: MemoryRouter, holds: bool = True, order: Order = ORDER):
    book = Log(router)
    outcome = await Switchover(SITE, router, Prover(holds), book).run(order)
    return outcome, book


def about(book: Log) -> list[str]:
    """What the journal tells of the timed undo."""
    return [type(e).__name__ for e in book.entries if getattr(e, "name", None) == DEAD_MAN]


async def test_it_is_armed_before_the_first_change_and_cancelled_by_the_proof():
    """In that order, with the intent on the disk before, and time enough for all that may come."""
    there = router()
    outcome, book = await run(there)
    assert (outcome.ending, side(there), there.men) == (Ending.PROVED, "backup", {})
    calls = [c for c in there.calls if c in {"arm", "disarm"} or c.startswith("perform")]
    assert calls == ["arm", *(f"perform {name}" for name in ACTIONS), "disarm"]
    assert isinstance(book.entries[0], log.SwitchoverIntended)
    assert about(book) == ["ActionBegun", "ActionDone", "ActionUndone"]
    assert there.seconds == 10.0 * len(ACTIONS) + SITE.policy.proof_within


async def test_a_dead_circuit_is_left_without():
    """It would bring back a line that is dead."""
    there = router()
    outcome, book = await run(there, order=replace(ORDER, leaves_live=False))
    assert (outcome.ending, about(book)) == (Ending.PROVED, [])
    assert "arm" not in there.calls


async def test_our_own_undo_cancels_it_too():
    """Last, so that it is there as long as there is anything to put back."""
    there = router()
    outcome, _ = await run(there, holds=False)
    assert (outcome.ending, side(there), there.men) == (Ending.UNDONE, "primary", {})
    calls = [call for call in there.calls if call == "disarm" or call.startswith("undo")]
    assert calls == [*(f"undo {name}" for name in ACTIONS[::-1]), "disarm"]


async def test_where_our_own_undo_fails_it_stays():
    """It is one try more."""
    there = router("undo SetGateway")
    outcome, _ = await run(there, holds=False)
    assert outcome.ending is Ending.STUCK
    assert list(there.men) == [f"{SITE.name}.s1"]
    there.fire()
    assert side(there) == "primary"


@pytest.mark.parametrize("after", range(1, len(ACTIONS) + 1))
async def test_firing_while_we_act_is_noticed(after):
    """Whenever it fires, what we say of the router is what it holds."""
    there = router(after=after)
    outcome, book = await run(there)
    assert outcome.ending is not Ending.STUCK
    assert side(there) == ("backup" if outcome.ending is Ending.PROVED else "primary")
    if after == len(ACTIONS):
        assert outcome.ending is Ending.UNDONE
        assert "does not hold them" in outcome.because
    assert "ActionFailed" in about(book)


async def test_firing_while_it_is_proved_is_a_failure():
    """Proved as it may have been: the router is not there any more."""
    there = router()

    class Slow(Prover):
        async def prove(self, proof, circuit):
            there.fire()
            return await super().prove(proof, circuit)

    book = Log(there)
    outcome = await Switchover(SITE, there, Slow(), book).run(ORDER)
    assert (outcome.ending, side(there)) == (Ending.UNDONE, "primary")
    assert "the router has undone it by itself" in outcome.because
    assert about(book)[-1] == "ActionFailed"


async def test_a_router_without_the_means_goes_on_without():
    """It is a help and no condition; the journal tells."""
    there = router(means=False)
    outcome, book = await run(there)
    assert (outcome.ending, side(there)) == (Ending.PROVED, "backup")
    assert about(book) == ["ActionBegun", "ActionFailed"]


@pytest.mark.parametrize("moment", ["", "after "])
async def test_where_arming_fails_nothing_is_changed(moment):
    """A router that fails at this is not trusted with more, and nothing is left behind."""
    there = router(f"{moment}arm")
    outcome, _ = await run(there)
    assert (outcome.ending, outcome.changed, side(there)) == (Ending.UNDONE, False, "primary")
    assert "nothing was changed" in outcome.because
    assert there.men == {}
    assert not [call for call in there.calls if "perform" in call]


async def test_what_cannot_be_cancelled_is_not_proved():
    """It would fire into what we took for done: put back, which is what it would do."""
    there = router("disarm")
    outcome, _ = await run(there)
    assert (outcome.ending, side(there)) == (Ending.UNDONE, "primary")
    there.fire()
    assert side(there) == "primary"


async def test_what_an_earlier_life_left_is_cancelled_first():
    """Ours is; what another site has left there is none of our business."""
    there = router()
    there.men = {f"{SITE.name}.s0": (), "another.s0": ()}
    outcome, _ = await run(there, order=replace(ORDER, leaves_live=False))
    assert outcome.ending is Ending.PROVED
    assert list(there.men) == ["another.s0"]
    assert there.calls.index("disarm") < there.calls.index("read")


@pytest.mark.parametrize("found", [True, False])
async def test_finishing_what_was_guarded_is_guarded(found):
    """An interrupted switchover away from a circuit that worked is one still."""
    there = router()
    there.address, there.gateway = BACKUP.address, BACKUP.gateway
    there.men = {f"{SITE.name}.s0": ()} if found else {}
    order = Order("s1", "backup", "finish-interrupted", "crash", automatic=True, left="primary")
    outcome, book = await run(there, order=order)
    assert outcome.ending is Ending.PROVED
    assert bool(about(book)) is found


async def test_what_is_guarded_goes_back_when_it_is_not_proved():
    """Whatever is said of the circuit that it is on: one that worked is behind it."""
    there = router()
    there.address, there.gateway = BACKUP.address, BACKUP.gateway
    there.men = {f"{SITE.name}.s0": ()}
    order = Order("s1", "backup", "finish-interrupted", "crash", automatic=True, left="primary")
    outcome, _ = await run(there, holds=False, order=replace(order, leaves_dead=True))
    assert (outcome.ending, side(there), there.men) == (Ending.UNDONE, "primary", {})


@pytest.mark.parametrize("fault", ["claim", "armed", "disarm"])
async def test_a_router_that_cannot_be_claimed_is_not_touched(fault):
    """Not to know who else writes, or what may fire, is reason enough."""
    there = router(fault)
    there.men = {f"{SITE.name}.s0": ()}
    outcome, book = await run(there)
    assert (outcome.ending, outcome.changed, book.entries) == (Ending.UNDONE, False, [])
    assert "read" not in there.calls


async def test_another_writer_is_told():
    """Nothing is done, and who holds the router is in the sentence."""
    there = router(holder="wanfailover on attic (pid 7)")
    outcome, _ = await run(there)
    assert (outcome.ending, outcome.changed) == (Ending.UNDONE, False)
    assert "nothing was changed: wanfailover on attic (pid 7)" in outcome.because


async def test_custody_tells_what_is_the_matter():
    """Refused while it is kept: a sentence for the status, until it is ours again."""
    there = router()
    custody = Switchover(SITE, there, Prover(), Log(there)).custody
    await custody.take()
    assert (custody.taken, custody.trouble) == (True, None)
    there.holder = "wanfailover on attic (pid 7)"
    await custody.keep()
    assert "attic" in (custody.trouble or "")
    there.holder = ""
    await custody.keep()
    assert custody.trouble is None
    there.faults.add("release")
    await custody.release()
    assert there.calls[-1] == "release"


async def test_a_remark_is_told_while_it_holds():
    """That it was taken over, or cannot be written."""

    class Telling(GuardedRouter):
        async def claim(self, name):
            return "taken over"

    there = Telling(PRIMARY.address, PRIMARY.gateway)
    custody = Switchover(SITE, there, Prover(), Log(there)).custody
    await custody.take()
    assert (custody.taken, custody.trouble) == (True, "taken over")


async def test_a_router_that_is_not_ours_was_never_taken():
    """So that what another agent keeps on it is left alone."""
    there = router(holder="another")
    custody = Switchover(SITE, there, Prover(), Log(there)).custody
    with pytest.raises(RouterHeld):
        await custody.take()
    assert not custody.taken


async def test_a_driver_without_any_of_it():
    """Is driven as ever."""
    there = MemoryRouter(PRIMARY.address, PRIMARY.gateway)
    custody = Switchover(SITE, there, Prover(), Log(there)).custody
    await custody.take()
    await custody.keep()
    await custody.release()
    assert custody.taken
    assert custody.guards((), 1.0) is None
    assert (await custody.arm("x", (), 1.0), await custody.disarm("x")) == (False, False)
    assert (await run(there))[0].ending is Ending.PROVED


class Ordering(World):
    """What the switchover is ordered to do."""

    def _switch(self, rule, target):
        self.orders = [*getattr(self, "orders", ()), Order.of(self.engine)]
        super()._switch(rule, target)


def test_an_operator_leaves_a_circuit_that_works():
    """And one of which nothing is known: only what is down is not worth coming back to."""
    for seconds in (0.1, 30.0):
        world = Ordering(site(seen=()))
        world.run(seconds)
        world.request("backup")
        world.run(seconds + 1)
        assert [order.leaves_live for order in world.orders] == [True]


def test_a_dead_circuit_is_not_left_alive_and_a_return_is_from_one_that_works():
    """Away from the dead primary: nothing to come back to. Home again: the backup works."""
    world = Ordering(site(return_after=10.0))
    world.run(5)
    world.alive["primary"] = False
    world.run(30)
    world.alive["primary"] = True
    world.run(600)
    told = [(order.rule, order.leaves_live) for order in world.orders]
    assert told == [("active-down", False), ("preferred-recovered", True)]


def test_from_neither_circuit_there_is_nothing_to_come_back_to():
    """A router that is on no circuit is left for one by force."""
    world = Ordering(site(), router=None)
    world.run(5)
    world.request("backup", force=True)
    world.run(6)
    assert [order.leaves_live for order in world.orders] == [False]


@pytest.mark.parametrize("holds", [True, False])
async def test_a_bug_in_cancelling_it_hinders_nobody(holds):
    """All is taken back and the end is told, as where the router does not answer."""

    class Broken(GuardedRouter):
        async def disarm(self, token):
            raise ValueError("12,5 is no number")

    there = Broken(PRIMARY.address, PRIMARY.gateway)
    outcome, book = await run(there, holds)
    assert (outcome.ending, side(there)) == (Ending.UNDONE, "primary")
    assert about(book) == ["ActionBegun", "ActionDone"] + ["ActionFailed"] * (1 + holds)
    assert isinstance(book.entries[-1], log.SwitchoverEnded)
