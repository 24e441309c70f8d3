"""A duration is a number and its unit."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanfailover.config.durations import UNITS, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500ms", 0.5),
        ("0.5s", 0.5),
        ("5s", 5.0),
        ("90s", 90.0),
        ("5m", 300.0),
        ("1.5h", 5400.0),
        ("2h", 7200.0),
        ("7d", 604800.0),
        ("700ms", 0.7),
    ],
)
def test_units(text: str, expected: float) -> None:
    """Each unit counts as what it is, to the last bit."""
    assert seconds(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("5", "`5` has no unit; write 5s, or 5m for minutes"),
        ("0.5", "`0.5` has no unit; write 0.5s, or 0.5m for minutes"),
        ("0", "`0` is no time at all; write a duration such as 5s"),
        ("0ms", "`0ms` is no time at all; write a duration such as 5s"),
        ("-5s", "`-5s` is negative; write a duration such as 5s"),
        ("-5", "`-5` is negative; write a duration such as 5s"),
    ],
)
def test_sentences(text: str, sentence: str) -> None:
    """The commonest slips are told what to write instead."""
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        seconds(text)


@pytest.mark.parametrize(
    ("unit", "offered"),
    [
        ("s", "7s, or 7m for minutes"),
        ("m", "7m, or 7h for hours"),
        ("h", "7h, or 7d for days"),
        ("d", "7d for days"),
    ],
)
def test_the_unit_that_fits_is_offered(unit: str, offered: str) -> None:
    """What is kept for days is not offered seconds."""
    with pytest.raises(ValueError, match=f"^`7` has no unit; write {offered}$"):
        seconds("7", unit=unit)


@pytest.mark.parametrize(
    "text",
    ["", "s", "5 s", "5S", "5M", "5min", "1h30m", "1e3s", "\N{ARABIC-INDIC DIGIT FIVE}s", "5s\n"],
)
def test_nothing_else(text: str) -> None:
    """What is nearly a duration is none: a capital M might be months."""
    with pytest.raises(ValueError, match="is not a duration; write one number and a unit"):
        seconds(text)


@given(st.text(max_size=12))
def test_any_text(text: str) -> None:
    """Any text gives a time above zero and below a human's patience, or one sentence."""
    try:
        told = seconds(text)
    except ValueError as error:
        told = str(error)
    assert told.startswith("`") if isinstance(told, str) else 0 < told < 10**9 * 86400


@given(st.integers(1, 10**9 - 1), st.sampled_from(sorted(UNITS)))
def test_whole_numbers(number: int, unit: str) -> None:
    """A whole number of units is that many times one of them."""
    assert seconds(f"{number}{unit}") == pytest.approx(number * seconds(f"1{unit}"), rel=1e-12)


def test_costs_nothing() -> None:
    """The command reads durations without waiting for the profile's reader to load."""
    code = (
        "import sys; from wanfailover.config.durations import seconds; seconds('2h');"
        "sys.exit(bool({'pydantic', 'ruamel.yaml', 'asyncio'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
