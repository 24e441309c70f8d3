"""What we cannot be sure of: our own eyes, and what the router holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scenarios.world import CONTROL, holds, site
from wanfailover.core.controls import OVERDUE, Controls
from wanfailover.core.doubts import Eyes, of_our_eyes, of_the_router, of_the_routers_age, this_side
from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.layers import Layer
from wanfailover.core.lines import Lines
from wanfailover.core.reading import Reading, State
from wanfailover.core.router import KnownRouter

OFFICE = site(silence=3.0)
INSIDE = f"nothing inside answers either ({CONTROL.name})"


def lines(state: State = State.DOWN, **signs: object) -> Lines:
    """The primary was last judged to be so, with a patience of three seconds."""
    judged = Lines(OFFICE, {})
    judged.readings["primary"] = Reading(state, 13.0, "said so", patience=3.0, **signs)
    return judged


def controls(*heard: float) -> Controls:
    inside = Controls([CONTROL])
    for at in heard:
        inside.take(ProbeSample(None, CONTROL.name, Role.CONTROL, at, Result.ANSWERED, 0.0))
    return inside


def router(on: str = "primary", at: float = 0.0) -> KnownRouter:
    known = KnownRouter(OFFICE)
    known.take(holds(OFFICE, on, at))
    return known


# Our own eyes.


def test_what_answers_through_the_router_has_passed_the_inside():
    """Within the circuit's patience nobody doubts our eyes, whatever the inside says."""
    fresh = lines(State.UP, heard=100.0, unsent="no route")
    assert of_our_eyes(fresh, controls(1.0), router(), "primary", 102.9) is None
    assert of_our_eyes(fresh, controls(1.0), router(), "primary", 103.0) is not None
    assert of_our_eyes(fresh, controls(1.0), router(), None, 103.0) is None
    assert of_our_eyes(fresh, controls(1.0), router(), "backup", 103.0) is None


def test_probes_that_cannot_leave_are_our_own_fault():
    """Unless the router has no way out, and says so to whoever asks it for one."""
    unsent = lines(State.UNKNOWN, unsent="no route")
    why = "probes cannot leave this host: no route"
    assert of_our_eyes(unsent, controls(), router(), "primary", 20.0) == why
    assert of_our_eyes(unsent, controls(), router("nowhere"), "primary", 20.0) is None


def test_where_the_circuit_looks_dead_the_inside_must_have_outlived_it():
    """An answer of before is none: one broken cable takes both. Otherwise a late one will do."""
    soon = controls(10.0 + OVERDUE / 2)
    dead, well = lines(heard=10.0), lines(State.UP, heard=10.0)
    assert of_our_eyes(dead, soon, router(), "primary", 14.0).startswith(INSIDE)
    assert of_our_eyes(well, soon, router(), "primary", 14.0) is None
    assert of_our_eyes(dead, controls(10.0 + OVERDUE), router(), "primary", 14.0) is None
    assert of_our_eyes(well, soon, router(), "primary", 16.4) is None, "for twice its patience"
    assert of_our_eyes(well, soon, router(), "primary", 16.6).startswith(INSIDE)


class Cable:
    """Our own is out from *out* until *back*; the primary is dead from *dead*. By the second."""

    def __init__(self, out: float, back: float, dead: float) -> None:
        self.lines, self.controls, self.eyes = Lines(OFFICE, {}), controls(0.0), Eyes()
        self.sick: list[float] = []
        for now in range(1, round(back) + 1):
            cut = out <= now < back
            for target in OFFICE.targets[:2]:
                self.lines["primary"].take(
                    ProbeSample(
                        "primary", target.name, Role.FAR, now - 1.0,
                        Result.LOST if cut or now >= dead else Result.ANSWERED,
                    ),
                    float(now),
                )  # fmt: skip
            if not cut:
                inside = ProbeSample(None, CONTROL.name, Role.CONTROL, now, Result.ANSWERED, 0.0)
                self.controls.take(inside)
            [*self.lines.read(float(now))]
            self.eyes.look(self.lines, self.controls, router(), "primary", float(now))
            if self.eyes.sick:
                self.sick.append(now)

    @property
    def primary(self) -> Reading:
        return self.lines.readings["primary"]


@pytest.mark.parametrize("back", [30.0, 60.0])
def test_what_sick_eyes_saw_is_void_afterwards(back: float):
    """However long they were sick: the circuit is judged anew."""
    cable = Cable(out=20.0, back=back, dead=20.0)
    assert (cable.sick[0], cable.sick[-1]) == (26, back - 1)
    assert cable.eyes.sick is None
    assert (cable.primary.state, cable.primary.because) == (State.UNKNOWN, "out of sight now")


def test_what_they_saw_while_they_were_well_stands():
    """The circuit was dead long before our cable went."""
    cable = Cable(out=40.0, back=60.0, dead=20.0)
    assert (cable.sick[0], cable.sick[-1]) == (46, 59), "it takes twice the patience"
    assert cable.primary.state is State.DOWN


def test_who_never_was_sick_has_nothing_to_take_back():
    """Nor has one whose router is on neither circuit."""
    assert Cable(out=99.0, back=30.0, dead=20.0).primary.state is State.DOWN
    eyes, dead = Eyes(), lines(heard=10.0)
    eyes.look(dead, controls(1.0), router(), "primary", 20.0)
    assert eyes.sick is not None
    eyes.look(dead, controls(1.0), router(), None, 21.0)
    assert eyes.sick is None
    assert dead.readings["primary"].state is State.DOWN


def test_what_fails_on_this_side_is_told_of_the_circuit():
    """The LAN, our own host, or the router."""
    eyes, dead = Eyes(), lines(heard=10.0)
    for known, unsent, layer in (
        (router(), None, Layer.LAN),
        (router(), "no route", Layer.HOST),
        (router("nowhere"), "no route", Layer.ROUTER),
    ):
        dead.readings["primary"] = replace(dead.readings["primary"], unsent=unsent, layer=None)
        eyes.look(dead, controls(1.0), known, "primary", 20.0)
        assert dead.readings["primary"].layer == layer
    assert this_side("sick", None, router()) is Layer.LAN
    assert this_side(None, dead.readings["primary"], router()) is None


# The router.

AWAY = "the router has not been read since the circuit failed; reading it now"


@pytest.mark.parametrize(
    ("state", "signs", "read", "old"),
    [
        (State.UP, {"heard": 10.0}, 9.0, False),
        (State.UP, {"heard": 10.0, "suspicious": True}, 9.0, True),
        (State.UP, {"heard": 10.0, "suspicious": True}, 10.0, False),
        (State.UP, {"suspicious": True}, 9.0, False),
        (State.DOWN, {}, 9.0, False),
        (State.DOWN, {"heard": 10.0}, 9.0, True),
        (State.DOWN, {"heard": 10.0}, 11.0, False),
        (State.DOWN, {"heard": 20.0}, 12.0, True),
        (State.DOWN, {"heard": 20.0}, 14.0, False),
    ],
)
def test_a_reading_is_too_old_where_the_circuit_has_failed_since(state, signs, read, old):
    """Since it was last heard; or was called dead, where it lets a little through (at 13)."""
    judged, known = lines(state, **signs), router(at=read)
    assert of_the_routers_age(judged, known, "primary") is old
    assert not of_the_routers_age(judged, known, "backup"), "it was never judged"
    assert of_the_router(judged, known, "primary") == (
        AWAY if old and state is State.DOWN else None
    )


def test_one_that_cannot_be_read_is_not_known():
    """Its own sentence says why."""
    known = router(at=20.0)
    known.unread = "the router does not answer"
    assert of_the_router(lines(heard=10.0), known, "primary") == known.unread
