"""Names and passwords, given well and badly."""

from __future__ import annotations

import pytest

from tests.drivers.netopia.rig import PASSWORD, assert_left_alone, driver, unit
from tests.support.clock import virtual_time
from wanfailover.errors import LoginRefused
from wanfailover.ports import Secret


@pytest.mark.parametrize("password", ["Geheim€123", "Gehäuse1", "two\rlines"])
@virtual_time
async def test_what_cannot_be_typed_is_refused_before_it_is_typed(password: str) -> None:
    """One sentence, without the password; the router hears nothing of it."""
    router = unit("password")
    who = driver(router, password=Secret(password))
    with pytest.raises(LoginRefused, match="cannot be typed") as caught:
        await who.read()
    await who.close()
    assert password not in f"{caught.value!r}"
    assert not [entry for entry in router.log if entry["event"] == "key"]
    assert_left_alone(router)


@virtual_time
async def test_a_name_that_is_asked_for_and_not_given_is_named() -> None:
    """Who gives a password alone is told that this router wants a name, too."""
    router = unit("password")
    who = driver(router, username=None, password=Secret(PASSWORD))
    with pytest.raises(LoginRefused, match="asks for a name"):
        await who.read()
    await who.close()
