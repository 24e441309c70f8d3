"""What an operator wishes where no agent runs: the next agent must find it, and find it last."""

from __future__ import annotations

import time

import pytest

from wanfailover.cli import auto, offline
from wanfailover.core import entries as log
from wanfailover.core.situation import Pause
from wanfailover.journal.memory import remember
from wanfailover.journal.reader import Reader
from wanfailover.journal.spill import Spill
from wanfailover.journal.writer import Journal
from wanfailover.sites import SiteDir


@pytest.fixture
def site(tmp_path, monkeypatch) -> SiteDir:
    """Its disk was full while the agent ran: what that could not write lies beside."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    folder = tmp_path / "state" / "office"
    folder.mkdir(parents=True)
    made = SiteDir(folder)
    journal = Journal(made.journal)
    said = [
        log.HoldBegan("backup", None, "ann", ""),
        log.PauseBegan(None, "ann"),
        log.PauseEnded("x"),
    ]
    Spill(made.spill).keep(journal.stamp(said, time.monotonic()))
    journal.close()
    return made


def next_start(site: SiteDir):
    spilled = Spill(site.spill).rows()
    Journal(site.journal, spilled=spilled).close()
    with Reader(site.journal, spilled) as reader:
        return remember(reader, time.monotonic())


def test_a_hold_that_only_the_spill_knew_is_ended(site):
    """It was held again at the next start: the spill was read as the newest."""
    assert "no longer held" in auto._without_agent(site)
    assert next_start(site).hold is None


def test_a_pause_outlasts_the_end_of_an_older_one(site):
    """Likewise."""
    offline.write(site, "pause", log.PauseBegan(None, "bob"))
    assert next_start(site).pause == Pause(None)
