"""One line's health, sample by sample."""

from __future__ import annotations

import pytest

from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.health import Line
from wanfailover.core.reading import State
from wanfailover.core.site import Detect, Policy, Target

FAR = [Target(f"icmp 192.0.2.{n}", Role.FAR, 0.5) for n in (10, 11)]
GATEWAY = Target("icmp 203.0.113.1", Role.GATEWAY, 1.0)


TIMEOUT = 0.5


class Scribe:
    """Feeds a line with probes of each target on a pace; its patience is 3 s, unless told."""

    def __init__(self, targets=(*FAR, GATEWAY), silence=3.0, days=(), **policy):
        detect = Detect(silence=silence, **policy.pop("detect", {}))
        self.line = Line(targets, Policy(detect, **policy), days)
        self.targets = targets
        self.now = 0.0

    def say(self, result, target, sent, rtt=0.02, detail=""):
        rtt = rtt if result is Result.ANSWERED else None
        sample = ProbeSample(
            "primary", target.name, target.role, sent, result, rtt, detail=detail, timeout=TIMEOUT
        )
        self.line.take(sample, sent + (TIMEOUT if rtt is None else rtt))

    def go(self, seconds, answers=lambda _: True, detail=""):
        """Every target is asked twice a second; *answers* says which do."""
        end = self.now + seconds
        while self.now < end:
            for target in self.targets:
                result = Result.ANSWERED if answers(target) else Result.LOST
                self.say(result, target, self.now, detail=detail)
            self.now += 0.5
        return self.line.read(self.now)


def test_up_needs_an_answer():
    """Nobody asked: unknown. One answer: up."""
    scribe = Scribe()
    assert scribe.line.read(0.0).state is State.UNKNOWN
    assert scribe.go(0.5).state is State.UP


def test_a_line_that_has_never_answered_is_not_up_while_we_wait():
    """Asked and silent: unknown, until it has been silent for the patience."""
    scribe = Scribe()
    reading = scribe.go(2, lambda _: False)
    assert (reading.state, reading.because) == (State.UNKNOWN, "no answer yet")
    assert scribe.go(2, lambda _: False).state is State.DOWN


def test_silence_of_all_is_down_and_names_its_evidence():
    """All far targets silent for the patience: down, with the count of probes."""
    scribe = Scribe()
    scribe.go(10)
    reading = scribe.go(3.5, lambda _: False)
    assert reading.state is State.DOWN
    assert "silent for 4.0 s: 14 probes" in reading.because
    assert "2 targets unanswered" in reading.because


def test_one_of_two_silent_is_no_outage():
    """A target that fails alone says nothing about the line."""
    scribe = Scribe()
    scribe.go(10)
    assert scribe.go(60, lambda t: t is not FAR[0]).state is not State.DOWN


def test_need_raises_the_number_that_must_answer():
    """With need 2, one silent target of two is an outage."""
    scribe = Scribe(need=2)
    scribe.go(10)
    assert scribe.go(4, lambda t: t is not FAR[0]).state is State.DOWN


def test_gateway_has_no_vote():
    """Neither does an answering gateway keep a dead line up, nor a silent one take it down."""
    scribe = Scribe()
    scribe.go(10)
    assert scribe.go(10, lambda t: t is not GATEWAY).state is State.UP
    reading = scribe.go(4, lambda t: t is GATEWAY)
    assert reading.state is State.DOWN
    assert reading.layer == "beyond the gateway"


def test_gateway_tells_line_from_isp():
    """Silent with the far targets, it points at the line or itself."""
    scribe = Scribe()
    scribe.go(10)
    assert scribe.go(4, lambda _: False).layer == "line or gateway"


def test_gateway_alone_decides_without_far_targets():
    """No probes in the profile: the gateway's silence is all there is to go by."""
    scribe = Scribe([GATEWAY])
    assert scribe.go(10).state is State.UP
    assert scribe.go(4, lambda _: False).state is State.DOWN


def test_a_late_answer_repairs_the_past():
    """Probes told as lost and answered after all leave no loss and no silence behind."""
    scribe = Scribe()
    scribe.go(10)
    sent = [scribe.now + n * 0.5 for n in range(5)]
    for at in sent:
        for target in FAR:
            scribe.say(Result.LOST, target, at)
    reading = scribe.line.read(12.4)
    assert reading.loss > 0.15
    assert reading.suspicious
    for at in sent:
        for target in FAR:
            scribe.say(Result.ANSWERED, target, at, rtt=1.9)
    reading = scribe.line.read(14.0)
    assert (reading.state, reading.loss, reading.suspicious) == (State.UP, 0.0, True)
    assert not scribe.line.read(14.6).suspicious  # two seconds after the last pair of misses


def test_unsent_is_neither_life_nor_loss():
    """Probes that never left this host make no outage, and no health either."""
    scribe = Scribe()
    scribe.go(10)
    for n in range(40):
        for target in FAR:
            scribe.say(Result.UNSENT, target, 10 + n * 0.5, detail="no route")
    reading = scribe.line.read(14.0)
    assert reading.state is not State.DOWN
    assert reading.unsent == "no route"
    assert scribe.line.read(40.0).state is State.UNKNOWN


def test_four_lost_probes_are_not_enough():
    """A target asked seldom is not called dead for four lost probes, however long they took."""
    slow = [Target("smtp 192.0.2.25:25", Role.FAR, 60.0)]
    scribe = Scribe(slow)
    scribe.say(Result.ANSWERED, slow[0], 0.0)
    for sent in (60.0, 61.0, 71.0, 81.0):
        scribe.say(Result.LOST, slow[0], sent)
        assert scribe.line.read(sent + 5).state is not State.DOWN
    scribe.say(Result.LOST, slow[0], 91.0)
    assert scribe.line.read(92.0).state is State.DOWN


def test_suspicion_has_a_slow_target_asked_before_patience_ends():
    """Pings are filtered and TCP was not asked since: it is asked quickly, and its word counts."""
    targets = [*FAR, Target("tcp 192.0.2.80:443", Role.FAR, 5.0)]
    scribe = Scribe(targets)
    scribe.go(10)
    scribe.targets = FAR
    assert scribe.go(1, lambda _: False).suspicious
    scribe.say(Result.ANSWERED, targets[2], 11.0)
    assert scribe.go(2.5, lambda _: False).state is not State.DOWN
    assert scribe.go(1, lambda _: False).state is State.DOWN


def test_a_dead_line_that_answers_is_not_up_at_once():
    """It is degraded until it has answered for as long as it took to call it dead."""
    scribe = Scribe()
    scribe.go(10)
    scribe.go(10, lambda _: False)
    assert scribe.go(1).state is State.DEGRADED
    reading = scribe.go(3)
    assert reading.state is State.UP
    assert reading.quiet_since == pytest.approx(20.02)


def test_a_gap_begins_the_quiet_time_anew():
    """Quiet is counted from the first answer after the last gap."""
    scribe = Scribe()
    scribe.go(10)
    scribe.go(1.5, lambda _: False)
    assert scribe.go(5).quiet_since == pytest.approx(11.52)


def test_deaf_time_is_no_silence():
    """We were stopped for a minute: nothing was heard, and that is our own fault."""
    scribe = Scribe()
    scribe.go(10)
    for target in FAR:
        for n in range(4):
            scribe.say(Result.LOST, target, 9.0 + n / 10)
    scribe.line.deaf(70.0, 60.0)
    assert scribe.line.read(70.0).state is State.UP


def test_a_verdict_of_down_outlasts_our_own_deafness():
    """That we heard nothing while we were stalled is no sign of life, in a brown-out neither."""
    scribe = Scribe()
    scribe.go(10)
    scribe.go(5, lambda _: False)
    scribe.line.deaf(scribe.now + 20, 20.0)
    scribe.now += 20
    assert scribe.line.read(scribe.now).state is State.DOWN
    assert scribe.go(4).state is State.UP
    brown = Scribe(detect={"bad_seconds": 5})
    brown.go(10)
    turn = iter(range(1000))
    assert brown.go(12, lambda _: next(turn) // 3 % 2 == 0).state is State.DOWN
    brown.line.deaf(brown.now + 1, 1.0)
    assert brown.line.read(brown.now + 1).state is State.DOWN


def test_targets_that_are_taken_back_bring_no_losses_along():
    """What two of three targets missed alone makes no bad seconds once they answer again."""
    targets = [*FAR, Target("tcp 192.0.2.80:443", Role.FAR, 1.0)]
    scribe = Scribe(targets, detect={"bad_seconds": 5})
    scribe.go(10)
    reading = scribe.go(10, lambda t: t is targets[2])
    assert reading.muted == tuple(target.name for target in FAR)
    reading = scribe.go(1)
    assert (reading.state, reading.muted, reading.loss) == (State.UP, (), 0.0)


def test_a_failed_proof_condemns_for_a_while():
    """Down for the dwell even if a way of our own sees it answer; forgotten in the end."""
    scribe = Scribe(dwell=60.0, forget=30.0)
    scribe.line.condemn(0.0, "the proof failed")
    assert scribe.go(50).state is State.DOWN
    assert scribe.go(15).state is State.UP
    unseen = Line(FAR, Policy(forget=300.0))
    unseen.condemn(0.0, "the proof failed")
    assert unseen.read(299.0).state is State.DOWN
    assert unseen.read(299.0).expires == 300.0
    assert unseen.read(301.0).state is State.UNKNOWN


def acquitting(target: str, at: float, result: Result, role: Role = Role.FAR) -> ProbeSample:
    return ProbeSample("primary", target, role, at, result, 0.01)


def test_a_failed_proof_counts_for_a_while_or_until_it_answers_by_the_router():
    """Not for ever, and not where an answer has come by the very way on which the proof failed."""
    line = Line(FAR, Policy(forget=60.0, dwell=30.0))
    line.condemn(0.0, "the proof failed")
    assert line.read(0.1).expires == 60.0
    assert line.read(59.9).state is State.DOWN
    assert line.read(60.1).state is State.UNKNOWN
    line.condemn(100.0, "the proof failed")
    line.acquit(acquitting(FAR[0].name, 101.0, Result.LOST))
    line.acquit(acquitting("gateway", 101.0, Result.ANSWERED, Role.GATEWAY))
    assert line.read(101.1).state is State.DOWN
    line.acquit(acquitting(FAR[0].name, 102.0, Result.ANSWERED))
    assert line.read(102.1).state is State.UNKNOWN
    line.cut_off("no route")
    line.acquit(acquitting(FAR[0].name, 103.0, Result.ANSWERED))
    assert line.read(103.1).state is State.DOWN, (
        "no answer can have come by a router without a route"
    )


def test_a_proof_ends_what_was_held_against_a_circuit():
    """It was silent when it was last seen, and has answered a proof: an operator knew better."""
    scribe = Scribe()
    scribe.go(10)
    assert scribe.go(20, lambda _: False).state is State.DOWN
    scribe.line.vouch(scribe.now)
    assert scribe.line.read(scribe.now).state is State.UP
    assert scribe.go(10).state is State.UP
    assert scribe.go(20, lambda _: False).state is State.DOWN


def test_loss_degrades_with_hysteresis():
    """A fifth lost is degraded; a tenth ends it."""
    scribe = Scribe()
    scribe.go(20)
    turn = iter(range(10_000))
    assert scribe.go(20, lambda _: next(turn) % 4 != 0).state is State.DEGRADED
    assert scribe.go(20).state is State.UP


def test_one_target_that_is_asked_seldom_does_not_hide_our_own_fault():
    """Our route is gone: two targets cannot be sent to, a third was lost before that."""
    slow = Target("smtp 192.0.2.25:25", Role.FAR, 60.0)
    scribe = Scribe([*FAR, slow])
    scribe.go(10)
    for n in range(4):
        scribe.say(Result.LOST, slow, 10.0 + n)
    for n in range(20):
        for target in FAR:
            scribe.say(Result.UNSENT, target, 14.0 + n / 2, detail="no route")
    assert scribe.line.read(24.0).unsent == "no route"
    scribe.say(Result.LOST, FAR[0], 24.0)
    scribe.say(Result.LOST, FAR[1], 24.0)
    assert scribe.line.read(25.0).unsent is None


def test_a_target_that_is_set_aside_does_not_spoil_the_quiet():
    """A kind that fails alone would keep a good circuit from being returned to for ever."""
    scribe = Scribe([*FAR, Target("dns 192.0.2.53", Role.FAR, 0.5)])
    scribe.go(10)
    scribe.go(10, lambda t: False)
    dns = scribe.targets[2]
    reading = scribe.go(60, lambda t: t is not dns)
    assert reading.muted == (dns.name,)
    assert reading.quiet_loss == 0.0
    assert reading.quiet_since is not None
    reading = scribe.go(5)  # taken back, it brings nothing along
    assert (reading.muted, reading.quiet_loss) == ((), 0.0)
