"""A switch killed on a router whose changes wait for a restart: it runs one, holds another."""

from __future__ import annotations

import asyncio

import pytest

from tests.drivers.netopia.rig import (
    BACKUP,
    PRIMARY,
    SITE,
    Cut,
    assert_left_alone,
    driver,
    held,
    on,
    switch,
    unit,
)
from tests.support.clock import virtual_time
from wanfailover.core.engine import Engine
from wanfailover.core.facts import Ending
from wanfailover.core.memory import Memory
from wanfailover.core.unsettled import Interrupted
from wanfailover.switchover import Order, Switchover
from wanfailover_netopia.virtual import Unit


class Prover:
    async def prove(self, *_: object) -> str:
        return "icmp 192.0.2.10 answered"


async def ignore(*_: object) -> None:
    """No journal is needed to see what becomes of the router."""


async def half_done() -> Unit:
    """An R9100 that runs the primary, and would not after its next restart."""
    for key in range(20, 200, 4):
        router = unit("restart")
        cut = Cut(router, after=key)
        who = driver(router, dial=cut.dial)
        work = asyncio.ensure_future(switch(who, "backup"))
        cut.then = work.cancel
        await asyncio.gather(work, return_exceptions=True)
        router.drop_sessions()
        configured, running = held(router)
        if configured not in (running, on(BACKUP)[0]) and running == on(PRIMARY)[1]:
            return router
    raise AssertionError("no key leaves it half done")


@pytest.mark.parametrize(("restart", "circuit"), [(False, PRIMARY), (True, BACKUP)])
@virtual_time
async def test_the_next_start_puts_it_right(restart: bool, circuit: object) -> None:
    """Finished where a restart is allowed, else taken back; and no word of steady before."""
    router = await half_done()
    who = driver(router, restart=restart)
    view = await who.read()
    assert SITE.identify(view) is PRIMARY
    assert "198.51.100.77" in view.unfinished
    engine = Engine(SITE, memory=Memory(interrupted=Interrupted("s1", "primary", "backup")))
    engine.feed(view, view.at)
    assert engine.decision.rule == "finish-interrupted"
    outcome = await Switchover(SITE, who, Prover(), ignore).run(Order.of(engine))
    assert outcome.ending is (Ending.PROVED if restart else Ending.UNDONE), outcome.because
    assert ("needs-restart" in outcome.because) is not restart
    assert held(router) == on(circuit)
    engine.feed(outcome, view.at + 100)
    assert (await who.read()).unfinished == ""
    await who.close()
    assert_left_alone(router)


@virtual_time
async def test_an_operator_puts_it_right_by_asking_for_what_runs() -> None:
    """`switch primary` types the primary's values again, without a restart."""
    router = await half_done()
    who = driver(router, restart=False)
    await switch(who, "primary")
    assert held(router) == on(PRIMARY)
    assert (await who.read()).unfinished == ""
    await who.close()
    assert_left_alone(router)
