"""How faults are called for, without packets."""

from __future__ import annotations

import pytest

from wanfailover.errors import LabError
from wanfailover.lab.faults import FAULTS, parse


def test_a_fault_is_called_by_its_name_and_figures():
    """Figures are whole numbers after the name."""
    assert parse("dsl-down") == (FAULTS["dsl-down"], ())
    assert parse("delay 100 20") == (FAULTS["delay"], ("100", "20"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("dsl-dwon", "there is no fault 'dsl-dwon'; there are none, hub-port-down"),
        ("", "there is no fault ''"),
        ("loss", "the fault 'loss' must be given as 'loss N', in whole numbers"),
        ("loss many", "'loss many' must be given as 'loss N'"),
        ("loss 2.5", "'loss 2.5' must be given as 'loss N'"),
        ("dsl-down 3", "'dsl-down 3' must be given as 'dsl-down'"),
    ],
)
def test_one_that_is_misspelt_is_refused(words, sentence):
    """The message says what can be said."""
    with pytest.raises(LabError, match=sentence):
        parse(words)


def test_each_has_a_sentence_of_its_own():
    """What a fault means is said, and no two mean the same."""
    assert all(fault.means.endswith(".") for fault in FAULTS.values())
    assert len({fault.means for fault in FAULTS.values()}) == len(FAULTS)
