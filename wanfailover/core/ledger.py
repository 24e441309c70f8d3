"""What was switched lately, and what follows from it: budget, dwell, hold-down, back-off.

All of it is a function of the list of moves and of now, so a restart that knows the moves knows the
rest, and nothing of it can run out of step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from wanfailover.core.facts import Instant
from wanfailover.core.site import Policy

HOUR = 3600.0
KEPT = 24 * HOUR
LONGEST_RETURN = HOUR / 2
"""Seconds: the hold-down doubles up to this (the trace benchmark's group `return`)."""

MENDING = frozenset({"stuck", "finish-interrupted"})
"""Rules that end what was begun before, and was counted then: none costs anything of the budget."""

LONGEST_TRIAL = 6 * HOUR
"""Seconds: a circuit that fails its trials is tried four times a day at the least."""


@dataclass(frozen=True, slots=True)
class Move:
    """A switchover that touched the router.

    Args:
        proved: The router was on *target* afterwards, and traffic passed.

        failed: It was, and traffic did not pass.
    """

    at: Instant
    source: str | None
    target: str
    rule: str
    proved: bool
    automatic: bool = True
    failed: bool = False

    @property
    def counts(self) -> bool:
        """It is one of those that the hour's budget is for."""
        return self.automatic and self.rule not in MENDING


def spent(moves: Sequence[Move], now: Instant) -> int:
    """Count the automatic switchovers of the last hour; a trial and its return are one."""
    return sum(move.counts and move.at > now - HOUR for move in moves)


def freed(moves: Sequence[Move], now: Instant, budget: int) -> Instant | None:
    """When fewer than *budget* of them are left within the hour; None where they are already."""
    counted = [move.at for move in moves if move.counts and move.at > now - HOUR]
    return counted[-budget] + HOUR if len(counted) >= budget else None


def tried(moves: Sequence[Move]) -> set[str]:
    """The circuits on which a proof failed since one last succeeded anywhere."""
    failed: set[str] = set()
    for move in moves:
        if move.proved:
            failed.clear()
        elif move.failed:
            failed.add(move.target)
    return failed


def failed_at(moves: Sequence[Move], circuit: str) -> Instant | None:
    """When a proof failed on *circuit*, if none has succeeded there since."""
    mine = (move for move in reversed(moves) if move.target == circuit)
    last = next((move for move in mine if move.proved or move.failed), None)
    return None if last is None or last.proved else last.at


def try_due(moves: Sequence[Move], policy: Policy) -> Instant:
    """When a circuit on which a proof failed may be tried again, all others being dead.

    Doubles with each that fails, whichever circuit it is on, and so keeps within the hour's budget.
    """
    last, wait = -inf, 0.0
    for move in moves:
        if move.proved:
            wait = 0.0
        elif move.failed:
            last, wait = move.at, min(2 * wait, LONGEST_RETURN) if wait else policy.doubt
    return last + wait


def restored(moves: Sequence[Move], now: Instant) -> int:
    """Count how often, within the hour, the router was put back where another hand had moved it."""
    return sum(move.rule == "foreign-state" and move.at > now - HOUR for move in moves)


def last_automatic(moves: Sequence[Move]) -> Instant:
    """When automation last switched; minus infinity if it never did."""
    return max((move.at for move in moves if move.automatic), default=-inf)


def hold_down(moves: Sequence[Move], circuit: str, policy: Policy, now: Instant) -> float:
    """For how long *circuit* must be good before it is trusted again, seconds.

    Doubles each time the circuit dies within an hour of a return to it, or a return cannot be
    proved; an hour without that ends the doubling.
    """
    relapses, returned = 0, None
    for move in moves:
        if move.failed and move.target == circuit:
            relapses += 1
        elif move.proved and move.target == circuit:
            returned = move.at
        elif move.proved and move.source == circuit and move.automatic and returned is not None:
            relapses = relapses + 1 if move.at - returned <= HOUR else 0
            returned = None
    if returned is not None and now - returned > HOUR:
        relapses = 0
    return min(policy.return_after * 2.0**relapses, max(LONGEST_RETURN, policy.return_after))


def trial_due(moves: Sequence[Move], circuit: str, policy: Policy, left: Instant) -> Instant:
    """When *circuit*, which nobody can see, may be tried; *left* is when the router went away.

    One that was proved, and died within an hour of it, was no better than one that failed.
    """
    failed, last, proved = 0, left, -inf
    for move in moves:
        if move.target == circuit:
            failed += move.rule == "trial-failback"
            last = max(last, move.at)
            proved = move.at if move.proved else proved
        elif move.proved and move.source == circuit:
            died = move.automatic and move.at - proved <= HOUR
            failed = failed if died else 0
    return last + min(policy.trial_every * 2.0**failed, max(LONGEST_TRIAL, policy.trial_every))
