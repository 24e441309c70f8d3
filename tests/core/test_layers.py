"""Which part of the way fails, sign by sign."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wanfailover.core.facts import Role
from wanfailover.core.layers import Layer, Signs, diagnose
from wanfailover.core.site import Target

PING, OTHER, DNS, DNS_TOO, MAIL, MAIL_TOO, SUBMISSION = (
    Target(name, Role.FAR, 1.0)
    for name in (
        "icmp 192.0.2.10", "tcp 192.0.2.80:443", "dns 192.0.2.53", "dns 192.0.2.54",
        "smtp 192.0.2.25:25", "smtp 192.0.2.26:25", "smtp 192.0.2.25:587",
    )
)  # fmt: skip
ALL = (PING, OTHER, DNS, DNS_TOO, MAIL, MAIL_TOO, SUBMISSION)
WELL = Signs(down=False, unsent=False, gateway=True, modem=None, muted=(), targets=ALL)
DEAD = replace(WELL, down=True, gateway=False)


@pytest.mark.parametrize(
    ("signs", "layer"),
    [
        (WELL, None),
        (replace(DEAD, unsent=True, modem=False), Layer.HOST),
        (replace(WELL, modem=False), Layer.LINE),
        (replace(DEAD, gateway=None), None),
        (replace(DEAD, gateway=True), Layer.ISP),
        (DEAD, Layer.LINE_OR_GATEWAY),
        (replace(DEAD, modem=True), Layer.GATEWAY),
        (replace(DEAD, modem=True, gateway=True), Layer.ISP),
        (replace(DEAD, muted=(PING,)), Layer.LINE_OR_GATEWAY),
    ],
)
def test_the_nearest_that_fails_is_named(signs: Signs, layer: Layer | None):
    """Our own host, the line, the provider; nothing where nothing tells."""
    assert diagnose(signs) is layer


@pytest.mark.parametrize(
    ("muted", "targets", "layer"),
    [
        ((DNS, DNS_TOO), ALL, Layer.DNS),
        ((DNS,), ALL, Layer.TARGET),  # the other name server answers
        ((DNS, DNS_TOO, PING), ALL, Layer.FAR),
        ((MAIL, MAIL_TOO), ALL, Layer.PORT_25),
        ((MAIL,), ALL, Layer.TARGET),
        ((SUBMISSION,), ALL, Layer.TARGET),
        ((PING,), ALL, Layer.TARGET),
        ((PING, OTHER), ALL, Layer.FAR),
        ((DNS, DNS_TOO), (DNS, DNS_TOO), Layer.FAR),  # all alike: nothing to tell them from
        ((MAIL,), (MAIL, replace(PING, name="tcp 192.0.2.25:25")), Layer.PORT_25),
    ],
)
def test_targets_that_fail_while_others_answer(muted, targets, layer):
    """What all of one kind have in common is the fault, where others are asked too."""
    assert diagnose(replace(WELL, muted=muted, targets=targets)) is layer


def test_the_words_follow_the_fault_is():
    """A contract: they stand in the log and in `status --json`."""
    assert [str(layer) for layer in Layer] == [
        "our own host", "our LAN", "the router", "the line", "the gateway", "line or gateway",
        "beyond the gateway", "some far targets", "DNS", "port 25", "one target",
    ]  # fmt: skip
