"""Times in whole microseconds: the grain in which they are kept, and so in which they are fed.

What an engine is fed must be what is kept of it, to the last bit, or a decision on the edge of a
threshold comes out otherwise the second time. A clock's nanoseconds are noise that no threshold
means and that nothing compresses: so they go before they are fed, and not afterwards.
"""

from __future__ import annotations

from dataclasses import replace

from wanfailover.core.facts import Fact, Instant, ProbeSample

GRAINS = 1e6
"""In a second."""

LONGEST = 1e9
"""Seconds: 30 years, in which each grain has a float of its own."""


def grained(seconds: Instant) -> Instant:
    """Round an instant, or a span, to the grain."""
    return round(seconds, 6)


def grained_fact(fact: Fact) -> Fact:
    """Give *fact* with times that can be kept in few bytes; only samples are many."""
    if not isinstance(fact, ProbeSample):
        return fact
    rtt = None if fact.rtt is None else round(fact.rtt, 6)
    sent, timeout = round(fact.sent, 6), round(fact.timeout, 6)
    if (sent, rtt, timeout) == (fact.sent, fact.rtt, fact.timeout):
        return fact
    return replace(fact, sent=sent, rtt=rtt, timeout=timeout)


def grains(seconds: Instant) -> int | None:
    """Count the grains of a time; None where it has no whole number of them."""
    if not abs(seconds) < LONGEST:
        return None
    number = round(seconds * GRAINS)
    return number if number / GRAINS == seconds else None
