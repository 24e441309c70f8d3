"""Routers that refuse a value, or a restart that is needed and not allowed."""

from __future__ import annotations

import asyncio

import pytest

from tests.drivers.netopia.rig import (
    BACKUP,
    PRIMARY,
    actions_to,
    assert_left_alone,
    confirmed,
    driver,
    edited,
    held,
    on,
    switch,
    unit,
)
from tests.support.clock import virtual_time
from wanfailover.errors import CommandRefused, NeedsRestart, RouterTimeout
from wanfailover.ports import Forgetful
from wanfailover_netopia.values import Values
from wanfailover_netopia.virtual import Unit

HOW = ["bell", "dialog", "revert"]
"""How a unit shows that it does not take a value."""


class Choosy(Unit):
    """Takes the address only when the mask is set already."""

    def wrong(self, key: str, text: str) -> str | None:
        if key == "wan.address" and self.settings["wan.mask"] != str(BACKUP.address.netmask):
            return "Illegal address for this mask."
        return super().wrong(key, text)


class Stubborn(Unit):
    """Takes no other gateway."""

    def wrong(self, key: str, text: str) -> str | None:
        if key == "ip.gateway" and text != str(PRIMARY.gateway):
            return "The gateway is not known here."
        return super().wrong(key, text)


@pytest.mark.parametrize("how", HOW)
@virtual_time
async def test_what_is_refused_is_tried_again(how: str) -> None:
    """The order of the edits is the router's: what it refuses now it may take afterwards."""
    router = Choosy(variant=how)
    who = driver(router)
    await switch(who, "backup")
    assert held(router) == on(BACKUP)
    await who.close()
    assert edited(router) == ["wan.mask", "ip.gateway", "wan.address"]
    assert_left_alone(router)


@pytest.mark.parametrize("how", HOW)
@virtual_time
async def test_what_is_refused_for_good(how: str) -> None:
    """The values of before are put back at once, and the error has the router's words."""
    router = Stubborn(variant=how)
    who = driver(router)
    actions = await actions_to(who, "backup")
    with pytest.raises(CommandRefused, match=r"gateway 198\.51\.100\.1") as caught:
        await who.perform(actions[0])
    assert how != "dialog" or "not known here" in caught.value.words
    assert held(router) == on(PRIMARY)
    assert router.sessions == 0
    await who.undo(actions[0])
    assert held(router) == on(PRIMARY)
    await who.close()
    assert_left_alone(router)


@pytest.mark.parametrize("variant", ["restart", "restart-notice", "restart+snmp-off"])
@virtual_time
async def test_a_restart_that_is_not_allowed(variant: str) -> None:
    """The edits are put back, the step fails as needs-restart, and the next one touches nothing."""
    router = unit(variant)
    notes = Forgetful()
    who = driver(router, restart=False, notes=notes)
    with pytest.raises(NeedsRestart, match="restart"):
        await switch(who, "backup")
    assert held(router) == on(PRIMARY)
    await who.close()
    changes = len(edited(router))
    again = driver(router, restart=False, notes=notes)
    with pytest.raises(NeedsRestart, match="found out before"):
        await switch(again, "backup")
    await again.close()
    assert len(edited(router)) == changes
    assert "restart" not in [entry["event"] for entry in router.log]
    assert_left_alone(router)


@virtual_time
async def test_a_restart_known_to_be_needed_and_forbidden() -> None:
    """The first attempt finds it out and puts back; the second does not begin."""
    router = unit("restart")
    who = driver(router, restart=False)
    with pytest.raises(NeedsRestart):
        await switch(who, "backup")
    edits = edited(router)
    with pytest.raises(NeedsRestart, match="found out before") as caught:
        await switch(who, "backup")
    assert caught.value.untouched
    assert edited(router) == edits
    assert held(router) == on(PRIMARY)
    await who.close()
    assert_left_alone(router)


@pytest.mark.parametrize(
    "variant", ["restart+rw-empty", "restart+snmp-off", "restart+no-private-mib"]
)
@virtual_time
async def test_a_restart_from_the_menu(variant: str) -> None:
    """Where SNMP cannot, the menu does it: that one question is answered, and once."""
    router = unit(variant)
    who = driver(router)
    await switch(who, "backup")
    await who.close()
    assert held(router) == on(BACKUP)
    assert confirmed(router) == ["restart"]
    assert [entry["event"] for entry in router.log].count("restart") == 1


@virtual_time
async def test_a_restart_whose_request_seemed_lost() -> None:
    """A set without an answer may have been heard: it is not repeated before a look."""
    router = unit("restart")
    agent = router.snmp("private", "public")
    told = agent.set

    async def and_no_answer(oid: str, value: int) -> None:
        await told(oid, value)
        raise RouterTimeout("no answer")

    agent.set = and_no_answer  # type: ignore[method-assign]
    who = driver(router, snmp=agent)
    await switch(who, "backup")
    await who.close()
    assert held(router) == on(BACKUP)
    assert [entry["event"] for entry in router.log].count("restart") == 1


@virtual_time
async def test_a_router_that_does_not_come_back() -> None:
    """It is waited for as long as the profile says."""
    router = unit("restart", restart_seconds=600)
    who = driver(router, restart_within=90.0)
    began = asyncio.get_running_loop().time()
    with pytest.raises(RouterTimeout, match="did not come back within 90 s"):
        await switch(who, "backup")
    assert asyncio.get_running_loop().time() - began < 160
    await who.close()


@pytest.mark.parametrize(
    ("variant", "kind"),
    [("classic", "immediate"), ("link-reset", "link-reset"), ("restart", "restart")],
)
@virtual_time
async def test_how_changes_take_effect_is_remembered(variant: str, kind: str) -> None:
    """The second time no time is lost on finding out."""
    router = unit(variant)
    notes = Forgetful()
    who = driver(router, notes=notes)
    actions = await actions_to(who, "backup")
    for action in actions:
        await who.perform(action)
    assert (notes.get(f"netopia-r9100 {router.version}: changes") or "").split()[0] == kind
    back = await actions_to(who, "primary")
    await who.perform(back[0])
    began = asyncio.get_running_loop().time()
    await who.perform(back[1])
    took = asyncio.get_running_loop().time() - began
    assert took < {"immediate": 1, "link-reset": 4, "restart": 35}[kind]
    await who.close()


@virtual_time
async def test_what_holds_already_is_not_touched() -> None:
    """A second time nothing is typed."""
    router = unit()
    who = driver(router)
    actions = await actions_to(who, "backup")
    for _ in range(2):
        for action in actions:
            await who.perform(action)
    assert len(edited(router)) == 3
    assert Values.of(BACKUP) == held(router)[0]
    await who.close()
