"""What every driver must do, whatever its router: see `wanfailover.ports.RouterDriver`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import pytest

from tests.contract.benches import DRIVERS, Bench
from wanfailover import plugins
from wanfailover.abilities import Claiming, DeadMan, Inspectable
from wanfailover.core import plan
from wanfailover.errors import (
    DriverError,
    LoginRefused,
    RouterHeld,
    RouterTimeout,
    RouterUnreachable,
)
from wanfailover.ports import Action, RouterDriver, Severity

SILENCE_NOTICED_WITHIN = 15.0
"""Seconds in which a driver must give a silent router up, whatever it was asked."""


def test_every_installed_driver_is_on_a_bench() -> None:
    """No driver escapes this suite."""
    assert set(plugins.names()) == DRIVERS


async def actions_to(bench: Bench, driver: RouterDriver, target: str) -> tuple[Action, ...]:
    view = await driver.read()
    return driver.compile(plan.make(bench.site, target, view).steps, view)


async def perform(driver: RouterDriver, actions: Iterable[Action]) -> None:
    for action in actions:
        await driver.perform(action)


async def undo(driver: RouterDriver, actions: tuple[Action, ...]) -> None:
    for action in reversed(actions):
        await driver.undo(action)


async def active(bench: Bench, driver: RouterDriver) -> str | None:
    circuit = bench.site.identify(await driver.read())
    return circuit.name if circuit else None


async def test_reads_what_the_router_holds(bench: Bench) -> None:
    """The view is the router's own: its circuit, its addresses, and when it was read."""
    driver = bench.driver()
    view = await driver.read()
    first = bench.site.circuits[0]
    assert bench.site.identify(view) == first
    assert first.address in [address for _, address in view.addresses]
    assert time.monotonic() - view.at < 5
    await driver.close()


async def test_there_and_back(bench: Bench) -> None:
    """A switch puts the router on the circuit asked for, in either direction."""
    driver = bench.driver()
    for target in ("backup", "primary", "backup"):
        await perform(driver, await actions_to(bench, driver, target))
        assert await active(bench, driver) == target
    await driver.close()


async def test_compiling_touches_nothing(bench: Bench) -> None:
    """Actions can be had, complete and readable, while the router stays as it is."""
    driver = bench.driver()
    before = bench.held()
    actions = await actions_to(bench, driver, "backup")
    assert bench.held() == before
    assert len({action.name for action in actions}) == len(actions) > 0
    for action in actions:
        assert action.title
        assert action.does
        assert not [line for line in action.does + action.undoes if "\n" in line or not line]
    await driver.close()


async def test_performing_twice_does_no_harm(bench: Bench) -> None:
    """Each action may be repeated at once, and all of them afterwards."""
    driver = bench.driver()
    actions = await actions_to(bench, driver, "backup")
    await perform(driver, [again for action in actions for again in (action, action)])
    held = bench.held()
    await perform(driver, actions)
    assert bench.held() == held
    await driver.close()


async def test_undo_restores_what_was_there(bench: Bench) -> None:
    """From after each action the way back leads to the beginning, and so a second time."""
    driver = bench.driver()
    before = bench.held()
    actions = await actions_to(bench, driver, "backup")
    for begun in range(1, len(actions) + 1):
        await perform(driver, actions[:begun])
        for _ in range(2):
            await undo(driver, actions[:begun])
            assert bench.held() == before
    await driver.close()


async def test_undo_of_what_was_never_done(bench: Bench) -> None:
    """An action that was begun but did nothing can be undone."""
    driver = bench.driver()
    before = bench.held()
    await undo(driver, await actions_to(bench, driver, "backup"))
    assert bench.held() == before
    await driver.close()


async def test_losing_the_session_after_every_action(bench: Bench) -> None:
    """A driver that finds itself logged out logs in again and goes on."""
    driver = bench.driver()
    before = bench.held()
    actions = await actions_to(bench, driver, "backup")
    for action in actions:
        bench.lose_session()
        await driver.perform(action)
    bench.lose_session()
    assert await active(bench, driver) == "backup"
    for action in reversed(actions):
        bench.lose_session()
        await driver.undo(action)
    assert bench.held() == before
    await driver.close()


async def test_closing_is_not_the_end(bench: Bench) -> None:
    """A closed driver may be closed again, and logs in when it is next asked."""
    driver = bench.driver()
    for _ in range(2):
        assert await active(bench, driver) == "primary"
        await driver.close()
        await driver.close()


async def test_from_a_state_that_is_no_circuits(bench: Bench) -> None:
    """A router that somebody changed is seen so, can be switched, and put back as found."""
    bench.disturb()
    driver = bench.driver()
    before = bench.held()
    assert await active(bench, driver) is None
    actions = await actions_to(bench, driver, "backup")
    await perform(driver, actions)
    assert await active(bench, driver) == "backup"
    await undo(driver, actions)
    assert bench.held() == before
    await driver.close()


async def test_a_change_by_somebody_else_is_seen(bench: Bench) -> None:
    """Every reading is a new one."""
    driver = bench.driver()
    assert await active(bench, driver) == "primary"
    bench.disturb()
    assert await active(bench, driver) is None
    await driver.close()


async def test_wrong_credentials(bench: Bench) -> None:
    """Who is refused is told so, in one sentence, without the secret."""
    for access in bench.strangers():
        driver = bench.build(access)
        with pytest.raises(LoginRefused) as caught:
            await driver.read()
        assert "hunter2" not in f"{caught.value!r} {access!r}"
        await driver.close()


async def test_a_silent_router(bench: Bench) -> None:
    """A router that falls silent between reading and acting is given up in bounded time."""
    driver = bench.driver()
    actions = await actions_to(bench, driver, "backup")
    bench.silence()
    began = time.monotonic()
    with pytest.raises((RouterUnreachable, RouterTimeout)):
        await driver.perform(actions[0])
    assert time.monotonic() - began < SILENCE_NOTICED_WITHIN
    await driver.close()


@pytest.mark.timeout(180)
async def test_a_slow_router(bench: Bench) -> None:
    """Slowness alone fails nothing."""
    driver = bench.driver()
    actions = await actions_to(bench, driver, "backup")
    await driver.close()
    with bench.slow():
        await perform(driver, [action for action in actions if action.essential])
        await driver.close()
    assert await active(bench, driver) == "backup"
    await driver.close()


async def test_two_writers(bench: Bench) -> None:
    """Two at once end on one circuit whole, or one of them fails: never a silent mixture."""

    async def switch(driver: RouterDriver, target: str) -> None:
        for action in await actions_to(bench, driver, target):
            try:
                await driver.perform(action)
            except DriverError:
                if action.essential:
                    raise

    one, other = bench.driver(), bench.driver()
    ends = await asyncio.gather(
        switch(one, "backup"), switch(other, "primary"), return_exceptions=True
    )
    failed = [end for end in ends if isinstance(end, BaseException)]
    assert all(isinstance(end, DriverError) for end in failed)
    assert failed or await active(bench, one) in {"primary", "backup"}
    await one.close()
    await other.close()


async def test_inspecting_changes_nothing(bench: Bench) -> None:
    """A driver that can look round finds a healthy router healthy, and leaves it alone."""
    driver = bench.driver()
    if not isinstance(driver, Inspectable):
        pytest.skip("this driver does not look round")
    before = bench.held()
    found = await driver.inspect()
    assert bench.held() == before
    assert [finding for finding in found if finding.severity is Severity.RED] == []
    await driver.close()


def guarded(driver: RouterDriver) -> DeadMan:
    if not isinstance(driver, DeadMan):
        pytest.skip("this driver leaves no timed undo on its router")
    return driver


async def within(seconds: float, bench: Bench, held: object) -> bool:
    """Wait for the router to hold it."""
    until = time.monotonic() + seconds
    while bench.held() != held:
        if time.monotonic() > until:
            return False
        await asyncio.sleep(0.1)
    return True


async def test_a_timed_undo_fires_though_we_are_gone(bench: Bench) -> None:
    """Nobody cancels it: the router goes back by itself, once, and tells whoever asks."""
    driver = bench.driver()
    guard = guarded(driver)
    before = bench.held()
    actions = await actions_to(bench, driver, "backup")
    assert await guard.arm("contract.1", actions, 3)
    await perform(driver, actions)
    assert bench.held() != before
    bench.lose_session()
    await driver.close()
    assert await within(10, bench, before)
    other = bench.driver()
    again = guarded(other)
    assert await again.armed() == ("contract.1",)
    assert await again.disarm("contract.1")
    assert (await again.armed(), await again.disarm("contract.1")) == ((), False)
    assert bench.held() == before
    await other.close()


async def test_a_timed_undo_that_is_cancelled_never_fires(bench: Bench) -> None:
    """By whoever knows its token, also from another session."""
    driver = bench.driver()
    guard = guarded(driver)
    actions = await actions_to(bench, driver, "backup")
    assert await guard.arm("contract.1", actions, 6)
    assert await guard.arm("contract.2", actions, 600)
    await perform(driver, [action for action in actions if action.essential])
    bench.lose_session()
    armed = sorted(await guard.armed())
    assert armed == ["contract.1", "contract.2"]
    assert [await guard.disarm(token) for token in armed] == [False, False]
    held = bench.held()
    await asyncio.sleep(8)
    assert bench.held() == held
    assert await active(bench, driver) == "backup"
    await driver.close()


async def test_two_writers_are_told_of_each_other(bench: Bench) -> None:
    """Who claims the router has it until it lets go, over sessions that come and go."""
    one, other = bench.driver(), bench.driver()
    if not (isinstance(one, Claiming) and isinstance(other, Claiming)):
        pytest.skip("this driver writes no name on its router")
    before = bench.held()
    assert await one.claim("one") == ""
    bench.lose_session()
    with pytest.raises(RouterHeld, match="one has changed this router"):
        await other.claim("the other")
    assert await one.claim("one") == ""
    assert bench.held() == before
    await one.release()
    assert await other.claim("the other") == ""
    await other.release()
    await one.close()
    await other.close()
