"""A whole agent in a process of its own: a drill by the command, and what a kill leaves."""

from __future__ import annotations

import json
import time

import pytest

from tests.notify.receivers import hooked
from tests.support.box import Box, wait_for
from wanfailover.core import entries as log
from wanfailover.entries import DrillEnded, PreflightDone

pytestmark = [pytest.mark.waits, pytest.mark.timeout(120)]


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path)


def up(report) -> bool:
    return report["health"].get("primary", {}).get("state") == "up"


def command(box: Box, *words: str) -> tuple[int, str]:
    with (box.world / "said").open("w+") as said:
        argv = (*words, "--state-dir", str(box.state))
        code = box.start(*argv, stdout=said, stderr=said).wait(60)
        said.seek(0)
        return code, said.read()


def test_a_drill_by_the_command(box):
    """Its report, its exit code, its place in history and status; a preflight belongs to it."""
    with box.profile.open("a") as profile:
        profile.write('drill: {at: "first Sunday 04:00", stay: 1h}\n')
    with box.agent():
        report = box.wait(up)
        assert report["drill"]["state"] is None
        assert report["drill"]["next"][10:16] == "T04:00"
        assert command(box, "drill", "--dry-run")[0] == 0
        code, said = command(box, "drill", "--stay", "2s")
        assert code == 0, said
        assert "Drill passed: primary to backup and back in 1" in said
        assert "done    switch to backup: the router is on backup, proved" in said
        report = box.ask()
        assert (report["active"], report["hold"]) == ("primary", None)
        assert report["drill"]["state"] == "passed"
        assert report["preflight"]["result"] in {"green", "yellow"}
        assert report["preflight"]["age_seconds"] < 60
        shown = command(box, "status")[1]
        assert "\nPreflight: " in shown
        assert "\nDrill: passed: primary to backup and back" in shown
        code, said = command(box, "drill", "primary")
        assert code == 1
        assert "a drill goes to another" in said
    history = command(box, "history")[1]
    assert "drill passed: primary to backup and back" in history
    assert json.loads(command(box, "status", "--json")[1])["preflight"]["result"] in {
        "green", "yellow",
    }  # fmt: skip


def test_killed_in_the_middle_it_is_put_back(box):
    """By the next agent."""
    with box.agent() as agent:
        box.wait(up)
        drill = box.start("drill", "--stay", "1h", "--state-dir", str(box.state))
        box.settled("backup", 30)
        wait_for(lambda: box.ask()["hold"] is not None)
        agent.kill()
        agent.wait()
        assert drill.wait(20) == 1
    with box.agent():
        box.settled("primary", 30)
        wait_for(lambda: box.entries(DrillEnded) != [])
    (ended,) = box.entries(DrillEnded)
    assert ended.because == "the agent ended in the middle of it; it was put back on primary"
    assert box.entries(log.HoldEnded) != []


def test_without_an_agent_there_is_none(box):
    with box.agent():
        box.wait(up)
    code, said = command(box, "drill")
    assert code == 1
    assert "no agent runs for office" in said


def test_the_last_preflight_is_known_after_a_restart(box):
    with box.agent():
        box.wait(up)
        assert command(box, "drill", "--dry-run")[0] == 0
        assert len(box.entries(PreflightDone)) == 1
    time.sleep(1.1)
    with box.agent():
        assert box.wait(lambda report: report["preflight"])["preflight"]["age_seconds"] >= 1


def test_a_red_preflight_refuses_a_drill_and_is_told(box):
    """With what is red; the next that is not red ends it."""
    with hooked() as hook:
        with box.profile.open("a") as profile:
            profile.write(f"notify: [{{webhook: '{hook.url}'}}]\n")
            profile.write("mail: {domains: [example.com], backup_mx: '127.0.0.1:9', etrn: false}\n")
        with box.agent():
            box.wait(up)
            code, said = command(box, "drill")
            assert code == 1
            assert (
                "the preflight is red: mail: 127.0.0.1:9: the backup MX cannot be reached" in said
            )
            wait_for(lambda: len(hook.got) == 2)
            report = box.ask()
            assert report["preflight"]["result"] == "red"
            assert (report["drill"]["state"], report["active"]) == ("refused", "primary")
            code, said = command(box, "status", "--check")
            assert (code, "the last preflight was red" in said) == (1, True)
    preflight, drill = hook.got
    assert (preflight["topic"], preflight["severity"]) == ("preflight", "critical")
    assert preflight["lines"][0].startswith("mail: 127.0.0.1:9: the backup MX cannot be reached")
    assert (drill["rule"], drill["stage"]) == ("drill", "alone")
