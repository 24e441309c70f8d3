"""Metrics: all that is told is in them, by Prometheus' own rules."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from tests.flight.traffic import CONTROL
from tests.metrics.told import MAIN, SITE, SPARE, Told, samples, told, well
from wanfailover.core.engine import Engine
from wanfailover.core.facts import Ending, Outcome, ProbeSample, Result, Role
from wanfailover.counts import PACE, REMEMBERED, Counts, Lag
from wanfailover.metrics import CONTENT_TYPE, STUCK, healthz, readyz

PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is missing: apt-get install prometheus"
)


def value(name: str, present: Told | None = None, **labels) -> float | None:
    """Of one sample; None where there is none."""
    found = [
        each.value
        for each in samples(present)
        if each.name == f"wanfailover_{name}" and labels.items() <= each.labels.items()
    ]
    assert len(found) < 2, found
    return found[0] if found else None


def value_of(text: str, name: str) -> float:
    """Of a sample without labels, in an exposition."""
    families = text_string_to_metric_families(text)
    return next(each.value for family in families for each in family.samples if each.name == name)


@needs_promtool
def test_promtool_finds_nothing_to_say():
    """Names, units, help and format."""
    check = [PROMTOOL, "check", "metrics"]
    done = subprocess.run(check, input=well().rendered(), capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@needs_promtool
def test_promtool_would_find_something():
    """Or the test above could not fail."""
    bad = b"# TYPE wanfailover_switchovers counter\nwanfailover_switchovers 1\n"
    assert subprocess.run([PROMTOOL, "check", "metrics"], input=bad).returncode != 0


def test_what_status_tells_is_told():
    report = well().report
    assert value("circuit_active", circuit=MAIN) == 1
    assert value("circuit_active", circuit=SPARE) == 0
    assert [value("circuit_preference", circuit=name) for name in (MAIN, SPARE)] == [0, 1]
    assert value("circuit_health", circuit=MAIN, state="up") == 1
    assert value("circuit_health", circuit=MAIN, state="down") == 0
    assert value("circuit_loss_ratio", circuit=MAIN) == report["health"][MAIN]["loss"]
    assert value("circuit_latency_seconds", circuit=MAIN) == pytest.approx(
        report["health"][MAIN]["rtt_ms"] / 1000
    )
    assert value("tunnel_state", tunnel="customer-a", state="up") == 1
    assert value("mail_state", state="drained") == 1
    assert value("canary_state", state="arrived") == 1
    assert value("canary_duration_seconds") == 4.2
    assert value("preflight_result", result="green") == 1
    assert value("preflight_timestamp_seconds") == pytest.approx(time.time() - 3600, abs=60)
    assert value("drill_state", state="passed") == 1
    assert value("decision", rule="steady") == 1
    assert value("switchover_last_duration_seconds") == 2.9
    assert value("loop_lag_seconds") == 0.002
    assert value("start_time_seconds") == pytest.approx(time.time() - 60, abs=60)
    assert value("build_info", version=report["agent"]["version"], site="office") == 1


def test_of_each_state_there_is_one():
    """A graph of them adds up to 1, whatever they are."""
    states = ("circuit_health", "tunnel_state", "mail_state", "canary_state", "preflight_result",
              "drill_state", "decision")  # fmt: skip
    for name in states:
        sums: dict[tuple, float] = {}
        for each in samples():
            if each.name == f"wanfailover_{name}":
                of = (each.labels.get("circuit"), each.labels.get("tunnel"))
                sums[of] = sums.get(of, 0) + each.value
        assert sums, name
        assert set(sums.values()) == {1.0}, name


def test_of_what_is_not_known_there_is_no_sample():
    """0 would be a lie."""
    poor = told(
        mail=None, notify=None, preflight=None, drill=None, switchover=None, tunnels=[],
        health={MAIN: well().report["health"][MAIN] | {"loss": None, "rtt_ms": None}},
    )  # fmt: skip
    names = {each.name for each in samples(poor)}
    for name in ("mail_state", "canary_state", "preflight_result", "preflight_timestamp_seconds",
                 "drill_state", "notifications_waiting", "switchover_last_timestamp_seconds",
                 "tunnel_state", "circuit_loss_ratio", "circuit_latency_seconds"):  # fmt: skip
        assert f"wanfailover_{name}" not in names
    assert value("circuit_health", poor, circuit=MAIN, state="up") == 1


def test_a_switchover_that_never_was_is_a_nought():
    """So that the first one is an increase."""
    assert value("switchovers_total", rule="operator-asked", outcome="proved") == 1
    assert value("switchovers_total", rule="active-down", outcome="stuck") == 0


@given(st.text(), st.text())
def test_any_name_is_escaped(name, tunnel):
    """Whatever a profile may call its circuits: no line is broken, no label is forged."""
    health = {name: well().report["health"][MAIN]}
    reading = {"name": tunnel, "state": "up", "because": "", "since": None, "last_good": None}
    text = told(health=health, tunnels=[reading], active=name).rendered()
    assert b'circuit_active{circuit="' in text
    assert value("circuit_active", told(health=health, active=name), circuit=name) == 1
    assert value("tunnel_state", told(tunnels=[reading]), tunnel=tunnel, state="up") == 1


def test_its_type_is_what_prometheus_asks_for():
    assert CONTENT_TYPE.startswith("text/plain; version=0.0.4")


def test_prometheus_is_not_imported_by_who_has_no_page():
    """The agent itself counts, and no more."""
    code = "import sys, wanfailover.agent; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


class TestCounts:
    """Totals that only grow."""

    @pytest.fixture
    def engine(self):
        from tests.flight.traffic import START, traffic

        engine = Engine(SITE, [CONTROL])
        for fact, now in traffic(SITE, 5):
            engine.feed(fact, now)
        self.now = START + 5
        return engine

    def sample(self, sent: float, result: Result, rtt: float | None = None) -> ProbeSample:
        return ProbeSample(MAIN, SITE.targets[0].name, Role.FAR, sent, result, rtt)

    def test_a_loss_that_is_told_twice_is_one_and_a_late_answer_is_one(self, engine):
        counts = Counts()
        for fact in (
            self.sample(self.now, Result.LOST),
            self.sample(self.now, Result.LOST),
            self.sample(self.now, Result.ANSWERED, 3.0),
        ):
            counts.fed(fact, self.now + 3, engine)
        assert (counts.lost[MAIN], counts.answered[MAIN]) == (1, 1)
        assert counts.heard == {MAIN: self.now + 3}

    def test_memory_has_a_bound(self, engine):
        counts = Counts()
        for n in range(REMEMBERED * 2):
            counts.fed(self.sample(self.now + n / 1000, Result.LOST), self.now + 3, engine)
        assert len(counts._missed) == REMEMBERED
        assert counts.lost[MAIN] == 2 * REMEMBERED

    def test_time_asleep_is_nobodys(self, engine):
        counts = Counts()
        for later in (0, 0.5, 3600, 3600.5):
            engine.feed(self.sample(self.now + later, Result.LOST), self.now + later)
            counts.fed(self.sample(self.now + later, Result.LOST), self.now + later, engine)
        assert counts.active[MAIN] == pytest.approx(0.5 + 2 + 0.5)
        assert counts.active[SPARE] == 0

    def test_switchovers_by_rule_and_ending(self, engine):
        counts = Counts()
        for ending in (Ending.PROVED, Ending.UNDONE, Ending.PROVED):
            done = Outcome("1", MAIN, SPARE, "active-down", ending, 1.0, "")
            counts.fed(done, self.now, engine)
        assert counts.switchovers == {
            ("active-down", Ending.PROVED): 2,
            ("active-down", Ending.UNDONE): 1,
        }


async def test_a_loop_that_is_held_up_is_seen_to_lag():
    """By as much, for a minute; the machine's own delays come on top."""
    lag = Lag()
    assert lag.worst == 0
    watching = asyncio.create_task(lag.watch())
    await asyncio.sleep(0.01)
    if held := await asyncio.sleep(0, 1.0):
        asyncio.get_running_loop().slow_callback_duration = 10
        began = time.monotonic()
        while time.monotonic() - began < held:  # as a bug would
            pass
    await asyncio.sleep(PACE / 2)
    watching.cancel()
    assert lag.worst >= 1.0 - PACE - 0.01


def test_health_is_that_the_loop_turns():
    assert healthz(0.5) == (True, "ok")
    assert healthz(STUCK) == (False, "the loop or the probes are 15 s behind")


def test_readiness_is_that_the_router_is_read_and_probes_have_come_back():
    report, counts = well().report, well().counts
    assert readyz(report, counts) == (True, "ok")
    assert readyz(report, Counts()) == (False, "no probe has been answered yet")
    unread = report | {"router": {"driver": "d", "reachable": False, "state": None}}
    assert readyz(unread, counts) == (False, "the router cannot be read")
    dead = told(health={n: h | {"state": "down"} for n, h in report["health"].items()}).report
    assert readyz(dead, counts) == (True, "ok")  # it is ready to act as soon as one comes back
