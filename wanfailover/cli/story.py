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
    tellers = (_tell_state, _tell_tunnels, _tell_wish, _tell_deed, _tell_mail)
    lines = (teller(entry) for teller in tellers)
    return next((line for line in lines if line is not None), None)


def _tell_state(entry: log.Entry) -> str | None:
    """How things are, and what was decided."""
    match entry:
        case log.AgentStarted(version=version, pid=pid):
            return f"agent {version} started (pid {pid})"
        case log.AgentStopped(why=why):
            return f"agent stopped: {why}"
        case log.JournalSetAside(file=file, because=because):
            return f"the journal was damaged ({because}): it is {file} now, and this one was begun"
        case log.HealthChanged(circuit=circuit, state=state, because=because):
            return f"{circuit} is {coloured(state)}: {because}"
        case log.TargetMuted(circuit=circuit, target=target, muted=muted):
            how = "fails alone and is set aside" if muted else "answers again"
            return f"{circuit}: {target} {how}"
        case log.ActiveChanged(was=None, active=active):
            return f"the router is on {active or 'neither circuit'}"
        case log.ActiveChanged(was=was, active=active, because=because):
            return f"the router is on {active or 'neither circuit'}, no longer on {was}: {because}"
        case log.DecisionMade() as made if made.rule != "switchover-running" and not made.again:
            deed = f"switch to {made.target}" if made.switch else "stay"
            return f"decision: {deed}, because {made.rule}: {made.because}"
        case _:
            return None


def _tell_tunnels(entry: log.Entry) -> str | None:
    """How the tunnels are."""
    match entry:
        case log.TunnelChanged(tunnel=tunnel, state=state, because=because):
            return f"tunnel {tunnel} is {coloured(state)}: {because}"
        case log.TunnelsFailed(because=because):
            return f"tunnels: {because}"
        case _:
            return None


def _tell_wish(entry: log.Entry) -> str | None:
    """What operators asked for."""
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
        case _:
            return None


def _tell_deed(entry: log.Entry) -> str | None:
    """What was done to the router."""
    match entry:
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


def _tell_mail(entry: log.Entry) -> str | None:
    """What became of the mail."""
    match entry:
        case log.MailDrained(because=because, seconds=seconds):
            return f"mail: {because}, {span(seconds)} after the switchover"
        case log.MailNotDrained(because=because):
            return f"mail that waits at the backup MX is left to its schedule: {because}"
        case log.CanaryArrived(because=because) | log.CanaryLost(because=because):
            return f"mail: {because}"
        case log.CanaryStray(because=because):
            return f"mail: ignored: {because}"
        case _:
            return None
