"""What watching costs in a month follows from kinds, paces, vantages and whether one pays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.agent.test_timing import profile
from wanfailover import specs
from wanfailover.traffic import ICMP, MONTH, Cost, findings, month, of_probe

PING = specs.Icmp("192.0.2.10", every=0.5)
GATEWAY = ICMP * MONTH  # once a second


def primary(**how: bool):
    return profile(PING, **how).circuits[0]


def test_active() -> None:
    """Each target by its pace, and the gateway once a second."""
    tcp = specs.Tcp("192.0.2.80", 443, every=5.0)
    told = month([PING, tcp], primary(), idle=False)
    assert told == ICMP * (MONTH / 0.5) + of_probe(tcp) * (MONTH / 5) + GATEWAY


def test_idle_and_seen() -> None:
    """While idle it costs as much, by its vantage."""
    assert month([PING], primary(), idle=True) == month([PING], primary(), idle=False)


def test_idle_and_unseen() -> None:
    """Where nobody sees it, nothing is sent."""
    assert month([PING], primary(seen=False), idle=True) == Cost(0, 0)


def test_metered() -> None:
    """Where one pays, an idle circuit is asked ten times as seldom."""
    paid, free = (month([PING], primary(metered=m), idle=True) for m in (True, False))
    assert paid.size == pytest.approx(free.size / 10)
    assert month([PING], primary(metered=True), idle=False) == month([PING], primary(), idle=False)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({}, "about 16 M packets, 684 MB a month, while active; as much while idle"),
        ({"seen": False}, "while active; nothing while idle"),
        ({"metered": True}, "while idle, as it is metered, 1.6 M packets, 68 MB a month"),
    ],
)
def test_sentence(how: dict[str, bool], words: str) -> None:
    """It is told in a sentence for each circuit."""
    first, second = findings(profile(PING, **how))
    assert (first.subject, second.subject) == ("primary: data volume", "backup: data volume")
    assert words in first.sentence


def test_what_more_is_asked() -> None:
    """TLS and a recipient add to what mail costs."""
    plain = specs.Smtp("192.0.2.25")
    for more in replace(plain, starttls=True), replace(plain, rcpt="a@example.net"):
        assert of_probe(more).size > of_probe(plain).size
