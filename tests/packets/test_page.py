"""The page in a real browser, on the host of an agent whose line dies."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.packets.hosts import ip
from tests.packets.test_failover import QUICK, settled, up
from tests.page.month import leave_behind
from wanfailover.core.entries import SwitchoverEnded
from wanfailover.journal.reader import Reader
from wanfailover.lab import Lab
from wanfailover.lab.office import Office

ROOT = Path(__file__).parents[2]
SCREENS = ROOT / "tests" / "page" / "screens"
ORIGIN = "http://127.0.0.1:8480/"
NOTHING = ("about:", "chrome:", "chrome-untrusted:", "data:", "devtools:", "blob:")
"""URLs for which nobody is asked."""

WITHIN = 2.0
"""Seconds from the end of a switchover until it stands on an open page."""

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="chromium and chromedriver are not here (Debian: chromium chromium-driver)",
    ),
]


class Driven:
    """A browser in the office: see `tests.packets.browser`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert self._answer() == "ready"

    def __call__(self, *words: object):
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        assert line, f"the browser is gone: {self._process.wait(10)}"
        return json.loads(line)


@contextmanager
def browser(lab: Lab, folder: Path) -> Iterator[Driven]:
    argv = (sys.executable, "-m", "tests.packets.browser", ORIGIN, str(folder))
    process = lab.popen("office", *argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        yield Driven(process)


@pytest.fixture
def office(lab: Lab, tmp_path: Path) -> Iterator[Office]:
    """An agent with a month behind it and a page."""
    ip(lab, "office", "link set lo up")
    office = Office(lab, tmp_path, settings=(*QUICK, f"page: {ORIGIN[7:-1]}"))
    leave_behind(office.journal.parent, datetime.now(UTC))
    office.start()
    office.wait(up("primary"), 10)
    yield office
    office.stop()


def test_an_open_page_tells_of_a_switchover(
    lab: Lab, office: Office, tmp_path: Path, request: pytest.FixtureRequest
):
    """Within two seconds, without a reload, without a word in the console or to anybody else."""
    with browser(lab, tmp_path) as page:
        assert page("see", "primary", 10)["at"]
        assert page("say", "link", "live", 10)["at"]
        assert page("say", "summary", "In the last day: primary available", 10)["at"]
        lab.fault("dsl-down", "primary")
        seen = page("see", "backup", 30)
        office.wait(settled("backup"), 10)
        assert seen["told"] == "office is on backup"
        with Reader(office.journal) as journal:
            assert seen["at"] - journal.last(SwitchoverEnded).mono < WITHIN
        assert page("say", "why", "returning-too-soon", 1)["at"] is None
        assert page("say", "findings", "not on primary, which is preferred", 5)["at"]
        assert page("say", "history", "switch to backup proved", 5)["at"]
        assert page("say", "said", "office is on backup since", 5)["at"]

        screens = SCREENS if request.config.getoption("--regold") else tmp_path
        assert len(page("shoot", screens)) == 4
        for how, found in page("check").items():
            assert found["passes"] > 20, how
            assert found["violations"] == [], how

        lab.clear("primary")
        assert page("see", "primary", 30)["at"]
        end = page("end")
    assert end["console"] == []
    for told in (end["asked"], end["net"]):
        assert len(told) > 5
        assert [url for url in told if not url.startswith((ORIGIN, *NOTHING))] == []


def test_it_is_usable_by_keyboard_and_says_when_it_is_old(lab: Lab, office: Office, tmp_path: Path):
    """A month by arrow keys; and an agent that is gone is no agent that is well."""
    with browser(lab, tmp_path) as page:
        assert page("say", "summary", "In the last day", 10)["at"]
        assert page("press", "TAB") == ["a", "To how things stand"]
        assert page("press", "TAB") == ["input", "day"]
        assert page("press", "ARROW_RIGHT", "ARROW_RIGHT") == ["input", "month"]
        month = page("say", "summary", "In the last month: primary available", 5)
        assert "7 outages" in month["told"]
        office.stop()
        assert page("say", "verdict", "No word from the agent since", 15)["at"]
        assert page("say", "link", "no word from the agent", 1)["at"]
        office.start()
        assert page("say", "link", "live", 20)["at"]
        assert page("say", "verdict", "All is well", 20)["at"]
