"""Where a switch ends before anything was typed, nothing is typed to take it back."""

from __future__ import annotations

import pytest

from tests.drivers.netopia.rig import (
    PRIMARY,
    actions_to,
    assert_left_alone,
    driver,
    edited,
    held,
    on,
    switch,
    unit,
)
from tests.support.clock import virtual_time
from wanfailover.errors import NeedsRestart, RouterUnreachable


@virtual_time
async def test_somebody_else_at_the_console() -> None:
    """An operator at work is waited for, and then left to it."""
    router = unit("sessions-1")
    who = driver(router)
    edit, *_ = await actions_to(who, "backup")
    await who.close()
    operator = await router.dial()
    with pytest.raises(RouterUnreachable, match="busy") as caught:
        await who.perform(edit)
    assert caught.value.untouched
    await operator.close()
    assert edited(router) == []
    assert held(router) == on(PRIMARY)
    await who.close()


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
