"""What must never happen, over random histories of everything that can."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.scenarios.world import CONTROL, World, site
from wanfailover.core import entries as log
from wanfailover.core.engine import Engine
from wanfailover.core.facts import Ending, Outcome
from wanfailover.core.ledger import MENDING
from wanfailover.core.policy import RULES
from wanfailover.core.reading import State
from wanfailover.core.site import Site

NAMES = ("primary", "backup", "lte")
TABLE = [rule.name for rule in RULES]
RETURNS = {"preferred-recovered", "trial-failback"}
BLINDED = 10.0
"""Seconds after which a broken LAN must have been told from a dead circuit."""

name = st.sampled_from(NAMES)
DEATHS = st.tuples(st.just("alive"), name, st.booleans())
OTHERS = st.one_of(
    st.tuples(st.just("beyond"), name, st.booleans()),
    st.tuples(st.just("loss"), name, st.sampled_from([0.0, 0.1, 0.3, 0.6])),
    st.tuples(st.just("delay"), name, st.sampled_from([0.0, 0.7, 1.5])),
    st.tuples(st.just("proofs"), name, st.booleans()),
    st.tuples(st.just("filtered"), st.sampled_from(["icmp 192.0.2.10", "snmp primary"])),
    st.tuples(st.just("lan"), st.booleans()),
    st.tuples(st.just("host"), st.sampled_from(["", "no route to host"])),
    st.tuples(st.just("reachable"), st.booleans()),
    st.tuples(st.just("router"), st.sampled_from([*NAMES, None, "nowhere"])),
    st.tuples(st.just("marks")),
    st.tuples(st.just("fate"), st.sampled_from(["killed", "stuck"])),
    st.tuples(st.just("restart")),
    st.tuples(st.just("stall"), st.sampled_from([1.5, 10.0, 100.0])),
    st.tuples(st.just("window"), st.booleans(), st.sampled_from([None, 60.0])),
    st.tuples(st.just("switch"), name, st.sampled_from(["once", "hold", "force", "drill"])),
    st.tuples(st.just("auto")),
    st.tuples(st.just("pause"), st.sampled_from([None, 30.0])),
    st.tuples(st.just("resume")),
)
EVENTS = st.one_of(DEATHS, OTHERS)  # every other event is a death or its end
HISTORIES = st.lists(st.tuples(st.sampled_from([0.4, 11.0, 40.0]), EVENTS), max_size=8)
STARTS = st.sampled_from(
    [("auto",), ("pause", None), ("switch", "primary", "hold"), ("window", False, None)]
)
"""In force from the beginning, so that the rest of a history meets it."""
SITES = st.builds(
    site,
    seen=st.sampled_from([(), ("primary",), NAMES]),
    names=st.just(NAMES),
    marked=st.sampled_from([(), ("backup",)]),
    modems=st.sampled_from([(), ("primary",)]),
    failback=st.sampled_from(["auto", "evidence", "trial", "manual"]),
    degraded=st.sampled_from(["stay", "switch"]),
    drift=st.sampled_from(["report", "adopt", "restore"]),
    switches_per_hour=st.sampled_from([1, 2, 6]),
    return_after=st.sampled_from([5.0, 20.0]),
    trial_every=st.just(40.0),
    dwell=st.sampled_from([10.0, 30.0]),
    forget=st.just(30.0),
    proof_within=st.just(8.0),
    trial_within=st.just(8.0),
)


class Watched(World):
    """A world that checks each decision in the moment it is made."""

    lan_broken = 0.0
    may_return = True

    def _tell(self, entry: log.Entry) -> None:
        super()._tell(entry)
        if isinstance(entry, log.DecisionMade):
            self.check_words(entry)
            if entry.switch and entry.rule != "operator-asked":
                self.check(entry, str(entry.target))

    def check_words(self, made: log.DecisionMade) -> None:
        """Every decision names a rule, and says of each above it why it does not hold."""
        assert [rule for rule, _ in made.passed_over] == TABLE[: TABLE.index(made.rule)]
        said = [made.because, *(why for _, why in made.passed_over)]
        assert all(why and "None" not in why for why in said), said

    def check(self, made: log.DecisionMade, target: str) -> None:
        """What holds of each decision of automation to switch."""
        engine, rule = self.engine, made.rule
        assert self.lan or self.now - self.lan_broken < BLINDED, "a sick prober moved (S6)"
        assert engine.switchover is None, "two at once"
        if rule in MENDING:
            return  # what was begun, by whomever, is ended
        own = engine.hold is None or engine.hold.drill
        held = own or (rule, target) == ("held-by-operator", engine.hold.circuit)
        assert held, "automation moved a held circuit (S4)"
        assert engine.pause is None, "automation moved while it was paused"
        self.check_evidence(rule, engine.active, target)
        self.check_pace(rule)

    def check_evidence(self, rule: str, left: str | None, target: str) -> None:
        """S2: never to worse evidence; with equal or unknown evidence by three rules only."""
        reading = self.engine.readings[target]
        if rule in {"foreign-state", "held-by-operator"}:
            had = self.engine.readings[left].state if left else State.UNKNOWN
            assert reading.state.rank >= had.rank, "restored to worse evidence (S2)"
            return
        assert left is not None, "moved from nowhere"
        if rule == "drill":
            assert reading.state is not State.DOWN or not reading.in_sight, "drilled to a dead one"
            return
        had = self.engine.readings[left].state
        if rule == "preferred-recovered":
            assert reading.state is State.UP
            assert reading.quiet_since is not None
            assert self.now - reading.quiet_since >= self.site.policy.return_after
        elif rule == "trial-failback":
            assert reading.state in {State.UP, State.UNKNOWN}
        elif rule == "try-other":
            assert had is State.DOWN
            assert reading.state is not State.DOWN
        else:
            assert rule in {"active-down", "active-degraded", "held-by-operator"}
            assert reading.state.rank > had.rank
        if rule in RETURNS:
            assert NAMES.index(target) < NAMES.index(left), "returned to what is not preferred"

    def check_pace(self, rule: str) -> None:
        """S3: within the hour's budget; at leisure not within the dwell, nor outside the window."""
        if rule == "drill":
            return  # somebody asked for it: it spends none
        counted = [(at, m) for at, m in self.moves if m.automatic and m.rule not in MENDING]
        automatic = [at for at, _ in counted]
        spent = sum(at > self.now - 3600 for at in automatic)
        assert spent < self.site.policy.switches_per_hour, "over the budget (S3)"
        if rule in RETURNS | {"active-degraded"}:
            assert self.now - max(automatic, default=-1e9) >= self.site.policy.dwell - 1e-9
        if rule in RETURNS:
            assert self.may_return, "returned outside the window"

    def _end(self, outcome: Outcome) -> None:
        """A trial, like any switch, ends with its proof or where it began."""
        super()._end(outcome)
        if outcome.ending is not Ending.STUCK and outcome.view is not None:
            there = outcome.ending in {Ending.PROVED, Ending.UNPROVED}
            assert self.engine.active == (outcome.target if there else outcome.source)


def happen(world: Watched, event: tuple) -> None:
    match event:
        case ("alive", circuit, alive):
            world.alive[circuit] = alive
        case ("beyond", circuit, dead):
            (world.beyond.add if dead else world.beyond.discard)(circuit)
        case ("loss", circuit, share):
            world.loss[circuit] = share, 1
        case ("delay", circuit, seconds):
            world.delay[circuit] = seconds
        case ("proofs", circuit, fail):
            (world.trouble.add if fail else world.trouble.discard)(circuit)
        case ("filtered", target):
            world.filtered ^= {target}
        case ("lan", works):
            world.lan_broken = world.now if world.lan and not works else world.lan_broken
            world.lan = works
        case ("host", why):
            world.host = why
        case ("reachable", works):
            world.reachable = works
        case ("router", circuit):
            world.router = circuit if world.engine.switchover is None else world.router
        case ("marks",):
            world.marks.clear()
        case ("fate", fate):
            world.fate = fate
        case ("restart",) if world.engine.switchover is None:
            world.restart()
        case ("stall", seconds):
            world.now += seconds
        case ("window", is_open, seconds):
            world.may_return = is_open
            world.window(is_open=is_open, seconds=seconds)
        case ("switch", circuit, how):
            hold = 100.0 if how in {"hold", "drill"} else None
            world.request(
                circuit, once=how == "once", force=how == "force", hold=hold, drill=how == "drill"
            )
        case ("auto",):
            world.auto()
        case ("pause", seconds):
            world.pause(seconds)
        case ("resume",):
            world.resume()


def lived(start: tuple, history: list, office: Site) -> Watched:
    """A world in which all that has happened."""
    world = Watched(office)
    world.run(5)
    happen(world, start)
    for pause, event in history:
        happen(world, event)
        world.run(world.now + pause)
    return world


@given(STARTS, HISTORIES, SITES)
def test_never(start, history, office):
    """Whatever happens: S2, S3, S4 and S6 at each decision; and told again it is the same."""
    world = lived(start, history, office)
    for life in world.lives:
        engine = Engine(office, [CONTROL], life.memory)
        told = [entry for fact, at in life.facts for entry in engine.feed(fact, at)[0]]
        assert told == life.entries
