"""Every way in which one R9100 may differ from another, alone and together, there and back."""

from __future__ import annotations

import os
import random

import pytest

from tests.drivers.netopia.rig import (
    BACKUP,
    PRIMARY,
    THREE,
    active,
    assert_left_alone,
    driver,
    edited,
    held,
    on,
    switch,
    unit,
)
from tests.support.clock import virtual_time
from wanfailover.errors import CommandRefused, RouterUnreachable
from wanfailover_netopia.virtual.variants import VARIANTS, parse

CLOSED = {"telnet-off", "refuse-restart"}
"""These make a switch impossible, which has tests of its own."""

COMPOSITIONS = 200 if os.environ.get("WANFAILOVER_SOAK") else 20
"""How many random units; `make soak` asks for more."""

OPEN = sorted(set(VARIANTS) - CLOSED)


def compose(seed: int) -> str:
    """Two to nine variants that do not contradict each other."""
    chance = random.Random(seed)
    while True:
        names = chance.sample(OPEN, chance.randint(2, 9))
        text = "+".join(names)
        # A screen drawn anew at 9600 baud for each character is ten seconds behind what was typed.
        if {"slow", "full-repaint", "idle-timeout"} <= set(names):
            continue
        try:
            parse(text)
        except ValueError:
            continue
        return text


async def there_and_back(variant: str, seed: int = 0) -> None:
    router = unit(variant, seed)
    who = driver(router)
    before = held(router)
    for circuit in (BACKUP, PRIMARY):
        await switch(who, circuit.name)
        assert await active(who) == circuit.name
        assert held(router) == on(circuit)
    await who.close()
    assert set(edited(router)) == THREE
    assert_left_alone(router)
    assert "dhcp" in router.variants or held(router) == before


@pytest.mark.parametrize("variant", ["classic", *OPEN])
@virtual_time
async def test_there_and_back(variant: str) -> None:
    """Whatever the unit is like, three values change, and nothing else does."""
    await there_and_back(variant)


@pytest.mark.parametrize("seed", range(COMPOSITIONS))
@virtual_time
async def test_there_and_back_on_a_random_unit(seed: int) -> None:
    """What it can do alone it can do together."""
    await there_and_back(compose(seed), seed)


@virtual_time
async def test_telnet_switched_off() -> None:
    """Where there is no way in, that is what is said."""
    router = unit("telnet-off+snmp-off")
    who = driver(router)
    with pytest.raises(RouterUnreachable, match="telnet"):
        await who.read()
    await who.close()


@virtual_time
async def test_a_router_that_does_not_restart() -> None:
    """A restart that was asked for in both ways and does not come fails the step, once."""
    router = unit("restart+refuse-restart")
    who = driver(router)
    with pytest.raises(CommandRefused, match="does not restart"):
        await switch(who, "backup")
    await who.close()
    asked = [entry["why"] for entry in router.log if entry["event"] == "restart-refused"]
    assert len(asked) == len(set(asked)) == 2
    assert router.sessions == 0
