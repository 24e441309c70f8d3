"""What the journal remembers: one frozen value per kind of thing worth explaining later.

Fields are added, never renamed, so that an old journal stays readable. The wall time is the
journal's to add.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AgentStarted:
    version: str
    pid: int


@dataclass(frozen=True, slots=True)
class AgentStopped:
    why: str


@dataclass(frozen=True, slots=True)
class JournalSetAside:
    """The journal was damaged and is now *file*; this one was begun in its place."""

    file: str
    because: str


@dataclass(frozen=True, slots=True)
class HealthChanged:
    """A circuit's state changed from *was* to *state*."""

    circuit: str
    was: str
    state: str
    because: str


@dataclass(frozen=True, slots=True)
class TargetMuted:
    """A target that fails alone was set aside on *circuit*, or (*muted* false) answers again."""

    circuit: str
    target: str
    muted: bool = True


@dataclass(frozen=True, slots=True)
class TunnelChanged:
    """A tunnel's state changed from *was* to *state*."""

    tunnel: str
    was: str
    state: str
    because: str


@dataclass(frozen=True, slots=True)
class TunnelsFailed:
    """No tunnel came up on *circuit*, on which the Internet works."""

    circuit: str | None
    because: str


@dataclass(frozen=True, slots=True)
class LineLearned:
    """What a day of watching *circuit* has taught so far; told again, it replaces itself.

    Args:
        day: Counts days of watching.

        seconds: Of that day, so far.

        silences: The longest silences that healed by themselves, seconds.

        spells: By how many bad seconds outnumbered good ones in spells that healed.
    """

    circuit: str
    day: int
    seconds: float
    silences: tuple[float, ...] = ()
    spells: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ActiveChanged:
    """The router was found on another circuit than it was on before, and not by our doing."""

    was: str | None
    active: str | None
    because: str


@dataclass(frozen=True, slots=True)
class DecisionMade:
    """A rule fired that did not fire before.

    Args:
        until: Seconds for which the rule holds; None where it depends on events.

        health: (circuit, state, evidence) as they were.

        passed_over: (rule, sentence) of each row above it, and why it did not hold.

        thresholds: (name, value) of what it was measured by.

        page: A person should be woken.

        again: Nothing has changed: kept so that a later reader finds the figures of the hour.
    """

    rule: str
    switch: bool
    target: str | None
    because: str
    until: float | None = None
    health: tuple[tuple[str, str, str], ...] = ()
    passed_over: tuple[tuple[str, str], ...] = ()
    thresholds: tuple[tuple[str, str], ...] = ()
    page: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class RequestRefused:
    """An operator's request was refused by a rule."""

    rule: str
    circuit: str
    because: str
    who: str


@dataclass(frozen=True, slots=True)
class HoldBegan:
    """An operator, or a drill, pinned a circuit, for *seconds* or until `auto`."""

    circuit: str
    seconds: float | None
    who: str
    reason: str
    drill: bool = False


@dataclass(frozen=True, slots=True)
class HoldEnded:
    circuit: str
    because: str


@dataclass(frozen=True, slots=True)
class PauseBegan:
    """An operator stopped automation, for *seconds* or until `resume`."""

    seconds: float | None
    who: str


@dataclass(frozen=True, slots=True)
class PauseEnded:
    because: str


@dataclass(frozen=True, slots=True)
class SwitchoverIntended:
    """Written before the first byte goes to the router.

    Args:
        actions: (name, title, lines typed, lines that take it back) for each action.

        hold: What the operator has asked for, where it was his: see `facts.SwitchRequest`.
    """

    id: str
    source: str | None
    target: str
    rule: str
    because: str
    automatic: bool
    actions: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = ()
    hold: float | None = None
    once: bool = False
    who: str = ""
    reason: str = ""
    drill: bool = False


@dataclass(frozen=True, slots=True)
class ActionBegun:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ActionDone:
    id: str
    name: str
    words: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ActionFailed:
    id: str
    name: str
    because: str


@dataclass(frozen=True, slots=True)
class ActionUndone:
    id: str
    name: str
    words: str


@dataclass(frozen=True, slots=True)
class SwitchoverEnded:
    """*ending* is one of ``proved``, ``unproved``, ``undone``, ``stuck``.

    Args:
        proof_failed: The router did as it was told, and traffic did not pass.

        changed: The router was touched.

        whole: The router was on one circuit afterwards, and would be after its next restart.
    """

    id: str
    source: str | None
    target: str
    rule: str
    ending: str
    seconds: float
    because: str
    proof_failed: bool = False
    changed: bool = True
    whole: bool = True


@dataclass(frozen=True, slots=True)
class MailDrained:
    """The backup MX was asked to deliver what it holds, and begins, or holds nothing.

    Args:
        switchover: Its id: what made the asking worth while.

        seconds: Since its end.

        replies: (domain, the server's reply).
    """

    switchover: str
    seconds: float
    because: str
    replies: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MailNotDrained:
    """The same, where it did not answer in time, or will not do it for a domain at least."""

    switchover: str
    seconds: float
    because: str
    replies: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CanaryArrived:
    """The message that was sent by way of the backup MX has come.

    Args:
        seconds: It took, from when the backup MX had it.

        path: (host, when it had it by its own clock or None), the first first.

        switchover: The id of the one that it was sent after; None: it was due.
    """

    seconds: float
    because: str
    path: tuple[tuple[str, str | None], ...] = ()
    switchover: str | None = None


@dataclass(frozen=True, slots=True)
class CanaryLost:
    """The same, where it has not, or not well.

    Args:
        fate: ``blocklisted``, ``looped``, ``refused``, ``missing`` or ``unsent``.
    """

    fate: str
    seconds: float
    because: str
    path: tuple[tuple[str, str | None], ...] = ()
    switchover: str | None = None


@dataclass(frozen=True, slots=True)
class CanaryStray:
    """A message came to where canaries land that was not waited for.

    Args:
        kind: ``late``, ``double`` or ``forged``.
    """

    kind: str
    because: str


Entry = (
    AgentStarted
    | AgentStopped
    | JournalSetAside
    | HealthChanged
    | TargetMuted
    | TunnelChanged
    | TunnelsFailed
    | LineLearned
    | ActiveChanged
    | DecisionMade
    | RequestRefused
    | HoldBegan
    | HoldEnded
    | PauseBegan
    | PauseEnded
    | SwitchoverIntended
    | ActionBegun
    | ActionDone
    | ActionFailed
    | ActionUndone
    | SwitchoverEnded
    | MailDrained
    | MailNotDrained
    | CanaryArrived
    | CanaryLost
    | CanaryStray
)

DURABLE = (
    SwitchoverIntended,
    ActionBegun,
    ActionDone,
    SwitchoverEnded,
    HoldBegan,
    HoldEnded,
    PauseBegan,
    PauseEnded,
)
"""Kinds that must be on the disk, not in its cache, before the program goes on."""
