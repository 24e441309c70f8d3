"""The log: one pipe for everybody's records, and no secret passes it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import time

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


def test_a_sentence_that_is_none_is_left_out(capsys):
    """Machines get every entry; those that only they need have no sentence, instead of null."""
    logs.configure(json=True)
    ours = structlog.get_logger("wanfailover")
    ours.info("action-begun", sentence=None, name="apply", why=None)
    ours.info("health-changed", sentence="primary is up: answering")
    begun, changed = map(json.loads, capsys.readouterr().err.splitlines())
    assert (begun["name"], begun["why"], "sentence" in begun) == ("apply", None, False)
    assert changed["sentence"] == "primary is up: answering"


def test_people_get_sentences(capsys):
    """An entry of the journal as `history` has it; what is for machines alone is left out."""
    logs.configure(json=False)
    ours = structlog.get_logger("wanfailover")
    ours.info("health-changed", sentence="primary is up: answering", circuit="primary")
    ours.info("action-begun", sentence=None, name="apply")
    ours.warning("router-remark", remark="it has been restarted")
    first, last = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"[\d-]{10} [\d:]{8} \[info +\] primary is up: answering *", first)
    assert "router-remark" in last
    assert "it has been restarted" in last


@pytest.mark.parametrize("options", [{"json": True}, {"json": False, "level": logging.DEBUG}])
def test_machines_and_developers_get_all(capsys, options):
    """The sentence, and what it was made from."""
    logs.configure(**options)
    ours = structlog.get_logger("wanfailover")
    ours.info("action-begun", sentence=None, name="apply")
    ours.info("health-changed", sentence="primary is up: answering", circuit="primary")
    first, last = capsys.readouterr().err.splitlines()
    assert "apply" in first
    assert all(words in last for words in ("health-changed", "circuit", "primary is up: answering"))


def test_keystrokes_are_never_logged(capsys):
    """netmiko prints every key at DEBUG: not even when asked for everything."""
    logs.configure(json=True, level=logging.DEBUG)
    logging.getLogger("netmiko").debug("write_channel: b's'")
    assert capsys.readouterr().err == ""


@pytest.fixture
def pipe():
    """Its two ends, as files."""
    reading, writing = os.pipe()
    ends = [reading, writing]
    yield reading, writing
    for end in ends:
        with contextlib.suppress(OSError):
            os.close(end)


def _patient(file: int) -> tuple[logs.Patient, logging.Logger]:
    handler = logs.Patient(file)
    logger = logging.Logger("test")  # noqa: LOG001 - one of its own
    logger.addHandler(handler)
    return handler, logger


def test_a_reader_that_stops_reading_holds_nobody_up(pipe, monkeypatch):
    """What does not fit is lost, and that is told where the log goes on."""
    monkeypatch.setattr(logs, "WAITING", 100)
    monkeypatch.setattr(logs, "PARTING", 0.1)
    reading, writing = pipe
    handler, logger = _patient(writing)
    began = time.monotonic()
    for number in range(5000):
        logger.warning("%05d %s", number, "x" * 200)
    assert time.monotonic() - began < 5
    assert "lines of the log are lost" in handler.trouble
    read = b""
    while handler._lines.qsize():  # somebody reads again
        read += os.read(reading, 65536)
    logger.warning("the end")
    while b"the end" not in read:
        read += os.read(reading, 65536)
    handler.flush()
    assert handler.trouble is None
    due = 0  # each line is there, or counted where it is missing
    *lines, end, _ = read.decode().split("\n")
    for line in lines:
        if line.endswith("lines of the log are lost"):
            due += int(line.split()[0])
        else:
            assert int(line[:5]) == due
            due += 1
    assert (due, end) == (5000, "the end")


@pytest.mark.parametrize("gone", ["a closed pipe", "a full disk", "a closed file"])
def test_a_log_that_takes_nothing_is_trouble_and_no_error(pipe, gone, capsys):
    """No exception, and nothing printed about it to where it cannot be printed."""
    reading, writing = pipe
    file = writing
    if gone == "a closed pipe":
        os.close(reading)
    elif gone == "a full disk":
        file = os.open("/dev/full", os.O_WRONLY)
    else:
        file = 1 << 20
    handler, logger = _patient(file)
    for _ in range(3):
        logger.error("nobody hears this")
    handler.flush()
    assert handler.trouble == "3 lines of the log are lost: nobody takes them"
    assert capsys.readouterr() == ("", "")
    if gone == "a full disk":
        os.close(file)
