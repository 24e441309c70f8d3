"""The log: one pipe for everybody's records, and no secret passes it."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from wanfailover import logs

SECRET = "hunter2-correct-horse"


@pytest.fixture(autouse=True)
def _restored():
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_passes_by_whatever_way(capsys, as_json):
    """In an event's name, a field, a nested list, bytes, a library's record, an exception."""
    logs.configure(json=as_json, secrets=[SECRET])
    ours = structlog.get_logger("wanfailover")
    ours.info(f"event-{SECRET}", password=SECRET, nested=[{"deep": (SECRET.encode(),)}])
    logging.getLogger("paramiko").critical("auth with %s", SECRET)
    try:
        int(SECRET)
    except ValueError:
        ours.exception("failed")
    written = capsys.readouterr().err
    assert SECRET not in written
    struck = json.dumps(logs.STRUCK)[1:-1] if as_json else logs.STRUCK
    assert written.count(struck) >= 5


def test_json_lines_are_json(capsys):
    """One object a line, with the event's name and level, libraries' records too."""
    logs.configure(json=True)
    structlog.get_logger("wanfailover").warning("action-failed", name="apply")
    logging.getLogger("netmiko").info("connected")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [
        ("action-failed", "warning"),
        ("connected", "info"),
    ]


def test_keystrokes_are_never_logged(capsys):
    """netmiko prints every key at DEBUG: not even when asked for everything."""
    logs.configure(json=True, level=logging.DEBUG)
    logging.getLogger("netmiko").debug("write_channel: b's'")
    assert capsys.readouterr().err == ""
