"""The command as a person meets it, without an agent: help, errors, exit codes, start-up cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from wanfailover.cli import COMMANDS
from wanfailover.cli.explain import moment
from wanfailover.core import entries as log
from wanfailover.journal.writer import Journal
from wanfailover.sites import SiteDir

HEAVY = ["aiohttp", "asyncio", "netmiko", "pydantic", "rich", "ruamel", "structlog", "http.client"]


def run(*words, **environment):
    env = {**os.environ, **environment}
    argv = [sys.executable, "-m", "wanfailover", *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=env)


@pytest.fixture
async def site(tmp_path):
    """A site whose last agent is gone."""
    site = SiteDir(tmp_path / "office")
    site.path.mkdir()
    site.profile.write_text(str(tmp_path / "office.yaml"))
    journal = Journal(site.journal)
    ended = log.SwitchoverEnded("s1", "primary", "backup", "active-down", "proved", 0.2, "answered")
    await journal.append(
        [
            log.AgentStarted("0.1.0", 7),
            log.ActiveChanged(None, "primary", "found so"),
            log.DecisionMade(
                "active-down",
                True,
                "backup",
                "primary is down",
                health=(("primary", "down", "silent for 5.0 s"),),
                passed_over=(("paused", "automation is not paused"),),
                thresholds=(("dwell", "60 s between automatic switches"),),
            ),
            ended,
            log.HoldBegan("backup", 60.0, "ann", "works"),
        ],
        0.0,
    )
    journal.close()
    return site


def test_help_names_every_command():
    """The first thing anybody types."""
    shown = run("--help").stdout
    assert all(name in shown for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name):
    """And the short help in the list is not another one than its own."""
    shown = run(name, "--help")
    assert shown.returncode == 0
    assert "Usage: wanfailover" in shown.stdout


def test_status_imports_nothing_heavy(site):
    """`status` must answer at once: neither path may load what only the agent needs."""
    code = (
        "import sys; sys.argv = ['wanfailover', 'status', '--state-dir', sys.argv[1]]\n"
        "from wanfailover.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(site.path.parent)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = done.stdout.splitlines()[-1]
    assert [name for name in HEAVY if f"'{name}'" in loaded] == []


def test_status_without_an_agent_says_so(site):
    """What the last agent wrote, and that it is no more than that."""
    shown = run("status", "--state-dir", str(site.path.parent))
    assert shown.returncode == 0
    assert "No agent runs" in shown.stdout
    assert "is on backup" in shown.stdout
    report = json.loads(run("status", "--json", WANFAILOVER_STATE_DIR=str(site.path.parent)).stdout)
    assert report["agent"]["running"] is False
    assert (report["active"], report["switchover"]["outcome"]) == ("backup", "proved")


CONTRACT = {
    "site": None,
    "active": None,
    "since": None,
    "router": {"driver", "reachable", "state"},
    "health": None,
    "decision": {"rule", "because", "until"},
    "hold": None,
    "paused_until": None,
    "paused": None,
    "switchover": {"id", "from", "to", "rule", "outcome", "started", "seconds"},
    "tunnels": None,
    "mail": None,
    "preflight": None,
    "agent": {"running", "pid", "version", "uptime_seconds"},
}


def test_status_json_has_every_key_of_the_contract(site):
    """Keys may be added, never renamed; a machine need not ask whether an agent runs."""
    report = json.loads(run("status", "--json", "--state-dir", str(site.path.parent)).stdout)
    assert CONTRACT.keys() <= report.keys()
    for key, inner in CONTRACT.items():
        assert inner is None or inner <= report[key].keys()


def test_history_tells_the_story(site):
    """Each entry that a person cares for is a line; as JSON, each is an object."""
    shown = run("history", "--state-dir", str(site.path.parent)).stdout
    assert "switch to backup proved after 0.2 s: answered" in shown
    assert "ann holds backup for 1 min (works)" in shown
    rows = [
        json.loads(line)
        for line in run(
            "history", "--json", "--state-dir", str(site.path.parent)
        ).stdout.splitlines()
    ]
    assert rows[0]["kind"] == "AgentStarted"
    assert all("at" in row for row in rows)


def test_auto_without_an_agent_ends_the_hold(site):
    """The next agent finds it ended."""
    shown = run("auto", "--state-dir", str(site.path.parent))
    assert shown.stdout.strip() == "backup is no longer held; no agent runs"
    report = json.loads(run("status", "--json", "--state-dir", str(site.path.parent)).stdout)
    assert report["hold"] is None


def test_pause_without_an_agent_waits_for_the_next(site):
    """It is written down, shown, and taken back by `resume`; to resume twice is no error."""
    state = ("--state-dir", str(site.path.parent))
    assert "automation is paused" in run("pause", "30m", *state).stdout
    report = json.loads(run("status", "--json", *state).stdout)
    assert report["paused"] is True
    assert report["paused_until"] is not None
    assert "Automation is paused by an operator, until" in run("status", *state).stdout
    assert "automation goes on" in run("resume", *state).stdout
    assert json.loads(run("status", "--json", *state).stdout)["paused"] is False
    assert "was not paused" in run("resume", *state).stdout


EXPLAINED = """decision
  primary  down      silent for 5.0 s
Measured by:
  dwell  60 s between automatic switches
Rules that come first, and why they did not hold:
  paused  automation is not paused
"""


def test_explain_tells_facts_thresholds_and_who_said_no(site):
    """The decision in force, as text and for machines; before the first there is none."""
    state = ("--state-dir", str(site.path.parent))
    shown = run("explain", *state).stdout
    first, rest = shown.split("\n", 1)
    assert first.endswith("switch to backup, because active-down: primary is down")
    assert rest == EXPLAINED.split("\n", 1)[1]
    report = json.loads(run("explain", "--json", "--at", "2035-01-01 12:00", *state).stdout)
    assert (report["rule"], report["target"]) == ("active-down", "backup")
    early = run("explain", "--at", "2001-02-03 04:05:06", *state)
    assert early.returncode == 1
    assert "was decided for office at 2001-02-03 04:05:06: no agent ran" in early.stderr


def test_explain_has_its_dates_as_history_has_them(site):
    """One form, be it of today or not; so that either can be looked up in the other."""
    state = ("--state-dir", str(site.path.parent))
    told = run("history", *state).stdout.splitlines()
    (when,) = (line.split("  ")[0] for line in told if "  decision: switch" in line)
    assert run("explain", *state).stdout.startswith(f"{when}  switch to backup")


async def test_explain_at_the_second_that_history_names(site):
    """It is the switch that is asked for, not what was decided just before or after it."""
    journal = Journal(site.journal)
    await journal.append([log.DecisionMade("steady", False, None, "backup is up")], 0.0)
    journal.close()
    state = ("--state-dir", str(site.path.parent))
    day, time, _ = run("history", *state).stdout.split(maxsplit=2)
    named = datetime.fromisoformat(f"{day} {time}")
    for at in (named, named + timedelta(seconds=1)):  # a message may be of the next second
        shown = run("explain", "--at", str(at), *state)
        assert "because active-down" in shown.stdout, shown.stderr


NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC).astimezone()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2h", NOW - timedelta(hours=2)),
        (f"{NOW - timedelta(minutes=1):%H:%M}", NOW - timedelta(minutes=1)),
        (f"{NOW + timedelta(minutes=1):%H:%M:%S}", NOW - timedelta(days=1, minutes=-1)),
        ("2026-11-26T10:00:00+00:00", datetime(2026, 11, 26, 10, tzinfo=UTC)),
    ],
)
def test_a_time_is_given_as_people_give_it(text, at):
    """A length is so long ago; a time of day is the last that was."""
    assert moment(text, NOW) == at


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("explain", "--at", "teatime", "--state-dir", "/x"), 1, "no site"),
        (("status",), 1, "no site has been run in"),
        (("run", "no-such.yaml"), 2, "no-such.yaml:1:1:"),
        (("check", "--offline", "no-such.yaml"), 2, "no-such.yaml:1:1:"),
        (("switch",), 2, "Missing argument 'CIRCUIT'"),
        (("switch", "backup", "--for", "5", "--state-dir", "/x"), 2, "write 5m, or 5h"),
        (("history", "--last", "7", "--state-dir", "/x"), 2, "`7` has no unit; write 7d for days"),
        (("switch", "backup", "--for", "5m", "--once"), 2, "give only one of them"),
        (("wat",), 2, "No such command"),
        (("demo", "--fault", "gremlins"), 3, "gremlins"),
    ],
)
def test_errors_are_one_sentence_and_a_code(tmp_path, words, code, sentence):
    """Wrong input: what is wrong, and never a traceback."""
    done = run(*words, WANFAILOVER_STATE_DIR=str(tmp_path))
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_several_sites_are_to_choose_from(site):
    """The error lists them."""
    other = SiteDir(site.path.parent / "branch")
    other.path.mkdir()
    other.profile.write_text("x")
    done = run("status", "--state-dir", str(site.path.parent))
    assert done.returncode == 2
    assert "--site branch|office" in done.stderr


@pytest.mark.parametrize("words", [("status",), ("history",), ("switch", "backup"), ("drill",)])
def test_an_unknown_site_is_a_mistake_of_usage(site, words):
    """Whether there are others or none; a monitoring plugin cannot tell how it is."""
    asked = (*words, "--site", "offfice", "--state-dir")
    done = run(*asked, str(site.path.parent))
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no site offfice in" in done.stderr
    assert done.stderr.endswith("there are: office\n")
    none = run(*asked, str(site.path))
    assert (none.returncode, none.stderr.endswith("none has been run there\n")) == (2, True)


def test_a_monitoring_plugin_of_an_unknown_site_cannot_tell(site):
    done = run("status", "--check", "--site", "offfice", "--state-dir", str(site.path.parent))
    assert done.returncode == 3
    assert done.stdout.startswith("WANFAILOVER UNKNOWN - there is no site offfice in")
