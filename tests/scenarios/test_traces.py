"""The targets on traces A to H (a line's faults, as the peers' table has them), and what is exact.

The golden timelines tell one run of each trace; here the same targets are asserted, and more runs
are taken: other instants at which the fault begins, other seeds of loss, lines of which more is
known.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.scenarios.test_timelines import play
from tests.scenarios.world import QUICK, RTT, TARGETS, World, site
from wanfailover.core.engine import QUICK_TICK
from wanfailover.core.memory import Memory
from wanfailover.core.patience import DAY, Day

SOAK = bool(os.environ.get("WANFAILOVER_SOAK"))
PHASES = (30.0, 30.07, 30.21, 30.38, 30.49)
SEEDS = range(1, 11 if SOAK else 2)
CALM = Memory(days={"primary": (Day(0, 30 * DAY),)})
ROUGH = Memory(days={"primary": (Day(0, 30 * DAY, silences=(6.1, 5.2, 4.0, 3.1, 2.2)),)})
HALF_AN_HOUR = 1800.0
GRAIN = 0.25 + QUICK / 3 + RTT
"""Seconds by which a silence may be longer than the blip that makes it: from the last probe before
it, of two targets each asked twice a second, and to the answer of the first one after it."""


def trace(letter: str) -> World:
    """The golden run of a trace."""
    (file,) = Path(__file__).parent.glob(f"trace-{letter}-*.txt")
    return play(file.read_text().partition("----\n")[0])


def moves(world: World) -> list[tuple[str, str]]:
    """Each transition: by which rule, and where to."""
    return [(rule, target) for _, rule, target in world.switches]


def printed(world: World) -> float:
    """The patience with the primary, as `check` and `status` print it."""
    return world.engine.readings["primary"].patience


@pytest.mark.parametrize("known", [None, CALM, ROUGH], ids=["new", "calm", "rough"])
@pytest.mark.parametrize("begins", PHASES)
def test_an_outage_is_noticed_within_the_patience_that_is_printed(known, begins):
    """A: from the death of the line to the decision to leave it, whatever is known of the line."""
    world = World(site(), memory=known)
    world.run(begins)
    patience = printed(world)
    world.alive["primary"] = False
    world.run(begins + patience + QUICK_TICK + RTT)
    assert moves(world) == [("active-down", "backup")]
    assert world.switches[0][0] - begins > patience - GRAIN


def test_what_is_known_of_a_line_sets_its_patience():
    """A calm line is given less time than one of which nothing is known, a rough one more."""
    patience = []
    for known in (CALM, None, ROUGH):
        world = World(site(), memory=known)
        world.run(1)
        patience.append(printed(world))
    assert patience == sorted(patience)
    assert patience[0] < 5.0 < patience[2]


@pytest.mark.parametrize("known", [None, CALM, ROUGH], ids=["new", "calm", "rough"])
@pytest.mark.parametrize("begins", PHASES)
def test_a_blip_shorter_than_the_patience_moves_nothing(known, begins):
    """Until an answer is seen a probe must have been sent: that much shorter the blip must be."""
    world = World(site(), memory=known)
    world.run(begins)
    world.alive["primary"] = False
    world.run(begins + printed(world) - GRAIN)
    world.alive["primary"] = True
    world.run(begins + 60)
    assert moves(world) == []


@pytest.mark.parametrize("begins", PHASES if SOAK else PHASES[1:2])
def test_twenty_seconds_are_left_once_and_returned_from_once(begins):
    """B, from another instant on."""
    world = World(site())
    world.run(begins)
    world.alive["primary"] = False
    world.run(begins + 20)
    world.alive["primary"] = True
    world.run(begins + 400)
    assert moves(world) == [("active-down", "backup"), ("preferred-recovered", "primary")]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_tenth_lost_moves_nothing(seed):
    """D, with other luck."""
    world = World(site())
    world.loss["primary"] = 0.10, seed
    world.run(HALF_AN_HOUR)
    assert moves(world) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_three_tenths_lost_are_left_once(seed):
    """E, with other luck: left within two minutes, and not returned to while it lasts."""
    world = World(site())
    world.run(30)
    world.loss["primary"] = 0.30, seed
    world.run(HALF_AN_HOUR)
    assert moves(world) == [("active-down", "backup")]
    assert world.switches[0][0] < 150


def test_a_line_that_dies_every_three_minutes_moves_four_times_at_most():
    """F, more spitefully: alive for just longer than it must be quiet, so that it is trusted."""
    world = World(site(return_after=120.0))
    for minute in range(0, 60, 3):
        world.alive["primary"] = False
        world.run(60.0 * minute + 20)
        world.alive["primary"] = True
        world.run(60.0 * minute + 180)
    assert 2 < len(moves(world)) <= 4


@pytest.mark.parametrize("delay", [0.3, 0.7, 2.0])
def test_a_saturated_line_is_not_left(delay):
    """G: late is not lost, however late, up to the longest timeout."""
    world = World(site())
    world.run(30)
    world.delay["primary"] = delay
    world.loss["primary"] = 0.03, 1
    world.run(150)
    assert moves(world) == []


@pytest.mark.parametrize("name", [target.name for target in TARGETS])
def test_one_dead_target_moves_nothing(name):
    """H, for each target; and back again."""
    world = World(site())
    world.run(30)
    world.filtered.add(name)
    world.run(120)
    world.filtered.clear()
    world.run(180)
    assert moves(world) == []


@pytest.mark.parametrize("letter", ["c", "d", "g", "h"])
def test_golden_runs_that_move_nothing(letter):
    """C, D, G and H: short blips, a tenth lost, saturation, one dead target."""
    assert moves(trace(letter)) == []


@pytest.mark.parametrize("letter", ["a", "b", "e", "f"])
def test_golden_runs_that_leave_once_and_return_once(letter):
    """A, B, E and F: an outage, a blip of 20 s, three tenths lost, flapping."""
    assert moves(trace(letter)) == [("active-down", "backup"), ("preferred-recovered", "primary")]


def test_golden_runs_return_only_when_it_is_over():
    """E and F return after the half hour of loss, or the last death, and after the hold-down."""
    for letter, over in (("e", 1830.0), ("f", 1770.0)):
        (_, _, _), (returned, _, _) = trace(letter).switches
        assert returned >= over + 290.0
