"""Port 25 blocked on the idle circuit is told from a dead circuit and from a dead server."""

from __future__ import annotations

import pytest

from wanfailover.core.facts import Result
from wanfailover.mail.blocked import findings, outside
from wanfailover.ports import Finding, ProbeResult, Severity
from wanfailover.specs import Icmp, Mail, Smtp

PING, MX, OTHER = Icmp("192.0.2.10"), Smtp("192.0.2.25"), Smtp("192.0.2.26", 2525)
WELL = ProbeResult(Result.ANSWERED, rtt=0.01)
SILENT = ProbeResult(Result.LOST, detail="no answer")
BLOCKED = ProbeResult(Result.LOST, step="connect", detail="no answer within 5 s")
UNSENT = ProbeResult(Result.UNSENT, step="connect", detail="no such device")
SECOND = Smtp("192.0.2.27")
GRUMPY = ProbeResult(Result.LOST, step="banner", detail="554 go away")


def rows(backup: dict, primary: dict) -> list[Finding]:
    seen = {("primary", spec): result for spec, result in primary.items()}
    seen |= {("backup", spec): result for spec, result in backup.items()}
    return list(findings(seen, "primary", ["primary", "backup"]))


def subjects(backup: dict, primary: dict) -> list[str]:
    return [row.subject for row in rows(backup, primary) if "is blocked" in row.sentence]


def test_blocked():
    """Pings pass, port 25 does not, and on the active circuit it does."""
    assert subjects({PING: WELL, MX: BLOCKED}, {PING: WELL, MX: WELL}) == ["backup: port 25"]


def test_open():
    """One server is enough, and it may refuse us as it likes."""
    for answer in (WELL, GRUMPY):
        (row,) = rows({PING: WELL, MX: answer}, {PING: WELL, MX: WELL})
        assert (row.subject, row.severity) == ("backup: port 25", Severity.GREEN)
        assert row.sentence == "port 25 passes: 192.0.2.25 answers"
    (row,) = rows({PING: WELL, MX: BLOCKED, SECOND: WELL}, {MX: WELL, SECOND: WELL})
    assert "is blocked" in row.sentence


def test_out_of_sight():
    """Unknown is not well; but nobody asks of a port that no mail server has."""
    (row,) = rows({}, {PING: WELL, MX: WELL})
    assert row.severity is Severity.YELLOW
    assert row.sentence == (
        "unknown whether port 25 passes on backup: it cannot be seen while idle"
    )
    assert "vantage" in row.remedy
    assert rows({}, {PING: WELL}) == []


@pytest.mark.parametrize(
    "backup",
    [
        pytest.param({PING: SILENT, MX: BLOCKED}, id="circuit dead"),
        pytest.param({PING: WELL, MX: UNSENT}, id="not sent"),
        pytest.param({PING: WELL}, id="not asked"),
    ],
)
def test_nothing_is_known(backup):
    """What is in the way has a row of its own: neither blocked nor open."""
    assert rows(backup, {PING: WELL, MX: WELL}) == []


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
