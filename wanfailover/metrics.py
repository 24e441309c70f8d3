"""How things stand as Prometheus reads it; and in a word, for whoever restarts or routes by it.

All is made from the report when it is asked for, so nothing here can be out of date. Names follow
Prometheus' conventions: base units, ``_total`` for what only grows, times as seconds since 1970.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import product

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from wanfailover.core.facts import Ending
from wanfailover.core.policy import RULES
from wanfailover.core.reading import State
from wanfailover.counts import Counts
from wanfailover.mail.fate import Fate
from wanfailover.report import Report
from wanfailover.tunnels import TunnelState

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

STUCK = 15.0
"""Seconds that what must turn may be behind: half of the unit's WatchdogSec, as for systemd."""

ENDINGS = tuple(ending for ending in Ending if ending is not Ending.RUNNING)
SWITCHING = tuple(rule.name for rule in RULES if rule.target is not None)
CANARY = ("unknown", "waiting", *map(str, Fate))
MAIL = ("unknown", "waiting", "drained", "not-drained")
PREFLIGHT = ("green", "yellow", "red")
DRILL = ("running", "passed", "failed", "refused")


def exposition(report: Report, counts: Counts, lag: float) -> bytes:
    """Render it in the text format, `CONTENT_TYPE`.

    Args:
        report: As ``status --json`` has it.

        counts: The agent's.

        lag: By how many seconds the event loop was late at most, in the last minute.
    """
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Collector(report, counts, lag))
    return generate_latest(registry)


def healthz(late: float) -> tuple[bool, str]:
    """Tell whether the loop and the probes turn: where they do not, a restart is in order.

    Args:
        late: By how many seconds they are behind.
    """
    if late < STUCK:
        return True, "ok"
    return False, f"the loop or the probes are {late:.0f} s behind"


def readyz(report: Report, counts: Counts) -> tuple[bool, str]:
    """Tell whether a failover could be decided and done: the router is read, and probes come back.

    Where both lines are dead it can: what has answered once since the start need not do so now.
    """
    if not report["router"]["reachable"]:
        return False, "the router cannot be read"
    if not counts.heard:
        return False, "no probe has been answered yet"
    return True, "ok"


class _Collector(Collector):
    def __init__(self, report: Report, counts: Counts, lag: float) -> None:
        self._report, self._counts, self._lag = report, counts, lag

    def collect(self) -> Iterator[Metric]:
        yield from self._agent()
        yield from self._circuits()
        yield from self._totals()
        yield from self._decisions()
        yield from self._livelihood()
        yield from self._upkeep()

    def _agent(self) -> Iterator[Metric]:
        report = self._report
        version, driver = report["agent"]["version"], report["router"]["driver"]
        yield InfoMetricFamily(
            "wanfailover_build",
            "Which program, of which site.",
            {"version": version, "driver": driver or "", "site": report["site"]},
        )
        yield _gauge(
            "start_time_seconds",
            "When the agent began to watch.",
            time.time() - report["agent"]["uptime_seconds"],
        )
        yield _gauge(
            "loop_lag_seconds",
            "By how much the event loop was late at most, in the last minute.",
            self._lag,
        )
        yield _gauge("warnings", "Sentences that status ends with.", len(report["warnings"]))
        yield _gauge(
            "router_reachable", "The router could be read last.", report["router"]["reachable"]
        )

    def _circuits(self) -> Iterator[Metric]:
        health = self._report["health"]
        yield _by(
            "circuit",
            "circuit_active",
            "The router is on this circuit.",
            {name: name == self._report["active"] for name in health},
        )
        yield _by(
            "circuit",
            "circuit_preference",
            "Its place in the order of preference: 0 for the first.",
            {name: place for place, name in enumerate(health)},
        )
        yield _states(
            ("circuit", "state"),
            "circuit_health",
            "How the circuit is: 1 for one state, 0 for the others.",
            {(name,): told["state"] for name, told in health.items()},
            State,
        )
        yield _by(
            "circuit",
            "circuit_loss_ratio",
            "Share of the last 10 s of probes that was lost.",
            {name: told["loss"] for name, told in health.items()},
        )
        yield _by(
            "circuit",
            "circuit_latency_seconds",
            "Median round trip of the last 10 s of probes.",
            {name: _over(told["rtt_ms"], 1000) for name, told in health.items()},
        )
        yield _by(
            "circuit",
            "circuit_patience_seconds",
            "A silence of so long is an outage now.",
            {name: told["patience_seconds"] for name, told in health.items()},
        )
        offset = time.time() - time.monotonic()
        yield _by(
            "circuit",
            "circuit_last_answer_timestamp_seconds",
            "When a probe was answered last.",
            {name: at + offset for name, at in self._counts.heard.items()},
        )

    def _totals(self) -> Iterator[Metric]:
        counts, known = self._counts, self._report["health"]
        for name, text, values in (
            ("probes_answered", "Probes answered, however late.", counts.answered),
            ("probes_lost", "Probes not answered in time.", counts.lost),
            ("circuit_active_seconds", "Time on this circuit.", counts.active),
            ("circuit_down_seconds", "Time for which the circuit was down.", counts.down),
        ):
            each: Mapping[str, float] = values
            family = CounterMetricFamily(f"wanfailover_{name}", text, labels=["circuit"])
            for circuit in {**dict.fromkeys(known), **each}:
                family.add_metric([circuit], each.get(circuit, 0))
            yield family
        family = CounterMetricFamily(
            "wanfailover_switchovers",
            "Switchovers that have ended, by the rule that wanted them and how they ended.",
            labels=["rule", "outcome"],
        )
        for rule, ending in dict.fromkeys((*product(SWITCHING, ENDINGS), *counts.switchovers)):
            family.add_metric([rule, ending], counts.switchovers[rule, ending])
        yield family

    def _decisions(self) -> Iterator[Metric]:
        report = self._report
        decision, last = report["decision"], report["switchover"] or {}
        yield _states(
            ("rule",),
            "decision",
            "The rule in force: 1 for it, 0 for the others.",
            {(): decision["rule"]},
            (rule.name for rule in RULES),
        )
        yield _gauge("decision_page", "A person should look now.", decision["page"])
        yield _gauge("held", "An operator has pinned a circuit.", report["hold"] is not None)
        yield _gauge("paused", "An operator has stopped automation.", report["paused"])
        running = last.get("outcome") == Ending.RUNNING
        yield _gauge("switchover_running", "A switchover is under way.", running)
        yield _gauge(
            "switchover_last_duration_seconds",
            "How long the last switchover took.",
            last.get("seconds"),
        )
        yield _gauge(
            "switchover_last_timestamp_seconds",
            "When it began.",
            _timestamp(last.get("started")),
        )

    def _livelihood(self) -> Iterator[Metric]:
        report = self._report
        mail, told = report["mail"] or {}, report["notify"] or {}
        canary = mail.get("canary", {})
        yield _states(
            ("tunnel", "state"),
            "tunnel_state",
            "How the tunnel is: 1 for one state, 0 for the others.",
            {(tunnel["name"],): tunnel["state"] for tunnel in report["tunnels"]},
            TunnelState,
        )
        yield _states(
            ("state",),
            "mail_state",
            "What became of asking the backup MX to deliver.",
            {(): mail.get("state")},
            MAIL,
        )
        yield _states(
            ("state",),
            "canary_state",
            "What became of the last canary.",
            {(): canary.get("state")},
            CANARY,
        )
        yield _gauge("canary_duration_seconds", "How long that canary took.", canary.get("seconds"))
        yield _gauge(
            "notifications_waiting", "Messages not yet taken by a path.", told.get("waiting")
        )

    def _upkeep(self) -> Iterator[Metric]:
        preflight, drill = self._report["preflight"] or {}, self._report["drill"] or {}
        yield _states(
            ("result",),
            "preflight_result",
            "What the last preflight found: 1 for one colour, 0 for the others.",
            {(): preflight.get("result")},
            PREFLIGHT,
        )
        yield _gauge(
            "preflight_timestamp_seconds",
            "When it was done.",
            time.time() - preflight["age_seconds"] if preflight else None,
        )
        yield _gauge(
            "preflight_overdue", "It should have been done since.", preflight.get("overdue")
        )
        yield _states(
            ("state",),
            "drill_state",
            "What became of the last drill.",
            {(): drill.get("state")},
            DRILL,
        )


def _gauge(name: str, text: str, value: float | None) -> Metric:
    """Of what is not known there is no sample."""
    family = GaugeMetricFamily(f"wanfailover_{name}", text)
    if value is not None:
        family.add_metric([], float(value))
    return family


def _by(label: str, name: str, text: str, values: Mapping[str, float | None]) -> Metric:
    family = GaugeMetricFamily(f"wanfailover_{name}", text, labels=[label])
    for of, value in values.items():
        if value is not None:
            family.add_metric([of], float(value))
    return family


def _states(
    labels: tuple[str, ...],
    name: str,
    text: str,
    held: Mapping[tuple[str, ...], str | None],
    known: Iterable[str],
) -> Metric:
    """Give 1 for the state that is *held* and 0 for each other that is *known*."""
    family = GaugeMetricFamily(f"wanfailover_{name}", text, labels=labels)
    for of, state in held.items():
        for each in known if state is not None else ():
            family.add_metric([*of, str(each)], float(each == state))
    return family


def _over(value: float | None, divisor: float) -> float | None:
    return None if value is None else value / divisor


def _timestamp(at: str | None) -> float | None:
    return None if at is None else datetime.fromisoformat(at).timestamp()
