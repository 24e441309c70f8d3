"""The driver's options, and how it is found."""

from __future__ import annotations

import pytest

from wanfailover import plugins
from wanfailover.abilities import Inspectable
from wanfailover.errors import DriverError
from wanfailover.ports import OptionsWrong, RouterAccess
from wanfailover_iproute2.plugin import PLUGIN, Options


def test_is_found_by_its_entry_point() -> None:
    """Its name in a profile leads here."""
    assert plugins.load("iproute2") is PLUGIN


def test_ssh_is_the_default() -> None:
    """Without a word on transport it is SSH."""
    assert PLUGIN.transports == ("ssh", "local")


def test_options_have_defaults() -> None:
    """No option must be given."""
    assert PLUGIN.options({}) == Options(sudo=False, after=(), undo=(), netns=None)


def test_options_are_taken_over() -> None:
    """Every known option arrives."""
    raw = {"sudo": True, "swanctl_uri": None, "after": ["a"], "undo": ["b", "c"], "netns": "rtr"}
    assert PLUGIN.options(raw) == Options(True, None, ("a",), ("b", "c"), "rtr")


URI = "is where strongSwan listens, such as unix:///run/charon.vici; or null"


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"sudoo": True}, "is no option of iproute2; did you mean 'sudo'?"),
        (
            {"snmp_port": 161},
            "is no option of iproute2; it has sudo, swanctl_uri, after, undo, netns",
        ),
        ({"sudo": "yes"}, "is true or false"),
        ({"swanctl_uri": "/run/vici"}, URI),
        ({"swanctl_uri": "unix:///run/$(reboot) x"}, URI),
        ({"swanctl_uri": 7}, URI),
        ({"after": "nft -f x"}, "is a list of command lines, each a text of its own"),
        ({"undo": [1]}, "is a list of command lines, each a text of its own"),
        ({"undo": [" "]}, "is a list of command lines, each a text of its own"),
        ({"netns": "--help"}, "is the name of a network namespace, as `ip netns list` shows it"),
        ({"netns": "../x"}, "is the name of a network namespace, as `ip netns list` shows it"),
    ],
)
def test_wrong_options(raw: dict[str, object], sentence: str) -> None:
    """Each option that cannot be used has one sentence that says what would be right."""
    with pytest.raises(OptionsWrong) as caught:
        PLUGIN.options(raw)
    assert caught.value.wrong == ((next(iter(raw)), sentence),)


def test_all_wrong_options_are_told_at_once() -> None:
    """Two mistakes are two sentences."""
    with pytest.raises(OptionsWrong) as caught:
        PLUGIN.options({"sudo": 1, "afters": []})
    assert [key for key, _ in caught.value.wrong] == ["sudo", "afters"]


def test_a_namespace_is_for_this_host() -> None:
    """A network namespace together with SSH is refused before anything is tried."""
    access = RouterAccess(host="192.0.2.1", transport="ssh", options=Options(netns="rtr"))
    with pytest.raises(DriverError, match="netns is for transport local, not for ssh"):
        PLUGIN.build(access)


@pytest.mark.parametrize("given", [{"host": None, "username": "x"}, {"host": "192.0.2.1"}])
def test_ssh_needs_to_know_where_and_who(given: dict[str, str]) -> None:
    """Without host or user nothing is tried, and the profile's keys are named."""
    with pytest.raises(DriverError, match=r"needs router\.host and credentials\.username"):
        PLUGIN.build(RouterAccess(transport="ssh", **given))


def test_building_does_not_connect() -> None:
    """A driver can be had without its router, and can inspect."""
    driver = PLUGIN.build(RouterAccess(host="192.0.2.1", transport="ssh", username="x"))
    assert isinstance(driver, Inspectable)
