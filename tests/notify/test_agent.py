"""A whole agent in a process of its own tells of what it does; and the commands about it."""

from __future__ import annotations

import json

import pytest

from tests.notify.receivers import hooked
from tests.support.box import Box, wait_for

pytestmark = [pytest.mark.waits, pytest.mark.timeout(90)]


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path)


def reckon_with(box: Box, *items: str) -> None:
    with box.profile.open("a") as profile:
        profile.write("notify:\n" + "".join(f"  - {item}\n" for item in items))


def up(report) -> bool:
    return report["health"].get("primary", {}).get("state") == "up"


def command(box: Box, *words: str) -> tuple[int, str]:
    with (box.world / "said").open("w+") as said:
        code = box.start(*words, stdout=said, stderr=said).wait(40)
        said.seek(0)
        return code, said.read()


def test_a_failover_is_told(box):
    """Left and proved, once each, with the sentences of the journal."""
    with hooked() as hook:
        reckon_with(box, f"webhook: {hook.url}")
        with box.agent():
            assert box.wait(up)["notify"]["waiting"] == 0
            box.kill("primary")
            box.settled("backup", 30)
            wait_for(lambda: len(hook.got) == 2)
    first, second = hook.got
    assert first["subject"].startswith("active-down: primary is down (silent for")
    assert second["subject"].startswith("active-down: switch to backup proved after")
    assert first["incident"] == second["incident"] == first["id"]
    assert second["follows"] == [first["id"]]
    assert '"event": "notified"' in box.logged


def test_what_waits_outlives_the_agent(box):
    """Killed while nobody takes it: the next one sends all of it, and the one after that none."""
    with hooked() as hook:
        hook.status = 503
        reckon_with(box, f"webhook: {hook.url}")
        with box.agent() as agent:
            box.wait(up)
            box.kill("primary")
            box.settled("backup", 30)
            report = box.wait(lambda report: report["notify"]["waiting"] == 2)
            assert "status 503" in report["notify"]["trouble"]
            agent.kill()
        assert hook.got == []
        hook.status = 200
        with box.agent():
            wait_for(lambda: len(hook.got) == 2)
            box.wait(lambda report: report["notify"]["waiting"] == 0)
        with box.agent():
            box.wait(lambda report: report["active"] == "backup")
        assert [each["stage"] for each in hook.got] == ["began", "followed"]


def test_a_switch_without_an_agent_is_told(box):
    """By the command itself, or else by the next agent."""
    with hooked() as hook:
        reckon_with(box, f"webhook: {hook.url}")
        with box.agent():
            box.wait(up)
        state = ("--state-dir", str(box.state))
        assert command(box, "switch", "backup", *state)[0] == 0
        assert [each["rule"] for each in hook.got] == ["operator-asked", "operator-asked"]


def test_notify_tries_each_path(box, tmp_path):
    """It says what each answered; its exit code tells what kind of failure there was."""
    with hooked() as hook:
        reckon_with(box, f"webhook: {hook.url}", "exec: [/bin/true]")
        code, said = command(box, "notify", "--test", str(box.profile))
        assert code == 0
        assert "sent: 200 OK" in said
        assert "exec /bin/true" in said
        (got,) = hook.got
        assert got["subject"] == "a test: notifications reach you"
        assert command(box, "notify", str(box.profile))[0] == 0
        assert len(hook.got) == 1
        hook.status = 404
        code, said = command(box, "notify", "--test", str(box.profile))
        assert code == 1
        assert "failed: status 404" in said
    code, said = command(box, "notify", "--test", str(box.profile))
    assert code == 3
    assert "failed: connect: connection refused" in said


def test_notify_without_a_path_is_a_mistake(box):
    code, said = command(box, "notify", "--test", str(box.profile))
    assert code == 2
    assert "it has no `notify`" in said


def test_check_has_a_row_for_each_path(box, tmp_path):
    """Nothing is sent for it."""
    with hooked() as hook:
        reckon_with(box, f"webhook: {hook.url}", f"exec: [{tmp_path}/gone]")
        _, said = command(box, "check", "--json", str(box.profile))
        rows = [row for row in json.loads(said)["rows"] if row["subject"].startswith("notify")]
        assert [row["severity"] for row in rows] == ["green", "yellow"]
        assert hook.got == []


def test_secrets_of_paths_are_asked_for_by_reference(box, tmp_path):
    """A file that others may read is refused; what is in it shows nowhere."""
    token = tmp_path / "token"
    token.write_text("hunter2\n")
    token.chmod(0o644)
    with hooked() as hook:
        reckon_with(box, f'webhook: {{url: "{hook.url}", token: {{file: token}}}}')
        code, said = command(box, "notify", "--test", str(box.profile))
        assert code == 2
        assert f"chmod 600 {token}" in said
        token.chmod(0o600)
        code, said = command(box, "notify", "--test", str(box.profile))
        assert code == 0
        assert "hunter2" not in said
