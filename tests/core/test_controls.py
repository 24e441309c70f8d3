"""The router's inside as a witness against our own eyes."""

from __future__ import annotations

from dataclasses import replace

from wanfailover.core.controls import OVERDUE, Controls
from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.site import Target

INSIDE = Target("icmp 192.168.10.1", Role.CONTROL, 1.0)
SWITCH = Target("icmp 192.168.10.2", Role.CONTROL, 5.0)
ANSWER = ProbeSample(None, INSIDE.name, Role.CONTROL, 10.0, Result.ANSWERED, 0.25)
BOTH = "the fault is this host or the LAN, not the circuit"


def heard(*samples: ProbeSample) -> Controls:
    controls = Controls([INSIDE, SWITCH])
    for sample in samples:
        controls.take(sample)
    return controls


def sick(controls: Controls, now: float, life: float | None = None, silence: float = 1.0):
    return controls.sick(now, life, suspected=life is not None, silence=silence)


def test_who_never_answered_has_no_say():
    """Nor has one that nobody asked, nor a loss."""
    strange = replace(ANSWER, target="icmp 192.168.10.9")
    lost = replace(ANSWER, result=Result.LOST, rtt=None)
    assert sick(heard(strange, lost), 1000.0) is None


def test_one_that_answered_must_go_on_answering():
    """For two of its paces, or twice as long as a circuit's silence is borne."""
    controls = heard(ANSWER)
    assert sick(controls, 12.25) is None
    assert sick(controls, 12.5) == f"nothing inside answers either ({INSIDE.name}): {BOTH}"
    assert sick(controls, 20.25, silence=5.0) is None
    assert sick(controls, 20.5, silence=5.0) is not None
    late = replace(ANSWER, sent=9.0)
    assert sick(heard(ANSWER, late), 12.25) is None, "an older answer makes it no older"
    untimed = heard(replace(ANSWER, rtt=None))
    assert sick(untimed, 12.0) is None
    assert sick(untimed, 12.1) is not None


def test_each_has_its_own_pace():
    """One that is asked seldom is heard seldom; any of them is enough."""
    seldom = heard(ANSWER, replace(ANSWER, target=SWITCH.name))
    assert sick(seldom, 20.25) is None
    both = f"nothing inside answers either ({INSIDE.name}, {SWITCH.name}): {BOTH}"
    assert sick(seldom, 20.5) == both


def test_a_broken_cable_takes_both():
    """Where the circuit looks dead, a control must have answered well after its last life."""
    controls = heard(ANSWER)
    assert sick(controls, 11.0, life=10.25 - OVERDUE) is None
    assert sick(controls, 11.0, life=10.5 - OVERDUE) is not None
    assert controls.sick(11.0, 10.5, suspected=False, silence=1.0) is None
    assert sick(controls, 13.0, life=1.0) is not None, "it must have been lately, too"


def test_while_we_were_deaf_nothing_grew_old():
    """By so many seconds, of each."""
    controls = heard(ANSWER, replace(ANSWER, target=SWITCH.name))
    controls.deaf(100.0)
    assert sick(controls, 120.25) is None
    assert sick(controls, 120.5) is not None
