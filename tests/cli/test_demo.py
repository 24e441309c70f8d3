"""What the demo refuses, and what it offers; tests/packets/test_demo.py plays it."""

from __future__ import annotations

import pytest

from tests.cli.test_command import run
from wanfailover.lab.faults import FAULTS


def test_the_ways_a_line_can_fail_are_listed():
    """Each with its sentence."""
    shown = run("demo", "--fault", "help")
    assert shown.returncode == 0
    assert [line.split()[0] for line in shown.stdout.splitlines()] == list(FAULTS)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--router", "cisco"), 2, "'cisco' is none of linux, netopia-r9100"),
        (("--router", ""), 2, "'' is none of linux"),
        (("--simulated", "--fault", "icmp-filtered"), 3, "takes real packets; without them there"),
        (("--simulated", "--fault", "dsl-dwon"), 3, "there is no fault 'dsl-dwon'"),
    ],
)
def test_what_cannot_be_played_is_refused(words, code, sentence):
    """Before anything is built, with what can be played."""
    done = run("demo", *words)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert sentence in done.stderr
