"""Bad seconds against good ones."""

from __future__ import annotations

import pytest

from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.seconds import Seconds
from wanfailover.core.site import Detect

A, B, C = "icmp 192.0.2.10", "icmp 192.0.2.11", "tcp 192.0.2.12:443"


def probe(target, sent, *, lost=False, timeout=1.0):
    result = Result.LOST if lost else Result.ANSWERED
    rtt = None if lost else 0.02
    return ProbeSample("fibre", target, Role.FAR, sent, result, rtt, timeout=timeout)


class Account:
    """Second by second, each of three targets asked once; *lost* says whose probe was."""

    def __init__(self):
        self.seconds = Seconds(Detect(), 50)
        self.now = 0.0

    def go(self, number, *lost):
        for _ in range(number):
            for i, target in enumerate((A, B, C)):
                self.seconds.take(probe(target, self.now + i / 3, lost=target in lost), None)
            self.now += 1.0

    def surplus(self, muted=(), voters=3):
        return self.seconds.surplus(self.now + 1.0, muted, voters)


@pytest.fixture
def account():
    return Account()


def test_bad_ones_count_up_and_good_ones_down(account):
    """Five bad seconds and two good ones leave three, and nothing goes below nought."""
    account.go(5, A, B)
    account.go(2)
    assert account.surplus() == 3
    account.go(20)
    assert account.surplus() == 0


def test_an_hour_of_loss_does_not_take_an_hour_to_be_over(account):
    """The account goes no higher than it may, and is at nought as many good seconds later."""
    account.go(300, A, B)
    assert account.surplus() == 50
    account.go(40)
    assert account.surplus() == 10
    account.go(11)
    assert account.surplus() == 0
    assert account.seconds.healed == []


def test_one_silence_is_for_another_rule_to_judge(account):
    """However long: of its seconds none counts, and those that lose something do."""
    account.go(2, A, B)
    account.go(30, A, B, C)
    account.go(3, A, C)
    assert account.surplus() == 5
    account.go(6)
    assert account.surplus() == 0
    account.go(40)
    assert account.surplus() == 0
    assert account.seconds.healed == [5]


def test_a_line_that_flaps_is_not_excused(account):
    """Five seconds dead and two alive: only one of the dead spells is not counted."""
    for _ in range(4):
        account.go(5, A, B, C)
        account.go(2)
    assert account.surplus() > 5


def test_what_came_to_nought_excuses_nothing(account):
    """A brown-out soon after a long silence counts from its first second."""
    account.go(10, A, B, C)
    account.go(7)
    account.go(4, A, B)
    assert account.surplus() == 4


def test_a_silence_longer_than_any_patience_counts(account):
    """After as many seconds as the account may hold it is excused no more."""
    account.go(58, A, B, C)
    assert account.surplus() == 8


def test_seconds_in_which_nobody_was_asked_say_nothing(account):
    """Neither do they end a silence."""
    for _ in range(3):
        account.go(2, A, B, C)
        account.seconds.take(probe(A, account.now, lost=True), None)  # one alone, unanswered
        account.now += 2.0  # and none
    account.go(2, A, B)
    assert account.surplus() == 2


def test_a_second_that_cannot_be_good_any_more_is_bad(account):
    """Of twenty probes at the most four are lost already: there is no need to wait for its end."""
    for i, target in enumerate((A, B, A, B, C)):
        account.seconds.take(probe(target, 0.05 * i, lost=target is not C), None)
        assert account.seconds.surplus(0.5, (), 3) == (target is C)


def test_one_target_alone_makes_no_second_bad(account):
    """A target that loses everything is its own trouble, unless it is the only one."""
    account.go(5, A)
    assert account.surplus() == 0
    assert account.surplus(voters=1) == 5


def test_the_muted_have_no_voice(account):
    """What a muted target loses makes no second bad; with all of them muted none counts."""
    account.go(5, A, B)
    assert account.surplus(muted=(A,), voters=2) == 0
    assert account.surplus(muted=(A, B, C), voters=0) == 0


def test_a_second_is_judged_when_its_last_probe_can_be_overdue(account):
    """While an answer may still come in time a second counts for nothing."""
    account.go(1, A, B)
    assert account.seconds.surplus(1.9, (), 3) == 0
    assert account.seconds.surplus(2.0, (), 3) == 1


def test_a_late_answer_takes_its_loss_back(account):
    """A bad second is good again when its probes are answered after all."""
    account.go(3, A, B)
    for second in range(3):
        account.seconds.take(probe(A, float(second)), probe(A, float(second), lost=True))
    assert account.surplus() == 0
    assert not account.seconds.bad_since(0.0, (), 3)


def test_an_answer_after_the_account_was_settled_changes_nothing(account):
    """What is older than any answer can be is settled."""
    account.go(3, A, B)
    account.go(20)
    assert account.surplus() == 0
    account.seconds.take(probe(A, 0.0), probe(A, 0.0, lost=True))
    for target in (A, B, C):
        account.seconds.take(probe(target, 0.5, lost=target is not C), None)
    assert account.surplus() == 0


@pytest.mark.parametrize(("now", "left"), [(9.9, 0), (10.0, 1)])
def test_an_answer_may_come_for_ten_seconds(account, now, left):
    """Three times as long as any is waited for."""
    account.go(1, A, B)
    account.seconds.surplus(now, (), 3)
    account.seconds.take(probe(A, 0.0), probe(A, 0.0, lost=True))
    assert account.seconds.surplus(10.0, (), 3) == left


@pytest.mark.parametrize(("now", "bad"), [(1.2, 0), (1.25, 1)])
def test_where_answers_are_waited_for_less_long_a_second_is_judged_sooner(now, bad):
    """By its own probes' timeout."""
    seconds = Seconds(Detect(), 50)
    for target in (A, B, C):
        seconds.take(probe(target, 0.0, lost=target is not C, timeout=0.25), None)
    assert seconds.surplus(now, (), 3) == bad


def test_all_is_well_until_something_is_missed(account):
    """And again when what was missed is made up for, and can be repaired no more."""
    assert account.seconds.settled is True
    account.go(3)
    assert account.seconds.settled is True
    account.go(1, A)
    assert account.seconds.settled is False
    account.go(12)
    account.surplus()
    assert account.seconds.settled is True


def test_a_silence_alone_leaves_no_peak(account):
    """It is for another rule to learn from."""
    account.go(10, A, B, C)
    account.go(40)
    account.go(3, A, B)
    account.go(20)
    account.go(10, A, B, C)
    account.go(40)
    assert account.surplus() == 0
    assert account.seconds.healed == [0, 3, 0]


def test_what_was_settled_does_not_hide_what_is_open(account):
    """A bad second counts after a quarter of a minute of good ones, too."""
    account.go(15)
    account.go(1, A, B)
    assert account.surplus() == 1


def test_an_answer_to_what_was_asked_before_the_account_was_cleared(account):
    """Nothing is taken back that is no longer in the account."""
    account.go(1, A, B, C)
    account.seconds.clear()
    account.seconds.take(probe(B, 0.9), None)
    account.seconds.take(probe(A, 0.0), probe(A, 0.0, lost=True))
    assert account.surplus() == 0


def test_a_loss_that_is_told_again_counts_once(account):
    """A probe whose true end is another kind of loss is one probe all the same."""
    account.go(1, A)
    account.seconds.take(probe(A, 0.0, lost=True), probe(A, 0.0, lost=True))
    account.seconds.take(probe(B, 0.1), None)
    assert account.surplus() == 0


def test_a_spell_that_is_over_leaves_its_peak(account):
    """Whoever learns is told by how much the line was worse than well, once it is well again."""
    account.go(6, A, B)
    account.go(2)
    account.go(3, A, C)
    assert account.surplus() == 7
    assert account.seconds.healed == []
    account.go(20)
    assert account.surplus() == 0
    assert account.seconds.healed == [7]


def test_a_target_that_lost_next_to_nothing_is_spared(account):
    """Where one with a voice answers as ever, the others are the trouble and not the line."""
    account.go(30, A, B)
    account.surplus()
    assert account.seconds.spared(()) == C
    assert account.seconds.spared((C,)) is None


def test_few_probes_spare_nobody(account):
    """From four answers nothing is told of a target alone."""
    account.go(4, A, B)
    account.surplus()
    assert account.seconds.spared(()) is None
    account.go(1, A, B)
    assert account.seconds.spared(()) == C


def test_who_lost_a_tenth_is_not_spared(account):
    """He has his share of the trouble."""
    account.go(9, A, B)
    account.go(1, A, B, C)
    assert account.seconds.spared(()) is None
    account.go(1, A, B)
    assert account.seconds.spared(()) == C


def test_bad_since_asks_of_what_is_open_to_repair(account):
    """A bad second is found only if it is as recent as was asked, and had losses at all."""
    account.go(2)
    assert not account.seconds.bad_since(0.0, (), 3)
    account.go(1, A, B)
    assert account.seconds.bad_since(2.5, (), 3)
    assert account.seconds.bad_since(3.0, (), 3), "it has only just ended"
    assert not account.seconds.bad_since(3.1, (), 3)
    assert not account.seconds.bad_since(4.5, (), 3)
