"""Tunnels as an operator sees them: lines of `status`, of `history`, and rows for machines."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from tests.scenarios.world import site
from wanfailover.cli.render import status
from wanfailover.cli.story import tell
from wanfailover.core import entries as log
from wanfailover.core.engine import Engine
from wanfailover.report import Running, Wall, live, stamp
from wanfailover.tunnels import TunnelReading, TunnelState

NOW = datetime(2026, 11, 28, 3, 0, 30, tzinfo=UTC)
UP = TunnelReading(TunnelState.UP, "answering", since=10.0, good=29.0)
DOWN = TunnelReading(TunnelState.DOWN, "no answer within 90 s", since=20.0, good=None)


def report():
    tunnels = {"customer-a": UP, "b": DOWN}
    running = Running("iproute2", 0.0, 0.0, 1, {}, None, tunnels=tunnels)
    return live(Engine(site()), running, Wall(30.0, NOW))


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
