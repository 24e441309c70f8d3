"""What no detector can be better than.

Until a dead spell has lasted longer than those that heal by themselves, nobody can tell it from an
outage. With blips at a rate r and lengths that exceed x with probability S(x), whoever allows `a`
false failovers a year must wait the tau for which r S(tau) = a.
"""

from __future__ import annotations

from math import exp, log

from tests.bench.detect.lines import HOURS, Model, Nuisance, _normal

ALIKE = 1 / 3
"""Of bursts with 30 to 90 % loss, those with 30 to 50 %: what a brown-out of 40 % is like."""


def wait(nuisance: Nuisance, per_year: float, share: float = 1.0) -> float:
    """The tau of one kind of nuisance, seconds."""
    tail = per_year / (nuisance.rate * HOURS * share)
    if tail >= 1.0:
        return 0.0
    if nuisance.heavy:
        return 0.3 * exp(1.2 * _normal(1.0 - tail))
    return -nuisance.mean * log(tail)


def cut(line: Model, per_year: float = 1.0) -> float:
    """For a hard cut."""
    return wait(line.blip, per_year)


def brown(line: Model, per_year: float = 1.0) -> tuple[float, float]:
    """For a brown-out of 40 %: by the bursts that are like it, and by all of them."""
    return wait(line.burst, per_year, ALIKE), wait(line.burst, per_year)
