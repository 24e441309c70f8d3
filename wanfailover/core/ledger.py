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

LONGEST_TRIAL = 6 * HOUR
"""Seconds: a circuit that fails its trials is tried four times a day at the least."""


@dataclass(frozen=True, slots=True)
class Move:
    """A switchover that touched the router.

    Args:
        proved: The router was on *target* afterwards; otherwise it was put back.
    """

    at: Instant
    source: str | None
    target: str
    rule: str
    proved: bool
    automatic: bool = True


def spent(moves: Sequence[Move], now: Instant) -> int:
    """Count the automatic switchovers of the last hour; a trial and its return are one."""
    return sum(move.automatic and move.at > now - HOUR for move in moves)


def freed(moves: Sequence[Move], now: Instant) -> Instant | None:
    """When the oldest of them leaves the budget; None where there is none."""
    return next((m.at + HOUR for m in moves if m.automatic and m.at > now - HOUR), None)


def last_automatic(moves: Sequence[Move]) -> Instant:
    """When automation last switched; minus infinity if it never did."""
    return max((move.at for move in moves if move.automatic), default=-inf)


def hold_down(moves: Sequence[Move], circuit: str, policy: Policy, now: Instant) -> float:
    """For how long *circuit* must be good before it is trusted again, seconds.

    Doubles each time the circuit dies within an hour of a return to it; an hour without that ends
    the doubling.
    """
    relapses, returned = 0, None
    for move in moves:
        if move.proved and move.target == circuit:
            returned = move.at
        elif move.proved and move.source == circuit and move.automatic and returned is not None:
            relapses = relapses + 1 if move.at - returned <= HOUR else 0
            returned = None
    if returned is not None and now - returned > HOUR:
        relapses = 0
    longest = max(LONGEST_RETURN, policy.return_after)
    return min(policy.return_after * 2.0**relapses, longest)


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
