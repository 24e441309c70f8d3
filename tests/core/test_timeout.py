"""How long a target may take."""

from __future__ import annotations

import pytest

from wanfailover.core.site import Detect
from wanfailover.core.timeout import Timeout


def after(*rtts, **detect):
    timeout = Timeout(Detect(**detect))
    for rtt in rtts:
        timeout.take(rtt)
    return timeout.seconds


def test_of_a_stranger_a_second():
    """Before anything is known it is a second, within the profile's bounds."""
    assert after() == 1.0
    assert after(timeout_least=2.0) == 2.0
    assert after(timeout_most=0.5) == 0.5


def test_the_first_answer_counts_three_times():
    """RFC 6298: the first deviation is half of the first round trip."""
    assert after(0.2) == pytest.approx(0.2 + 4 * 0.1)


def test_what_is_steady_is_given_the_least():
    """A near target is not called overdue for a hiccup."""
    assert after(*[0.01] * 50) == 0.25


def test_a_line_that_becomes_slow_is_given_its_time_soon():
    """Three late answers and the next of them is not overdue."""
    assert after(*[0.02] * 50, 1.0, 1.0, 1.0) > 1.0


def test_nobody_is_given_more_than_the_most():
    """However slow it is, it is overdue some time."""
    assert after(*[0.02, 20.0] * 10) == 3.0


def test_its_arithmetic_is_that_of_rfc_6298():
    """A quarter of a surprise goes into the deviation, an eighth of it into the mean."""
    free = {"timeout_least": 0.0, "timeout_most": 99.0}
    smoothed, deviation = 0.5 + 0.4 / 8, 0.25 + (0.4 - 0.25) / 4
    assert after(0.5, 0.9, **free) == pytest.approx(smoothed + 4 * deviation)
    deviation += (abs(0.1 - smoothed) - deviation) / 4
    smoothed += (0.1 - smoothed) / 8
    assert after(0.5, 0.9, 0.1, **free) == pytest.approx(smoothed + 4 * deviation)
