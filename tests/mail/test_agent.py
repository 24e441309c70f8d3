"""The agent asks the backup MX after it has moved the router, and `switch` does without one."""

from __future__ import annotations

import json
import re
import smtplib
import socket

import pytest

from tests.support.box import Box
from tests.support.mx import Mx
from wanfailover.core import entries as log

pytestmark = [pytest.mark.waits, pytest.mark.timeout(90)]


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path)


def reckon_with(box: Box, mx: Mx, etrn: str = "true", canary: str = "null") -> None:
    with box.profile.open("a") as profile:
        where = f'backup_mx: "127.0.0.1:{mx.port}", canary: {canary}'
        profile.write(f"mail: {{domains: [example.com], {where}, etrn: {etrn}}}\n")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def command(box: Box, *words: str) -> str:
    """Run it to its end; what it printed."""
    with (box.world / "said").open("w+") as said:
        assert box.start(*words, "--state-dir", str(box.state), stdout=said).wait(40) == 0
        said.seek(0)
        return said.read()


def drained(report) -> bool:
    return report["mail"]["state"] == "drained"


def up(report) -> bool:
    return report["health"].get("primary", {}).get("state") == "up"


def test_a_failover_has_it_deliver(box):
    """Unasked; told in status, its JSON, history and log, also when the agent is gone."""
    with Mx() as mx:
        reckon_with(box, mx)
        with box.agent():
            assert box.wait(up)["mail"]["state"] == "unknown"
            assert mx.heard == []
            box.kill("primary")
            box.settled("backup", 30)
            report = box.wait(drained)
            assert report["mail"]["switchover"] == report["switchover"]["id"]
            assert report["mail"]["replies"] == [["example.com", "250 Queuing started"]]
            assert report["mail"]["seconds"] < 5
            assert "Mail: the backup MX has begun to deliver" in command(box, "status")
        assert "ETRN example.com" in mx.heard
        assert "DATA" not in mx.verbs
    (entry,) = box.entries(log.MailDrained)
    assert entry.switchover == report["switchover"]["id"]
    gone = json.loads(command(box, "status", "--json"))
    assert gone["mail"] == report["mail"] | {"since": gone["mail"]["since"]}
    assert "mail: the backup MX has begun to deliver what it holds" in command(box, "history")
    assert '"event": "mail-drained"' in box.logged


def test_a_switch_does_not_wait_for_it(box):
    """The backup MX is away: the switch is as quick as ever, and the next one gives it up."""
    with Mx(BANNER="421 too busy") as mx:
        reckon_with(box, mx)
        with box.agent():
            box.wait(up)
            command(box, "switch", "backup")
            first = box.wait(lambda report: report["mail"]["state"] == "waiting")["mail"]
            assert "421 too busy" in first["because"]
            command(box, "switch", "primary")
            second = box.wait(
                lambda report: report["mail"]["switchover"] != first["switchover"]
            )["mail"]  # fmt: skip
            assert second["state"] in {"waiting", "unknown"}
            mx.script["BANNER"] = "220 mx"
            box.wait(drained)
    assert len(box.entries(log.MailDrained)) == 1
    assert box.entries(log.MailNotDrained) == []


def test_an_agent_that_dies_meanwhile(box):
    """The next one goes on with it, and the one after that does not begin anew."""
    with Mx(BANNER="421 too busy") as mx:
        reckon_with(box, mx)
        with box.agent() as agent:
            box.wait(up)
            command(box, "switch", "backup")
            waiting = box.wait(lambda report: report["mail"]["state"] == "waiting")
            agent.kill()
        mx.script["BANNER"] = "220 mx"
        with box.agent():
            report = box.wait(drained)
            assert report["mail"]["switchover"] == waiting["switchover"]["id"]
        asked = mx.verbs.count("ETRN")
        with box.agent():
            assert box.wait(lambda report: report["active"])["mail"]["state"] == "drained"
        assert mx.verbs.count("ETRN") == asked


def test_refused_is_told(box):
    """It is not drained, and the log warns."""
    with Mx(ETRN="459 <example.com>: service unavailable") as mx:
        reckon_with(box, mx)
        with box.agent():
            box.wait(up)
            command(box, "switch", "backup")
            report = box.wait(lambda report: report["mail"]["state"] == "not-drained")
    assert "fast_flush_domains" in report["mail"]["because"]
    (line,) = [line for line in box.logged.splitlines() if "mail-not-drained" in line]
    assert json.loads(line)["level"] == "warning"
    assert "left to its schedule: the backup MX does not do ETRN" in command(box, "history")


def test_without_an_agent(box):
    """`switch` does it itself, and says so; it has to know the profile from an earlier run."""
    with Mx(ETRN="253 OK, 30 pending messages for node started") as mx:
        reckon_with(box, mx)
        with box.agent():
            box.wait(up)
        said = command(box, "switch", "backup")
        assert "Mail: the backup MX has begun to deliver 30 messages for example.com" in said
        assert mx.verbs.count("ETRN") == 1
    assert len(box.entries(log.MailDrained)) == 1


def test_without_an_agent_for_seconds_only(box):
    """Nobody waits long for a command."""
    with Mx(BANNER="421 too busy") as mx:
        reckon_with(box, mx)
        with box.agent():
            box.wait(up)
        said = command(box, "switch", "backup")
    assert "does not answer: talk: 421 too busy; its mail waits for its own schedule" in said
    (entry,) = box.entries(log.MailNotDrained)
    assert entry.seconds <= 12


def test_a_dry_run_asks_nobody(box):
    """Nothing is touched."""
    with Mx() as mx:
        reckon_with(box, mx)
        with box.agent():
            box.wait(up)
        command(box, "switch", "backup", "--dry-run")
        assert mx.heard == []


def test_not_asked_where_etrn_is_off(box):
    """Said, where somebody reads."""
    with Mx() as mx:
        reckon_with(box, mx, etrn="false")
        with box.agent():
            assert box.wait(up)["mail"] is None
        assert "etrn is false" in command(box, "switch", "backup")
        assert mx.heard == []


def pass_on(text: str, port: int) -> None:
    """What a backup MX does with a message that it has taken, and an office's server after it."""
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as landing:
        landing.sendmail("", ["canary@example.com"], text.encode())


def test_a_canary_after_the_switch(box):
    """Sent when the queue is drained; told in status, its JSON, history and log, and afterwards."""
    port = free_port()
    sent = []
    with Mx(DATA="354 go on", **{".": "250 2.0.0 Queued"}) as mx:
        mx.taken = lambda text: (sent.append(text), pass_on(text, port))
        reckon_with(box, mx, canary=f'{{to: canary@example.com, listen: "127.0.0.1:{port}"}}')
        with box.agent():
            assert box.wait(up)["mail"]["canary"]["state"] == "unknown"
            box.kill("primary")
            box.settled("backup", 30)
            report = box.wait(lambda report: report["mail"]["canary"]["state"] == "arrived")
            assert report["mail"]["canary"]["switchover"] == report["switchover"]["id"]
            assert report["mail"]["canary"]["seconds"] < 5
            assert report["mail"]["state"] == "drained"
            assert "Canary: the canary arrived after" in command(box, "status")
            pass_on("Subject: a stranger's\r\n\r\n", port)
            pass_on(sent[0], port)
            box.wait(lambda report: report["mail"]["canary"]["strays"] == 2)
    assert mx.verbs.index("ETRN") < mx.verbs.index("DATA")
    gone = json.loads(command(box, "status", "--json"))["mail"]["canary"]
    assert gone == report["mail"]["canary"] | {"since": gone["since"]}
    told = command(box, "history")
    assert "mail: the canary arrived after" in told
    assert "mail: ignored: a message that is no canary of this run has come" in told
    assert re.search(r"mail: ignored: the canary of \d+ s ago has come once more", told)
    assert '"event": "canary-arrived"' in box.logged
    assert "mail.log" not in box.logged  # whatever is said to what it lands in
    assert sent[0].split("Message-ID: <")[1].partition("@")[0] not in box.logged


def test_a_canary_without_etrn(box):
    """Then it waits by itself until the backup MX can be reached; a lost one is a warning."""
    port = free_port()
    with Mx(BANNER="421 too busy", RCPT="550 5.7.1 not from you") as mx:
        canary = f'{{to: canary@example.com, listen: "127.0.0.1:{port}"}}'
        reckon_with(box, mx, etrn="false", canary=canary)
        with box.agent():
            box.wait(up)
            command(box, "switch", "backup")
            report = box.wait(lambda report: report["mail"]["canary"]["state"] == "waiting")
            assert report["mail"]["because"].endswith("etrn is false")
            box.wait(lambda report: "421 too busy" in report["mail"]["canary"]["because"])
            mx.script["BANNER"] = "220 mx"
            report = box.wait(lambda report: report["mail"]["canary"]["state"] == "refused")
            assert report["active"] == "backup"
    assert "ETRN" not in mx.verbs
    (line,) = [line for line in box.logged.splitlines() if "canary-lost" in line]
    assert json.loads(line)["level"] == "warning"


def test_a_canary_with_nowhere_to_land(box):
    """Nothing is sent, and `status` warns; all else goes on."""
    with Mx() as mx, socket.create_server(("127.0.0.1", 0)) as taken:
        canary = f'{{to: canary@example.com, listen: "127.0.0.1:{taken.getsockname()[1]}"}}'
        reckon_with(box, mx, canary=canary)
        with box.agent():
            box.wait(lambda report: any("no canary is sent" in w for w in report["warnings"]))
            command(box, "switch", "backup")
            box.wait(drained)
    assert "MAIL" not in mx.verbs
