"""The meter's account of a stream, without packets."""

from __future__ import annotations

from wanfailover.lab.meter import Back, Begun, Event, Gap, Lost, Meter

PATIENCE = 0.5


def play(answers: dict[int, float | None], period: float = 0.1) -> tuple[list[Event], Meter]:
    """Send a probe each *period*; *answers* has each one's round trip, None where it is lost."""
    meter, events = Meter(PATIENCE), []
    steps = [(number * period, 0, number) for number in answers]
    steps += [(n * period + trip, 1, n) for n, trip in answers.items() if trip is not None]
    for now, answer, number in sorted(steps):
        if answer:
            events += meter.answered(number, now)
        else:
            meter.sent(number, now)
            events += meter.expire(now)
    events += meter.expire(max(answers) * period + PATIENCE)
    return events, meter


def about(value: float) -> float:
    return round(value, 6)


def gaps(meter: Meter) -> list[Gap]:
    return [Gap(about(gap.at), about(gap.length), gap.ended) for gap in meter.gaps]


def test_a_healthy_stream_begins_and_has_no_gap():
    """The first answer is told, and nothing after it."""
    events, meter = play(dict.fromkeys(range(10), 0.01))
    assert events == [Begun(0.01)]
    assert (meter.sent_count, meter.lost_count, meter.gaps) == (10, 0, [])


def test_a_gap_lasts_from_the_first_lost_probe_to_the_next_answer():
    """Sent at 0.2 and lost; sent at 1.0 and answered 0.01 later."""
    trips = {number: None if 2 <= number < 10 else 0.01 for number in range(20)}
    events, meter = play(trips)
    assert gaps(meter) == [Gap(0.2, 0.81)]
    assert [type(event) for event in events] == [Begun, Lost, Back]
    assert meter.lost_count == 8


def test_one_lost_probe_is_a_gap_of_one_period():
    """It is told once certain, although the next answer came long before."""
    events, meter = play({number: None if number == 3 else 0.01 for number in range(12)})
    assert gaps(meter) == [Gap(0.3, 0.11)]
    assert [type(event) for event in events] == [Begun, Lost, Back]


def test_neighbouring_losses_are_one_gap_and_distant_ones_two():
    """A gap ends with the first answer; a loss after that begins another."""
    lost = {3, 4, 5, 8}
    _, meter = play({number: None if number in lost else 0.01 for number in range(14)})
    assert gaps(meter) == [Gap(0.3, 0.31), Gap(0.8, 0.11)]


def test_an_answer_that_is_late_is_none():
    """What takes longer than the patience does not end a gap, and is no round trip."""
    _, meter = play({0: 0.01, 1: 0.9, 2: 0.8, 3: 0.7, 4: 0.3})
    assert gaps(meter) == [Gap(0.1, 0.6)]
    assert [about(trip) for trip in meter.round_trips] == [0.01, 0.3]


def test_answers_out_of_order_are_no_gap():
    """A probe overtaken by the next is in time all the same."""
    _, meter = play({0: 0.01, 1: 0.25, 2: 0.01, 3: 0.01})
    assert meter.gaps == []


def test_what_is_still_dead_at_the_end_has_no_end():
    """The account is closed with a gap up to now."""
    events, meter = play({0: 0.01, 1: None, 2: None, 3: None})
    assert isinstance(events[-1], Lost)
    meter.finish(2.0)
    assert gaps(meter) == [Gap(0.1, 1.9, ended=False)]


def test_the_measuring_host_being_busy_is_no_gap():
    """Only what was sent can be missed."""
    meter = Meter(PATIENCE)
    for number, now in enumerate((0.0, 0.1, 3.0, 3.1)):
        meter.sent(number, now)
        list(meter.answered(number, now + 0.01))
    assert meter.gaps == []
