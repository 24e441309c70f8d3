"""The journal in sentences: one for each entry, for `history`, `demo` and whoever is notified."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from wanfailover.core import entries as log
from wanfailover.entries import DrillBegan, DrillEnded, Entry, PreflightDone

Paint = Callable[[str], str]
"""Colours a word of state, or leaves it."""


def span(seconds: float) -> str:
    """A length of time as one speaks of it: ``2.9 s``, ``12 min``, ``3 h 20 min``, ``4 days``."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} days"


def dated(at: datetime) -> str:
    """A time as the past is told, in the local zone: ``2026-11-27 03:12:30``."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def tell(entry: Entry, paint: Paint = str) -> str | None:
    """Give the entry's line; None for those that only a machine needs.

    Args:
        entry: Of the journal.

        paint: Given each word of state, to colour it.
    """
    lines = (teller(entry, paint) for teller in _TELLERS)
    return next((line for line in lines if line is not None), None)


def _tell_state(entry: Entry, paint: Paint) -> str | None:
    """How things are, and what was decided."""
    match entry:
        case log.AgentStarted(version=version, pid=pid):
            return f"agent {version} started (pid {pid})"
        case log.AgentStopped(why=why):
            return f"agent stopped: {why}"
        case log.JournalSetAside(file=file, because=because):
            return f"the journal was damaged ({because}): it is {file} now, and this one was begun"
        case log.HealthChanged(circuit=circuit, state=state, because=because):
            return f"{circuit} is {paint(state)}: {because}"
        case log.TargetMuted(circuit=circuit, target=target, muted=muted):
            how = "fails alone and is set aside" if muted else "answers again"
            return f"{circuit}: {target} {how}"
        case log.ActiveChanged(was=None, active=active, because=because):
            how = "" if because.startswith("found so") else f": {because}"
            return f"the router is on {active or 'neither circuit'}{how}"
        case log.ActiveChanged(was=was, active=active, because=because):
            return f"the router is on {active or 'neither circuit'}, no longer on {was}: {because}"
        case log.DecisionMade() as made if made.rule != "switchover-running" and not made.again:
            deed = f"switch to {made.target}" if made.switch else "stay"
            return f"decision: {deed}, because {made.rule}: {made.because}"
        case _:
            return None


def _tell_tunnels(entry: Entry, paint: Paint) -> str | None:
    """How the tunnels are."""
    match entry:
        case log.TunnelChanged(tunnel=tunnel, state=state, because=because):
            return f"tunnel {tunnel} is {paint(state)}: {because}"
        case log.TunnelsFailed(because=because):
            return f"tunnels: {because}"
        case _:
            return None


def _tell_wish(entry: Entry, _: Paint) -> str | None:
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


def _tell_deed(entry: Entry, paint: Paint) -> str | None:
    """What was done to the router."""
    match entry:
        case log.SwitchoverIntended(source=source, target=target, rule=rule):
            return f"switching from {source or 'neither'} to {target} ({rule})"
        case log.ActionDone(name=name, seconds=seconds):
            return f"  {_called(name)}: done in {seconds * 1000:.0f} ms"
        case log.ActionFailed(name=name, because=because):
            return f"  {_called(name)}: failed: {because}"
        case log.ActionUndone(name=name):
            return f"  {_called(name)}: taken back"
        case log.SwitchoverEnded(ending=ending, seconds=seconds, because=because, target=target):
            return f"switch to {target} {paint(ending)} after {span(seconds)}: {because}"
        case _:
            return None


def _called(action: str) -> str:
    """An action as `check` and the documents call it."""
    return {"dead-man": "timed undo"}.get(action, action)


def _tell_mail(entry: Entry, _: Paint) -> str | None:
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


def _tell_looks(entry: Entry, paint: Paint) -> str | None:
    """What was looked at and rehearsed."""
    match entry:
        case PreflightDone(result=result, rows=rows):
            return f"preflight is {paint(result)}" + "".join(
                f"; {subject}: {sentence}"
                for subject, colour, sentence, _ in rows
                if colour == "red"
            )
        case DrillBegan(source=source, target=target, stay=stay, who=who):
            return f"drill ({who}): to {target} for {span(stay)}, and back to {source}"
        case DrillEnded(result=result, because=because):
            return f"drill {paint(result)}: {because}"
        case _:
            return None


_TELLERS = (_tell_state, _tell_tunnels, _tell_wish, _tell_deed, _tell_mail, _tell_looks)
