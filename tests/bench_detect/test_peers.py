"""The models of the peers do what their rules were seen to do.

Figures of a hard cut and of the return are those of the rules on a line that is else perfect; what
the peers' sources say of the steps is in the models' own words.
"""

from __future__ import annotations

from statistics import mean

import pytest

from tests.bench.detect import peers
from tests.bench.detect.lines import LINES, never
from tests.bench.detect.traces import Segment, Trace

TARGETS = LINES["L1"].targets


def watched(peer, *segments, duration=1500.0, loss=0.0, seed=1):
    return list(peer.run(Trace(seed, duration, loss, TARGETS, segments)))


def cut(peer, seconds=600.0):
    """Mean seconds until an outage is noticed, and until its end is, over twelve phases."""
    downs, ups = [], []
    for phase in range(12):
        t0 = 300.0 + 7.83 * phase  # all over a period of ten seconds
        changes = watched(peer, Segment(t0, t0 + seconds, loss=1.0))
        assert [down for _, down in changes] == [True, False]
        downs.append(changes[0][0] - t0)
        ups.append(changes[1][0] - t0 - seconds)
    return mean(downs), mean(ups)


@pytest.mark.parametrize(
    ("peer", "down", "up"),
    [
        (peers.PfSense(), 15, 57),
        (peers.OPNsense(), 16.3, 47),
        (peers.Mwan3(), 126, 45),
        (peers.Keepalived(), 1.5, 0.5),
        (peers.Keepalived(interval=2.0, fall=3, rise=2), 6, 3),
        (peers.Foolsm(), 8.5, 96),
        (peers.Vyos(), 7.5, 4),
        (peers.CheckGateway(), 16, 5),
        (peers.Netwatch(), 8, 5),
    ],
    ids=lambda value: value.name if isinstance(value, peers.Peer) else "",
)
def test_an_outage_and_its_end(peer, down, up):
    """Each notices an outage and its end about when its rules have it."""
    noticed, over = cut(peer)
    assert noticed == pytest.approx(down, rel=0.06, abs=0.6)
    assert over == pytest.approx(up, rel=0.06, abs=2.0)


def test_a_busy_line_is_down_for_those_who_average_latency():
    """700 ms of queue for two minutes are an outage to those three, and to none else."""
    queue = Segment(300, 420, delay_s=0.7)
    assert watched(peers.PfSense(), queue)
    assert watched(peers.OPNsense(), queue)
    assert watched(peers.Netwatch(), queue)
    for peer in (peers.Mwan3(), peers.Keepalived(), peers.Foolsm(), peers.Vyos()):
        assert not watched(peer, queue)


def test_a_window_that_is_emptied_at_each_alarm_flaps():
    """30 % of loss for half an hour: OPNsense changes its mind some forty times."""
    flaps = mean(
        len(watched(peers.OPNsense(), Segment(300, 2100, loss=0.3), duration=2400, seed=seed))
        for seed in range(4)
    )
    assert 28 < flaps < 52


def test_consecutive_failures_are_blind_to_loss():
    """mwan3 as shipped never leaves a line that loses a third; keepalived does all the time."""
    loss = Segment(300, 2100, loss=0.3)
    assert not watched(peers.Mwan3(), loss, duration=2400)
    assert len(watched(peers.Keepalived(), loss, duration=2400)) > 500


def test_one_target_is_believed_by_all_who_ask_one():
    """The first target dead and the line well: down for each that asks only that one."""
    scene = next(iter(never(LINES["L1"], 1)))
    for peer in peers.peers():
        told = any(down for _, down in peer.run(scene.trace))
        assert told is not isinstance(peer, peers.Mwan3 | peers.CheckGateway)


def test_the_gateway_says_nothing_of_what_is_beyond_it():
    """MikroTik's check-gateway is up while nothing beyond the gateway answers."""
    assert not watched(peers.CheckGateway(), Segment(300, 900, "beyond", 1.0))
    assert watched(peers.CheckGateway(), Segment(300, 900, "kind:gateway", 1.0))


@pytest.mark.parametrize(("lost", "alarmed"), [(24, False), (25, True)])
def test_dpinger_counts_in_whole_per_cent(lost, alarmed):
    """24 lost of 115 are 20.9 %, which is 20, which is not more than 20; 25 are."""
    ring = peers._Ring(120, 2.0)
    for n in range(121):  # the last five may still be answered in time
        ring.send(0.5 * n, None if n >= 116 - lost else 0.01)
    _, loss, judged = ring.report(60.0)
    assert judged == 115
    assert (loss > 20) is alarmed


def test_dpinger_takes_a_loss_back_when_its_answer_comes():
    """However late: in this report it is lost, in the next it is latency."""
    ring = peers._Ring(120, 2.0)
    ring.send(0.0, 5.0)
    ring.send(0.5, 0.01)
    assert ring.report(3.0) == (pytest.approx(0.01), 50, 2)
    assert ring.report(6.0) == (pytest.approx((5.0 + 0.01) / 2), 0, 2)


@pytest.mark.parametrize("peer", peers.peers(), ids=lambda peer: peer.name)
def test_its_knob_is_a_setting_of_its_own(peer):
    """What the curve is drawn by is a field of the model, and changes what it does."""
    from dataclasses import replace

    name, settings = peer.knob
    assert settings
    for setting in settings:
        assert name in setting or len(setting) == 1
        replace(peer, **setting)
