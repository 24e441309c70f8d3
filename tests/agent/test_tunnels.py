"""Tunnels: their states, what is told when all of them fail, and that they move nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scenarios.world import holds, site
from tests.support.box import Box
from wanfailover.core import entries as log
from wanfailover.core.engine import Engine
from wanfailover.core.facts import (
    Ending,
    Outcome,
    ProbeSample,
    Result,
    Role,
    SwitchoverStarted,
    Tick,
)
from wanfailover.core.site import Tunnel
from wanfailover.tunnels import Tunnels

A = Tunnel("a", "icmp 10.20.0.1", within=10.0, ike="a", child="lan")
B = Tunnel("b", "tcp 10.30.0.1:443", every=5.0, within=20.0)
OFFICE = replace(site(), tunnels=(A, B))
FAR = "icmp 192.0.2.10"


class Play:
    """An engine that is fed, and what it has said of tunnels."""

    def __init__(self, office=OFFICE) -> None:
        self.engine = Engine(office)
        self.tunnels = Tunnels(office.tunnels)
        self.now = 0.0
        self.said: list[log.Entry] = []
        self.feed(holds(office, "primary", 0.0))

    def feed(self, fact) -> None:
        if not (isinstance(fact, ProbeSample) and fact.role is Role.TUNNEL):
            self.engine.feed(fact, self.now)
        self.said += self.tunnels.told(fact, self.now, self.engine)

    def ask(self, target: str, role: Role = Role.TUNNEL, *, well: bool = True, **more) -> None:
        result = Result.ANSWERED if well else Result.LOST
        rtt = 0.02 if well else None
        sample = ProbeSample(
            self.engine.active, target, role, self.now, result, rtt, epoch=self.engine.epoch
        )
        self.feed(replace(sample, **more))

    def wait(self, seconds: float, *answering: Tunnel, internet: bool = True) -> None:
        """Half a second at a time; of the tunnels, those answer."""
        for _ in range(round(seconds / 0.5)):
            self.now += 0.5
            for tunnel in self.engine.site.tunnels:
                if self.now % tunnel.every == 0:
                    self.ask(tunnel.check, well=tunnel in answering)
            self.ask(FAR, Role.FAR, well=internet)
            self.feed(Tick())

    def switch(self, ending: Ending = Ending.PROVED, on: str = "backup") -> None:
        self.feed(SwitchoverStarted("1", "primary", "backup", "active-down"))
        self.now += 0.5
        view = holds(self.engine.site, on, self.now)
        self.feed(Outcome("1", "primary", "backup", "active-down", ending, 0.5, "so", view=view))

    @property
    def states(self) -> dict[str, str]:
        return {name: str(r.state) for name, r in self.tunnels.readings.items()}


def test_a_tunnel_is_unknown_until_it_answers():
    """And down when it has not by its time; one that nobody has asked stays unknown."""
    play = Play()
    assert play.states == {"a": "unknown", "b": "unknown"}
    play.wait(5.0, A)
    assert play.states == {"a": "up", "b": "unknown"}
    assert play.tunnels.readings["a"].good == 5.0
    assert play.tunnels.readings["b"].good is None
    play.wait(20.0, A)
    assert play.states == {"a": "up", "b": "down"}
    assert [(entry.tunnel, entry.was, entry.state) for entry in play.said] == [
        ("a", "unknown", "up"), ("b", "unknown", "down"),
    ]  # fmt: skip
    assert play.said[-1].because == "no answer within 20 s"


def test_one_that_nobody_asks_is_no_dead_one():
    """Its time is over, and no probe of it has been sent."""
    play = Play()
    for _ in range(60):
        play.now += 0.5
        play.ask(FAR, Role.FAR)
        play.feed(Tick())
    assert play.states == {"a": "unknown", "b": "unknown"}
    assert play.tunnels.readings["a"].because == "not asked"


@pytest.mark.parametrize(("silence", "state"), [(2.5, "up"), (3.0, "down")])
def test_three_seconds_without_an_answer_are_a_dead_tunnel(silence, state):
    """Shorter ones are a new key, or a packet lost."""
    play = Play()
    play.wait(5.0, A)
    play.wait(silence)
    assert play.states["a"] == state


@pytest.mark.parametrize(("silence", "state"), [(14.5, "up"), (15.0, "down")])
def test_one_that_is_asked_seldom_may_miss_two(silence, state):
    """Three in a row are the third five seconds."""
    play = Play()
    play.wait(5.0, A, B)
    play.wait(silence, A)
    assert play.states == {"a": "up", "b": state}


def test_a_late_answer_repairs_its_loss():
    """As with any probe."""
    play = Play()
    play.wait(5.0, A)
    play.wait(4.0)
    assert play.states["a"] == "down"
    assert play.tunnels.readings["a"].because == "no answer for 4 s"
    assert play.tunnels.readings["a"].since == 8.0
    play.ask(A.check, sent=play.now, rtt=0.9)
    play.ask(A.check, well=False, sent=play.now - 0.5)  # an older loss comes after it
    play.feed(Tick())
    assert play.states["a"] == "up"
    assert play.tunnels.readings["a"].since == play.now
    assert play.tunnels.readings["a"].good == play.now


def test_after_a_switch_it_is_renewing_until_it_answers():
    """Or until its time is over."""
    play = Play()
    play.wait(25.0, A, B)
    play.switch()
    assert play.states == {"a": "renewing", "b": "renewing"}
    play.wait(9.5, B)
    assert play.states == {"a": "renewing", "b": "up"}
    play.wait(1.0, B)
    assert play.states == {"a": "down", "b": "up"}
    assert play.tunnels.trouble == ""
    play.wait(1.0, A, B)
    assert play.states == {"a": "up", "b": "up"}


def test_answers_from_before_the_switch_say_nothing():
    """They were in flight over it, or came by the other circuit."""
    play = Play()
    play.wait(5.0, A, B)
    play.switch()
    play.ask(A.check, epoch=0)
    play.ask(A.check, circuit="elsewhere")
    play.feed(Tick())
    assert play.states["a"] == "renewing"


def test_when_none_comes_up_where_the_internet_works_it_is_told_once():
    """With the causes that all of them could have in common; and no more when one is there."""
    play = Play()
    play.wait(25.0, A, B)
    play.switch()
    play.wait(30.0)
    told = [entry for entry in play.said if isinstance(entry, log.TunnelsFailed)]
    assert [entry.circuit for entry in told] == ["backup"]
    assert play.tunnels.trouble == told[0].because
    for cause in ("backup", "old address", "UDP 500 and 4500 or ESP", "stale NAT entries"):
        assert cause in told[0].because
    play.wait(1.0, A)
    assert play.tunnels.trouble == ""


def test_what_nobody_renews_is_told_besides():
    """Of these alone: the others have no such excuse."""
    play = Play()
    play.wait(25.0, A, B)
    play.switch()
    play.wait(30.0)
    assert "nothing renews b: a connection that is left alone may hold" in play.tunnels.trouble
    play = Play(replace(OFFICE, tunnels=(A,)))
    play.wait(25.0, A)
    play.switch()
    play.wait(30.0)
    assert "nothing renews" not in play.tunnels.trouble


def test_those_that_are_awaited_are_asked_more_often():
    """Until they answer, or are given up."""
    play = Play()
    assert play.tunnels.renewing == frozenset()
    play.wait(25.0, A, B)
    play.switch()
    assert play.tunnels.renewing == {A.check, B.check}
    play.wait(5.0, B)
    assert play.tunnels.renewing == {A.check}
    play.wait(10.0, B)
    assert play.tunnels.renewing == frozenset()


@pytest.mark.parametrize(
    ("moved", "internet", "office"),
    [(False, True, OFFICE), (True, False, OFFICE), (True, True, replace(OFFICE, tunnels=()))],
)
def test_it_is_not_told(moved, internet, office):
    """Not of a circuit that was there at the start, nor of a dead one, nor where there are none."""
    play = Play(office)
    play.wait(5.0)
    if moved:
        play.switch()
    play.wait(30.0, internet=internet)
    assert not any(isinstance(entry, log.TunnelsFailed) for entry in play.said)
    assert play.tunnels.trouble == ""


def test_it_is_not_told_of_tunnels_that_came_and_went_later():
    """The circuit lets them pass, so it must be something else."""
    play = Play()
    play.wait(25.0, A, B)
    play.switch()
    play.wait(10.0, A, B)
    play.wait(30.0)
    assert play.states == {"a": "down", "b": "down"}
    assert play.tunnels.trouble == ""


def test_dead_tunnels_are_no_evidence_on_a_circuit():
    """All of them dead while the Internet answers: the circuit is up, and nothing is switched."""
    play = Play()
    play.wait(60.0)
    assert set(play.states.values()) == {"down"}
    assert str(play.engine.readings["primary"].state) == "up"
    assert play.engine.decision.target is None


def test_the_agent_renews_tells_and_writes_down(tmp_path):
    """A whole agent: after a switch the tunnel is renewed, asked anew, and in `status`."""
    box = Box(tmp_path)
    with box.profile.open("a") as profile:
        profile.write(
            "tunnels: [{name: a, check: {icmp: 10.20.0.1}, within: 5s, ike: a, child: lan}]\n"
        )
    with box.agent():
        box.wait(lambda report: [row["state"] for row in report["tunnels"]] == ["up"])
        box.kill("primary")
        box.settled("backup")
        report = box.wait(lambda report: [row["state"] for row in report["tunnels"]] == ["up"])
        assert report["tunnels"][0]["name"] == "a"
        assert report["tunnels"][0]["last_good"] is not None
    assert "perform RenewTunnel" in box.calls
    states = [entry.state for entry in box.entries(log.TunnelChanged)]
    assert states[0] == "up"
    assert states[-2:] == ["renewing", "up"]
