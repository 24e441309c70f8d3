"""A site that has all there is to be told of, and is well; and its metrics, parsed again."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cache

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.flight.traffic import CONTROL, office, traffic
from wanfailover import report
from wanfailover.core.engine import Engine
from wanfailover.core.facts import Ending, Outcome
from wanfailover.counts import Counts
from wanfailover.entries import PreflightDone
from wanfailover.journal.eras import utc_now
from wanfailover.metrics import exposition
from wanfailover.tunnels import TunnelReading, TunnelState

SITE = office(2)
MAIN, SPARE = (circuit.name for circuit in SITE.circuits)
SHIFT = 86_400 * 20 - time.monotonic() + 60  # the traffic's clock began a minute ago


@dataclass(frozen=True)
class Told:
    """All that metrics are made of."""

    report: report.Report
    counts: Counts
    lag: float = 0.002

    def rendered(self) -> bytes:
        return exposition(self.report, self.counts, self.lag)


@cache
def well() -> Told:
    """After a minute of watching, and a switch by an operator."""
    engine, counts, now = Engine(SITE, [CONTROL]), Counts(), 0.0
    for fact, now in traffic(SITE, 60):
        engine.feed(fact, now)
        counts.fed(fact, now, engine)
    counts.heard = {name: at - SHIFT for name, at in counts.heard.items()}
    done = Outcome("1", SPARE, MAIN, "operator-asked", Ending.PROVED, 2.9, "it answers")
    counts.fed(done, now, engine)
    mail = {"state": "drained", "because": "", "since": None, "switchover": None, "seconds": 1.0,
            "replies": []}  # fmt: skip
    running = report.Running(
        driver="iproute2",
        since=now - 50,
        started=now - 60,
        pid=1,
        vantages={MAIN: "through", SPARE: "bind"},
        last=report.ended(report_of(done), utc_now()),
        tunnels={"customer-a": TunnelReading(TunnelState.UP, "answering", now - 50, now)},
        mail=report.mail_told(mail, report.canary_told("arrived", "") | {"seconds": 4.2}),
        notify={"paths": ["smtp"], "waiting": 0, "trouble": None},
        preflight=report.preflight(PreflightDone("green", ()), 3600),
        drill={"state": "passed", "because": "", "next": None},
    )
    return Told(report.live(engine, running, report.Wall(now, utc_now())), counts)


def report_of(outcome: Outcome):
    from wanfailover.switchover import ended_entry

    return ended_entry(outcome)


def told(**parts) -> Told:
    """The same, with other parts of its report."""
    return replace(well(), report=well().report | parts)


def samples(told: Told | None = None) -> list[Sample]:
    """Every sample, as Prometheus would read it."""
    text = (told or well()).rendered().decode()
    return [one for family in text_string_to_metric_families(text) for one in family.samples]
