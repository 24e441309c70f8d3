"""What is known of the router, and when it is looked at again."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from tests.scenarios.world import holds, site
from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.router import MARKS_EVERY, REREAD, KnownRouter

NAMES = ("primary", "backup", "lte")
OFFICE = site(seen=(), names=NAMES, marked=("primary", "lte"), reconcile_every=60.0)
VIEW = replace(holds(OFFICE, "backup", 100.0), marks=frozenset({"primary", "lte"}))


def read(**view: object) -> KnownRouter:
    router = KnownRouter(OFFICE)
    router.take(replace(VIEW, **view))
    return router


def wants(router: KnownRouter, now: float, *, closely: bool = False, urgent: bool = False) -> bool:
    return router.wants_reading(now, closely=closely, urgent=urgent)


def test_before_it_is_read_nothing_is_known():
    """And that is said; it is asked for at once."""
    router = KnownRouter(OFFICE)
    assert router.unread == "the router has not been read yet"
    assert (router.unfinished, router.has_no_way_out, router.foreign()) == ("", False, None)
    assert not router.older_than(inf)
    assert not router.marks_differ("backup")
    assert wants(router, 0.0)


@pytest.mark.parametrize(
    ("how", "pace"),
    [({}, 60.0), ({"closely": True}, MARKS_EVERY), ({"urgent": True, "closely": True}, REREAD)],
)
def test_how_often_it_is_read_is_as_much_as_it_matters(how: dict, pace: float):
    """From when it was last asked or read, whichever was later."""
    router = read()
    assert not wants(router, 100.0 + pace - 0.1, **how)
    assert wants(router, 100.0 + pace, **how)
    router.asked(200.0)
    router.take(VIEW)
    assert not wants(router, 200.0 + pace - 0.1, **how)
    assert wants(router, 200.0 + pace, **how)


def test_a_profile_that_reads_more_often_than_marks_need_is_heeded():
    """Its own pace is the quicker one."""
    router = KnownRouter(site(seen=(), marked=("primary",), reconcile_every=3.0))
    router.take(VIEW)
    assert [wants(router, at, closely=True) for at in (102.9, 103.0)] == [False, True]


def test_one_that_could_not_be_read_is_soon_tried_again():
    """Until it was read."""
    router = read()
    router.unread = "away"
    assert [wants(router, at) for at in (101.9, 102.0)] == [False, True]
    router.take(VIEW)
    assert router.unread is None
    assert not wants(router, 102.0)


def test_who_is_prompted_reads_once():
    """Said twice it is no news."""
    router = read()
    assert [router.prompt(), router.prompt()] == [True, False]
    assert [wants(router, at) for at in (101.9, 102.0)] == [False, True]
    router.asked(102.0)
    assert not wants(router, 104.0)
    assert router.prompt() is True


def test_it_is_older_than_what_came_after_it():
    """Not than what came with it."""
    assert [read().older_than(at) for at in (99.9, 100.0, 100.1)] == [False, False, True]


def test_what_it_holds_that_is_no_circuits_is_told():
    """With what to do about it."""
    assert read().foreign() is None
    by_hand = "put it right by hand, or with wanfailover switch NAME --force"
    on_neither = "the router is on neither circuit"
    router = KnownRouter(OFFICE)
    router.take(holds(OFFICE, None, 0.0))
    sends = "it sends from 10.9.9.9 to 10.9.9.1"
    assert router.foreign() == f"{on_neither}: {sends}; {by_hand}"
    router.take(holds(OFFICE, "nowhere", 1.0))
    assert router.has_no_way_out
    assert router.foreign() == f"{on_neither}: it has no default route; {by_hand}"
    assert read(unfinished="half").unfinished == "half"
    assert not read().has_no_way_out


def test_marks_are_those_of_idle_circuits():
    """None while nobody knows which are idle; the wrong ones are put right."""
    router = read()
    assert [circuit.name for circuit in router.marks("backup")] == ["primary", "lte"]
    assert [circuit.name for circuit in router.marks("primary")] == ["lte"]
    assert router.marks(None) == ()
    assert not router.marks_differ("backup")
    assert router.marks_differ("primary")
    assert router.lost_marks(VIEW) == ()
    assert router.lost_marks(replace(VIEW, marks=frozenset({"lte"}))) == ("primary",)
    router.unread = "away"
    assert not router.marks_differ("primary")


def test_a_marked_packet_goes_astray_where_its_mark_was_not_seen_lately():
    """Within a quarter of a minute before it was sent; a modem is asked by another way."""
    sample = ProbeSample("primary", "icmp 192.0.2.10", Role.FAR, 115.0, Result.LOST)
    late = replace(sample, sent=sample.sent + 0.1)
    router = read()
    assert not router.strayed(sample, "backup")
    assert router.strayed(late, "backup")
    assert not router.strayed(late, "primary"), "it is no idle circuit's"
    assert not router.strayed(replace(late, circuit="backup"), "lte"), "it bears no mark"
    assert not router.strayed(replace(late, circuit=None), "backup")
    assert not router.strayed(replace(late, role=Role.DEVICE), "backup")
    router.forget_marks()
    assert router.strayed(replace(sample, sent=100.0), "backup")
    assert router.lost_marks(VIEW) == ()


def test_a_switch_that_is_refused_is_tried_again_more_and_more_seldom():
    """Nothing was touched, so nothing forbids to try at once and for ever; but to what end?"""
    router = read()
    for number, wait in enumerate((2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0), 1):
        router.refuse("another agent changes it", 1000.0 * number)
        assert router.refusals == number
        least = 1000.0 * number + wait
        assert [wants(router, at) for at in (least - 0.1, least)] == [False, True]
    router.prompt()
    assert wants(router, 7000.1), "somebody says that it has changed"
