"""An office as the core knows it: whose address that is, and how often whom is asked."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from tests.scenarios.world import holds, site
from wanfailover.core.facts import ProbeSample, Result, Role, RouterView
from wanfailover.core.reading import State
from wanfailover.core.site import Detect, Policy, Target, Tunnel
from wanfailover.core.site import Path as Vantage

OFFICE = site()
PRIMARY, BACKUP = OFFICE.circuits
ON_PRIMARY = holds(OFFICE, "primary", 0.0)
NETMASK = RouterView(
    0.0, PRIMARY.gateway, PRIMARY.address.ip, "wan",
    (("lan", IPv4Interface("192.168.10.1/16")), ("wan", PRIMARY.address)),
)  # fmt: skip


def test_a_circuit_is_known_by_its_name():
    """Another name is an error."""
    assert OFFICE.circuit("backup") is BACKUP
    with pytest.raises(KeyError, match="lte"):
        OFFICE.circuit("lte")


def test_the_router_is_on_a_circuit_by_all_that_it_holds():
    """Next hop, source and netmask; an interface only where the circuit has one."""
    assert OFFICE.identify(ON_PRIMARY) is PRIMARY
    assert OFFICE.identify(holds(OFFICE, "backup", 0.0)) is BACKUP
    assert OFFICE.identify(replace(ON_PRIMARY, gateway=BACKUP.gateway)) is None
    assert OFFICE.identify(replace(ON_PRIMARY, source=BACKUP.address.ip)) is None
    assert OFFICE.identify(NETMASK) is PRIMARY
    narrow = IPv4Interface(f"{PRIMARY.address.ip}/29")
    assert OFFICE.identify(replace(NETMASK, addresses=(("wan", narrow),))) is None
    apart = replace(OFFICE, circuits=(replace(PRIMARY, interface="wan"), BACKUP))
    assert apart.identify(ON_PRIMARY) is apart.circuits[0]
    assert apart.identify(replace(ON_PRIMARY, interface="lan")) is None


def test_a_netmask_is_that_of_the_address():
    """None where the router does not say."""
    assert NETMASK.netmask_of(PRIMARY.address.ip) == 24
    assert NETMASK.netmask_of(IPv4Address("192.168.10.1")) == 16
    assert NETMASK.netmask_of(IPv4Address("192.168.10.2")) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [("icmp 192.0.2.10", "icmp"), ("tcp 192.0.2.80:443", "tcp"), ("dns:192.0.2.53", "dns")],
)
def test_a_targets_kind_is_its_first_word(name: str, kind: str):
    """Whichever way its name is printed."""
    assert Target(name, Role.FAR, 1.0).kind == kind


@pytest.mark.parametrize(
    ("every", "metered"), [(0.5, 5.0), (5.0, 50.0), (10.0, 60.0), (90.0, 90.0)]
)
def test_where_traffic_is_paid_for_it_is_asked_seldom(every: float, metered: float):
    """Ten times, but once a minute at least, and never oftener than usual."""
    assert replace(PRIMARY, metered=True).idle_pace(every) == metered
    assert PRIMARY.idle_pace(every) == every


def test_a_mark_is_a_vantage_with_a_code_point():
    """An interface of ours is a vantage without."""
    assert replace(PRIMARY, vantage=Vantage(dscp=1)).marked is True
    assert replace(PRIMARY, vantage=Vantage(device="eth1")).marked is False
    assert replace(PRIMARY, vantage=None).marked is False


def test_a_circuits_gateway_is_pinged_once_a_second():
    """As a diagnosis."""
    assert PRIMARY.gateway_target == Target(f"icmp {PRIMARY.gateway}", Role.GATEWAY, 1.0)


def test_states_are_ordered_by_evidence():
    """Unknown is no good, but better than down."""
    best_first = [State.UP, State.DEGRADED, State.UNKNOWN, State.DOWN]
    assert sorted(State, key=lambda state: -state.rank) == best_first
    assert [state.rank for state in best_first] == [3, 2, 1, 0]


def test_a_packet_is_missed_where_it_was_sent_again_too():
    """TCP tries by itself: an answer that came in the end has cost a packet."""
    answer = ProbeSample("primary", "tcp 192.0.2.80:443", Role.FAR, 0.0, Result.ANSWERED, 0.1)
    missed = [
        sample.missed
        for sample in (
            answer,
            replace(answer, retries=1),
            replace(answer, result=Result.LOST),
            replace(answer, result=Result.UNSENT),
        )
    ]
    assert missed == [False, True, True, False]


PROFILES = Path(__file__).parents[2] / "profiles/README.md"
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, " %": 0.01, "": 1.0}
DOCUMENTED = {
    "need": "need",
    "policy.dwell": "dwell",
    "policy.switches_per_hour": "switches_per_hour",
    "policy.degraded": "degraded",
    "policy.proof_within": "proof_within",
    "policy.reconcile.every": "reconcile_every",
    "policy.reconcile.drift": "drift",
    "failback.method": "failback",
    "failback.after": "return_after",
    "failback.trial.every": "trial_every",
    "failback.trial.within": "trial_within",
    "detect.false_failovers_per_year": "false_per_year",
    "detect.first_silence": "first_silence",
    "detect.first_bad_seconds": "first_bad_seconds",
    "detect.patience.least": "least",
    "detect.patience.most": "most",
    "detect.enough_probes": "enough",
    "detect.bad_share": "bad_share",
    "detect.spared_share": "spared_share",
    "detect.muted_after": "muted_after",
    "detect.timeout.least": "timeout_least",
    "detect.timeout.most": "timeout_most",
    "detect.fast.every": "fast",
    "detect.fast.for": "fast_for",
    "detect.stall": "stall",
    "tunnels.within": "within",
}


@pytest.mark.parametrize(("key", "name"), DOCUMENTED.items())
def test_what_a_profile_leaves_out_is_as_documented(key: str, name: str):
    """The table of keys gives the default that the core has."""
    row = re.search(rf"^\| `{key}` \| `(.+?)` \|", PROFILES.read_text(), re.MULTILINE)
    assert row is not None
    number = re.fullmatch(r"([\d.]+)(.*)", row[1])
    documented = float(number[1]) * UNITS[number[2]] if number else row[1]
    kinds = (Policy(), Detect(), Tunnel("lyon", "icmp 10.20.0.1"))
    default = getattr(next(kind for kind in kinds if hasattr(kind, name)), name)
    assert default == (pytest.approx(documented) if number else documented)


def test_a_switch_costs_nothing_where_no_driver_says():
    """Then every silence that is longer than patience is worth one."""
    assert Policy().switch_cost == 0.0
