"""What there is to be asked for."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import wanfailover
from tests.page.conftest import page
from wanfailover.page.manners import Refusal
from wanfailover.page.past import LINES, RANGES, Past
from wanfailover.page.server import Reading

STATUS = json.loads((Path(wanfailover.__path__[0]) / "status.schema.json").read_text())


async def test_the_status_is_that_of_the_command(stand):
    told = (await stand.ask("/api/status")).json
    jsonschema.Draft202012Validator(STATUS).validate(told)
    assert told["active"] == "primary"
    stand.hold("backup", 2.0)
    assert (await stand.ask("/api/status")).json["active"] == "backup"


async def test_its_shape_is_published_beside_it(stand):
    answer = await stand.ask("/api/status.schema.json")
    assert answer.headers["content-type"].startswith("application/schema+json")
    assert answer.json == STATUS


async def test_the_page(stand):
    answer = await stand.ask("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.body.startswith(b"<!doctype html>")


async def test_a_file_that_is_known_is_not_sent_again(stand):
    first = await stand.ask("/static/page.css")
    tag = first.headers["etag"]
    again = await stand.ask("/static/page.css", f"If-None-Match: {tag}")
    assert (first.status, again.status, again.body) == (200, 304, b"")
    assert (await stand.ask("/static/page.css", 'If-None-Match: "other"')).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py", "/static/..%2fserver.py", "/static/%2e%2e/server.py", "/static/",
        "/static", "/static/vendor", "/static//etc/passwd", "//etc/passwd", "/..", "/index.html",
        "/static/vendor/README.md", "/static/vendor/uPlot.LICENSE", "/api", "/api/", "/api/status/",
        "/switch", "/auto", "/pause", "/static/page.css%00.html", "/static/PAGE.CSS", "/%2e",
    ],
)  # fmt: skip
async def test_there_is_nothing_else(stand, path):
    answer = await stand.ask(path)
    assert (answer.status, answer.json) == (404, {"error": "not found"})


@pytest.mark.parametrize("span", RANGES)
async def test_what_was(old_stand, span):
    """The same as is read from the journal, whole and in bounds."""
    asked = {
        what: (await old_stand.ask(f"/api/{what}?range={span}")).json
        for what in ("history", "outages", "timeline")
    }
    samples = (await old_stand.ask(f"/api/samples?circuit=primary&range={span}")).json
    number = {"day": 2, "week": 4, "month": 7}[span]
    outages = asked["outages"]["outages"]
    assert len(outages) == number
    assert outages == sorted(outages, key=lambda each: each["began"], reverse=True)
    assert asked["outages"]["totals"]["primary"]["outages"] == number
    downs = [each for each in asked["timeline"]["circuits"][0]["health"] if each[2] == "down"]
    assert len(downs) == number
    assert len(asked["timeline"]["switchovers"]) == 2 * number
    assert 0 < len(asked["history"]["lines"]) <= LINES
    columns = samples["columns"]
    assert {len(column) for column in columns.values()} == {len(columns["t"])}
    assert 200 < len(columns["t"]) <= RANGES[span][1]
    assert max(each for each in columns["loss"] if each is not None) > 0.4


async def test_decisions_with_their_reasons(old_stand):
    rows = (await old_stand.ask("/api/decisions")).json["decisions"]
    assert [row["rule"] for row in rows[:4]] == [
        "steady", "preferred-recovered", "returning-too-soon", "active-down"
    ]  # fmt: skip
    assert rows[3]["because"].startswith("primary is down (silent for 5.0 s")
    assert (rows[3]["target"], rows[0]["target"]) == ("backup", None)


@pytest.mark.parametrize("what", ["history", "outages", "timeline", "decisions"])
async def test_a_site_without_a_journal(stand, what):
    """Or with one that the disk does not give."""
    answer = await stand.ask(f"/api/{what}")
    assert (answer.status, answer.json["error"]) == (503, "what was kept cannot be read now")


async def test_no_samples_yet(stand):
    columns = (await stand.ask("/api/samples?circuit=primary")).json["columns"]
    assert set(columns["loss"]) == {None}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/samples", 404),
        ("/api/samples?circuit=nobody", 404),
        ("/api/samples?circuit=primary&range=year", 400),
        ("/api/history?range=", 400),
        ("/api/outages?range=day%27--", 400),
        ("/api/timeline?range=day&range=week", 200),
    ],
)
async def test_what_is_asked_for_amiss(old_stand, path, status):
    answer = await old_stand.ask(path)
    assert answer.status == status
    assert status == 200 or len(answer.json["error"]) > 10


async def test_for_whoever_restarts_or_routes_by_it(stand):
    assert (await stand.ask("/healthz")).status == 200
    assert (await stand.ask("/readyz")).status == 503  # no probe has been answered
    stand.late = 1000.0
    ill = await stand.ask("/healthz")
    assert (ill.status, b"behind" in ill.body) == (503, True)


async def test_metrics(stand):
    answer = await stand.ask("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert b'wanfailover_circuit_active{circuit="primary"} 1.0' in answer.body


async def test_a_crowd_reads_the_disk_once(month, monkeypatch):
    """What one is told within a second, so are the others; and one reads at a time."""
    read = []
    real = Past.decisions

    def decisions(self):
        read.append(1)
        return real(self)

    monkeypatch.setattr(Past, "decisions", decisions)
    async with page(month) as stand:
        for _ in range(5):
            assert (await stand.ask("/api/decisions")).status == 200
    assert len(read) == 1


async def test_nor_is_the_loop_kept_from_its_work(stand):
    """Metrics take a few milliseconds of it."""
    for _ in range(5):
        assert (await stand.ask("/metrics")).status == 200
    assert len(stand.looked) <= 2


async def test_what_could_not_be_read_is_not_remembered():
    reading, told = Reading(), iter([OSError("disk"), "well"])

    def read():
        each = next(told)
        if isinstance(each, Exception):
            raise each
        return each

    with pytest.raises(Refusal):
        await reading(("a",), read)
    assert (await reading(("a",), read)).body == b'"well"'
