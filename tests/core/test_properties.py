"""What must never happen, over random histories of everything that can."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.scenarios.world import World, site
from wanfailover.core import entries as log
from wanfailover.core.health import State
from wanfailover.core.policy import RULES

NAMES = ("primary", "backup", "lte")
EVENTS = st.one_of(
    st.tuples(st.just("alive"), st.sampled_from(NAMES), st.booleans()),
    st.tuples(st.just("lan"), st.booleans()),
    st.tuples(st.just("reachable"), st.booleans()),
    st.tuples(st.just("router"), st.sampled_from([*NAMES, None])),
    st.tuples(st.just("delay"), st.sampled_from(NAMES), st.sampled_from([0.0, 0.7, 1.5])),
    st.tuples(st.just("loss"), st.sampled_from(NAMES), st.sampled_from([0.0, 0.1, 0.3, 0.5])),
    st.tuples(st.just("switch"), st.sampled_from(NAMES), st.booleans()),
    st.tuples(st.just("auto")),
    st.tuples(st.just("stall"), st.sampled_from([1.5, 10.0, 100.0])),
)
HISTORIES = st.lists(st.tuples(st.sampled_from([0.4, 3.0, 11.0, 70.0]), EVENTS), max_size=12)


class Watched(World):
    """A world that checks each decision to switch in the moment it is made."""

    def _tell(self, entry):
        super()._tell(entry)
        if isinstance(entry, log.DecisionMade) and entry.switch:
            self.check(entry)

    def check(self, made: log.DecisionMade) -> None:
        engine = self.engine
        automatic = made.rule != "operator-asked"
        assert made.rule in {rule.name for rule in RULES}
        if not automatic:
            return
        assert engine.hold is None, "automation moved a held circuit (S4)"
        assert self.lan or self.now - self.lan_broken < 10, "a sick prober moved something (S6)"
        left = engine.readings[engine.active].state if engine.active else State.UNKNOWN
        taken = engine.readings[made.target].state
        if made.rule == "preferred-recovered":
            assert taken is State.UP, "returned to a circuit that is not up"
        else:
            assert taken.rank > left.rank, "moved to worse or equal evidence (S2)"

    lan_broken = 0.0


def happen(world: Watched, event: tuple) -> None:
    match event:
        case ("alive", name, alive):
            world.alive[name] = alive
        case ("lan", works):
            world.lan_broken = world.now if world.lan and not works else world.lan_broken
            world.lan = works
        case ("reachable", works):
            world.reachable = works
        case ("router", name):
            world.router = name if world.engine.switchover is None else world.router
        case ("delay", name, seconds):
            world.delay[name] = seconds
        case ("loss", name, share):
            world.loss[name] = share, 1
        case ("switch", name, once):
            world.request(name, once=once, hold=None if once else 100.0)
        case ("auto",):
            world.auto()
        case ("stall", seconds):
            world.now += seconds


@given(HISTORIES, st.sampled_from([(), ("primary",), NAMES]))
def test_never(history, seen):
    """Whatever happens: S2, S4 and S6 at each decision, and the budget of S3 afterwards."""
    world = Watched(site(seen=seen, names=NAMES, return_after=20.0, dwell=10.0, forget=60.0))
    world.run(5)
    for pause, event in history:
        happen(world, event)
        world.run(world.now + pause)
    moves = [at for at, rule, _ in world.switches if rule != "operator-asked"]
    spent = [sum(at - 3600 < other <= at for other in moves) for at in moves]
    assert max(spent, default=0) <= world.site.policy.switches_per_hour + uncounted(world)


def uncounted(world: Watched) -> int:
    """Attempts that ended before the router was touched are no switchovers."""
    return sum("nothing was changed" in line for line in world.lines)


@given(HISTORIES)
def test_the_same_facts_give_the_same_story(history):
    """The engine is a fold: nothing but the facts and their times goes into it."""

    def told():
        world = Watched(site(return_after=20.0))
        world.run(5)
        for pause, event in history:
            if "lte" not in event:
                happen(world, event)
            world.run(world.now + pause)
        return world.lines

    assert told() == told()
