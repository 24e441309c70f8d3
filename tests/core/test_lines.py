"""All circuits of a site: what is new about them, and what watching them has taught."""

from __future__ import annotations

from tests.scenarios.world import site
from wanfailover.core import entries as log
from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.lines import Lines
from wanfailover.core.patience import DAY, Day
from wanfailover.core.reading import State

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
