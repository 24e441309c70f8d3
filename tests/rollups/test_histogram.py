"""Quantiles that are off by no more than is said, and that add up exactly."""

from __future__ import annotations

from collections import Counter
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from wanfailover.rollups.histogram import (
    ERROR,
    LEAST,
    MOST,
    add,
    bucket,
    middle,
    quantile,
    to_bytes,
)

times = st.floats(LEAST, MOST)


@given(st.lists(times, min_size=1), st.floats(0.01, 1.0))
def test_a_quantile_is_one_of_the_samples_to_within_the_error(seconds, share):
    """It is the sample of that rank, and not one between two."""
    exact = sorted(seconds)[max(1, ceil(share * len(seconds))) - 1]
    told = quantile(Counter(map(bucket, seconds)), share)
    assert abs(told - exact) <= exact * ERROR * (1 + 1e-9)


@given(st.lists(st.lists(times)))
def test_many_minutes_add_up_to_what_one_would_have_been(minutes):
    """Not nearly: exactly."""
    total = Counter()
    for minute in minutes:
        add(to_bytes(Counter(map(bucket, minute))), total)
    assert total == Counter(bucket(seconds) for minute in minutes for seconds in minute)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_there_is_a_bucket_for_any_time(seconds):
    """So a row has a bound."""
    assert 0 <= bucket(seconds) < 448
    assert LEAST * (1 - 2 * ERROR) <= middle(bucket(seconds)) <= MOST * (1 + 2 * ERROR)


def test_nothing_has_no_quantile():
    assert quantile({}, 0.5) is None
