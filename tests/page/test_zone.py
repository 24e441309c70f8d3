"""Times in a real browser, in a month in which the clocks were changed."""

from __future__ import annotations

import asyncio
import shutil
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.packets.browser import Browser
from tests.page.conftest import page
from tests.page.month import leave_behind
from wanfailover.page import live, past

pytestmark = [
    pytest.mark.waits,
    pytest.mark.timeout(180),
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="chromium and chromedriver are not here (Debian: chromium chromium-driver)",
    ),
]

NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
START = NOW - past.RANGES["month"][0]
AGENT = "Europe/Berlin"  # changed on 25 October
ELSEWHERE = "America/New_York"  # changed on 1 November

KEEP = """
let made = null;
window.plots = [];
const kept = (...how) => (window.plots.push(Reflect.construct(...how)), window.plots.at(-1));
const set = (uPlot) => (made = new Proxy(uPlot, { construct: kept }));
Object.defineProperty(window, "uPlot", { get: () => made, set });
"""
"""A plot is drawn and cannot be read: each is kept, to be asked where its lines are."""

READ = """
const all = (what) => [...document.querySelectorAll(what)];
return {
  note: document.getElementById("zone").textContent,
  times: all("#outages time, #history time").map((each) => [each.dateTime, each.textContent]),
  ticks: all(".ticks span").map((each) => [parseFloat(each.style.left), each.textContent]),
  rows: all("#plots details tbody th").map((each) => each.textContent),
  lines: window.plots.at(-1).axes[0]._splits,
}
"""


@pytest.fixture(autouse=True)
def berlin(monkeypatch):
    """The agent's zone, and what it takes for now."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", AGENT)
        time.tzset()
        patch.setattr(past, "utc_now", lambda: NOW)
        patch.setattr(live, "utc_now", lambda: NOW)
        yield
    time.tzset()


def looked_at(url: str, folder) -> dict[str, dict]:
    """The last month, as browsers in two zones show it."""
    browser, seen = Browser(url, folder), {}
    driver = browser._driver
    try:
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": KEEP})
        for zone in (AGENT, ELSEWHERE):
            driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": zone})
            driver.get(url)
            assert browser.say("summary", "In the last day", "20")["at"]
            driver.execute_script("document.querySelector('input[value=month]').click()")
            assert browser.say("summary", "In the last month", "20")["at"]
            assert browser.say("plots", "In the last month", "20")["at"]
            time.sleep(0.5)  # the plots are drawn
            seen[zone] = driver.execute_script(READ)
    finally:
        driver.quit()
    return seen


def day(at: datetime) -> str:
    return f"{at.day} {at:%b}"


async def test_each_time_is_told_by_the_rules_that_held_then(tmp_path):
    """In its zone, before a change and after it: of what happened, of ticks, tables and axes."""
    leave_behind(tmp_path / "office", NOW, days=31)
    async with page(tmp_path / "office") as stand:
        url = f"http://127.0.0.1:{stand.port}/"
        samples = await stand.ask("/api/samples?range=month&circuit=primary")
        seen = await asyncio.to_thread(looked_at, url, tmp_path)
    for name, shown in seen.items():
        zone = ZoneInfo(name)
        told = [(datetime.fromisoformat(at).astimezone(zone), text) for at, text in shown["times"]]
        assert len({at.utcoffset() for at, _ in told}) == 2, "no change among them"
        for at, text in told:
            today = at.date() == NOW.astimezone(zone).date()
            assert text == f"{'' if today else day(at) + ' '}{at:%H:%M:%S}"

        ticks = [(START + (NOW - START) * left / 100, text) for left, text in shown["ticks"]]
        half = timedelta(seconds=30)  # a style has six digits
        ticks = [((at + half).astimezone(zone), text) for at, text in ticks]
        assert len({at.utcoffset() for at, _ in ticks}) == 2
        for at, text in ticks:
            assert (f"{at:%H:%M}", text) == ("00:00", day(at))

        points = [datetime.fromtimestamp(t, zone) for t in samples.json["columns"]["t"]]
        assert len(shown["rows"]) > 10
        assert set(shown["rows"]) <= {f"{day(at)} {at:%H:%M}" for at in points}

        lines = [datetime.fromtimestamp(t, zone) for t in shown["lines"]]
        assert len({at.utcoffset() for at in lines}) == 2
        assert {f"{at:%H:%M}" for at in lines} == {"00:00"}

    assert seen[AGENT]["note"] == ""
    assert "the agent's, UTC+01:00" in seen[ELSEWHERE]["note"]
