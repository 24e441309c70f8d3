"""`status` in all its forms: its JSON against the published schema, live, and what comes next."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

import wanfailover
from tests.scenarios.world import holds, site
from tests.support.box import Box
from wanfailover import report
from wanfailover.cli import watch as watching
from wanfailover.cli.plugin import judged
from wanfailover.cli.render import status
from wanfailover.cli.watch import ENTER, LEAVE, watch
from wanfailover.core.engine import Engine
from wanfailover.core.facts import PauseRequest, RouterUnread, SwitchoverStarted, SwitchRequest
from wanfailover.core.policy import RULES
from wanfailover.errors import ControlError
from wanfailover.forecast import WHAT, upcoming
from wanfailover.sentences import clock, coming

SCHEMA = json.loads((Path(wanfailover.__path__[0]) / "status.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def undescribed(value, schema, at=""):
    """Keys that are told and that the schema does not know."""
    schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if isinstance(value, dict):
        for key, inner in value.items():
            known = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            if known is None:
                yield f"{at}.{key}"
            else:
                yield from undescribed(inner, known, f"{at}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from undescribed(inner, schema.get("items", {}), at)


def holds_to_the_schema(told) -> None:
    VALIDATOR.validate(json.loads(json.dumps(told)))
    assert list(undescribed(told, SCHEMA)) == []


def told(engine: Engine, now: float = 1.0, **more):
    running = report.Running(
        driver="d", since=0.0, started=0.0, pid=1, last=None,
        vantages={"primary": "through", "backup": None}, **more,
    )  # fmt: skip
    return report.live(engine, running, report.Wall(now, datetime(2026, 11, 28, tzinfo=UTC)))


@pytest.mark.parametrize(("set_by", "moved"), [(-0.01, 0), (0.4, 0), (3600, 3600), (-3600, -3600)])
def test_an_instant_is_told_alike_each_time_until_the_clock_is_set(set_by, moved):
    """The two clocks are never read at once, so 11:59:59.99 would be now this second, now that."""
    noon = datetime(2026, 11, 28, 12, tzinfo=UTC)
    first = report.Wall(100.0, noon)
    later = report.Wall(160.0, noon + timedelta(seconds=60 + set_by)).after(first)
    assert later.mono == 160.0
    assert later.at(100.0) == report.stamp(noon + timedelta(seconds=moved))


def engine(*facts) -> Engine:
    made = Engine(site())
    for fact in facts:
        made.feed(fact, 1.0)
    return made


FACTS = {
    "never read": (),
    "read": (holds(site(), "primary", 0.0),),
    "unread": (RouterUnread(0.0, "no route"),),
    "paused": (holds(site(), "primary", 0.0), PauseRequest("p", 60.0, "ann")),
    "held": (holds(site(), "backup", 0.0), SwitchRequest("r", "backup", 60.0, who="ann")),
    "switching": (
        holds(site(), "primary", 0.0),
        SwitchoverStarted("s", "primary", "backup", "active-down"),
    ),
}


@pytest.mark.parametrize("facts", FACTS.values(), ids=FACTS)
def test_what_an_engine_tells_holds_to_the_schema(facts):
    holds_to_the_schema(told(engine(*facts)))


def test_the_schema_refuses_what_is_not_so():
    """It could fail."""
    right = told(engine(*FACTS["read"]))
    for key, value in [("active", 7), ("since", "soon"), ("paused", None), ("health", [])]:
        with pytest.raises(jsonschema.ValidationError):
            VALIDATOR.validate(right | {key: value})
    assert list(undescribed(right | {"colour": 1}, SCHEMA)) == [".colour"]


@pytest.mark.timeout(90)
def test_what_a_real_agent_tells_holds_to_the_schema(tmp_path):
    """Running, after a failover, and gone; by the command's own output."""
    box = Box(tmp_path)
    with box.profile.open("a") as profile:
        profile.write("notify: [{exec: [/bin/true]}]\n")
        profile.write("tunnels: [{name: a, check: {tcp: '10.20.0.1:443'}}]\n")
        profile.write("mail: {domains: [example.com], backup_mx: '10.20.0.25:25'}\n")
    with box.agent():
        box.wait(lambda each: each["health"].get("primary", {}).get("state") == "up")
        box.kill("primary")
        box.settled("backup", 30)
        running = _json(box)
        assert running["switchover"]["outcome"] == "proved"
        assert running["next"]["what"] == "nothing better is in sight, should backup die"
        holds_to_the_schema(running)
        code, line = _run(box, "--check")
        assert code in {1, 2}
        assert line.startswith("WANFAILOVER ")
        shown = _run(box)[1]
        assert "\nNext: " in shown
    gone = _json(box)
    assert gone["agent"]["running"] is False
    holds_to_the_schema(gone)
    code, line = _run(box, "--check")
    assert (code, "no agent runs" in line) == (2, True)


def _run(box: Box, *words: str) -> tuple[int, str]:
    argv = [sys.executable, "-m", "wanfailover", "status", *words, "--state-dir", str(box.state)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def _json(box: Box):
    return json.loads(_run(box, "--json")[1])


def test_check_of_nothing_is_unknown(tmp_path):
    argv = [sys.executable, "-m", "wanfailover", "status", "--check", "--state-dir", str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stdout.startswith("WANFAILOVER UNKNOWN - no site has been run in")


def test_check_of_a_pause_is_a_warning():
    """By an engine's own report: with an end or without one, nothing would be switched."""
    for seconds in (60.0, None):
        asked = PauseRequest("p", seconds, "ann")
        code, line = judged(told(engine(holds(site(), "primary", 0.0), asked)))
        assert (code, "automation is paused" in line) == (1, True)


# What comes next


def test_every_rule_has_a_next():
    """Those that switch at once have none to tell; the rest are in the table, or steady."""
    at_once = {"active-down", "active-degraded", "preferred-recovered", "trial-failback", "steady"}
    assert set(WHAT) | at_once == {rule.name for rule in RULES}


BASE = {
    "agent": {"running": True},
    "active": "primary",
    "decision": {"rule": "steady", "until": None},
    "health": {
        "primary": {"state": "up", "patience_seconds": 5.0, "vantage": "through"},
        "backup": {"state": "unknown", "patience_seconds": 5.0, "vantage": None},
    },
}


def test_next_on_the_preferred_circuit():
    assert upcoming(BASE) == {"what": "to backup, should primary be silent for 5 s", "at": None}


def test_next_when_it_is_well_again():
    """What the better circuit must do, where that is what brings the router back."""
    health = BASE["health"] | {
        "primary": {"state": "down", "patience_seconds": 5.0, "vantage": "bind eth1"}
    }
    report = BASE | {"active": "backup", "health": health}
    assert upcoming(report, 300.0)["what"] == (
        "back to primary, when it has been good for 5 min; "
        "nothing better is in sight, should backup die"
    )
    assert upcoming(report)["what"] == "nothing better is in sight, should backup die"
    assert upcoming(BASE, 300.0) == upcoming(BASE)


def test_next_where_nothing_is_better():
    health = BASE["health"] | {"backup": {"state": "down", "vantage": None}}
    what = upcoming(BASE | {"health": health})["what"]
    assert what == "nothing better is in sight, should primary die"


@pytest.mark.parametrize(
    ("vantage", "what"),
    [("bind eth1", "back to primary, if it is well then"), (None, "primary is tried")],
)
def test_next_on_the_backup(vantage, what):
    """With the time that the rule names."""
    health = BASE["health"] | {"primary": {"state": "up", "vantage": vantage}}
    decision = {"rule": "returning-too-soon", "until": "2026-11-28T03:07:06+01:00"}
    later = upcoming(BASE | {"active": "backup", "health": health, "decision": decision})
    assert later == {"what": what, "at": "2026-11-28T03:07:06+01:00"}


@pytest.mark.parametrize(
    ("rule", "end", "what"),
    [
        ("paused", "resume", "the pause"),
        ("held-by-operator", "auto", "the hold"),
    ],
)
def test_next_where_an_operator_has_the_say(rule, end, what):
    """When that ends by itself, or that it does not."""
    said = [
        coming({"next": upcoming(BASE | {"decision": {"rule": rule, "until": until}})})
        for until in ("2026-11-28T03:07:06+00:00", None)
    ]
    at = clock("2026-11-28T03:07:06+00:00")
    assert said == [
        f"{at}: {what} ends, and the rules decide; sooner by wanfailover {end}.",
        f"nothing, until wanfailover {end} ends {what}.",
    ]


def test_next_is_shown():
    shown = status(told(engine(*FACTS["paused"])))
    assert re.search(r"^Next: .*the pause ends, and the rules decide", shown, re.MULTILINE)


# Live


def test_watch_shows_what_is_new_and_what_fails(capsys):
    """An agent that does not answer is said, and asked again; ^C leaves the terminal as it was."""
    screens = iter(["one\ntwo", ControlError("the agent does not answer"), "three"])
    looks = []

    def screen() -> str:
        shown = next(screens)
        if isinstance(shown, Exception):
            raise shown
        return shown

    def pause(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            raise KeyboardInterrupt

    watch(screen, pause)
    said = capsys.readouterr().out
    assert said.startswith(ENTER)
    assert said.endswith(LEAVE)
    assert [said.count(words) for words in ("two", "does not answer", "three")] == [1, 1, 1]
    assert looks == [watching.EVERY] * 3


def test_watch_needs_a_terminal(tmp_path):
    box = Box(tmp_path)
    box.site.path.mkdir(parents=True)
    box.site.profile.write_text("x")
    assert _run(box, "--watch")[0] == 2


async def test_watch_ends_by_interrupt_with_0(tmp_path):
    """A real terminal, and a real ^C."""
    from wanfailover.core import entries as log
    from wanfailover.journal.writer import Journal

    box = Box(tmp_path)
    box.site.path.mkdir(parents=True)
    box.site.profile.write_text("x")
    journal = Journal(box.site.journal)
    await journal.append([log.AgentStarted("0.1.0", 7)], 0.0)
    journal.close()
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-m", "wanfailover", "status", "--watch", "--state-dir", str(box.state)]
    process = subprocess.Popen(  # noqa: ASYNC220
        argv,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=_heeds_interrupts,  # noqa: PLW1509 - no thread of ours runs yet
    )
    os.close(theirs)
    said = b""
    end = time.monotonic() + 20
    while b"^C to quit" not in said and time.monotonic() < end:
        said += _read(ours)
    process.send_signal(signal.SIGINT)
    end = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < end:
        said += _read(ours)
    said += _read(ours)
    os.close(ours)
    assert process.wait(5) == 0
    assert b"No agent runs for this site" in said
    assert said.rstrip().endswith(LEAVE.encode())
    assert b"Traceback" not in said


def _heeds_interrupts() -> None:
    """Whoever runs the tests in the background has had ^C ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _read(terminal: int) -> bytes:
    if not select.select([terminal], [], [], 0.2)[0]:
        return b""
    with contextlib.suppress(OSError):  # nobody is at its other end
        return os.read(terminal, 65536)
    return b""
