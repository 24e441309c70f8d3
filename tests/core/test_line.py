"""One line's health at its edges: how old, how quiet, how much of it, to the second."""

from __future__ import annotations

import pytest

from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.health import Line
from wanfailover.core.reading import State
from wanfailover.core.site import Detect, Policy, Target

RTT = 0.5
TIMEOUT = 1.0


class Told:
    """A line whose far targets are asked at *paces*, and told of by hand."""

    def __init__(self, *paces: float, silence: float | None = 3.0, **policy: object) -> None:
        detect = Detect(silence=silence, **policy.pop("detect", {}))
        self.targets = [
            Target(f"icmp 192.0.2.{number}", Role.FAR, pace) for number, pace in enumerate(paces)
        ]
        self.line = Line(self.targets, Policy(detect, **policy))

    def tell(self, result: Result, sent: float, who: int = 0, rtt: float = RTT, **how: object):
        rtt = rtt if result is Result.ANSWERED else None
        sample = ProbeSample(
            "primary", self.targets[who].name, Role.FAR, sent, result, rtt, timeout=TIMEOUT, **how
        )
        self.line.take(sample, sent + (TIMEOUT if rtt is None else rtt))

    def answer(self, *sent: float, who: int = 0, rtt: float = RTT) -> None:
        for at in sent:
            self.tell(Result.ANSWERED, at, who, rtt)

    def lose(self, *sent: float, who: int = 0) -> None:
        for at in sent:
            self.tell(Result.LOST, at, who)

    def all(self, result: Result, begin: float, end: float) -> None:
        """Each target, once a second."""
        for second in range(int(begin), int(end)):
            for who in range(len(self.targets)):
                self.tell(result, float(second), who)


# Before anything is known.


def test_a_line_that_nobody_has_asked_is_unknown():
    """Since ever; with no target at all it stays so, but a proof is one."""
    for told in (Told(1.0), Told()):
        reading = told.line.read(7.0)
        assert (reading.state, reading.since, reading.because) == (
            State.UNKNOWN, 0.0, "not seen yet",
        )  # fmt: skip
        assert (reading.loss, reading.rtt, reading.heard, reading.in_sight) == (
            None, None, None, False,
        )  # fmt: skip
    none = Told()
    none.line.vouch(10.0)
    assert none.line.read(13.0).quiet_since == 10.0
    assert none.line.read(13.1).quiet_since is None


def test_one_target_is_enough_where_there_is_one():
    """Whatever the profile needs."""
    told = Told(1.0, need=3)
    told.answer(0.0)
    assert told.line.read(0.5).state is State.UP


# How old.


@pytest.mark.parametrize(
    ("paces", "need", "seconds"),
    [
        ((0.5, 0.5), 1, 10.0),
        ((5.0, 60.0), 1, 15.0),
        ((5.0, 60.0), 2, 6 / (1 / 5 + 1 / 60)),
    ],
)
def test_evidence_is_of_now_for_ten_seconds_or_three_paces(paces, need, seconds):
    """Of the quickest target, or of as many as must answer; then it tells nothing."""
    told = Told(*paces, need=need)
    told.answer(0.0, rtt=0.0)
    told.answer(0.0, who=1, rtt=0.0)
    reading = told.line.read(seconds)
    assert (reading.state, reading.in_sight) == (State.UP, True)
    reading = told.line.read(seconds + 0.1)
    assert (reading.state, reading.in_sight) == (State.UNKNOWN, False)
    assert reading.because == f"not seen for {seconds + 0.1:.0f} s"


@pytest.mark.parametrize(
    ("paces", "need", "gap"), [((0.5, 0.5), 1, 1.0), ((1.0, 1.0), 1, 1.5), ((1.0, 1.0), 2, 3.0)]
)
def test_a_line_is_quiet_between_two_answers_but_not_for_longer(paces, need, gap):
    """Three paces of them all together, for as many as must answer; a second at least."""
    told = Told(*paces, need=need)
    for who in (0, 1):
        told.answer(0.0, 1.0, who=who, rtt=0.0)
    assert told.line.read(1.0 + gap).quiet_since == 0.0
    assert told.line.read(1.1 + gap).quiet_since is None


@pytest.mark.parametrize(("again", "since"), [(3.0, 0.0), (3.1, 3.1)])
def test_after_a_gap_the_quiet_begins_anew(again: float, since: float):
    """With the answer that ends it."""
    told = Told(1.0)
    told.answer(0.0, again, rtt=0.0)
    assert told.line.read(again).quiet_since == since


# How much.


def test_it_says_how_many_probes_are_unanswered_up_to_ten_thousand():
    """More are no news, and nothing gathers for ever."""
    told = Told(1.0)
    told.answer(0.0)
    for number in range(5, 10_020):
        told.lose(number / 10)
    assert "10000 probes to 1 target unanswered" in told.line.read(1003.0).because


def test_patience_is_told_of_each_minute_in_sight():
    """More than a minute, and none of it twice."""
    told = Told(1.0)
    today = told.line.patience.days
    for half in range(1, 250):
        told.answer(half / 2, rtt=0.0)
        told.line.judge(half / 2)
        assert today[0].seconds == 60.5 * ((half - 1) // 121)


def test_what_is_asked_seldom_is_in_sight_all_along():
    """From one probe to the next."""
    told = Told(1.0)
    for second in range(0, 80, 10):
        told.line.judge(float(second))
        told.answer(float(second))
        told.line.judge(float(second))
    assert told.line.patience.days[0].seconds == 70.0


def test_out_of_sight_teaches_nothing():
    """Nobody was asked for a minute: that is no time of watching."""
    told = Told(1.0)
    for second in range(122):
        if second <= 30 or second >= 100:
            told.answer(float(second), rtt=0.0)
        told.line.judge(float(second))
        assert told.line.patience.days[0].seconds == (61.0 if second == 121 else 0.0)


@pytest.mark.parametrize(
    ("lost", "again", "longest"),
    [((1.0, 2.0), 2.5, 2.5), ((1.0,), 2.5, None), ((), 2.5, None), ((1.0, 2.0), 0.5, None)],
)
def test_patience_learns_of_silences_in_which_two_were_lost(lost, again, longest):
    """One alone is bad luck; and without any nobody was asked, or seldom."""
    told = Told(1.0)
    told.answer(0.0, rtt=0.0)
    told.lose(*lost)
    told.answer(again, rtt=0.0)
    assert told.line.patience.longest == longest


def test_a_line_that_never_lived_was_not_silent():
    """It teaches no patience."""
    told = Told(1.0)
    told.lose(0.0, 1.0, 2.0)
    told.answer(3.0)
    assert told.line.patience.longest is None


def test_as_many_bad_seconds_as_any_profile_may_ask_for():
    """The account holds one more than that, and no more."""
    told = Told(1.0, 1.0, 1.0, silence=None, detect={"bad_seconds": 45})
    told.all(Result.ANSWERED, 0, 20)
    for second in range(20, 120):
        for who in range(3):
            lost = who != second % 3
            told.tell(Result.LOST if lost else Result.ANSWERED, float(second), who)
        if told.line.judge(second + 1.0)[0] is State.DOWN:
            break
    assert second == 20 + 45
    for after in range(second + 1, second + 20):
        for who in range(3):
            lost = who != after % 3
            told.tell(Result.LOST if lost else Result.ANSWERED, float(after), who)
    assert told.line.judge(after + 2.0) == (State.DOWN, "bad seconds outnumber good ones by 46")


# What counts.


@pytest.mark.parametrize(("sent", "down"), [(10.0, True), (10.1, False)])
def test_while_nobody_was_asked_there_was_no_silence(sent: float, down: bool):
    """After ten seconds without a probe it is counted from the first of the new ones."""
    told = Told(0.5)
    told.answer(0.0, rtt=0.0)
    told.lose(*(sent + number / 10 for number in range(5)))
    assert (told.line.read(sent + 1.5).state is State.DOWN) is down


@pytest.mark.parametrize("first", [0, 1])
def test_a_probe_that_was_sent_as_another_answered_is_one_of_five(first: int):
    """Five are enough for silence, whichever was told first."""
    told = Told(1.0, 1.0)
    for who in (first, 1 - first):
        told.tell(Result.LOST if who else Result.ANSWERED, 10.0, who, 0.0)
    told.lose(11.0, 12.0, who=1)
    told.lose(11.0)
    assert told.line.read(13.0).state is State.UP
    told.lose(12.0)
    assert told.line.read(13.0).state is State.DOWN


def test_the_quiet_is_counted_probe_by_probe():
    """Those sent since it began, by whether they were lost; a late answer takes its loss back."""
    told = Told(1.0, 1.0)
    told.answer(0.0, rtt=0.0)
    told.lose(0.0, who=1)
    assert told.line.read(0.0).quiet_loss == 1 / 1
    told.answer(1.0, rtt=0.0)
    assert told.line.read(1.0).quiet_loss == 1 / 2
    told.lose(2.0)
    told.answer(2.0, who=1, rtt=0.0)
    assert told.line.read(2.0).quiet_loss == 2 / 4
    told.answer(2.0, rtt=1.5)
    assert told.line.read(3.5).quiet_loss == 1 / 4


def test_a_bad_second_begins_the_quiet_anew():
    """From when it is told, and by what comes after it; a loss of one target alone does not."""
    told = Told(1.0, 1.0, 1.0)
    told.all(Result.ANSWERED, 0, 30)
    told.lose(30.0)
    told.answer(30.0, who=2)
    assert told.line.read(31.0).quiet_since == RTT
    assert told.line.read(31.0).quiet_loss > 0.0
    told.lose(30.0, who=1)
    reading = told.line.read(31.0)
    assert (reading.quiet_since, reading.quiet_loss) == (30.0 + TIMEOUT, 0.0)
    both = Told(1.0, 1.0)
    both.all(Result.ANSWERED, 0, 30)
    both.all(Result.LOST, 30, 31)
    assert both.line.read(31.0).quiet_since == 30.0 + TIMEOUT


def test_answers_that_come_late_make_no_bad_seconds():
    """Each was lost when it was overdue, and was answered after all."""
    told = Told(1.0, 1.0, 1.0, detect={"bad_seconds": 3})
    for second in range(30):
        for who in range(3):
            told.lose(float(second), who=who)
            told.answer(float(second), who=who, rtt=1.5)
    reading = told.line.read(31.0)
    assert (reading.state, reading.loss, reading.quiet_loss) == (State.UP, 0.0, 0.0)


def test_a_loss_that_is_told_again_is_one_all_the_same():
    """Five in a row are needed to be set aside, and a late answer begins the row anew."""
    told = Told(1.0, 1.0)
    for second in range(20):
        told.answer(float(second), who=1)
        if second >= 10:
            told.lose(float(second), float(second))
        if second % 4 == 3:
            told.answer(float(second), rtt=1.5)
    assert told.line.read(21.0).muted == ()
    for second in range(20, 26):
        told.answer(float(second), who=1)
        told.lose(float(second))
    assert told.line.read(26.0).muted == (told.targets[0].name,)


def test_what_is_missed_while_set_aside_is_nobodys_loss():
    """Not even afterwards, when another has missed something in the same seconds."""
    told = Told(1.0, 1.0, 1.0)
    told.all(Result.ANSWERED, 0, 10)
    for second in range(10, 20):
        told.lose(float(second))
        told.answer(float(second), who=2)
        told.tell(Result.LOST if second > 15 else Result.ANSWERED, float(second), 1)
    assert told.line.read(20.5).muted == (told.targets[0].name,)
    told.all(Result.ANSWERED, 20, 21)
    assert told.line.read(21.0).muted == ()
    assert told.line._seconds.surplus(21.0, (), 3) == 0


# Proofs.


def test_who_answers_again_is_not_up_as_soon_as_its_failed_proof_is_forgotten():
    """It was down, and must answer for as long as any that was: its patience."""
    told = Told(1.0, dwell=60.0)
    told.line.condemn(0.0, "the proof failed")
    assert told.line.read(0.1).state is State.DOWN
    told.answer(57.5, 58.5, 59.5)
    reading = told.line.read(60.0)
    assert (reading.state, reading.because) == (State.DEGRADED, "answering again for 2 s")
    told.answer(60.5)
    assert told.line.read(61.0).state is State.UP
    unseen = Told(1.0, dwell=60.0)
    unseen.line.condemn(0.0, "the proof failed")
    assert unseen.line.judge(60.0) == (State.UNKNOWN, "not seen yet")


# Loss.


def test_a_fifth_lost_is_degraded_and_a_tenth_goes_on_to_be():
    """Of ten probes in ten seconds; one that was well bears a tenth."""
    told, well = Told(1.0), Told(1.0)
    for second in range(27):
        told.tell(Result.LOST if second in {21, 23} else Result.ANSWERED, float(second))
        well.tell(Result.LOST if second == 23 else Result.ANSWERED, float(second))
    degraded = told.line.read(26.5)
    assert degraded.state is State.DEGRADED
    assert degraded.because == "2 of 10 probes unanswered in 10 s"
    assert (degraded.since, degraded.loss) == (26.5, 0.2)
    assert well.line.read(26.5).state is State.UP
    told.answer(27.0, 28.0, 29.0, 30.0, 31.0)
    still = told.line.read(31.5)
    assert (still.state, still.since, still.loss) == (State.DEGRADED, 26.5, 0.1)
    told.answer(32.0)
    assert told.line.read(32.0).state is State.UP, "one of eleven"


def test_what_was_lost_since_life_is_for_silence_to_judge():
    """Of six before it two were lost, which is degraded; the four since are no part of it."""
    told = Told(1.0, silence=20.0)
    for second in range(27):
        lost = second in {18, 20, 23, 24, 25, 26}
        told.tell(Result.LOST if lost else Result.ANSWERED, float(second))
    assert told.line.read(26.5).because == "6 of 10 probes unanswered in 10 s"
    one = Told(1.0, silence=20.0)
    for second in range(27):
        one.tell(Result.LOST if second in {20, *range(22, 27)} else Result.ANSWERED, float(second))
    assert one.line.read(26.5).state is State.DEGRADED, "one of five"


def test_a_reading_has_all_the_signs():
    """Of ten seconds; and of the modem, since when it has its line."""
    told = Told(1.0)
    told.answer(10.0, rtt=0.3)
    told.answer(11.0, rtt=0.1)
    told.answer(12.0, rtt=0.2)
    modem = ProbeSample("primary", "snmp primary", Role.DEVICE, 9.0, Result.ANSWERED, 0.1)
    told.line.take(modem, 9.1)
    reading = told.line.read(12.5)
    assert (reading.rtt, reading.heard, reading.device) == (0.2, 12.2, 9.0)
    assert reading.in_sight is True
    assert (reading.quiet_since, reading.expires) == (10.3, None)
    assert (reading.patience, reading.learned) == (3.0, "patience 3.0 s, as the profile has it")
