"""A router that a switch has left on no circuit: when it is tried again, and what is said."""

from __future__ import annotations

import pytest

from wanfailover.core.unsettled import FIRST_TRY, LONGEST_TRY, TRIES, Stuck


def tried(times: int) -> Stuck:
    stuck = Stuck("no prompt", ("primary", "backup"), 0.0)
    for number in range(1, times + 1):
        stuck = stuck.once_more(f"no prompt: {number}", 1000.0 * number)
    return stuck


def test_it_is_tried_again_more_and_more_seldom():
    """From ten seconds, doubling up to half an hour, a dozen times; then it takes a person."""
    waits = [tried(times).again - 1000.0 * times for times in range(TRIES)]
    assert (FIRST_TRY, LONGEST_TRY, TRIES) == (10.0, 1800.0, 12)
    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800, 1800, 1800]
    assert tried(TRIES).again is None
    assert 3 * 3600 * 0.9 < sum(waits) < 3 * 3600 * 1.1, "some three hours"


@pytest.mark.parametrize(
    ("times", "sentence"),
    [
        (0, "no prompt"),
        (1, "no prompt: 1; tried again once, in vain"),
        (2, "no prompt: 2; tried again twice, in vain"),
        (3, "no prompt: 3; tried again 3 times, in vain"),
        (12, "no prompt: 12; tried again 12 times, in vain: put it right by hand, or with wanfailover switch NAME --force"),  # noqa: E501
    ],
)  # fmt: skip
def test_it_says_what_failed_last_and_how_often(times: int, sentence: str):
    """And what to do, where nothing more is done about it."""
    assert str(tried(times)) == sentence
