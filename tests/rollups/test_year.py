"""A year at rest draws quickly, and is small."""

from __future__ import annotations

import time

import pytest

from tests.flight.tape import EPOCH
from tests.rollups import year
from wanfailover.rollups.reader import Rollups

DAY = 86_400
SPANS = {"day": (1, 1440), "week": (7, 1008), "month": (31, 744), "year": (365, 1500)}
MONTH_WITHIN = 0.2


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("year")
    return folder, year.fill(folder, EPOCH)


@pytest.mark.parametrize("span", SPANS)
def test_a_span_draws_within_a_fifth_of_a_second(filled, span):
    """Of both circuits, all columns, in as many points as a wide screen has; CPU and disk."""
    days, points = SPANS[span]
    rollups, best = Rollups(filled[0]), float("inf")
    for _ in range(3):  # the best of them: somebody else may have had the CPU's caches
        began = time.process_time()
        told = [rollups.read(each, EPOCH - days * DAY, EPOCH, points) for each in year.CIRCUITS]
        best = min(best, time.process_time() - began)
    print(f"\na {span} of two circuits: {len(told[0]['t'])} points each in {best * 1000:.0f} ms")
    assert len(told[0]["t"]) > points / 3
    assert sum(loss is None for loss in told[0]["loss"]) <= 2
    assert best < MONTH_WITHIN


def test_it_is_small(filled):
    """A year of two circuits is a quarter of what a week of single samples takes."""
    size = sum(path.stat().st_size for path in filled[0].iterdir())
    print(f"\n{size / 1e6:.0f} MB")
    assert size < 30e6
