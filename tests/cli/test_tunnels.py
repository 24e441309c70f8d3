"""Tunnels as an operator sees them: lines of `status`, of `history`, and rows for machines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import click
import pytest

from tests.scenarios.world import site
from tests.support.router import MemoryRouter
from wanfailover.cli.render import status
from wanfailover.cli.story import tell
from wanfailover.core import entries as log
from wanfailover.core.engine import Engine
from wanfailover.core.site import Tunnel
from wanfailover.ports import RouterAccess
from wanfailover.preflight import renewals
from wanfailover.report import Running, Wall, live, stamp
from wanfailover.tunnels import TunnelReading, TunnelState
from wanfailover_iproute2 import PLUGIN as LINUX

NOW = datetime(2026, 11, 28, 3, 0, 30, tzinfo=UTC)
UP = TunnelReading(TunnelState.UP, "answering", since=10.0, good=29.0)
DOWN = TunnelReading(TunnelState.DOWN, "no answer within 90 s", since=20.0, good=None)


def report():
    tunnels = {"customer-a": UP, "b": DOWN}
    running = Running("iproute2", 0.0, 0.0, 1, {}, None, tunnels=tunnels)
    return live(Engine(site()), running, Wall(30.0, NOW))


ALONE = Tunnel("b", "icmp 10.30.0.1")
RENEWED = replace(ALONE, ike="customer", child="lan")
PRIMARY = site().circuits[0]


@pytest.mark.parametrize(
    ("tunnel", "able", "severity", "words"),
    [
        (RENEWED, True, "green", "swanctl ends customer by force and begins lan"),
        (RENEWED, False, "yellow", "this router's driver cannot renew customer"),
        (ALONE, True, "yellow", "asks its peer again 40 s later"),
    ],
)
def test_whether_it_is_begun_anew(tunnel, able, severity, words):
    """`check` tells what a switch does for it; where nobody is to do anything, nothing is told."""
    office = replace(site(), tunnels=(tunnel,))
    plain = MemoryRouter(PRIMARY.address, PRIMARY.gateway)
    driver = LINUX.build(RouterAccess(None, "local")) if able else plain
    (row,) = renewals(office, driver)
    assert (row.severity, row.subject) == (severity, "tunnel b")
    assert words in row.sentence
    alone = replace(office, tunnels=(ALONE,))
    assert not list(renewals(alone, plain))


def test_a_row_for_each():
    """State, since when, and when traffic last passed; null where it never did."""
    assert report()["tunnels"] == [
        {
            "name": "customer-a",
            "state": "up",
            "because": "answering",
            "since": stamp(NOW.replace(second=10)),
            "last_good": stamp(NOW.replace(second=29)),
        },
        {
            "name": "b",
            "state": "down",
            "because": "no answer within 90 s",
            "since": stamp(NOW.replace(second=20)),
            "last_good": None,
        },
    ]


def test_a_line_for_each():
    """Below the circuits'."""
    lines = [click.unstyle(line) for line in status(report()).splitlines()]
    a, b = [line for line in lines if "tunnel" in line]
    assert a.startswith("  tunnel customer-a  up        answering, since ")
    assert "last good" in a
    assert b.startswith("  tunnel b           down      no answer within 90 s, since ")
    assert "last good" not in b


def test_what_history_says():
    """Of a change, and of the finding."""
    changed = log.TunnelChanged("customer-a", "renewing", "up", "answering")
    assert click.unstyle(tell(changed) or "") == "tunnel customer-a is up: answering"
    failed = log.TunnelsFailed("backup", "none has come up on backup")
    assert tell(failed) == "tunnels: none has come up on backup"
