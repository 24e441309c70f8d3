"""The adapter drives the real detector as the agent would, and what it saves changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.detect import bounds, lines, score
from tests.bench.detect.ours import Endless, Ours, Returning, frozen, learned
from tests.bench.detect.traces import Segment, Trace
from wanfailover.core.patience import DAY, Day
from wanfailover.core.site import Detect

LINE = lines.LINES["L2"]


def trace(*segments, duration=300.0, loss=0.0, stalls=()):
    return Trace(1, duration, loss, LINE.targets, segments, stalls)


def test_it_asks_each_target_once_a_second_while_all_is_well():
    """Three targets, three probes a second, whether they are told or dozed over."""
    for thin in (1, 10):
        ours = Ours(thin=thin)
        assert list(ours.run(trace())) == []
        assert ours.asked / 300 == pytest.approx(3.0, abs=0.02)


def test_a_cut_is_noticed_when_patience_ends():
    """Five seconds after the last answer, by some forty quick probes, and its end at once."""
    ours = Ours()
    (at, down), (back, again) = ours.run(trace(Segment(100, 160, loss=1.0)))
    assert (down, again) == (True, False)
    assert 104.6 < at < 105.1
    assert 160 <= back < 160.7
    assert "probes to 3 targets unanswered" in ours.because[0][1]


def test_a_cut_beyond_the_gateway_is_a_cut():
    """The gateway has no vote."""
    assert score.downs(Ours(), trace(Segment(100, 160, "beyond", 1.0)))


def test_the_agents_stall_is_not_the_lines():
    """Half a minute without hearing oneself is held against nobody, at whatever moment."""
    for begin in (100.0, 100.2, 100.31):
        assert not score.downs(Ours(), trace(stalls=[(begin, 30.0)], loss=0.01))


def test_answers_are_told_late_and_not_lost():
    """A queue of a second and a half makes every probe late, and the line is not down."""
    assert not score.downs(Ours(), trace(Segment(100, 160, delay_s=1.5, ramp_s=0.5)))


def test_dozing_changes_no_verdict():
    """Rough lines are judged alike when most answers of their calm are not told.

    A second's probes fall elsewhere, so single verdicts differ: over eight lines by one in twenty.
    """
    detect = Detect(silence=4.0, bad_seconds=9)
    scenes = [lines.far(lines.LINES["L4"], seed, 3) for seed in range(1, 9)]
    awake, dozing = (
        sum(len(score.downs(Ours(detect=detect, thin=n), scene.trace)) for scene in scenes)
        for n in (1, 10)
    )
    assert awake > 50
    assert dozing == pytest.approx(awake, rel=0.05)


def test_who_never_gives_up_tells_what_the_others_would_have_done():
    """One run without an end gives the count of alarms of any patience."""
    scene = lines.far(lines.LINES["L4"], 2, 4)
    waits = score.waits(scene.events, Endless().waits(scene.trace))
    for silence, bad_seconds in ((5.0, 50), (30.0, 8)):
        detect = Detect(silence=silence, bad_seconds=bad_seconds)
        called = len(score.downs(Ours(detect=detect), scene.trace))
        would = score.rate_of(waits, silence, bad_seconds).seen
        assert called > 0
        assert would == pytest.approx(called, abs=2, rel=0.3)


def test_what_was_learned_goes_with_the_line():
    """Days of one run are the patience of the next, and can be frozen."""
    days = (Day(0, 7 * DAY, (4.0, 3.0, 2.5, 2.0, 1.5), (6.0, 5.0)),)
    detect = frozen(Detect(), days)
    ours = Ours(days=days)
    assert not score.downs(ours, trace())
    assert detect.silence == pytest.approx(ours.line.patience.silence, abs=0.01)
    assert detect.silence > 5.0
    assert learned(ours.line)[0].silences == days[0].silences


def test_it_returns_only_to_a_line_that_stayed_quiet():
    """Five minutes without a gap, ten after a relapse."""
    changes = list(
        Returning().run(
            trace(Segment(100, 160, loss=1.0), Segment(700, 730, loss=1.0), duration=2000.0)
        )
    )
    assert [down for _, down in changes] == [True, False, True, False]
    assert changes[1][0] - 160 == pytest.approx(300, abs=3)
    assert changes[3][0] - 730 == pytest.approx(600, abs=3)


def test_a_line_that_heals_by_itself_is_left_alone():
    """No switch at blips, at dead or limited targets, at filtered pings, at stalls, at bloat."""
    for scene in lines.never(LINE, 5):
        short = replace(scene.trace, duration=min(scene.trace.duration, 500.0))
        assert not score.downs(Ours(), short), scene.name


@pytest.mark.parametrize(
    ("name", "cut", "low", "high"),
    [
        ("L1", 2.03, 3.2, 3.7),
        ("L2", 4.19, 9.1, 10.2),
        ("L3", 9.77, 20.6, 22.8),
        ("L4", 29.3, 32.9, 36.2),
        ("L5", 20.1, 9.1, 10.2),
    ],
)
def test_the_bounds_are_the_published_ones(name, cut, low, high):
    """Blips bound the cut, bursts the brown-out."""
    line = lines.LINES[name]
    assert bounds.cut(line) == pytest.approx(cut, rel=0.005)
    assert bounds.brown(line) == pytest.approx((low, high), rel=0.01)


def test_a_years_nuisances_are_weighed_to_a_year():
    """Of each kind the weights add up to what a year has, and long ones stand apart."""
    scene = lines.far(lines.LINES["L3"], 1, 20)
    for kind, nuisance in lines.LINES["L3"].nuisances.items():
        weight = sum(e.weight for e in scene.events if e.kind == kind)
        assert weight == pytest.approx(nuisance.rate * lines.HOURS)
    gaps = [b.t0 - a.t1 for a, b in zip(scene.events, scene.events[1:], strict=False)]
    assert min(gaps) >= 20
    assert max(gaps) <= 120


def test_a_hidden_line_is_drawn_from_its_seed():
    """The same seed is the same line, within what hidden lines may be."""
    line = lines.hidden(5)
    assert line == lines.hidden(5) != lines.hidden(6)
    assert 0.001 <= line.loss <= 0.02
    assert 0.1 <= line.blip.rate <= 3
    assert 0.3 <= line.blip.mean <= 2


def test_costs_are_seconds_on_the_wrong_side():
    """Noticed after 5 s, back 30 s after the end: 5 s dark, 30 s needless, two changes."""
    scene = lines.Scene("one", trace(duration=1000.0), ((100.0, 200.0),))
    costs = score.costs([(105.0, True), (230.0, False)], scene)
    assert (costs.first, costs.dark, costs.needless, costs.changes, costs.back) == (5, 5, 30, 2, 30)


def test_a_false_alarm_weighs_what_its_nuisance_weighs():
    """Alarms belong to the nuisance before them; where none was seen three are still possible."""
    events = [lines.Event(10, 12, "blip", 0.5), lines.Event(50, 60, "burst", 4.0)]
    rate = score.false_rate(events, [11.0, 70.0, 80.0])
    assert (rate.yearly, rate.seen, rate.by_kind) == (8.5, 3, {"blip": 0.5, "burst": 8.0})
    assert rate.low < 8.5 < rate.high
    assert score.false_rate(events, []).high == 12.0
