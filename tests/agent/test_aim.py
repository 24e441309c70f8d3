"""Who is asked by which way, and which of the router's ways in for a sign of life."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from wanfailover.aim import Aim
from wanfailover.config import Profile
from wanfailover.config.profile import TunnelSpec
from wanfailover.core.facts import Role
from wanfailover.core.site import Circuit, Policy
from wanfailover.core.site import Path as Vantage
from wanfailover.ports import RouterAccess
from wanfailover.specs import Device, Icmp, Inside

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


def sighted(vantage: Vantage | None, device: Device | None) -> Aim:
    circuit = replace(CIRCUIT, vantage=vantage, device=device and device.name)
    return Aim(
        Profile(
            file=Path("office.yaml"),
            name="office",
            driver="any",
            access=RouterAccess(host=None, transport="local"),
            circuits=(circuit,),
            probes=(Icmp("192.0.2.10"),),
            policy=Policy(),
            devices={circuit.name: device} if device else {},
        )
    )


MODEM = Device("192.168.100.1", "1.3.6.1.2.1.2.2.1.8.1")


@pytest.mark.parametrize("vantage", [None, Vantage(dscp=8), Vantage(device="eth1")])
@pytest.mark.parametrize("active", ["primary", None])
def test_a_modem_is_asked_in_either_case(vantage, active):
    """Whether its circuit is active or idle, seen or not: by ordinary routes, at its own pace."""
    asked = [each for each in sighted(vantage, MODEM).at(active) if each.spec == MODEM]
    (only,) = asked
    assert (only.circuit, only.path) == ("primary", Vantage())
    assert (only.target.role, only.target.name, only.target.every) == (
        Role.DEVICE, "snmp 192.168.100.1", 10.0,
    )  # fmt: skip


def test_an_idle_circuit_is_asked_over_its_mark():
    """Each probe of it carries the code point, the gateway's as well; the active one's do not."""
    aim = sighted(Vantage(dscp=8), None)
    assert {each.path for each in aim.at(None)} == {Vantage(dscp=8)}
    assert {each.path for each in aim.at("primary")} == {Vantage()}


def test_tunnels_are_asked_through_the_router_by_ordinary_packets():
    """On behalf of the circuit that is active; while none is, nobody knows the way."""
    check = Icmp("10.20.0.1", every=2.0)
    profile = Profile(
        file=Path("office.yaml"),
        name="office",
        driver="any",
        access=RouterAccess(host=None, transport="local"),
        circuits=(replace(CIRCUIT, vantage=Vantage(dscp=8)),),
        probes=(),
        policy=Policy(),
        tunnels=(TunnelSpec("customer-a", check),),
    )
    (asked,) = [each for each in Aim(profile).at("primary") if each.target.role is Role.TUNNEL]
    assert (asked.spec, asked.circuit, asked.path) == (check, "primary", Vantage())
    assert (asked.target.name, asked.target.every) == (profile.site().tunnels[0].check, 2.0)
    assert Role.TUNNEL not in {each.target.role for each in Aim(profile).at(None)}


@pytest.mark.parametrize(
    ("vantage", "device", "words"),
    [
        (None, None, None),
        (None, MODEM, "device 192.168.100.1"),
        (Vantage(dscp=8), MODEM, "mark 8"),
        (Vantage(device="eth1"), None, "bind eth1"),
        (Vantage(source=IPv4Address("203.0.113.3")), MODEM, "source 203.0.113.3"),
    ],
)
def test_how_it_is_seen_in_the_profile_s_words(vantage, device, words):
    """As status tells it; the active circuit is seen through the router."""
    aim = sighted(vantage, device)
    circuit = replace(CIRCUIT, vantage=vantage)
    assert aim.vantage(circuit, None) == words
    assert aim.vantage(circuit, "primary") == "through"
