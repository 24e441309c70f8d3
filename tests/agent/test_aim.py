"""Which of the router's ways in are asked for a sign of life."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from wanfailover.aim import Aim
from wanfailover.config import Profile
from wanfailover.core.facts import Circuit, Policy, Role
from wanfailover.ports import RouterAccess
from wanfailover.specs import Icmp, Inside

CIRCUIT = Circuit("primary", IPv4Interface("203.0.113.2/29"), IPv4Address("203.0.113.1"))
HOST = "192.168.1.1"


def controls(**access) -> list:
    profile = Profile(
        file=Path("office.yaml"),
        name="office",
        driver="any",
        access=RouterAccess(**access),
        circuits=(CIRCUIT,),
        probes=(),
        policy=Policy(),
    )
    aim = Aim(profile)
    asked = [each.spec for each in aim.at("primary") if each.target.role is Role.CONTROL]
    assert [spec.name for spec in asked] == [target.name for target in aim.controls]
    return asked


@pytest.mark.parametrize("port", [None, 23, 2323])
def test_telnet_is_never_connected_to(port):
    """Its only session is for whoever must change something: the router is pinged, and no more."""
    assert controls(host=HOST, transport="telnet", port=port) == [Icmp(HOST, every=1.0)]


@pytest.mark.parametrize(("port", "asked"), [(None, 22), (2222, 2222)])
def test_ssh_is_asked_besides_the_ping(port, asked):
    """A router that answers no ping still shows itself there."""
    assert controls(host=HOST, transport="ssh", port=port) == [
        Icmp(HOST, every=1.0),
        Inside(HOST, asked),
    ]


def test_a_router_that_is_this_host_needs_no_sign():
    """Transport local, and no address."""
    assert controls(host=None, transport="local") == []
