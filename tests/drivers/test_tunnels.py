"""Tunnels that strongSwan ends on the router: their renewal, and what `check` finds about them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from wanfailover.core import plan
from wanfailover.core.facts import RouterView
from wanfailover.core.site import Circuit, Site, Tunnel
from wanfailover.ports import Severity
from wanfailover.transports.shell import Completed
from wanfailover_iproute2.commands import Own, compile_steps, script
from wanfailover_iproute2.plugin import PLUGIN
from wanfailover_iproute2.tunnels import astray, judge, question

PRIMARY = Circuit("primary", IPv4Interface("203.0.113.2/29"), IPv4Address("203.0.113.1"), "wan")
BACKUP = Circuit("backup", IPv4Interface("198.51.100.77/24"), IPv4Address("198.51.100.1"), "wan")
VIEW = RouterView(
    0.0, PRIMARY.gateway, PRIMARY.address.ip, "wan", (("wan", PRIMARY.address),)
)  # fmt: skip
A = Tunnel("a", "icmp 10.20.0.1", ike="customer", child="lan")
SECOND = Tunnel("a2", "icmp 10.21.0.1", ike="customer", child="dmz")
BY_ITSELF = Tunnel("b", "icmp 10.30.0.1")

# As strongSwan 5.9.8 says it of deploy/strongswan/office.conf.
SOUND = (
    "list-conn event {customer {local_addrs=[%any] remote_addrs=[192.0.2.130] version=IKEv2 "
    "reauth_time=0 rekey_time=14400 unique=UNIQUE_NO dpd_delay=10 local-1 {id=office "
    "class=pre-shared key groups=[] cert_policy=[] certs=[] cacerts=[]} remote-1 {id=customer "
    "class=pre-shared key groups=[] cert_policy=[] certs=[] cacerts=[]} children {lan "
    "{mode=TUNNEL rekey_time=3600 rekey_bytes=0 rekey_packets=0 dpd_action=start "
    "close_action=none local-ts=[192.168.10.0/24] remote-ts=[10.20.0.0/24]}}}}\n"
)
END = "list-conns reply {}\n"


def actions(*tunnels: Tunnel, uri: str | None = None):
    office = Site("office", (PRIMARY, BACKUP), tunnels=tunnels)
    made = plan.make(office, "backup", VIEW)
    return compile_steps(made.steps, VIEW, Own(swanctl_uri=uri))


def forgets(connection: str) -> str:
    return (
        f"sas=$(swanctl --list-sas --raw --ike {connection}); "
        'at=${sas#*local-host=}; at=${at%% *}; echo "$sas" | grep -o "remote-ts=[[][^]]*" | '
        'cut -d "[" -f 2 | tr " " "\\n" | '
        'while read -r far; do conntrack -D -d "$far" -q "$at"; done'
    )


def test_what_has_ended_is_begun_all_the_same(tmp_path):
    """The peer has refused us here: there is nothing to end, and swanctl calls that a failure."""
    swanctl = tmp_path / "swanctl"
    swanctl.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/typed\n[ $1 != --terminate ]\n')
    swanctl.chmod(0o755)
    (line,) = actions(A)[-1].does
    typed = script((line, "wait"))
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", typed], env=environment, check=True)
    assert "--initiate" in (tmp_path / "typed").read_text().splitlines()


def test_what_went_past_the_tunnel_is_forgotten(tmp_path):
    """Each far network of each of its tunnels, as far as it has our outside address in use."""
    (tmp_path / "swanctl").write_text(
        "#!/bin/sh\n[ $1 != --list-sas ] || echo 'list-sa event {customer {state=ESTABLISHED "
        "local-host=198.51.100.77 child-sas {lan-1 {remote-ts=[10.20.0.0/24 10.21.0.0/24]} "
        "dmz-2 {remote-ts=[10.22.0.0/16]}}}}'\n"
    )
    (tmp_path / "conntrack").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/typed\n')
    for tool in ("swanctl", "conntrack"):
        (tmp_path / tool).chmod(0o755)
    (line,) = actions(A)[-1].does
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", f"{line} wait"], env=environment, check=True)
    assert (tmp_path / "typed").read_text().splitlines() == [
        f"-D -d {far} -q 198.51.100.77" for far in ("10.20.0.0/24", "10.21.0.0/24", "10.22.0.0/16")
    ]


def test_a_connection_is_ended_by_force_and_begun_after_all_else():
    """In the background, and again by the undo once the old address is back."""
    *_, renew = acts = actions(A, uri="unix:///run/charon.vici")
    line = (
        "{ set +e; swanctl --terminate --force --ike customer --uri unix:///run/charon.vici; "
        "swanctl --initiate --ike customer --child lan --uri unix:///run/charon.vici; "
        f"{forgets('customer --uri unix:///run/charon.vici')}; }} >/dev/null 2>&1 &"
    )
    assert (renew.name, renew.title) == ("renew", "renew the tunnel a")
    assert (renew.does, renew.undoes, renew.essential) == ((line,), (), False)
    assert acts[0].undoes[-1] == line


def test_children_of_one_connection_are_begun_together():
    """It is ended once."""
    (line,) = actions(A, SECOND, BY_ITSELF)[-1].does
    assert line == (
        "{ set +e; swanctl --terminate --force --ike customer; "
        "swanctl --initiate --ike customer --child "
        f"lan; swanctl --initiate --ike customer --child dmz; {forgets('customer')}; }} "
        ">/dev/null 2>&1 &"
    )


def test_what_comes_by_itself_is_let_be():
    """No connection is named, so nothing is typed."""
    assert "renew" not in [action.name for action in actions(BY_ITSELF)]
    assert "swanctl" not in str(actions(BY_ITSELF))


FENCE = Path("deploy/strongswan/fence.nft").read_text()


def rows(listed: str, tunnel: Tunnel = A, rules: str | None = FENCE):
    return [
        (row.severity, row.sentence, row.remedy)
        for row in judge([tunnel], Completed(0, listed + END, ""), rules)
    ]


def test_one_that_stands_on_the_old_address():
    """As the router keeps it; the others are as they should be."""
    listed = (
        "list-sa event {customer {uniqueid=1 local-host=203.0.113.2 child-sas {}}}"
        "\nlist-sa event {other {uniqueid=2 local-host=198.51.100.77 remote-host=192.0.2.9}}\n"
    )
    gone = astray(listed, BACKUP.address.ip)
    assert gone == {"customer"}
    *_, row = judge([A], Completed(0, SOUND + END, ""), FENCE, gone)
    assert row.severity is Severity.RED
    assert "customer still stands on an address that the router does not send from" in row.sentence
    assert row.remedy.startswith("swanctl --terminate --force --ike customer")


@pytest.mark.parametrize(
    "rules",
    ["", FENCE.replace("10.20.0.0/24 rt", "10.20.0.0/25 rt"), FENCE.replace(" drop", " accept")],
)
def test_nothing_keeps_its_packets_in(rules: str):
    """Not even a rule that is much like it."""
    (_, (severity, sentence, remedy)) = rows(SOUND, rules=rules)
    assert severity is Severity.YELLOW
    assert "while the tunnel is down they leave in the clear" in sentence
    assert "fence.nft" in remedy
    assert len(rows(SOUND, rules=None)) == 1


def test_a_sound_connection():
    """Watched, and tied to no address."""
    ((severity, sentence, _),) = rows(SOUND)
    assert severity is Severity.GREEN
    assert sentence == (
        "customer is watched by DPD and tied to no address of ours; "
        "what the peer allows cannot be seen from here"
    )


@pytest.mark.parametrize(
    ("was", "instead", "sentence", "remedy"),
    [
        ("dpd_delay=10 ", "", "DPD is off for customer", "dpd_delay = 10s"),
        ("dpd_delay=10 ", "dpd_delay=0 ", "DPD is off for customer", "dpd_delay = 10s"),
        (
            "local_addrs=[%any]", "local_addrs=[203.0.113.2]",
            "customer is tied to our address 203.0.113.2: it cannot leave it", "%any",
        ),
        (
            "id=office ", "id=203.0.113.2 ",
            "customer is known to its peer by 203.0.113.2, and will be a stranger after a switch",
            "id = office",
        ),
        (
            "id=office ", "",
            "customer is known to its peer by the address it comes from", "id = office",
        ),
    ],
)  # fmt: skip
def test_what_would_keep_it_from_following(was, instead, sentence, remedy):
    """Each has its own sentence."""
    assert was in SOUND
    ((severity, said, cure),) = rows(SOUND.replace(was, instead))
    assert severity is Severity.YELLOW
    assert said.startswith(sentence)
    assert remedy in cure


@pytest.mark.parametrize(
    ("listed", "tunnel", "sentence", "remedy"),
    [
        ("", A, "strongSwan has no connection customer", "it has none"),
        (SOUND, replace(A, ike="custumer"), "strongSwan has no connection custumer", "customer"),
        (SOUND, replace(A, child="dmz"), "customer has no child dmz", "it has lan"),
    ],
)
def test_names_that_strongswan_does_not_know(listed, tunnel, sentence, remedy):
    """Nothing would be renewed, so it is red."""
    ((severity, said, cure),) = rows(listed, tunnel)
    assert (severity, said) == (Severity.RED, sentence)
    assert remedy in cure


@pytest.mark.parametrize(
    ("err", "remedy"),
    [
        ("sh: 1: swanctl: not found", "install strongswan-swanctl"),
        ("plugin 'x': failed\nError: connecting to 'default' URI failed: no such file", "start"),
        ("", "start"),
    ],
)
def test_a_strongswan_that_does_not_answer(err, remedy):
    """Its last words are told."""
    (row,) = judge([A], Completed(127, "", err))
    assert row.severity is Severity.RED
    assert (err.splitlines() or ["no reason given"])[-1] in row.sentence
    assert row.remedy.startswith(remedy)


def test_where_strongswan_is_reached():
    """By default, or where the option says."""
    assert question(None) == "swanctl --list-conns --raw"
    assert question("unix:///run/x") == "swanctl --list-conns --raw --uri unix:///run/x"
    assert PLUGIN.options({"swanctl_uri": "unix:///run/x"}).swanctl_uri == "unix:///run/x"
    assert PLUGIN.options({"swanctl_uri": None}).swanctl_uri is None
