"""Port 25 blocked on the idle circuit is told from a dead circuit and from a dead server."""

from __future__ import annotations

import pytest

from wanfailover.core.facts import Result
from wanfailover.mail.blocked import findings, outside
from wanfailover.ports import ProbeResult
from wanfailover.specs import Icmp, Mail, Smtp

PING, MX, OTHER = Icmp("192.0.2.10"), Smtp("192.0.2.25"), Smtp("192.0.2.26", 2525)
WELL = ProbeResult(Result.ANSWERED, rtt=0.01)
SILENT = ProbeResult(Result.LOST, detail="no answer")
BLOCKED = ProbeResult(Result.LOST, step="connect", detail="no answer within 5 s")
GRUMPY = ProbeResult(Result.LOST, step="banner", detail="554 go away")


def subjects(backup: dict, primary: dict) -> list[str]:
    seen = {("primary", spec): result for spec, result in primary.items()}
    seen |= {("backup", spec): result for spec, result in backup.items()}
    return [row.subject for row in findings(seen, "primary")]


def test_blocked():
    """Pings pass, port 25 does not, and on the active circuit it does."""
    assert subjects({PING: WELL, MX: BLOCKED}, {PING: WELL, MX: WELL}) == ["backup: port 25"]


def test_its_port_is_told():
    """One that is open beside one that is not."""
    seen = subjects({PING: WELL, MX: BLOCKED, OTHER: WELL}, {MX: WELL, OTHER: WELL})
    assert seen == ["backup: port 25"]
    seen = subjects({PING: WELL, MX: WELL, OTHER: BLOCKED}, {MX: WELL, OTHER: WELL})
    assert seen == ["backup: port 2525"]


@pytest.mark.parametrize(
    ("backup", "primary"),
    [
        pytest.param({PING: SILENT, MX: BLOCKED}, {PING: WELL, MX: WELL}, id="circuit dead"),
        pytest.param({PING: WELL, MX: BLOCKED}, {PING: WELL, MX: BLOCKED}, id="server dead"),
        pytest.param({PING: WELL, MX: GRUMPY}, {PING: WELL, MX: WELL}, id="server answers"),
        pytest.param({PING: WELL, MX: WELL}, {PING: WELL, MX: BLOCKED}, id="active one blocked"),
        pytest.param({}, {PING: WELL, MX: WELL}, id="no vantage"),
        pytest.param({MX: BLOCKED}, {MX: WELL}, id="nothing else asked"),
    ],
)
def test_not_blocked(backup, primary):
    """Nothing that shows it, or something else that explains it."""
    assert subjects(backup, primary) == []


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("10.20.0.25", False),
        ("192.168.7.1", False),
        ("mx.example.net", False),
        ("192.0.2.25", True),
    ],
)
def test_a_backup_mx_outside_is_asked_over_each_circuit(host, asked):
    """An inside address is behind a tunnel, and out of a vantage's reach."""
    assert (outside(Mail(("example.com",), host, 2525)) is not None) == asked
