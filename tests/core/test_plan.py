"""Plans: what they do from whatever the router holds, and the way back of each step."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

from tests.scenarios.world import holds, site
from wanfailover.core import plan
from wanfailover.core.facts import RouterView
from wanfailover.core.plan import (
    Announce,
    ForgetConnections,
    Reach,
    RenewTunnel,
    SetAddress,
    SetGateway,
)
from wanfailover.core.site import Tunnel

OFFICE = site()
ON_PRIMARY = holds(OFFICE, "primary", 0.0)
NOTHING = holds(OFFICE, "nowhere", 0.0)


def test_from_one_circuit_to_the_other_in_an_order_that_leaves_no_hole():
    """The address, the gateway, the old connections, the neighbours; then the proof."""
    made = plan.make(OFFICE, "backup", ON_PRIMARY)
    assert made.source == "primary"
    assert [type(step) for step in made.steps] == [
        SetAddress, SetGateway, ForgetConnections, Announce,
    ]  # fmt: skip
    assert [str(step) for step in made.steps] == [
        "set the external address to 198.51.1.2/24 on wan, instead of 198.51.0.2/32",
        "set the default gateway to 198.51.1.1",
        "forget connections that leave from 198.51.0.2",
        "announce 198.51.1.2 to the neighbours",
    ]
    assert [str(proof) for proof in made.proofs] == ["1 far target must answer within 20 s"]


def test_the_way_back_of_the_way_back_is_the_way():
    """Undone twice, each step is itself."""
    for step in plan.make(OFFICE, "backup", ON_PRIMARY).steps:
        back = step.undo()
        assert back is not None
        assert back != step
        assert back.undo() == step


def test_from_nothing_there_is_no_way_back():
    """A router without a default route had nothing that could be restored, nor connections."""
    made = plan.make(OFFICE, "backup", NOTHING)
    assert made.source is None
    assert [type(step) for step in made.steps] == [SetAddress, SetGateway, Announce]
    assert [step.undo() for step in made.steps] == [None, None, None]


def test_tunnels_that_the_router_can_renew_are_renewed_last():
    """And again by the undo; those without a connection come by themselves."""
    renewed = Tunnel("a", "icmp 10.20.0.1", ike="customer", child="lan")
    office = replace(OFFICE, tunnels=(renewed, Tunnel("b", "icmp 10.30.0.1")))
    *_, announce, renew = plan.make(office, "backup", ON_PRIMARY).steps
    assert isinstance(announce, Announce)
    assert renew == RenewTunnel(renewed)
    assert renew.undo() == renew
    assert str(renew) == "renew the tunnel a"


def test_an_address_with_its_netmask_is_put_back_with_it():
    """What the router really holds is restored, and not what a circuit has."""
    held = IPv4Interface("198.51.0.2/29")
    odd = replace(ON_PRIMARY, addresses=(("wan", held),))
    back = plan.make(OFFICE, "backup", odd).steps[0].undo()
    assert isinstance(back, SetAddress)
    assert back.new == held


def test_the_circuit_it_is_on_already_loses_nothing():
    """Put right where it is: no address goes, and no connection."""
    made = plan.make(OFFICE, "primary", replace(ON_PRIMARY, addresses=()))
    assert ForgetConnections not in {type(step) for step in made.steps}


def test_the_rest_of_an_interrupted_way_leads_back_to_where_it_began():
    """The router is on the target already; the way back is to the circuit that was being left."""
    there = holds(OFFICE, "backup", 0.0)
    made = plan.make(OFFICE, "backup", there, left="primary")
    assert made.source == "primary"
    gateway = made.steps[1].undo()
    assert isinstance(gateway, SetGateway)
    assert gateway.new == IPv4Address("198.51.0.1")
    assert plan.make(OFFICE, "backup", there, left="gone").source == "backup"


def test_a_trial_has_less_time_to_prove_itself():
    """And needs as many answers as any."""
    office = site(proof_within=20.0, trial_within=5.0, need=2)
    assert plan.make(office, "backup", ON_PRIMARY, trial=True).proofs == (Reach(2, 5.0),)
    assert plan.make(office, "backup", ON_PRIMARY).proofs == (Reach(2, 20.0),)
    assert str(Reach(2, 5.0)) == "2 far targets must answer within 5 s"


def test_a_line_that_sleeps_is_given_its_time():
    """Where that is longer than a proof's, or a trial's; a quick one has no less for it."""
    office = site(proof_within=20.0, trial_within=5.0)
    for wakes, proof, trial in ((30.0, 30.0, 30.0), (10.0, 20.0, 10.0), (0.0, 20.0, 5.0)):
        slow = tuple(
            replace(each, wake_within=wakes if each.name == "backup" else 99.0)
            for each in office.circuits
        )
        sleepy = replace(office, circuits=slow)
        assert plan.make(sleepy, "backup", ON_PRIMARY).proofs == (Reach(1, proof),)
        assert plan.make(sleepy, "backup", ON_PRIMARY, trial=True).proofs == (Reach(1, trial),)


APART = replace(
    OFFICE,
    circuits=tuple(
        replace(circuit, interface=name)
        for circuit, name in zip(OFFICE.circuits, ("eth1", "eth2"), strict=True)
    ),
)
PRIMARY, BACKUP = (circuit.address for circuit in APART.circuits)
GATES = tuple(circuit.gateway for circuit in APART.circuits)
APART_ON_PRIMARY = RouterView(0.0, GATES[0], PRIMARY.ip, "eth1", (("eth1", PRIMARY),))
THERE = (
    SetAddress(BACKUP, "eth2", PRIMARY, "eth1"),
    SetGateway(GATES[1], BACKUP.ip, "eth2", GATES[0], PRIMARY.ip, "eth1"),
    ForgetConnections(PRIMARY.ip, BACKUP.ip),
    Announce(BACKUP.ip, "eth2", PRIMARY.ip, "eth1"),
)


def test_each_circuit_on_an_interface_of_its_own():
    """Every step names both, so that its undo knows where it was."""
    assert plan.make(APART, "backup", APART_ON_PRIMARY).steps == THERE


def test_the_rest_of_an_interrupted_way_is_that_of_the_whole():
    """Whichever interface the router has reached: the way back is to the circuit's own."""
    there = RouterView(0.0, GATES[1], BACKUP.ip, "eth2", (("eth2", BACKUP),))
    assert plan.make(APART, "backup", there, left="primary").steps == THERE
    alone = plan.make(APART, "backup", there).steps
    assert alone[0] == SetAddress(BACKUP, "eth2", None, "eth2")
    assert plan.make(APART, "backup", there, left="backup").steps == alone
    assert plan.make(APART, "backup", APART_ON_PRIMARY, left="backup").source == "primary"
    one = plan.make(OFFICE, "backup", holds(OFFICE, "backup", 0.0), left="primary").steps[0]
    assert one == SetAddress(BACKUP, "wan", PRIMARY, "wan")


def test_half_of_what_a_router_held_cannot_be_put_back():
    """A gateway without an address to send from is no way out."""
    lost = replace(APART_ON_PRIMARY, source=None)
    address, gateway, *_ = plan.make(APART, "backup", lost).steps
    assert (address.undo(), gateway.undo()) == (None, None)
    assert str(SetAddress(BACKUP, None, None, None)) == (
        "set the external address to 198.51.1.2/24"
    )
