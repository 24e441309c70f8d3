"""A trace is a pure function, and it does what its segments say."""

from __future__ import annotations

from math import exp

import pytest

from tests.bench.detect.traces import Segment, Target, Trace, Z, key, mix

FAR = Target("icmp 192.0.2.0", "icmp", 0.010, 0.25)
TCP = Target("tcp 192.0.2.1", "tcp", 0.010, 0.25)
GATE = Target("icmp 203.0.113.1", "gateway", 0.005, 0.25)


def trace(*segments, loss=0.0, seed=7, duration=1000.0):
    return Trace(seed, duration, loss, (FAR, TCP, GATE), segments)


def answered(a_trace, k, since=0.0, number=2000, pace=0.01):
    return [a_trace.ask(k, since + pace * i) for i in range(number)]


def share(values):
    return sum(value is None for value in values) / len(values)


def test_mix_is_splitmix64s_finaliser():
    """Its first output of seed 0 is the published one."""
    assert mix(0x9E3779B97F4A7C15) == 0xE220A8397B1DCDAF


def test_a_probes_bits_are_as_the_format_has_them():
    """Loss and round trip follow from the key, by the formulas of the format."""
    a_trace = trace(loss=0.3)
    for i in range(200):
        sent = 0.37 * i
        us = round(sent * 1e6)
        lost = (key(7, 1, us, 1) >> 11) * 2.0**-53 < 1 - (1 - 0.3)
        rtt = 0.010 * exp(0.25 * Z[key(7, 1, us, 2) >> 52])
        assert a_trace.ask(1, sent) == (None if lost else rtt)


def test_the_order_of_asking_is_nothing():
    """Who asks otherwise, or twice, sees the same circuit."""
    a_trace = trace(Segment(3, 9, loss=0.5), loss=0.1)
    forwards = answered(a_trace, 0)
    assert [a_trace.ask(0, 0.01 * i) for i in reversed(range(2000))] == forwards[::-1]
    assert answered(trace(seed=8, loss=0.1), 0) != forwards


@pytest.mark.parametrize("loss", [0.01, 0.2, 0.5])
def test_loss_is_as_often_as_it_says(loss):
    """The share lost is the base loss, within what chance allows."""
    seen = share(answered(trace(loss=loss), 0))
    assert seen == pytest.approx(loss, abs=4 * (loss / 2000) ** 0.5)


def test_losses_multiply():
    """Two segments at once lose what either would."""
    both = trace(Segment(0, 100, loss=0.5), Segment(0, 100, loss=0.4), loss=0.1)
    assert share(answered(both, 0)) == pytest.approx(1 - 0.5 * 0.6 * 0.9, abs=0.05)


@pytest.mark.parametrize(
    ("on", "hit"),
    [
        ("circuit", {0, 1, 2}),
        ("beyond", {0, 1}),
        ("target:1", {1}),
        ("kind:icmp", {0}),
        ("kind:gateway", {2}),
    ],
)
def test_who_is_hit(on, hit):
    """A segment hits all, all but the gateway, one target, or one kind."""
    a_trace = trace(Segment(0, 100, on, 1.0))
    assert {k for k in range(3) if a_trace.ask(k, 50.0) is None} == hit


def test_an_answer_that_would_arrive_in_a_dead_spell_is_lost():
    """A cut takes what is on its way, and nothing after."""
    a_trace = trace(Segment(50, 60, loss=1.0))
    assert a_trace.ask(0, 49.999) is None
    assert a_trace.ask(0, 49.9) is not None
    assert a_trace.ask(0, 60.0) is not None


def test_an_answer_may_arrive_in_the_next_stretch_of_time():
    """Segments are looked up by time, and that must not show where a stretch ends."""
    a_trace = trace(Segment(0, 16, delay_s=2.0), Segment(17, 20, loss=1.0))
    assert a_trace.ask(0, 15.5) is None


def test_delay_grows_over_its_ramp():
    """Half of the ramp adds half of the delay."""
    a_trace = trace(Segment(10, 50, delay_s=1.0, ramp_s=4.0))
    assert a_trace.ask(0, 12.0) == pytest.approx(0.5 + trace().ask(0, 12.0))
    assert a_trace.ask(0, 30.0) == pytest.approx(1.0 + trace().ask(0, 30.0))


def test_calm_lasts_until_the_next_segment():
    """From within a segment there is no calm; after the last it has no end."""
    a_trace = trace(Segment(10, 20, loss=0.5), Segment(200, 210, "target:1", 1.0))
    assert a_trace.calm_until(0.0) == 10
    assert a_trace.calm_until(12.0) == 12.0
    assert a_trace.calm_until(20.0) == 200
    assert a_trace.calm_until(211.0) == float("inf")


def test_a_row_of_usual_answers_is_the_same_as_asking_for_each():
    """Whoever looks only for what is odd sees what asking one by one would show."""
    a_trace = trace(loss=0.02, duration=1e5)
    begin = 0
    for _ in range(50):
        usual = a_trace.usual((0, 1), (0.02, 0.03), begin, begin * 0.5, 0.5, 500)
        rtts = [a_trace.ask((begin + i) % 2, (begin + i) * 0.5) for i in range(usual + 1)]
        limits = [(0.02, 0.03)[(begin + i) % 2] for i in range(usual + 1)]
        assert all(r is not None and r < 1.001 * m for r, m in zip(rtts[:-1], limits, strict=False))
        assert rtts[-1] is None or rtts[-1] > 0.85 * limits[-1]
        begin += usual + 1


def test_what_is_written_is_read():
    """A trace in a file is the same trace; another format is refused."""
    a_trace = trace(Segment(1, 2, "target:1", 0.5, 0.1, 0.2, "odd"), loss=0.1)
    a_trace.stalls = [(5.0, 1.0)]
    again = Trace.load(a_trace.dump())
    assert answered(again, 1) == answered(a_trace, 1)
    assert again.dump() == a_trace.dump()
    with pytest.raises(ValueError, match="wan-trace/1"):
        Trace.load('{"format": "wan-trace/2"}')
