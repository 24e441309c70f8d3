"""How a line is called down, and for how long, to the second."""

from __future__ import annotations

import pytest

from tests.core.test_line import TIMEOUT, Told
from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.layers import Layer
from wanfailover.core.reading import State

# Failures that nobody can check.


def test_what_was_silent_when_last_seen_is_down_for_a_while():
    """Until it is forgotten, and it says when that will be."""
    told = Told(1.0, forget=60.0)
    told.answer(0.0)
    told.all(Result.LOST, 1, 11)
    reading = told.line.read(20.0)
    assert (reading.state, reading.expires) == (State.DOWN, None)
    assert reading.because == "silent for 19.5 s: 10 probes to 1 target unanswered"
    reading = told.line.read(20.5)
    assert (reading.because, reading.expires) == ("silent when last seen, 10 s ago", 70.0)
    assert told.line.read(69.9).state is State.DOWN
    reading = told.line.read(70.0)
    assert (reading.state, reading.because) == (State.UNKNOWN, "not seen for 60 s")
    assert reading.expires is None


def test_what_was_lossy_when_last_seen_is_told_so():
    """A brown-out is no silence."""
    told = Told(1.0, 1.0, 1.0, detect={"bad_seconds": 3})
    told.all(Result.ANSWERED, 0, 10)
    for second in range(10, 20):
        for who in range(3):
            told.tell(Result.LOST if who != second % 3 else Result.ANSWERED, float(second), who)
    assert told.line.read(20.0).because.startswith("bad seconds outnumber good ones by")
    reading = told.line.read(29.1)
    assert (reading.state, reading.because) == (State.DOWN, "lossy when last seen, 10 s ago")


def test_a_modem_takes_its_line_down_unless_that_is_heard():
    """Two seconds after its word; what answers for longer gives it the lie."""
    dead, alive = Told(1.0, silence=20.0), Told(1.0, silence=20.0)
    word = ProbeSample("primary", "snmp primary", Role.DEVICE, 10.0, Result.LOST)
    for told in (dead, alive):
        told.answer(8.0, 9.0)
        told.line.take(word, 11.0)
    alive.answer(10.0, 11.0, 12.0)
    assert dead.line.read(11.9).state is State.UP
    for told, state in ((dead, State.DOWN), (alive, State.UP)):
        assert told.line.read(13.0).state is state
    assert dead.line.read(13.0).because == "its modem has no line"


def test_a_silent_line_is_asked_quickly_until_it_is_called_dead():
    """From a gap on, and only while something is unanswered. Here nothing else is worth it."""
    told = Told(1.0, detect={"fast_for": 0.0})
    told.answer(10.0, rtt=0.0)
    assert told.line.fast(19.0) is False
    told.lose(11.0)
    assert [told.line.fast(at) for at in (13.0, 13.1)] == [False, True]
    told.lose(11.5, 12.0, 12.5, 13.0)
    assert told.line.judge(14.0)[0] is State.DOWN
    assert told.line.fast(14.0) is False


def test_a_line_that_is_only_judged_remembers_what_it_was():
    """A verdict alone is as good as a reading: dead, it must answer for a while."""
    told = Told(1.0)
    told.answer(0.0)
    told.all(Result.LOST, 1, 11)
    assert told.line.judge(11.0)[0] is State.DOWN
    told.answer(11.0)
    assert told.line.judge(12.0)[0] is State.DEGRADED


# Our own deafness.


def test_a_line_that_never_answered_was_not_silent_while_we_were_deaf():
    """Its silence is as long as we have listened."""
    told = Told(0.5)
    told.lose(0.0, 0.5)
    told.line.deaf(61.0, 60.0)
    told.lose(61.0, 61.1, 61.2, 61.3, 61.4)
    assert told.line.read(62.9).state is State.UNKNOWN
    assert told.line.read(63.0).state is State.DOWN


def test_nor_was_one_that_nobody_had_asked_just_before():
    """Nothing left this host for half a minute, and then we are stalled: neither is its silence."""
    told = Told(0.5)
    told.answer(0.0)
    told.lose(30.0, 30.5)
    told.line.deaf(91.0, 60.0)
    told.lose(91.0, 91.1, 91.2, 91.3, 91.4)
    assert told.line.read(92.9).state is not State.DOWN
    assert told.line.read(93.0).state is State.DOWN


# Brown-outs.


def lossy(told: Told, begin: int, end: int, well: int | None = None) -> None:
    """Two of three are lost each second, four times in five; *well* never is."""
    for second in range(begin, end):
        for who in range(3):
            lost = who != well and (who + second) % 5
            told.tell(Result.LOST if lost else Result.ANSWERED, float(second), who)


def test_where_one_is_spared_the_others_are_the_trouble():
    """A target that answers as ever; but a line that was called down is not up for that."""
    told = Told(1.0, 1.0, 1.0, detect={"bad_seconds": 5})
    told.all(Result.ANSWERED, 0, 10)
    lossy(told, 10, 30, well=2)
    assert told.line.read(30.0).state is not State.DOWN
    brown = Told(1.0, 1.0, 1.0, detect={"bad_seconds": 5})
    brown.all(Result.ANSWERED, 0, 10)
    lossy(brown, 10, 20)
    assert brown.line.read(20.0).state is State.DOWN
    for second in range(20, 220):
        lossy(brown, second, second + 1, well=2)
        brown.line.judge(second + 1.0)
    assert brown.line._seconds.spared(()) is not None
    assert brown.line.read(220.0).state is State.DOWN


def test_the_last_with_a_voice_is_believed_alone():
    """The other was set aside, and there is nobody else to ask."""
    told = Told(1.0, 1.0, detect={"bad_seconds": 5})
    told.all(Result.ANSWERED, 0, 10)
    for half in range(20, 60):
        told.tell(Result.LOST, half / 2, 0)
        told.tell(Result.LOST if half % 2 and half > 40 else Result.ANSWERED, half / 2, 1)
    reading = told.line.read(30.5)
    assert reading.muted == (told.targets[0].name,)
    assert reading.because.startswith("bad seconds outnumber good ones by")


# Which part of the way.


def other(told: Told, role: Role, sent: float, *, lost: bool = False) -> None:
    """The gateway, or the modem, is asked."""
    result, rtt = (Result.LOST, None) if lost else (Result.ANSWERED, 0.0)
    sample = ProbeSample("primary", str(role), role, sent, result, rtt, timeout=TIMEOUT)
    told.line.take(sample, sent)


@pytest.mark.parametrize(
    ("heard", "layer"),
    [(11.0, Layer.LINE_OR_GATEWAY), (11.1, Layer.ISP), (12.0, Layer.ISP), (None, None)],
)
def test_a_gateway_answers_a_second_after_all_else_fell_silent(heard, layer):
    """Or its last answer may have come with the others'. One that was not asked tells nothing."""
    told = Told(0.5)
    told.answer(10.0, rtt=0.0)
    told.lose(*(10.5 + half / 2 for half in range(8)))
    if heard is not None:
        other(told, Role.GATEWAY, heard)
    reading = told.line.read(15.0)
    assert (reading.state, reading.layer) == (State.DOWN, layer)


@pytest.mark.parametrize(
    ("asked", "lost", "layer"),
    [(20, 2, Layer.LINE_OR_GATEWAY), (21, 2, Layer.ISP), (21, 3, Layer.LINE_OR_GATEWAY)],
)
def test_in_a_brown_out_a_gateway_is_well_that_loses_less_than_a_tenth(asked, lost, layer):
    """Of what it was asked lately; that the modem has its line proves nothing then."""
    told = Told(1.0, 1.0, 1.0, detect={"bad_seconds": 3})
    told.all(Result.ANSWERED, 0, 10)
    other(told, Role.DEVICE, 10.0)
    lossy(told, 10, 20)
    for number in range(asked):
        other(told, Role.GATEWAY, 10.0 + number / 2, lost=number < lost)
    reading = told.line.read(20.5)
    assert reading.because.startswith("bad seconds")
    assert reading.layer == layer


def test_a_modem_without_a_line_is_blamed_unless_the_line_is_heard():
    """Which is told also before it is called down for it."""
    dead, alive = Told(1.0, silence=20.0), Told(1.0, silence=20.0)
    for told in (dead, alive):
        told.answer(8.0, 9.0)
        other(told, Role.DEVICE, 10.0, lost=True)
    alive.answer(10.0, 11.0, 12.0)
    assert dead.line.read(12.0).layer is Layer.LINE
    assert alive.line.read(12.5).layer is None


def test_one_target_that_fails_alone_is_named_as_that():
    """While the others answer."""
    told = Told(1.0, 1.0)
    for second in range(20):
        told.answer(float(second), who=0)
        told.lose(float(second), who=1)
    reading = told.line.read(20.0)
    assert (reading.muted, reading.layer) == ((told.targets[1].name,), Layer.TARGET)


@pytest.mark.parametrize(
    ("unsent", "of", "why"), [(1, 1, "no route"), (1, 2, None), (2, 2, "no route"), (2, 4, None)]
)
def test_probes_do_not_leave_where_most_do_not(unsent: int, of: int, why: str | None):
    """Half of them may be our own firewall's doing; then it is our own host's fault."""
    told = Told(*[1.0] * of)
    for who in range(unsent):
        told.tell(Result.UNSENT, 1.0, who, detail="no route" if who == 0 else "no name")
    for who in range(unsent, of):
        told.answer(1.0, who=who)
    reading = told.line.read(2.0)
    assert (reading.unsent, reading.layer) == (why, Layer.HOST if why else None)
