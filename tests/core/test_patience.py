"""How long to wait, learned from what healed."""

from __future__ import annotations

from math import log
from random import Random

import pytest

from wanfailover.core.patience import (
    DAY,
    KEPT_DAYS,
    LONGEST,
    PEAKS,
    SILENCES,
    SPELLS,
    Day,
    Patience,
    outwait,
)
from wanfailover.core.site import Detect


def blips(per_day, mean, days, seed=1):
    """Silences of a line whose blips are exponential, a day at a time."""
    rnd = Random(seed)
    return [[rnd.expovariate(1 / mean) for _ in range(round(per_day))] for _ in range(days)]


def taught(per_day=0, mean=1.0, days=7, seed=1, **detect):
    patience = Patience(Detect(**detect))
    for day in blips(per_day, mean, days, seed):
        for seconds in day:
            patience.silence_healed(seconds)
        patience.watched(DAY)
    return patience


@pytest.mark.parametrize(("per_day", "mean"), [(12, 0.5), (48, 1.0), (48, 3.0)])
def test_a_week_teaches_what_the_line_needs(per_day, mean):
    """Over many weeks the wait is not below the true one, nor half as long again."""
    true = mean * log(365 * per_day / 1.0)
    waits = sorted(taught(per_day, mean, seed=seed).silence for seed in range(20))
    assert true * 0.95 < waits[10] < true * 1.4
    assert waits[2] > true * 0.8


def test_a_day_teaches_more_caution_than_a_month():
    """The same kind of line is waited for longer while less is known of it."""
    day = [taught(48, 1.0, days=1, seed=seed).silence for seed in range(12)]
    month = [taught(48, 1.0, days=30, seed=seed).silence for seed in range(12)]
    assert max(day) - min(day) > max(month) - min(month)
    assert sum(day) > 0.9 * sum(month)


def test_many_short_ones_do_not_make_the_tail_look_light():
    """A hundred silences of a second and five of five are judged by the five."""
    events = [1.05] * 100 + [3.0, 4.0, 4.5, 5.0, 5.5]
    assert outwait(events, 7.0, 0.5, 1.0, SILENCES) > 12.0


def test_fewer_false_failovers_cost_patience():
    """Who accepts fewer waits longer."""
    waits = [outwait([1.5, 2.0, 3.0], 7.0, a, 1.0, SILENCES) for a in (50, 5, 0.5, 0.05)]
    assert waits == sorted(waits)


def test_nothing_is_learned_in_the_first_day():
    """Until a day was watched, patience is what the profile begins with."""
    patience = Patience(Detect())
    patience.silence_healed(4.0)
    patience.watched(0.9 * DAY)
    assert (patience.silence, patience.bad_seconds) == (5.0, 12)
    assert str(patience) == "patience 5.0 s, until a day was watched"
    patience.watched(0.2 * DAY)
    assert patience.silence > 5.0
    assert "this line's longest healed silence in 1 day: 4.0 s; patience" in str(patience)


def test_a_line_without_a_silence_earns_little_patience():
    """Seven days without any: little more than two seconds, and it says so."""
    patience = taught()
    assert patience.silence == pytest.approx(2.26, abs=0.01)
    assert patience.bad_seconds == 5
    assert str(patience) == "this line's longest healed silence in 7 days: none; patience 2.3 s"


def test_what_is_learned_has_the_scale_of_the_line():
    """A line whose silences are three times as long is waited for three times as long."""
    events = [1.2, 1.5, 2.0, 2.4, 3.5]
    wait = outwait(events, 7.0, 0.5, 1.0, SILENCES)
    assert outwait([3 * x for x in events], 7.0, 0.5, 3.0, SILENCES) == pytest.approx(3 * wait)


def test_outages_teach_nothing():
    """What outlasted patience three times, or half a minute, was an outage; a blink is no news."""
    patience = taught(48, 1.0)
    before = patience.silence
    patience.silence_healed(3.1 * before)
    patience.silence_healed(LONGEST + 1)
    patience.silence_healed(0.9)
    assert patience.silence == before
    patience.silence_healed(2.5 * before)
    assert patience.silence > before


def test_spells_teach_the_patience_for_bad_seconds():
    """Peaks of twelve that healed are waited out; fifty were an outage, one is no news."""
    patience = taught()
    patience.spell_healed(1)
    patience.spell_healed(50)
    assert patience.bad_seconds == 5
    for _ in range(3):
        patience.spell_healed(12)
    assert 13 < patience.bad_seconds <= 45


def test_a_silence_may_be_as_long_as_any_patience_for_it():
    """The account of bad seconds can hold, and excuse, so long a one."""
    assert taught(48, 3.0).slowest == 45
    patience = Patience(Detect(silence=90.0))
    assert (patience.silence, patience.bad_seconds) == (90.0, 12)
    assert patience.slowest >= 90


def test_the_profile_has_the_last_word():
    """What it fixes is not learned, and it may forbid learning."""
    fixed = taught(48, 3.0, silence=4.0, bad_seconds=9)
    assert (fixed.silence, fixed.bad_seconds) == (4.0, 9)
    assert str(fixed) == "patience 4.0 s, as the profile has it"
    still = taught(48, 3.0, learn=False)
    assert (still.silence, str(still)) == (5.0, "patience 5.0 s")


def test_a_dear_switch_asks_for_patience():
    """No silence shorter than a quarter of what a switch costs is worth one, whatever the most."""
    assert Patience(Detect(), cost=40.0).silence == 10.0
    dear = Patience(Detect(), cost=240.0)
    assert (dear.silence, dear.bad_seconds) == (60.0, 60)


def test_days_are_kept_for_a_month():
    """A day that is full is followed by another, and there is news of it; old ones go."""
    patience = Patience(Detect(), days=[Day(3, DAY / 2, (2.0,), ())])
    assert patience.longest == 2.0
    assert not patience.news
    for _ in range(40):
        patience.watched(DAY)
    assert patience.news
    assert len(patience.days) == KEPT_DAYS
    assert patience.days[-1].number == 43
    assert patience.longest is None


def test_a_day_keeps_only_what_the_tail_is_judged_from():
    """However bad it was, it is 65 figures in the journal."""
    patience = taught(500, 1.0, days=1)
    assert len(patience.days[0].silences) == max(PEAKS) + 1 == 65
    assert list(patience.days[0].silences) == sorted(patience.days[0].silences, reverse=True)


def test_a_good_lines_few_spells_do_not_make_it_waited_for_long():
    """A week of fibre: one spell of four bad seconds, one of two; five are a brown-out there."""
    patience = taught()
    patience.spell_healed(4)
    patience.spell_healed(2)
    assert patience.bad_seconds == 5


@pytest.mark.parametrize(
    ("number", "silence", "spell"),
    [
        (4, 14.31176, 20.11206),
        (8, 18.49371, 26.11794),
        (16, 22.31329, 33.03526),
        (32, 25.46045, 39.61905),
        (64, 28.07701, 45.18185),
    ],
)
def test_what_the_benchmark_has_chosen(number: int, silence: float, spell: float):
    """A week with so many that are longer than all others; whoever has these figures changed
    judges the new ones by `make bench-detect`."""
    silences = [5.0] * number + [2.0 - i / 100 for i in range(70)]
    assert outwait(silences, 7.0, 0.5, 1.0, SILENCES) == pytest.approx(silence, rel=1e-6)
    spells = [peak for peak in (9, 4, 3, 2) for _ in range(number)]
    assert outwait(spells, 7.0, 0.2, 1, SPELLS, 1) == pytest.approx(spell, rel=1e-6)


def test_what_is_as_long_as_the_threshold_does_not_exceed_it():
    """Three silences of five seconds among many of two: they are three, and not four."""
    wait = outwait([5.0] * 3 + [2.0] * 70, 7.0, 0.5, 1.0, SILENCES)
    peaks, prior = 3, SILENCES.weight
    excess = peaks * (5.0 - 2.0) + prior * SILENCES.excess * 2.0
    yearly = (peaks + 1) * 365 / 7.0
    assert yearly * (1 + (wait - 2.0) / excess) ** -(peaks + prior) == pytest.approx(0.5)


def test_who_accepts_more_than_there_is_waits_for_what_is_news():
    """And no longer: of one silence a year at the most, one may be mistaken."""
    assert outwait([], 365.0, 1.0, 1.0, SILENCES) == 1.0
    assert outwait([], 365.0, 50.0, 0.5, SILENCES) == 0.5


def week(*spells: float, **detect: object) -> Patience:
    return Patience(Detect(**detect), days=[Day(0, 7 * DAY, (), spells)])


def test_of_false_failovers_four_in_ten_may_be_a_brown_outs():
    """They are counted in whole seconds; and who accepts more waits less."""
    spells = [9] * 8 + [4] * 8
    assert week(*spells, false_per_year=0.5).bad_seconds == 31
    assert week(*spells, false_per_year=2.0).bad_seconds == 25


def test_a_month_is_thirty_days():
    """Of watching."""
    patience = taught(days=40)
    assert [day.number for day in patience.days] == list(range(11, 41))


def test_a_day_is_enough():
    """To the second."""
    patience = Patience(Detect())
    patience.watched(DAY - 1.0)
    assert str(patience) == "patience 5.0 s, until a day was watched"
    patience.watched(1.0)
    assert patience.silence != 5.0
    assert str(patience).startswith("this line's longest healed silence in 1 day: none")


@pytest.mark.parametrize(
    ("silence", "seconds", "news"),
    [
        (5.0, 1.0, False),
        (5.0, 1.1, True),
        (5.0, 15.0, True),
        (5.0, 15.1, False),
        (20.0, 30.0, True),
        (20.0, 30.1, False),
    ],
)
def test_which_silences_are_news(silence: float, seconds: float, news: bool):
    """Longer than a second, and no more than three times patience, nor than half a minute."""
    patience = Patience(Detect(silence=silence))
    patience.silence_healed(seconds)
    assert patience.longest == (seconds if news else None)


@pytest.mark.parametrize(("peak", "news"), [(1, False), (2, True), (45, True), (46, False)])
def test_which_spells_are_news(peak: int, news: bool):
    """More than one bad second, and no more than are ever waited for."""
    patience = Patience(Detect())
    patience.spell_healed(peak)
    assert patience.days == [Day(0, spells=(peak,) if news else ())]
    assert patience.news is news


def test_a_profile_that_is_quick_to_call_silence_may_be_slow_with_bad_seconds():
    """The account holds as many as may be waited for: three quarters of a minute, or as it says."""
    assert Patience(Detect(most=10.0)).slowest == 45
    assert Patience(Detect(bad_seconds=60)).slowest == 60


def test_where_a_switch_costs_nothing_no_silence_is_too_short():
    """Nor where nobody says what it costs."""
    quick = Detect(least=0.1, first_silence=0.2)
    assert Patience(quick).silence == Patience(quick, cost=0.0).silence == 0.2
