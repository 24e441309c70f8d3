"""The driver on a unit that has nothing in common with the virtual one but the facts."""

from __future__ import annotations

import asyncio
from itertools import product

import pytest

from tests.drivers.netopia.other import Kind, Other
from tests.drivers.netopia.rig import INSIDE, SITE, actions_to, active, switch
from tests.support.clock import virtual_time
from wanfailover.errors import CommandRefused
from wanfailover.ports import Forgetful
from wanfailover_netopia.driver import Netopia, Router

KINDS = [
    Kind(highlight=highlight, wrap=wrap, listed=listed, on_return=on_return)
    for highlight, wrap, listed, on_return in product(
        ("row", "label", "cursor"), (False, True), (False, True), ("next", "stay")
    )
]


def driver(of: Other) -> Netopia:
    return Netopia(
        Router(host=INSIDE, dial=of.dial, notes=Forgetful(), circuits=SITE.circuits, snmp=None)
    )


async def there_and_back(kind: Kind) -> None:
    router = Other(kind)
    before = dict(router.values)
    who = driver(router)
    for target in ("backup", "primary"):
        await switch(who, target)
        assert await active(who) == target
    assert router.values == before
    assert sorted(router.edits) == sorted(["address", "mask", "gateway"] * 2)
    await who.close()
    assert router.sessions == 0
    assert router.done == []


@pytest.mark.parametrize("kind", KINDS, ids=str)
@virtual_time
async def test_there_and_back(kind: Kind) -> None:
    """Highlights, lists and keys of another kind are no hindrance."""
    await there_and_back(kind)


@pytest.mark.parametrize(
    "kind",
    [
        Kind(title="Netopia 3366 V 8.4", help="Choose."),
        Kind(title="R9100", help="You always start from this main screen."),
        Kind(title="R9100", help="Choose."),
        Kind(
            mask="Local WAN IP Mask", address="Local WAN IP Address", gateway="Default IP Gateway"
        ),
        Kind(mask="WAN Ethernet Netmask", address="WAN Ethernet IP Address"),
    ],
    ids=lambda kind: f"{kind.title}, {kind.help}, {kind.mask}",
)
@virtual_time
async def test_other_words(kind: Kind) -> None:
    """The Main Menu is known by any of its signs, and a field by any of its names."""
    await there_and_back(kind)


@pytest.mark.parametrize(
    "kind",
    [
        Kind(opens=True),
        Kind(opens=True, on_return="stay"),
        Kind(quick="gateway"),
        Kind(quick="none"),
    ],
    ids=lambda kind: f"opens={kind.opens}, {kind.on_return}, quick={kind.quick}",
)
@virtual_time
async def test_other_ways(kind: Kind) -> None:
    """Fields may have to be opened, and Quick View may tell less, or not be there."""
    await there_and_back(kind)


@virtual_time
async def test_how_to_type_is_found_out_once() -> None:
    """Fields that have to be opened are opened at once the next time, also in another session."""
    router = Other(Kind(opens=True))
    who = driver(router)
    took = []
    for target in ("backup", "primary"):
        (edit, *_) = await actions_to(who, target)
        began = asyncio.get_running_loop().time()
        await who.perform(edit)
        took.append(asyncio.get_running_loop().time() - began)
        await who.close()
    assert took[1] < took[0] / 2


@pytest.mark.parametrize("opens", [False, True])
@virtual_time
async def test_a_field_that_is_blank(*, opens: bool) -> None:
    """There is nothing to clear in it; where typing shows nothing, it has to be opened first."""
    router = Other(Kind(opens=opens, quick="none"))
    router.values["gateway"] = ""
    who = driver(router)
    await switch(who, "backup")
    assert await active(who) == "backup"
    await who.close()


@pytest.mark.parametrize("name", ["address", "mask", "gateway"])
@virtual_time
async def test_a_value_that_is_not_stored(name: str) -> None:
    """It was shown as taken; only coming back to its screen tells, and then all is put back."""
    router = Other(Kind(forgets=name))
    before = dict(router.values)
    who = driver(router)
    with pytest.raises(CommandRefused, match=name):
        await switch(who, "backup")
    assert router.values == before
    await who.close()


@pytest.mark.parametrize("stays", [False, True])
@virtual_time
async def test_a_question_that_is_not_understood(stays: bool) -> None:
    """It is answered with CANCEL, all is put back, and the error has its words."""
    router = Other(Kind(asks="All sessions will be reset. Go on?", stays=stays))
    before = dict(router.values)
    who = driver(router)
    with pytest.raises(CommandRefused, match="All sessions will be reset"):
        await switch(who, "backup")
    assert router.values == before
    await who.close()
    assert router.done == []
