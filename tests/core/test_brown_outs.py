"""Brown-outs, and what must not be mistaken for them."""

from __future__ import annotations

from random import Random

from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.health import Line
from wanfailover.core.reading import State
from wanfailover.core.site import Detect, Policy, Target

DETECT = Detect()
NAMES = [f"icmp 192.0.2.{n}" for n in (10, 11, 12)]


class Told:
    """Three targets in turn, quickly while the line asks for it; each probe is told at its end."""

    def __init__(self, seed=1, detect=DETECT):
        self.line = Line([Target(name, Role.FAR, 1.0) for name in NAMES], Policy(detect=detect))
        self.random = Random(seed)
        self.now = 0.0
        self.asked = 0

    def probe(self, loss):
        name = NAMES[self.asked % 3]
        lost = self.random.random() < loss.get(name, 0.0)
        result = Result.LOST if lost else Result.ANSWERED
        rtt = None if lost else 0.02
        sample = ProbeSample("fibre", name, Role.FAR, self.now, result, rtt, timeout=0.25)
        self.line.take(sample, self.now + (0.25 if lost else 0.02))
        self.asked += 1

    def go(self, seconds, loss=0.0, until=None):
        """Watch for so long, or until a state; returns the state and how long it took."""
        share = loss if isinstance(loss, dict) else dict.fromkeys(NAMES, loss)
        begun = self.now
        while self.now < begun + seconds:
            self.probe(share)
            self.now += DETECT.fast if self.line.fast(self.now) else 1 / 3
            state, _ = self.line.judge(self.now)
            if state is until:
                break
        return state, self.now - begun


def test_the_worse_it_is_the_sooner_it_is_seen():
    """Of twenty brown-outs each, those that lose more are noticed sooner, and all are."""
    means = []
    for loss in (0.3, 0.45, 0.6):
        taken = []
        for seed in range(20):
            told = Told(seed)
            told.go(60)
            state, seconds = told.go(200, loss, until=State.DOWN)
            assert state is State.DOWN
            taken.append(seconds)
        means.append(sum(taken) / len(taken))
    assert means == sorted(means, reverse=True)
    assert means[-1] < 15


def test_a_cut_is_for_silence_to_call():
    """Bad seconds do not end a longer patience for it, wherever in a second it begins."""
    for tenth in range(10):
        told = Told(detect=Detect(silence=20.0, bad_seconds=3))
        told.go(60 + tenth / 10)
        state, seconds = told.go(60, 1.0, until=State.DOWN)
        assert state is State.DOWN
        assert 19.5 < seconds < 20.5


def test_a_brown_out_is_no_silence():
    """One that lets a tenth through is called by its bad seconds, long before patience ends."""
    for seed in range(10):
        told = Told(seed, Detect(silence=40.0, bad_seconds=5))
        told.go(60)
        state, seconds = told.go(60, 0.9, until=State.DOWN)
        assert state is State.DOWN
        assert seconds < 20


def test_a_target_that_is_back_brings_no_bad_seconds_along():
    """What it missed while it was set aside is nobody's loss, though others miss a few."""
    told = Told()
    told.go(60)
    told.go(120, {NAMES[0]: 1.0, NAMES[1]: 0.15})
    assert told.line.read(told.now).muted == (NAMES[0],)
    told.go(30, {NAMES[1]: 0.15})
    assert told.line.read(told.now).muted == ()
    assert told.line.judge(told.now)[0] is State.UP
    assert told.line._seconds.surplus(told.now, (), 3) <= 2


def test_an_outage_spends_no_suspicion():
    """A line that is back after minutes of silence can be looked at as closely as ever."""
    told = Told()
    told.go(60)
    assert told.go(300, 1.0)[0] is State.DOWN
    told.go(20)
    before = told.asked
    told.go(10, 0.5)
    assert told.asked - before > 60
