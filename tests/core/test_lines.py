"""All circuits of a site: what is new about them, and what watching them has taught."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scenarios.world import site
from wanfailover.core import entries as log
from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.layers import Layer
from wanfailover.core.lines import Lines
from wanfailover.core.patience import DAY, Day
from wanfailover.core.reading import Reading, State

OFFICE = site(silence=3.0)
KNOWN = Day(7, DAY / 2, (2.5,), (6.0,))


def told(lines: Lines, circuit: str, begin: int, end: int, result: Result) -> list[log.Entry]:
    """Two targets are asked once a second; what is new at the end."""
    for sent in range(begin, end):
        for target in OFFICE.targets[:2]:
            rtt = 0.02 if result is Result.ANSWERED else None
            sample = ProbeSample(circuit, target.name, Role.FAR, float(sent), result, rtt)
            lines[circuit].take(sample, sent + (rtt or 1.0))
    return [*lines.read(float(end))]


def test_what_changes_is_told_once_with_what_it_was():
    """The first judgement is no change; nor does one circuit's change hide another's."""
    lines = Lines(OFFICE, {})
    assert lines.reading("primary") is None
    assert not lines.is_down("primary")
    assert told(lines, "primary", 0, 5, Result.ANSWERED) == []
    changed = log.HealthChanged("backup", "unknown", "up", "answering")
    assert told(lines, "backup", 0, 5, Result.ANSWERED) == [changed]
    assert [*lines.read(5.0)] == []
    down, *rest = told(lines, "primary", 5, 10, Result.LOST)
    assert isinstance(down, log.HealthChanged)
    assert (down.circuit, down.was, down.state) == ("primary", "up", "down")
    assert down.because.startswith("silent for")
    assert rest == []
    assert lines.is_down("primary")
    assert not lines.is_down("backup")
    assert not lines.is_down(None)
    assert lines.reading(None) is None
    assert lines.readings["primary"].state is State.DOWN
    assert ("primary" in lines, "lte" in lines) == (True, False)


def test_an_answer_is_routine_where_answers_are_usual():
    """A loss never is, nor an answer of a circuit that is not well; a control's is the active's."""
    lines = Lines(OFFICE, {})
    answer = ProbeSample("primary", "icmp 192.0.2.10", Role.FAR, 5.0, Result.ANSWERED, 0.02)
    lost = ProbeSample("primary", "icmp 192.0.2.10", Role.FAR, 5.0, Result.LOST)
    control = ProbeSample(None, "icmp 192.168.10.1", Role.CONTROL, 5.0, Result.ANSWERED, 0.01)
    assert not lines.routine(answer, "primary")
    told(lines, "primary", 0, 5, Result.ANSWERED)
    assert lines.routine(answer, "backup") is True
    assert lines.routine(control, "primary") is True
    assert not lines.routine(control, "backup")
    assert not lines.routine(control, None)
    assert not lines.routine(lost, "primary")
    told(lines, "primary", 5, 6, Result.LOST)
    assert lines.readings["primary"].suspicious
    assert not lines.routine(answer, "primary")


def test_what_was_learned_is_told_once_and_replaces_what_was_told_before():
    """Today and the day before, which may just have ended; and all days to whoever comes after."""
    lines = Lines(OFFICE, {"primary": [Day(6), KNOWN]})
    assert [*lines.learned()] == []
    lines["primary"].patience.silence_healed(4.0)
    yesterday = log.LineLearned("primary", 6, 0.0)
    today = log.LineLearned("primary", 7, DAY / 2, (4.0, 2.5), (6.0,))
    assert [*lines.learned()] == [yesterday, today]
    assert [*lines.learned()] == []
    lines["primary"].patience.watched(DAY / 2)
    over = log.LineLearned("primary", 7, DAY, (4.0, 2.5), (6.0,))
    assert [*lines.learned()] == [over, log.LineLearned("primary", 8, 0.0)]
    ended = Day(7, DAY, (4.0, 2.5), (6.0,))
    assert lines.days() == {"primary": (Day(6), ended, Day(8)), "backup": (Day(),)}


def judged(state: State, since: float = 0.0, **signs: object) -> Lines:
    """The primary was last judged to be so, with a patience of three seconds; the backup is up."""
    lines = Lines(OFFICE, {})
    lines.readings["primary"] = Reading(state, since, "said so", patience=3.0, **signs)
    lines.readings["backup"] = Reading(State.UP, 0.0, "said so")
    return lines


@pytest.mark.parametrize(("since", "after"), [(90.0, False), (94.0, False), (94.1, True), (101, 1)])
def test_a_circuit_fell_after_an_instant_where_it_was_not_long_down(since: float, after: bool):
    """Its silence had begun before it was called dead: twice its patience, to be sure."""
    assert judged(State.DOWN, since).fell_after(100.0, "primary") is bool(after)
    assert judged(State.UP, since).fell_after(100.0, "primary") is False


def test_who_is_set_aside_is_told_and_who_is_taken_back():
    """Each once; those who were set aside before and are still are no news."""
    lines = Lines(OFFICE, {})
    told(lines, "primary", 0, 5, Result.ANSWERED)
    lines.readings["primary"] = replace(lines.readings["primary"], muted=("dns a", "icmp b"))
    taken_back = [log.TargetMuted("primary", name, muted=False) for name in ("dns a", "icmp b")]
    assert [*lines.read(5.0)] == taken_back
    assert [*lines.read(5.0)] == []


def test_what_fails_on_this_side_is_said_of_a_circuit_that_is_down():
    """Nobody blames one that is well; and without a better word the old one stands."""
    lines = judged(State.DOWN, layer=Layer.ISP)
    before = dict(lines.readings)
    lines.blame("primary", None)
    lines.blame(None, Layer.LAN)
    lines.blame("backup", Layer.LAN)
    assert lines.readings == before
    lines.blame("primary", Layer.LAN)
    assert lines.readings["primary"] == replace(before["primary"], layer=Layer.LAN)
    assert lines.readings["backup"] == before["backup"]
    nowhere = Lines(OFFICE, {})
    nowhere.blame("primary", Layer.LAN)
    assert nowhere.readings == {}, "it was never judged"


@pytest.mark.parametrize(("metered", "quiet"), [((), False), (("primary",), True)])
def test_a_circuit_that_is_asked_seldom_is_quiet_for_as_long(metered: tuple[str, ...], quiet: bool):
    """Where traffic is paid for, five seconds without an answer are no gap."""
    lines = Lines(site(metered=metered), {})
    told(lines, "primary", 0, 5, Result.ANSWERED)
    [*lines.read(9.0)]
    assert (lines.readings["primary"].quiet_since is not None) is quiet
