"""One target's answers: kept for a while, counted, and set aside where it fails alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wanfailover.core.asked import WINDOW, Asked, tally
from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.site import Target

PING = Target("icmp 192.0.2.10", Role.FAR, 0.5)


def probe(sent: float, rtt: float | None = 0.02, result: Result | None = None) -> ProbeSample:
    result = result or (Result.LOST if rtt is None else Result.ANSWERED)
    return ProbeSample("primary", PING.name, Role.FAR, sent, result, rtt, detail="no route")


def asked(*samples: ProbeSample) -> Asked:
    target = Asked(PING)
    for sample in samples:
        target.take(sample)
    return target


def test_a_late_answer_replaces_its_loss():
    """Whoever counts is told what it was before."""
    target, lost, late = Asked(PING), probe(1.0, None), probe(1.0, 0.9)
    assert target.take(lost) is None
    assert target.take(late) is lost
    assert target.take(probe(1.5)) is None
    assert tally([target], 0.0) == (0, 2, pytest.approx(0.46))


def test_the_last_sign_of_life_is_when_an_answer_came():
    """Not when it was asked; an older answer that comes later makes it no older."""
    assert asked(probe(0.1, 0.2)).heard == pytest.approx(0.3)
    assert asked(probe(5.0, 0.1), probe(4.0, 0.2)).heard == pytest.approx(5.1)
    assert asked(probe(1.0, None)).heard is None
    assert asked(probe(1.0, 0.5, Result.LOST)).heard is None, "a wrong answer is none"


def test_what_is_older_than_the_window_is_forgotten():
    """And what is just as old is not yet."""
    target = asked(probe(0.0), probe(0.5), probe(WINDOW))
    assert list(target.recent) == [0.0, 0.5, WINDOW]
    target.take(probe(WINDOW + 0.5))
    assert list(target.recent) == [0.5, WINDOW, WINDOW + 0.5]


def test_why_probes_cannot_leave_is_known_until_one_does():
    """Whatever becomes of it then."""
    assert asked().unsent is None
    target = asked(probe(0.0, None, Result.UNSENT))
    assert target.unsent == "no route"
    target.take(probe(0.5, None))
    assert target.unsent is None


def test_one_is_set_aside_when_it_fails_while_others_answer_as_often():
    """Three in a row here, and three answers from others since the first of them."""
    target, lost = Asked(PING), probe(1.0, None)
    assert target.muted is False
    assert [target.judge(lost, answers, 3) for answers in (7, 8, 9)] == [False] * 3
    assert target.judge(lost, 10, 3) is True
    assert target.muted is True
    assert target.judge(lost, 11, 3) is False, "that is no news"
    target.take(lost)
    well = probe(2.0)
    target.take(well)
    assert target.judge(well, 12, 3) is True
    assert target.muted is False
    assert list(target.recent.values()) == [well], "its account begins anew"
    assert target.judge(well, 13, 3) is False


def test_three_in_a_row_are_three():
    """An answer between them begins the count anew, and so does the first miss of all."""
    target, lost, well = Asked(PING), probe(1.0, None), probe(2.0)
    for sample in (lost, lost, well):
        target.judge(sample, 0, 3)
    assert [target.judge(lost, 9, 3), target.judge(lost, 99, 3)] == [False, False]
    assert target.judge(lost, 99, 3) is True


def test_only_those_with_a_voice_are_counted_and_only_what_was_sent():
    """Since a moment, that moment included; and silence is for another rule."""
    muted = asked(probe(1.0, None))
    muted.muted = True
    well = asked(probe(0.5), probe(1.0), probe(1.5, None), probe(2.0, None, Result.UNSENT))
    assert tally([muted, well], 1.0) == (1, 2, 0.02)
    assert tally([asked(probe(1.0, None))], 0.0) == (0, 0, None)
    assert replace(probe(1.0), retries=1).missed
