"""How variants are named and put together."""

from __future__ import annotations

import pytest

from tests.support.clock import virtual_time
from tests.virtual.user import at_console
from wanfailover_netopia.virtual import Unit
from wanfailover_netopia.virtual.variants import VARIANTS, parse


@pytest.mark.parametrize(
    "pair",
    [
        "fw3+fw410",
        "restart+link-reset",
        "bell+dialog",
        "minimal-diff+full-repaint",
        "sessions-1+sessions-3",
        "rw-empty+rw-custom",
        "snmp-off+rw-custom",
        "telnet-off+prompts-spaced",
        "password+telnet-off",
        "vpn-row+no-vpn-screen",
        "vpn-row+fw3",
        "fixed-server+fw3",
        "cursor-highlight+highlight-value",
    ],
)
def test_contradictions(pair: str) -> None:
    """Two that contradict each other are refused with a sentence that names both."""
    one, other = pair.split("+")
    with pytest.raises(ValueError, match="contradict each other") as refused:
        parse(pair)
    assert one in str(refused.value)
    assert other in str(refused.value)


def test_unknown() -> None:
    """What does not exist is refused, and what exists is listed."""
    with pytest.raises(ValueError, match=r"no variant 'fw9'.*minimal-diff"):
        parse("classic+fw9")


@pytest.mark.parametrize("text", ["", "classic", "classic+classic"])
def test_classic(text: str) -> None:
    """The usual unit is none of them."""
    assert parse(text) == frozenset()


def test_two_times() -> None:
    """One idle time-out is enough."""
    with pytest.raises(ValueError, match="more than one time"):
        parse("idle-timeout+idle-timeout-4")


@virtual_time
@pytest.mark.parametrize("name", sorted(set(VARIANTS) - {"telnet-off"}))
async def test_each_alone(name: str) -> None:
    """Every one can be had alone, and shows a first screen."""
    user = await at_console(Unit(name))
    assert user.title.startswith("Netopia") or "name:" in user.text or "password:" in user.text


@virtual_time
async def test_many_together() -> None:
    """They compose."""
    names = "fw410+shuffled+extra-items+mask-hidden+append+no-clear+stay+minimal-diff+segmented"
    unit = Unit(f"{names}+esc-timer+restart-notice+dialog+sessions-2+cli+rw-custom+vpn-row+wrap")
    user = await at_console(
        unit, "WAN Configuration...", "WAN (Wide Area", "Ethernet (Wan Module 1)"
    )
    assert user.value("Local WAN IP Address:") == "203.0.113.2"
