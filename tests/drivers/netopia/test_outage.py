"""What a switch is said to cost: patience before one is made is scaled by it."""

from __future__ import annotations

from tests.drivers.netopia.rig import driver, unit
from wanfailover.abilities import Costly
from wanfailover.ports import Forgetful
from wanfailover_netopia.effect import Habit


async def test_a_router_that_must_restart_costs_a_minute():
    """Half of the time it is given to be back; a forbidden restart costs nothing."""
    assert isinstance(driver(unit()), Costly)
    assert driver(unit(), restart=True, restart_within=100.0).outage() == 50.0
    assert driver(unit(), restart=False).outage() < 10.0


async def test_what_was_found_out_counts():
    """A router whose changes hold at once costs no restart, though one is allowed."""
    notes = Forgetful()
    Habit(notes).learn("immediate")
    assert driver(unit(), notes=notes, restart=True).outage() < 10.0
    Habit(notes).learn("restart")
    assert driver(unit(), notes=notes, restart=True, restart_within=90.0).outage() == 45.0
