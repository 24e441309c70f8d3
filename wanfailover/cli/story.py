"""One sentence per journal entry: what `history` and `demo` print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wanfailover.cli.render import coloured, span
from wanfailover.core import entries as log
from wanfailover.journal.reader import Record


def history(records: Iterable[Record]) -> Iterator[str]:
    """The journal as a story, a line an entry."""
    for record in records:
        line = tell(record.entry)
        if line is not None:
            yield f"{record.at.astimezone():%Y-%m-%d %H:%M:%S}  {line}"


def tell(entry: log.Entry) -> str | None:
    """Give the entry's line; None for those that only a machine needs."""
    match entry:
        case log.AgentStarted(version=version, pid=pid):
            return f"agent {version} started (pid {pid})"
        case log.AgentStopped(why=why):
            return f"agent stopped: {why}"
        case log.HealthChanged(circuit=circuit, state=state, because=because):
            return f"{circuit} is {coloured(state)}: {because}"
        case log.TargetMuted(circuit=circuit, target=target, muted=True):
            return f"{circuit}: {target} fails alone and is set aside"
        case log.TargetMuted(circuit=circuit, target=target):
            return f"{circuit}: {target} answers again"
        case log.ActiveChanged(was=None, active=active):
            return f"the router is on {active or 'neither circuit'}"
        case log.ActiveChanged(was=was, active=active, because=because):
            return f"the router is on {active or 'neither circuit'}, no longer on {was}: {because}"
        case log.DecisionMade(rule="switchover-running") | log.DecisionMade(again=True):
            return None  # told by the switchover itself; or told before
        case log.DecisionMade(rule=rule, because=because, switch=True, target=target):
            return f"decision: switch to {target}, because {rule}: {because}"
        case log.DecisionMade(rule=rule, because=because):
            return f"decision: stay, because {rule}: {because}"
        case _:
            return _tell_deed(entry)


def _tell_deed(entry: log.Entry) -> str | None:
    """The entries that come of somebody's doing: an operator's, or our own to the router."""
    match entry:
        case log.RequestRefused(rule=rule, circuit=circuit, because=because, who=who):
            return f"{who} asked for {circuit} and was refused: {rule}: {because}"
        case log.HoldBegan(circuit=circuit, seconds=seconds, who=who, reason=reason):
            end = "until: wanfailover auto" if seconds is None else f"for {span(seconds)}"
            return f"{who} holds {circuit} {end}" + (f" ({reason})" if reason else "")
        case log.HoldEnded(circuit=circuit, because=because):
            return f"{circuit} is no longer held: {because}"
        case log.PauseBegan(seconds=seconds, who=who):
            end = "until: wanfailover resume" if seconds is None else f"for {span(seconds)}"
            return f"{who} pauses automation {end}"
        case log.PauseEnded(because=because):
            return f"automation goes on: {because}"
        case log.SwitchoverIntended(source=source, target=target, rule=rule):
            return f"switching from {source or 'neither'} to {target} ({rule})"
        case log.ActionDone(name=name, seconds=seconds):
            return f"  {name}: done in {seconds * 1000:.0f} ms"
        case log.ActionFailed(name=name, because=because):
            return f"  {name}: failed: {because}"
        case log.ActionUndone(name=name):
            return f"  {name}: taken back"
        case log.SwitchoverEnded(ending=ending, seconds=seconds, because=because, target=target):
            return f"switch to {target} {coloured(ending)} after {span(seconds)}: {because}"
        case _:
            return None
