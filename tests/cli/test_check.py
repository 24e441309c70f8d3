"""`check` reckons with what an agent has learned here."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from wanfailover.cli.render import findings
from wanfailover.core import entries as log
from wanfailover.core.patience import DAY
from wanfailover.journal.writer import Journal
from wanfailover.ports import Finding, Severity
from wanfailover.sites import SiteDir

PROFILE = """\
site: office
router: {driver: iproute2, transport: local}
circuits:
  - {name: primary, address: 203.0.113.2/29, gateway: 203.0.113.1, interface: eth1}
  - {name: backup, address: 198.51.100.77/24, gateway: 198.51.100.1, interface: eth2}
probes: [{icmp: 192.0.2.10}, {icmp: 192.0.2.11}]
"""


@pytest.fixture
def check(tmp_path):
    """Runs it offline, on a site whose journal has these entries."""
    (tmp_path / "office.yaml").write_text(PROFILE)

    async def run(*entries: log.Entry) -> str:
        site = SiteDir(tmp_path / "state" / "office")
        site.path.mkdir(parents=True)
        journal = Journal(site.journal)
        await journal.append(list(entries), 0.0)
        journal.close()
        return offline(tmp_path)

    return run


def offline(folder) -> str:
    options = ["--offline", "--state-dir", str(folder / "state")]
    argv = [sys.executable, "-m", "wanfailover", "check", *options, str(folder / "office.yaml")]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def days(circuit: str, number: int) -> list[log.Entry]:
    return [log.LineLearned(circuit, day, DAY, (1.2,), ()) for day in range(number)]


async def test_days(check) -> None:
    """Days of a line set how soon is printed for it, and too few of them are a yellow row."""
    told = await check(*days("primary", 8), *days("backup", 3))
    assert "by 8 days of this line" in told
    (doubt,) = [line for line in told.splitlines() if line.startswith("yellow")]
    assert "detector: backup" in doubt
    assert "3 of 7 days of this line are known" in doubt


async def test_cost(check) -> None:
    """Switches that took a minute make for patience to match."""
    ended = log.SwitchoverEnded("s1", "primary", "backup", "active-down", "proved", 80.0, "yes")
    assert "to 20.1 s;" in await check(ended)


def test_new_site(tmp_path) -> None:
    """Where no agent has run yet, nothing is known, and nothing is made."""
    (tmp_path / "office.yaml").write_text(PROFILE)
    assert "once a day of this line is known" in offline(tmp_path)
    assert not (tmp_path / "state").exists()


def test_a_line_that_sleeps(tmp_path) -> None:
    """How it is raised, and that a trial of it may cost as long."""
    wake = "wake: {icmp: 192.0.2.12, within: 45s}, "
    (tmp_path / "office.yaml").write_text(
        PROFILE.replace("name: primary, ", f"name: primary, {wake}")
    )
    told = offline(tmp_path)
    assert "primary: wake" in told
    assert "is raised by pinging 192.0.2.12 before it is judged, for up to 45 s" in told
    assert "each costs an outage of 45 s at most" in told


def test_a_sentence_is_as_wide_as_the_terminal() -> None:
    """And a remedy one line, for it may be copied."""
    row = Finding("ping", Severity.RED, "this process may not ping " * 4, "sysctl -w " * 20)
    shown = [click.unstyle(line) for line in findings([row], 80)]
    assert [len(line) <= 80 for line in shown] == [True, True, True, False]
    assert " ".join(" ".join(shown[:3]).split()) == f"red ping {row.sentence}".strip()
    assert [click.unstyle(line) for line in findings([row])] == [
        f"red     ping{'':26}  {row.sentence}",
        f"{'':40}→ {row.remedy}",
    ]
