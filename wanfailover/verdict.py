"""What is amiss, by the data of ``status --json``, and how badly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

OK, WARNING, CRITICAL = range(3)

LOST = frozenset({"blocklisted", "looped", "refused", "missing", "unsent"})
"""What may have become of a canary that did not arrive, or not well."""

Report = Mapping[str, Any]


def findings(report: Report) -> list[tuple[int, str]]:
    """Each level with its sentence, the worst first."""
    return sorted(_findings(report), key=lambda each: -each[0])


def _findings(report: Report) -> Iterator[tuple[int, str]]:
    """What is amiss, and how badly."""
    if not report["agent"]["running"]:
        yield CRITICAL, "no agent runs, so nothing would be switched"
        return
    decision, active = report["decision"], report["active"]
    yield from _circuits(report)
    if decision["page"] or active is None:
        yield CRITICAL, f"{decision['rule']}: {decision['because']}"
    if report["paused"]:
        yield WARNING, "automation is paused"
    if report["hold"]:
        yield WARNING, f"an operator holds {report['hold']['circuit']}"
    for tunnel in report["tunnels"]:
        if tunnel["state"] == "down":
            yield WARNING, f"tunnel {tunnel['name']} is down"
    yield from _mail(report["mail"])
    yield from _preflight(report["preflight"])
    if report["drill"] and report["drill"]["state"] == "failed":
        yield WARNING, f"the last drill failed: {report['drill']['because']}"
    yield from ((WARNING, warning) for warning in report["warnings"])


def _circuits(report: Report) -> Iterator[tuple[int, str]]:
    first = next(iter(report["health"]), None)
    active = report["active"]
    state = report["health"].get(active, {}).get("state")
    if state == "down":
        yield CRITICAL, f"{active} is down ({report['health'][active]['because']})"
    elif state in {"degraded", "unknown"}:
        yield WARNING, f"{active} is {state}"
    if active is not None and active != first:
        yield WARNING, f"not on {first}, which is preferred"


def _mail(mail: Report | None) -> Iterator[tuple[int, str]]:
    if mail is None:
        return
    canary = mail.get("canary")
    if mail["state"] == "not-drained":
        yield WARNING, f"mail: {mail['because']}"
    if canary is not None and canary["state"] in LOST:
        yield WARNING, f"mail: {canary['because']}"


def _preflight(preflight: Report | None) -> Iterator[tuple[int, str]]:
    if preflight is not None and preflight["result"] == "red":
        yield WARNING, "the last preflight was red"
    if preflight is not None and preflight.get("overdue"):
        yield WARNING, "the preflight is overdue"
