"""The driver that goes by two commands: what it says of options and answers; see the contract."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface

import pytest

from tests.drivers.testbed import SWAP
from wanfailover.core import plan
from wanfailover.errors import CommandRefused, DriverError, UnreadableReply
from wanfailover.ports import OptionsWrong, RouterAccess
from wanfailover_command.driver import parsed
from wanfailover_command.plugin import PLUGIN

HELD = "address 203.0.113.2/29\ngateway 203.0.113.1\n"


def driver(**commands: str):
    options = PLUGIN.options(
        {
            "read": "printf 'address 203.0.113.2/29\\ngateway 203.0.113.1\\ninterface wan'",
            "set": "true",
        }
        | commands
    )
    return PLUGIN.build(RouterAccess(host=None, transport="local", options=options))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"set": "x"}, "read: is missing: a command line is needed"),
        ({"read": "x", "set": ""}, "set: is a command line, in one line"),
        ({"read": "x", "set": "a\nb"}, "set: is a command line, in one line"),
        ({"read": "x", "set": "y", "forget": 1}, "forget: is a command line, in one line"),
        ({"read": "x", "set": "y", "sets": "y"}, "sets: is no option of command; it has read, set"),
    ],
)
def test_options_that_cannot_be_used(options: dict[str, object], complaint: str):
    with pytest.raises(OptionsWrong, match=complaint):
        PLUGIN.options(options)


def test_what_it_cannot_do_without():
    """By SSH it must be known where, and as whom."""
    with pytest.raises(DriverError, match=r"needs router\.options"):
        PLUGIN.build(RouterAccess(host=None, transport="local"))
    options = PLUGIN.options({"read": "x", "set": "y"})
    with pytest.raises(DriverError, match=r"needs router\.host and credentials\.username"):
        PLUGIN.build(RouterAccess(host="192.0.2.1", transport="ssh", options=options))


def test_what_is_read():
    """Blank lines are nothing; a router without a default route has no gateway."""
    view = parsed("\naddress 203.0.113.2/29 \n gateway 203.0.113.1\ninterface ppp0\n", 7.0)
    assert (view.at, view.gateway, view.source) == (
        7.0,
        IPv4Address("203.0.113.1"),
        IPv4Address("203.0.113.2"),
    )
    assert view.interface == "ppp0"
    assert view.addresses == (("ppp0", IPv4Interface("203.0.113.2/29")),)
    assert parsed("address 203.0.113.2/29\ngateway\n", 7.0).gateway is None


@pytest.mark.parametrize(
    "text",
    ["", "gateway 203.0.113.1", "address here", f"{HELD}address 192.0.2.7/24", f"{HELD}Welcome!"],
)
def test_what_cannot_be_understood(text: str):
    """Rather nothing than half of it, or a guess."""
    with pytest.raises(UnreadableReply, match="cannot understand the router's address"):
        parsed(text, 7.0)


async def test_a_command_that_fails_is_told_with_its_words():
    refused = "the router refused 'echo no such thing >&2; exit 3': no such thing"
    with pytest.raises(CommandRefused) as caught:
        await driver(read="echo no such thing >&2; exit 3").read()
    assert str(caught.value) == refused
    unable = driver(set="exit 4")
    view = await unable.read()
    (action,) = unable.compile(plan.make(SWAP, "backup", view).steps, view)
    with pytest.raises(CommandRefused, match=r"WAN_GATEWAY=198\.51\.100\.1"):
        await unable.perform(action)


async def test_what_is_typed_is_shown_and_taken_back():
    """Address and gateway are one action; the way back restores what was there."""
    both = driver(set="set-router", forget="forget-flows")
    view = await both.read()
    apply, forget = both.compile(plan.make(SWAP, "backup", view).steps, view)
    there = "WAN_ADDRESS=198.51.100.77/24 WAN_NETMASK=255.255.255.0 WAN_GATEWAY=198.51.100.1"
    back = "WAN_ADDRESS=203.0.113.2/29 WAN_NETMASK=255.255.255.248 WAN_GATEWAY=203.0.113.1"
    assert apply.does == (f"export {there} WAN_INTERFACE=wan; set-router",)
    assert apply.undoes == (f"export {back} WAN_INTERFACE=wan; set-router",)
    assert forget.does == ("export WAN_OLD_ADDRESS=203.0.113.2; forget-flows",)
    assert not forget.essential
