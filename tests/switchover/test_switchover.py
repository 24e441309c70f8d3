"""The switchover over a router in memory: proved, undone or stuck, and never a mix unsaid."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Interface

import pytest
from structlog.testing import capture_logs

from tests.scenarios.world import site
from tests.support.router import MemoryRouter
from wanfailover.core import entries as log
from wanfailover.core.facts import Ending, SwitchoverStarted
from wanfailover.core.plan import Reach
from wanfailover.errors import ProofFailed
from wanfailover.switchover import Order, Switchover

SITE = site()
PRIMARY, BACKUP = SITE.circuits
ACTIONS = ["SetAddress", "SetGateway", "ForgetConnections", "Announce"]
ESSENTIAL = ACTIONS[:3]


class Prover:
    """Proves, or does not."""

    def __init__(self, holds: bool = True) -> None:
        self.holds = holds
        self.asked: list[tuple[Reach, str]] = []

    async def prove(self, proof, circuit):
        self.asked.append((proof, circuit))
        if not self.holds:
            raise ProofFailed("nobody answered")
        return "icmp 192.0.2.10 answered"


class Log:
    """Keeps entries, and what the router held when each was written."""

    def __init__(self, router: MemoryRouter) -> None:
        self.router = router
        self.entries: list[log.Entry] = []
        self.held: list[object] = []

    async def __call__(self, *entries):
        self.entries += entries
        self.held += [self.router.address for _ in entries]


async def run(router: MemoryRouter, prover: Prover):
    book = Log(router)
    order = Order("s1", "backup", "active-down", "primary is down", automatic=True)
    outcome = await Switchover(SITE, router, prover, book).run(order)
    return outcome, book


def primary_router(*faults: str, **options) -> MemoryRouter:
    return MemoryRouter(PRIMARY.address, PRIMARY.gateway, set(faults), **options)


def side(router: MemoryRouter) -> str | None:
    for circuit in SITE.circuits:
        if (router.address, router.gateway) == (circuit.address, circuit.gateway):
            return circuit.name
    return None


async def test_proved():
    """All actions done, read back, proved: the router is on the target, and everything is told."""
    router = primary_router()
    outcome, book = await run(router, Prover())
    assert (outcome.ending, side(router)) == (Ending.PROVED, "backup")
    assert [type(entry) for entry in book.entries] == [
        log.SwitchoverIntended,
        *[log.ActionBegun, log.ActionDone] * 4,
        log.SwitchoverEnded,
    ]
    assert router.forgotten == [str(PRIMARY.address.ip)]
    assert router.announced == [str(BACKUP.address.ip)]


async def test_intent_is_written_before_the_first_change():
    """When the intent was written, the router still held the old address."""
    _, book = await run(primary_router(), Prover())
    assert isinstance(book.entries[0], log.SwitchoverIntended)
    assert book.held[0] == PRIMARY.address
    intended = book.entries[0]
    assert [name for name, *_ in intended.actions] == ACTIONS


async def test_unproved_is_undone_in_reverse():
    """No proof: everything is taken back, last action first, and the sentence says so."""
    router = primary_router()
    outcome, book = await run(router, Prover(holds=False))
    assert (outcome.ending, side(router)) == (Ending.UNDONE, "primary")
    undone = [entry.name for entry in book.entries if isinstance(entry, log.ActionUndone)]
    assert undone == ACTIONS[::-1]
    assert "nobody answered" in outcome.because
    assert "primary again" in outcome.because


@pytest.mark.parametrize("moment", ["", "after "])
@pytest.mark.parametrize("action", ESSENTIAL)
async def test_a_failing_action_is_undone_with_those_before_it(action, moment):
    """Refused, or lost after it was done: exactly the begun actions are undone."""
    router = primary_router(f"{moment}perform {action}")
    outcome, book = await run(router, Prover())
    assert (outcome.ending, side(router)) == (Ending.UNDONE, "primary")
    begun = [entry.name for entry in book.entries if isinstance(entry, log.ActionBegun)]
    undone = [entry.name for entry in book.entries if isinstance(entry, log.ActionUndone)]
    assert undone == begun[::-1]
    assert begun[-1] == action


async def test_an_action_that_is_not_essential_may_fail():
    """Neighbours that were not told will learn by themselves."""
    outcome, book = await run(primary_router("perform Announce"), Prover())
    assert outcome.ending is Ending.PROVED
    assert any(isinstance(entry, log.ActionFailed) for entry in book.entries)


async def test_nor_need_its_undo_succeed():
    """They will learn that by themselves, too; it is told and nothing is stuck."""
    outcome, book = await run(primary_router("undo Announce"), Prover(holds=False))
    assert outcome.ending is Ending.UNDONE
    assert any(isinstance(entry, log.ActionFailed) for entry in book.entries)


def test_an_order_is_a_fact_when_it_is_carried_out():
    """The engine is told by the order's own name."""
    order = Order("s1", "backup", "active-down", "primary is down", automatic=True)
    assert order.started("primary") == SwitchoverStarted("s1", "primary", "backup", "active-down")


async def test_a_router_that_only_says_yes_is_found_out():
    """It accepted everything and holds nothing: no proof is even asked for."""
    prover = Prover()
    outcome, _ = await run(primary_router(deaf=True), prover)
    assert outcome.ending is Ending.UNDONE
    assert "does not hold them" in outcome.because
    assert prover.asked == []


async def test_undo_that_fails_is_stuck_and_says_why():
    """Neither new nor old: a state of its own, with the mix named."""
    router = primary_router("undo SetGateway")
    outcome, _ = await run(router, Prover(holds=False))
    assert outcome.ending is Ending.STUCK
    assert side(router) is None
    assert "SetGateway" in outcome.because
    assert outcome.view is not None


async def test_an_unreadable_router_is_not_touched():
    """No reading, no plan, no change, no intent."""
    router = primary_router("read")
    outcome, book = await run(router, Prover())
    assert (outcome.ending, outcome.changed) == (Ending.UNDONE, False)
    assert router.calls == ["read"]
    assert book.entries == []


async def test_a_bug_leaves_no_unproved_router():
    """Whatever a prover raises, the router is put back."""

    class Broken(Prover):
        async def prove(self, proof, circuit):
            raise ZeroDivisionError

    router = primary_router()
    outcome, _ = await run(router, Broken())
    assert (outcome.ending, side(router)) == (Ending.UNDONE, "primary")


async def test_a_failed_undo_is_stuck_though_the_route_looks_right():
    """An essential action that could not be taken back is said, whatever else reads back equal."""
    router = primary_router("undo ForgetConnections")
    outcome, _ = await run(router, Prover(holds=False))
    assert (outcome.ending, side(router)) == (Ending.STUCK, "primary")
    assert "ForgetConnections" in outcome.because


async def test_the_netmask_is_read_back():
    """The right address with another netmask is not what was asked for."""

    class Wide(MemoryRouter):
        async def read(self):
            view = await super().read()
            wide = IPv4Interface(f"{view.source}/8")
            return replace(view, addresses=(("wan", wide),)) if self.announced else view

    outcome, _ = await run(Wide(PRIMARY.address, PRIMARY.gateway), Prover())
    assert outcome.ending is not Ending.PROVED


@pytest.mark.parametrize("holds", [True, False])
async def test_an_interrupted_switchover_is_finished_or_taken_back(holds):
    """On the target already: what is left to do, and the way back, are from the source."""
    router = MemoryRouter(BACKUP.address, BACKUP.gateway)
    book = Log(router)
    order = Order("s2", "backup", "finish-interrupted", "crash", automatic=True, left="primary")
    outcome = await Switchover(SITE, router, Prover(holds), book).run(order)
    assert side(router) == ("backup" if holds else "primary")
    assert outcome.ending is (Ending.PROVED if holds else Ending.UNDONE)
    assert str(PRIMARY.address.ip) in router.forgotten


@pytest.mark.parametrize(
    ("action", "undone"), [("SetAddress", []), ("SetGateway", ["undo SetAddress"])]
)
async def test_what_was_not_begun_is_not_undone(action, undone):
    """An action that ended before the router was touched: only those before it are taken back."""
    router = primary_router(f"before perform {action}")
    outcome, _ = await run(router, Prover())
    assert (outcome.ending, side(router)) == (Ending.UNDONE, "primary")
    assert [call for call in router.calls if "undo" in call and "after" not in call] == undone
    assert outcome.changed is bool(undone)
    assert ("nothing was changed" in outcome.because) is not outcome.changed


BUGS = {  # which call is broken: how it ends, and where
    "undo Announce": (Ending.UNDONE, "primary"),
    "undo ForgetConnections": (Ending.STUCK, "primary"),
    "undo SetGateway": (Ending.STUCK, None),
    "undo SetAddress": (Ending.STUCK, None),
    "read": (Ending.STUCK, "primary"),
}


@pytest.mark.parametrize("call", BUGS)
async def test_a_bug_on_the_way_back_keeps_nobody_from_the_rest(call):
    """It counts as a failure: the others are taken back, it is named, logged, and the end is told.

    What is broken on the way back only is a reading whose reply a driver cannot parse.
    """

    class Broken(MemoryRouter):
        def _fail(self, now: str) -> None:
            super()._fail(now)
            if now == call and ("undo SetAddress" in self.calls or now != "read"):
                raise ValueError("12,5 is no number")

    router = Broken(PRIMARY.address, PRIMARY.gateway)
    with capture_logs() as logged:
        outcome, book = await run(router, Prover(holds=False))
    ends, where = BUGS[call]
    assert (outcome.ending, side(router)) == (ends, where)
    assert [c for c in router.calls if c.startswith("undo")] == [f"undo {a}" for a in ACTIONS[::-1]]
    assert ("(ValueError: 12,5 is no number)" in outcome.because) is (ends is Ending.STUCK)
    assert [str(entry["exc_info"]) for entry in logged] == ["12,5 is no number"]
    assert isinstance(book.entries[-1], log.SwitchoverEnded)


async def test_a_bug_on_the_way_there_is_named():
    """Not by its words alone, which may be none."""

    class Broken(Prover):
        async def prove(self, proof, circuit):
            raise ZeroDivisionError

    outcome, _ = await run(primary_router(), Broken())
    assert "ZeroDivisionError" in outcome.because


@pytest.mark.parametrize(
    ("source", "rule", "why"),
    [(PRIMARY, "active-down", "primary is down as well"), (None, "stuck", "it was on no circuit")],
)
async def test_where_going_back_is_no_better_it_stays(source, rule, why):
    """From a dead circuit, and from none: nothing is taken back, and the sentence says why."""
    router = primary_router()
    if source is None:
        router.gateway = BACKUP.gateway
    order = Order("s3", "backup", rule, "x", automatic=True, leaves_dead=source is not None)
    outcome = await Switchover(SITE, router, Prover(holds=False), Log(router)).run(order)
    assert (outcome.ending, side(router), outcome.source) == (
        Ending.UNPROVED,
        "backup",
        source.name if source else None,
    )
    assert outcome.proof_failed
    assert why in outcome.because
