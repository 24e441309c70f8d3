"""A modem's word on its line, told in time."""

from __future__ import annotations

from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.modem import LATELY, SURE, Modem


def told(*words: tuple[float, Result]) -> Modem:
    modem = Modem()
    for sent, result in words:
        modem.take(ProbeSample("primary", "snmp modem", Role.DEVICE, sent, result))
    return modem


def test_one_word_moves_no_line_that_answers():
    """A wrong port, or a modem that restarts its agent, says dead of a line that is well."""
    modem = told((0.0, Result.ANSWERED), (10.0, Result.LOST))
    assert not modem.is_dead(10.1, life=9.9)
    assert not modem.is_dead(10.0 + SURE, life=10.3)
    assert modem.is_dead(10.0 + SURE, life=9.9)
    assert told((0.0, Result.LOST)).is_dead(SURE, life=None)


def test_a_word_is_good_for_a_while():
    """A modem that fell silent, or does not answer, says nothing; a live line proves nothing."""
    dead = told((0.0, Result.LOST), (5.0, Result.UNSENT))
    assert dead.is_dead(LATELY, life=None)
    assert not dead.is_dead(LATELY + 1.0, life=None)
    alive = told((0.0, Result.ANSWERED), (10.0, Result.ANSWERED))
    assert not alive.is_dead(20.0, life=None)
    assert alive.line_since(20.0) == 0.0
    assert alive.line_since(10.0 + LATELY + 1.0) is None
    assert dead.line_since(10.0) is None
    assert not Modem().is_dead(100.0, life=None)


def test_a_word_counts_from_when_it_was_asked_for():
    """However late on the clock; a line that lives on for longer gives it the lie."""
    dead = told((90.0, Result.ANSWERED), (100.0, Result.LOST), (110.0, Result.LOST))
    assert dead.is_dead(112.0, life=99.9)
    assert dead.is_dead(112.0, life=101.9), "that was on its way when the modem said so"
    assert not dead.is_dead(103.8, life=101.9), "not sure yet"
    assert dead.is_dead(103.9, life=101.9)
    assert not dead.is_dead(112.0, life=102.0), "it says so of a line that lives"
    assert dead.is_dead(110.0 + LATELY, life=None)
    assert not dead.is_dead(110.1 + LATELY, life=None)
    alive = told((100.0, Result.ANSWERED), (110.0, Result.ANSWERED))
    assert alive.line_since(110.0 + LATELY) == 100.0
    assert alive.line_since(110.1 + LATELY) is None
    assert told((100.0, Result.UNSENT)).line_since(100.0) is None
    assert (SURE, LATELY) == (2.0, 30.0), "three times as long as the ten seconds it is asked after"


def test_it_says_yes_no_or_nothing():
    """A dead line is one that nothing is heard of; of a live one it takes its word."""
    alive = told((100.0, Result.ANSWERED))
    assert alive.says(100.0 + LATELY, life=None) is True
    assert alive.says(100.1 + LATELY, life=None) is None
    dead = told((100.0, Result.LOST))
    assert dead.says(100.0 + SURE, life=99.0) is False
    assert dead.says(100.0 + SURE, life=100.0 + SURE) is None
    assert Modem().says(0.0, life=None) is None
