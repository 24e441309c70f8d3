"""Outages, their lengths and what they come to, from journals written here."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from wanfailover.core import entries as log
from wanfailover.journal.reader import Record
from wanfailover.journal.writer import Inline, Journal
from wanfailover.outages import account
from wanfailover.sites import SiteDir

START = datetime(2026, 11, 27, tzinfo=UTC)


def health(circuit: str, state: str, was: str = "up") -> log.HealthChanged:
    return log.HealthChanged(circuit, was, state, f"{state} it is")


def switched(target: str, ending: str = "proved") -> log.SwitchoverEnded:
    return log.SwitchoverEnded("s", "x", target, "active-down", ending, 1.0, "so")


DAY = [
    (0, log.AgentStarted("0.1.0", 1)),
    (0, log.ActiveChanged(None, "primary", "found so")),
    (10, health("primary", "up", "unknown")),
    (100, health("primary", "down")),
    (101, switched("backup")),
    (101, health("backup", "up", "unknown")),
    (400, health("primary", "degraded")),
    (410, health("primary", "up")),
    (1000, switched("primary")),
    (2000, health("primary", "down")),
    (2060, health("primary", "unknown")),
    (3000, log.AgentStopped("it was told to")),
]


def records(*timed) -> list[Record]:
    return [
        Record(n, START + timedelta(seconds=after), "b", after, entry)
        for n, (after, entry) in enumerate(timed or DAY)
    ]


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_each_outage_and_what_they_come_to():
    """One whole, one that nobody saw the end of; time on each circuit; and what was watched."""
    told = account(records(), after(90_000))
    first, second = told.outages
    assert (first.circuit, first.began, first.ended) == ("primary", after(100), after(400))
    assert (first.seconds, first.whole, first.because) == (300.0, True, "down it is")
    assert (second.seconds, second.whole, second.lasting) == (60.0, False, False)
    primary, backup = told.totals["primary"], told.totals["backup"]
    assert (primary.outages, primary.down, primary.longest) == (2, 360.0, 300.0)
    assert (primary.watched, primary.used) == (2050.0, 101.0 + 2000.0)
    assert primary.available == 1 - 360 / 2050
    assert (backup.outages, backup.down, backup.used) == (0, 0.0, 899.0)
    assert backup.watched == 3000.0 - 101.0


def test_one_that_goes_on():
    """Up to the present, while an agent is there to see it."""
    told = account(records(*DAY[:4]), after(160))
    (outage,) = told.outages
    assert (outage.lasting, outage.whole, outage.seconds) == (True, False, 60.0)
    assert told.totals["primary"].watched == 150.0
    later = account(records(*DAY[:4]), after(90_000))  # its last word is a day old
    assert (later.outages[0].lasting, later.outages[0].seconds) == (False, 0.0)


def test_an_agent_that_was_killed():
    """What it did not see is no outage, nor watched."""
    rows = [*DAY[:4], (150, log.DecisionMade("both-down", False, None, "so")),
        (9000, log.AgentStarted("0.1.0", 2)), (9001, health("primary", "up", "unknown")),
        (9500, log.AgentStopped("so"))]  # fmt: skip
    told = account(records(*rows), after(90_000))
    (outage,) = told.outages
    assert (outage.seconds, outage.whole) == (50.0, False)
    assert told.totals["primary"].watched == 140.0 + 499.0


def test_stuck_is_on_no_circuit():
    rows = [*DAY[:3], (100, switched("backup", "stuck")), (200, log.AgentStopped("so"))]
    assert account(records(*rows), after(300)).totals["primary"].used == 100.0


def test_only_so_far_back():
    """An outage that reaches into it begins there."""
    told = account(records(), after(3000), since=after(300))
    assert [each.seconds for each in told.outages] == [100.0, 60.0]
    assert told.totals["primary"].watched == 1760.0
    assert account(records(), after(3000), since=after(2500)).outages == ()


@pytest.mark.parametrize(
    ("since", "seen", "length"), [(100, True, "5 min"), (101, False, "at least 5 min")]
)
def test_what_began_earlier_is_told_so(since, seen, length):
    """What was asked for begins within the outage: it is longer than what is told of it."""
    first, _ = account(records(), after(3000), since=after(since)).outages
    assert (first.began_seen, first.length, first.began) == (seen, length, after(since))


def test_one_that_goes_on_and_began_earlier():
    (outage,) = account(records(*DAY[:4]), after(400), since=after(160)).outages
    assert (outage.lasting, outage.length) == (True, "at least 4 min")


@pytest.fixture
async def site(tmp_path):
    """A journal of yesterday's."""
    site = SiteDir(tmp_path / "office")
    site.path.mkdir()
    site.profile.write_text(str(tmp_path / "office.yaml"))
    at = [START]
    journal = Journal(site.journal, Inline(), wall=lambda: at[0])
    for seconds, entry in DAY:
        at[0] = after(seconds)
        await journal.append([entry], float(seconds))
    journal.close()
    return site


def run(site: SiteDir, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "wanfailover", *words, "--state-dir", str(site.path.parent)]
    environment = os.environ | {"TZ": "UTC"}
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)


def test_history_ends_with_them(site):
    said = run(site, "history").stdout
    assert (
        said[said.index("Outages") :]
        == """\
Outages, from when each was noticed:
  primary  2026-11-27 00:01:40 to 2026-11-27 00:06:40  5 min: down it is
  primary  2026-11-27 00:33:20 to 2026-11-27 00:34:20  at least 1 min: down it is
Altogether:
  primary  2 outages, 6 min in all (5 min at the longest), of 34 min watched, available 82.439 %; \
in use for 35 min
  backup   0 outages, 0.0 s in all, of 48 min watched, available 100.000 %; in use for 15 min
"""
    )


def test_a_claims_table(site):
    """Every outage a row, as spreadsheets read it."""
    rows = list(csv.DictReader(StringIO(run(site, "history", "--csv").stdout)))
    assert rows == [
        {"site": "office", "circuit": "primary", "began": "2026-11-27T00:01:40+00:00",
         "ended": "2026-11-27T00:06:40+00:00", "seconds": "300", "end_seen": "yes",
         "because": "down it is", "began_seen": "yes"},
        {"site": "office", "circuit": "primary", "began": "2026-11-27T00:33:20+00:00",
         "ended": "2026-11-27T00:34:20+00:00", "seconds": "60", "end_seen": "no",
         "because": "down it is", "began_seen": "yes"},
    ]  # fmt: skip
    assert run(site, "history", "--csv", "--json").returncode == 2


async def test_a_claim_for_the_end_of_an_outage(tmp_path):
    """It reaches into the last hour: the table and the story say that it is older."""
    site = SiteDir(tmp_path / "office")
    site.path.mkdir()
    site.profile.write_text(str(tmp_path / "office.yaml"))
    ago = [datetime.now(UTC) - timedelta(hours=hours) for hours in (4, 3, 2, 0.5, 0.4)]
    said = (DAY[0], DAY[2], DAY[3], DAY[7], DAY[11])
    wall = iter(ago)
    journal = Journal(site.journal, Inline(), wall=lambda: next(wall))
    for n, (_, entry) in enumerate(said):
        await journal.append([entry], float(n))
    journal.close()
    asked = ("history", "--last", "1h")
    (row,) = csv.DictReader(StringIO(run(site, *asked, "--csv").stdout))
    assert (row["began_seen"], row["end_seen"], row["seconds"]) == ("no", "yes", "1800")
    assert "  at least 30 min, begun earlier: down it is\n" in run(site, *asked).stdout
    (whole,) = csv.DictReader(StringIO(run(site, "history", "--csv").stdout))
    assert (whole["began_seen"], whole["seconds"]) == ("yes", "5400")
