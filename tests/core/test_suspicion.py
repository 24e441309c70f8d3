"""Quick probing: when, and for how long."""

from __future__ import annotations

import pytest

from wanfailover.core.site import Detect
from wanfailover.core.suspicion import HUNCH, TOGETHER, Suspicion


@pytest.fixture
def suspicion():
    return Suspicion(Detect(fast_for=10.0))


def quick(suspicion, begin, end, *, silent=False):
    """For how many tenths of a second, from *begin* to *end*, it would probe quickly."""
    steps = [begin + i / 10 for i in range(round((end - begin) * 10))]
    return sum(suspicion.fast(at, silent=silent) for at in steps)


def test_one_miss_is_worth_a_few_probes(suspicion):
    """A lone miss is looked into for a moment, and no longer."""
    suspicion.miss("a", 5.0, 3)
    assert suspicion.fast(5.0, silent=False)
    assert not suspicion.fast(5.0 + HUNCH, silent=False)


def test_two_of_one_target_are_no_more_than_one(suspicion):
    """A target that loses by itself is looked into, but not the line."""
    suspicion.miss("a", 5.0, 3)
    suspicion.miss("a", 5.5, 3)
    assert not suspicion.fast(6.0, silent=False)


def test_two_targets_together_are_suspicious(suspicion):
    """Misses of two within two seconds put the line under suspicion for two more."""
    suspicion.miss("a", 5.0, 3)
    suspicion.miss("b", 5.0 + TOGETHER, 3)
    assert suspicion.fast(6.9 + TOGETHER, silent=False)
    assert not suspicion.fast(7.0 + TOGETHER, silent=False)


def test_a_lone_miss_does_not_end_it_sooner(suspicion):
    """What is under suspicion stays so when one more goes astray alone."""
    suspicion.miss("a", 5.0, 3)
    suspicion.miss("b", 5.0, 3)
    suspicion.miss("a", 5.1, 3)
    assert suspicion.fast(6.9, silent=False)


def test_two_that_are_far_apart_are_not_together(suspicion):
    """Chance takes one here and one there."""
    suspicion.miss("a", 5.0, 3)
    suspicion.miss("b", 5.1 + TOGETHER, 3)
    assert not suspicion.fast(6.0 + TOGETHER, silent=False)


def test_the_only_target_is_suspicious_alone(suspicion):
    """Where there is one voice, its word is enough."""
    suspicion.miss("a", 5.0, 1)
    assert suspicion.fast(6.0, silent=False)


def test_it_is_bounded_by_a_bucket(suspicion):
    """Ten seconds at once, though it goes on; a minute and a quarter of quiet gives one back."""
    for tenth in range(300):
        suspicion.miss("ab"[tenth % 2], tenth / 10, 2)
    assert quick(suspicion, 0.0, 30.0) == pytest.approx(100, abs=2)
    suspicion.clear()
    assert quick(suspicion, 30.0, 120.0) == 0
    suspicion.miss("a", 120.0, 1)
    suspicion.miss("a", 122.0, 1)
    assert quick(suspicion, 120.0, 124.0) == pytest.approx(15, abs=2)  # 1.5 s in 110


@pytest.mark.parametrize(("rest", "again"), [(74.9, False), (75.0, True), (9999.0, True)])
def test_what_is_used_up_comes_back_by_and_by(suspicion, rest, again):
    """A second of it in 75, and not by the drop: that much must have come back to begin with."""
    for second in range(11):
        suspicion.miss("a", float(second), 1)
        assert suspicion.fast(float(second), silent=False) is (second < 10)
    suspicion.miss("a", 10.0 + rest, 1)
    assert suspicion.fast(10.0 + rest, silent=False) is again


def test_a_profile_may_have_next_to_none_of_it():
    """A second is enough to begin with."""
    sip = Suspicion(Detect(fast_for=1.0))
    sip.miss("a", 1.0, 1)
    assert quick(sip, 1.0, 3.0) == 10


def test_a_profile_may_have_none_of_it():
    """Without seconds of quick probing only silence is looked at closely."""
    slow = Suspicion(Detect(fast_for=0.0))
    slow.miss("a", 1.0, 1)
    assert quick(slow, 1.0, 3.0) == 0
    assert slow.fast(3.0, silent=True)


def test_silence_pays_nothing(suspicion):
    """A silent line is probed quickly for as long as it takes, and the bucket stays full."""
    assert quick(suspicion, 0.0, 100.0, silent=True) == 1000
    suspicion.miss("a", 100.0, 1)
    assert suspicion.fast(100.0, silent=False)


def test_what_is_explained_is_forgotten(suspicion):
    """After that, one more miss is the first again."""
    suspicion.miss("a", 5.0, 3)
    suspicion.clear()
    assert not suspicion.fast(5.0, silent=False)
    suspicion.miss("b", 5.5, 3)
    assert not suspicion.fast(6.0, silent=False)
