"""One writer per site on a host: who comes second is told who holds it, and for how long."""

from __future__ import annotations

import os
import time

import pytest

from wanfailover.errors import ControlError
from wanfailover.sites import Lock, make

US = f"wanfailover run (pid {os.getpid()})"


@pytest.fixture
def site(tmp_path):
    return make(tmp_path, "office")


def refused(site) -> str:
    with pytest.raises(ControlError) as error:
        Lock(site, "wanfailover switch")
    return str(error.value)


def test_the_second_is_told_who_holds_it_for_how_long(site, monkeypatch):
    """By a clock that does not jump; who is refused changes nothing of it."""
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    lock = Lock(site, "wanfailover run")
    for later, told in ((5.0, "5.0 s"), (185.0, "3 min"), (12_000.0, "3 h 20 min")):
        monkeypatch.setattr(time, "monotonic", lambda later=later: now + later)
        assert refused(site) == f"office is held by {US}, for {told} now"
    lock.release()
    Lock(site, "wanfailover switch").release()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("wanfailover run (pid 7)\n", "wanfailover run (pid 7)"),
        ("wanfailover run (pid 7)\nyesterday\n", "wanfailover run (pid 7)"),
        (f"wanfailover run (pid 7)\n{time.monotonic() + 9e9:.3f}\n", "wanfailover run (pid 7)"),
        ("", "another process"),
    ],
    ids=["by an older version", "no number", "of an earlier boot", "on a full disk"],
)
def test_a_lock_without_a_time_is_read_all_the_same(site, written, told):
    lock = Lock(site, "wanfailover run")
    site.lock.write_text(written)
    assert refused(site) == f"office is held by {told}"
    lock.release()


def test_who_lets_go_leaves_no_name(site):
    Lock(site, "wanfailover run").release()
    assert site.lock.read_text() == ""
