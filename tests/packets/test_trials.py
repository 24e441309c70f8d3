"""Returning to a primary that nobody sees, by trying it: what it costs the people inside."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from tests.packets.later import by_the_journal
from tests.packets.test_failover import BACKUP, PRIMARY, settled, up
from tests.packets.users import public_address, streams
from wanfailover.lab import Lab
from wanfailover.lab.office import Office, Report
from wanfailover.lab.stage import stand

SOAK = bool(os.environ.get("WANFAILOVER_SOAK"))

WITHIN = 3
EVERY = 60
"""Seconds: the shortest that a profile may ask for."""

SETTINGS = (
    "detect: {silence: 2.5s}",
    "policy: {dwell: 1s}",
    f"failback: {{method: trial, after: 3s, trial: {{every: {EVERY}s, within: {WITHIN}s}}}}",
)

GIVES_UP = {"iproute2": 0, "netopia-r9100": 5}
"""Seconds more that a router takes to find its own ping of a dead gateway unanswered."""

SLACK = 0.5
"""Seconds: a stream asks 50 times a second, and the machine has other work as well."""

pytestmark = pytest.mark.timeout(600 if SOAK else 300)


def by_waiting(office: Office, seconds: float) -> None:
    """Time passes while the agent looks on."""
    time.sleep(seconds)


WAYS = [by_the_journal, by_waiting] if SOAK else [by_the_journal]


def tried(outcome: str, not_this: Report) -> Callable[[Report], bool]:
    """A trial has ended so, and it is not the switchover of that report."""

    def holds(report: Report) -> bool:
        last = report["switchover"]
        another = last["id"] != not_this["switchover"]["id"]
        return bool(another and (last["rule"], last["outcome"]) == ("trial-failback", outcome))

    return holds


@pytest.mark.parametrize("passes", WAYS)
@pytest.mark.parametrize("driver", ["iproute2", "netopia-r9100"])
def test_a_primary_that_nobody_sees_is_tried(
    lab: Lab, tmp_path: Path, driver: str, passes: Callable[[Office, float], None]
):
    """Dead: there, not proved, back, and twice the wait. Healed: there, proved, and it stays."""
    router = None if driver == "iproute2" else stand(lab, driver).router
    office = Office(lab, tmp_path, router=router, seen=(), settings=SETTINGS)
    office.start()
    office.wait(up("primary"), 10)
    lab.fault("dsl-down", "primary")
    left = office.wait(settled("backup"), 20)
    switch = left["switchover"]["seconds"]

    passes(office, EVERY - 15)
    with streams(lab, "udp-fresh") as felt:
        report = office.wait(tried("undone", left), 30)
        time.sleep(1)  # the stream sees the end
    assert public_address(lab) == BACKUP
    assert "the router is on backup again" in report["switchover"]["because"]
    (outage,) = felt["udp-fresh"]["gaps"]
    most = WITHIN + 2 * switch + GIVES_UP[driver] + SLACK
    assert WITHIN <= outage["length"] <= most, (outage, most, report)

    passes(office, EVERY)  # one more would have been due: it waits twice as long
    report = office.wait(lambda r: r["decision"]["rule"] == "returning-too-soon", 15)
    until = datetime.fromisoformat(report["decision"]["until"])
    assert EVERY - 30 < (until - datetime.now(until.tzinfo)).total_seconds() <= EVERY
    assert report["active"] == "backup"
    failed = report

    lab.clear("primary")
    passes(office, EVERY - 15)
    with streams(lab, "udp-fresh") as felt:
        report = office.wait(tried("proved", failed), 40)
        assert public_address(lab) == PRIMARY
        calm = time.monotonic() + 5
        while time.monotonic() < calm:
            report = office.wait(settled("primary"), 1)
            assert report["switchover"]["rule"] == "trial-failback", report
            time.sleep(0.1)
    assert report["decision"]["rule"] == "steady"
    assert felt["udp-fresh"]["longest"] <= switch + SLACK
    assert office.stop() == 0
