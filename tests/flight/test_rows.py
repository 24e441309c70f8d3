"""What is kept of a fact is the fact, to the last bit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from functools import cache
from ipaddress import IPv4Address
from types import NoneType, UnionType
from typing import Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flight.tape import Taped
from tests.scenarios.world import World, site
from wanfailover.core.entries import Entry, LineLearned
from wanfailover.core.facts import Fact, ProbeSample, Result, Role, RouterView
from wanfailover.core.memory import Memory
from wanfailover.core.site import Site
from wanfailover.flight import rows
from wanfailover.flight.grain import grained, grained_fact
from wanfailover.flight.rows import Decoder, Encoder, Fed
from wanfailover.flight.values import UnknownValueError, pack, unpack

WHOLE = st.integers(0, 10**13).map(lambda micro: micro / 1e6)
TIMES = WHOLE | st.floats(allow_nan=False)


def some(hint):
    """A strategy for values of *hint*: of the types that the core's values are made of."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        return st.one_of([some(arg) for arg in args])
    if origin is tuple and args[-1] is ...:
        return st.lists(some(args[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(some, args))
    if origin is frozenset:
        return st.frozensets(some(args[0]), max_size=2)
    if origin is Mapping:
        return st.dictionaries(some(args[0]), some(args[1]), max_size=2)
    if is_dataclass(hint):
        return made(hint)
    plain = {float: TIMES, str: st.text(max_size=8), NoneType: st.none()}
    return plain[hint] if hint in plain else st.from_type(hint)


@cache
def made(cls):
    """A strategy for values of a dataclass, every field of it."""
    return st.builds(cls, **{name: some(hint) for name, hint in get_type_hints(cls).items()})


FACTS = st.one_of([made(cls) for cls in get_args(Fact)] + [made(ProbeSample).map(grained_fact)] * 3)
ENTRIES = st.one_of([made(cls) for cls in get_args(Entry) if cls is not LineLearned])
FED = st.builds(Fed, FACTS, TIMES | WHOLE, st.lists(ENTRIES, max_size=2).map(tuple))


@given(st.lists(FED, max_size=8))
def test_facts_come_back_as_they_were(facts):
    """Every kind of fact and entry, with any times and any text, in any order."""
    encoder = Encoder()
    text = "".join(encoder.lines(fed.fact, fed.now, fed.entries) for fed in facts)
    lines = [f"{line}\n" for line in text.split("\n")[:-1]]
    assert list(Decoder().facts(lines)) == facts


@given(made(ProbeSample), TIMES)
def test_what_was_grained_stays_as_it_is(sample, now):
    """Rounding once is rounding for good: what is fed, kept and read is one value."""
    once = grained_fact(sample)
    assert grained_fact(once) == once
    assert grained(grained(now)) == grained(now)


def test_shapes_may_run_out(monkeypatch):
    """Where failures have more details than are remembered, the count begins anew for both."""
    monkeypatch.setattr(rows, "SHAPES", 3)
    facts = [
        Fed(ProbeSample("a", "t", Role.FAR, 1.5 + n, Result.LOST, detail=str(n % 5)), 2.0 + n)
        for n in range(20)
    ]
    encoder = Encoder()
    lines = "".join(encoder.lines(fed.fact, fed.now) for fed in facts).splitlines(keepends=True)
    assert list(Decoder().facts(lines)) == facts


def test_samples_are_short():
    """The usual answer takes two dozen characters at most once its shape is known."""
    sample = ProbeSample("primary", "icmp 192.0.2.10", Role.FAR, 100.25, Result.ANSWERED, 0.012345)
    encoder = Encoder()
    encoder.lines(Fed(sample, 100.2628).fact, 100.2628)
    line = encoder.lines(sample, 100.312801)
    assert len(line) <= 24
    assert line.count("\n") == 1


@given(made(Site) | made(Memory))
def test_a_head_comes_back_as_it_was(value):
    """Sites with every option, and memories, survive JSON."""
    assert unpack(json.loads(json.dumps(pack(value)))) == value


def test_an_engine_goes_on_where_it_was_written_down():
    """An engine packed in the middle of an outage says what the one that went on says."""
    world = World(site(return_after=20.0, dwell=10.0))
    world.run(30)
    world.alive["primary"] = False
    world.run(33)
    twin = unpack(json.loads(json.dumps(pack(world.engine))))
    told = []

    class Both(Taped):
        def feed(self, fact, now):
            told.append((self._engine.feed(fact, now), twin.feed(fact, now)))
            return told[-1][0]

    world.engine = Both(world.engine, _Deaf())
    world.run(60)
    world.alive["primary"] = True
    world.run(140)
    assert all(one == other for one, other in told)
    assert [move[1] for move in world.switches] == ["active-down", "preferred-recovered"]


class _Deaf:
    def started(self, *_):
        """Nothing is recorded."""


@pytest.mark.parametrize(
    "plain",
    [
        {"!": "engine.Engine.feed"},
        {"!": "os.system", "of": "true"},
        {"!": "entries.get_args"},
        {"!": "engine.replace"},
        {"!": "nowhere.Nothing"},
        {"of": 1},
        {"!": "facts.RouterUnread", "at": 1.0},
    ],
)
def test_what_is_no_value_of_ours_is_refused(plain):
    """A log from elsewhere makes values of the core and nothing else."""
    with pytest.raises(UnknownValueError):
        unpack(plain)


@dataclass(frozen=True, slots=True)
class DriversView(RouterView):
    """A view with what only one kind of router has."""

    firmware: str = ""


def test_a_drivers_own_view_is_kept_as_the_cores():
    """What only a driver knows, decides nothing: a view of its own class is kept as a view."""
    view = DriversView(1.0, None, IPv4Address("192.0.2.1"), firmware="4.8")
    assert unpack(pack(view)) == RouterView(1.0, None, IPv4Address("192.0.2.1"))


def test_what_a_newer_program_added_is_left_out():
    """A field that is unknown here does not keep the rest from being read."""
    plain = pack(RouterView(1.0, None, None)) | {"mood": "good"}
    assert unpack(plain) == RouterView(1.0, None, None)


def test_an_engine_that_would_come_back_torn_is_not_written():
    """Something that can change, held by two, would come back as two that part company."""
    shared = [1]
    with pytest.raises(ValueError, match="held twice"):
        pack({"a": shared, "b": shared})
