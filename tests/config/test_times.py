"""The keys that set times: each reaches the core, and what contradicts itself is told."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.config.linux import PLUGINS
from tests.config.test_load import LEAST, PROBES
from wanfailover.calendar import Calendar, Window
from wanfailover.config import Profile, load
from wanfailover.config.detect import LINES
from wanfailover.config.profile import Keep
from wanfailover.core.patience import Patience
from wanfailover.core.site import Detect

EVERYTHING = """\
detect:
  false_failovers_per_year: 2
  line: mobile
  learn: false
  silence: 7s
  bad_seconds: 20
  first_silence: 9s
  first_bad_seconds: 21
  patience: {least: 3s, most: 30s}
  enough_probes: 6
  bad_share: 25 %
  spared_share: 5%
  muted_after: 7
  timeout: {least: 300ms, most: 2s}
  fast: {every: 200ms, for: 30s}
  stall: 1s
"""


@pytest.fixture
def profile(tmp_path: Path):
    """Writes what stands behind a sound beginning, and loads it."""

    def written(text: str, least: str = LEAST) -> Profile:
        file = tmp_path / "office.yaml"
        file.write_text(least + PROBES + text)
        return load(file, plugins=PLUGINS)

    return written


def doubts(loaded: Profile) -> list[str]:
    return [f"{each.line}:{each.column}: {each.text}" for each in loaded.warnings]


class TestDetect:
    def test_everything(self, profile) -> None:
        """Every constant of the detector can be set, and arrives in its field."""
        set_by_hand = profile(EVERYTHING).policy.detect
        assert set_by_hand == Detect(
            silence=7.0, bad_seconds=20, false_per_year=2.0, learn=False, first_silence=9.0,
            first_bad_seconds=21, least=3.0, most=30.0, enough=6, bad_share=0.25,
            spared_share=0.05, muted_after=7, timeout_least=0.3, timeout_most=2.0, fast=0.2,
            fast_for=30.0, stall=1.0,
        )  # fmt: skip
        same = [f.name for f in fields(Detect) if getattr(set_by_hand, f.name) == f.default]
        assert not same, "each differs from its default, so that none can go unread"

    @pytest.mark.parametrize("line", LINES)
    def test_line(self, profile, line: str) -> None:
        """What the line is like sets only what is known of it before it is known itself."""
        detect = profile(f"detect: {{line: {line}}}\n").policy.detect
        silence, bad_seconds = LINES[line]
        patience = Patience(detect)
        assert (patience.silence, patience.bad_seconds) == (silence, bad_seconds)
        assert replace(detect, first_silence=5.0, first_bad_seconds=12) == Detect()

    def test_lines_in_order(self) -> None:
        """A rougher line is given more time, and cable is what is taken for an unknown one."""
        assert list(LINES.values()) == sorted(LINES.values())
        assert LINES["cable"] == (Detect().first_silence, Detect().first_bad_seconds)

    def test_line_and_figure(self, profile) -> None:
        """A figure goes before the line's."""
        detect = profile("detect: {line: rough, first_silence: 9s, patience: {most: 25s}}\n")
        assert detect.policy.detect.first_silence == 9.0
        assert detect.policy.detect.most == 25.0

    @pytest.mark.parametrize(
        ("keys", "doubt"),
        [
            (
                "silence: 6s, first_silence: 5s, patience: {least: 3s}",
                "9:23: `silence` is fixed, so `first_silence` and `patience` have no effect",
            ),
            (
                "bad_seconds: 20, first_bad_seconds: 5",
                "9:27: `bad_seconds` is fixed, so `first_bad_seconds` has no effect",
            ),
            (
                "silence: 6s, bad_seconds: 9, line: rough",
                "9:39: `silence` and `bad_seconds` are fixed, so `line` has no effect",
            ),
            (
                "learn: false, false_failovers_per_year: 1",
                "9:24: nothing is learned, so `false_failovers_per_year` has no effect",
            ),
            (
                "bad_seconds: 3",
                (
                    "9:23: `bad_seconds: 3` is less than the 5 s of silence that are an outage, "
                    "and decides in their place"
                ),
            ),
        ],
    )
    def test_overruled(self, profile, keys: str, doubt: str) -> None:
        """Of what is written beside each other and does not go together, one is told to be idle."""
        assert doubts(profile(f"detect: {{{keys}}}\n")) == [doubt]

    @pytest.mark.parametrize("keys", ["silence: 6s, line: rough", "learn: false, silence: 6s"])
    def test_not_overruled(self, profile, keys: str) -> None:
        """What still has an effect is not doubted."""
        assert doubts(profile(f"detect: {{{keys}}}\n")) == []


UNSEEN = LEAST.replace(", vantage: {bind: eth1}", "")


class TestFailback:
    def test_none(self, profile) -> None:
        """Without a window it is always open."""
        assert profile("").calendar == Calendar()

    @pytest.mark.parametrize(
        ("written", "window"),
        [
            ('"22:00-06:00"', Window(begins=time(22), ends=time(6))),
            ("22:00 - 6:00", Window(begins=time(22), ends=time(6))),
            ("Mon-Fri 22:00-06:00", Window(frozenset(range(5)), time(22), time(6))),
            ("Sat,Sun", Window(frozenset({5, 6}))),
            ("saturday, sunday", Window(frozenset({5, 6}))),
            ("Fri-Mon 08:30-24:00", Window(frozenset({4, 5, 6, 0}), time(8, 30))),
            ("00:00-24:00", Window()),
        ],
    )
    def test_window(self, profile, written: str, window: Window) -> None:
        """A window stands alone or in a list, with days or without."""
        for text in f"\n  window: {written}\n", f"\n  window:\n    - {written}\n":
            assert profile(f"failback:{text}").calendar == Calendar((window,))

    def test_several(self, profile) -> None:
        """Several windows, by another place's clock."""
        text = 'failback: {window: ["22:00-06:00", "Sat,Sun"], timezone: America/New_York}\n'
        calendar = profile(text).calendar
        assert calendar.zone == ZoneInfo("America/New_York")
        assert str(calendar) == "22:00-06:00, Sat,Sun (America/New_York)"
        assert calendar.at(datetime(2026, 7, 4, 16, tzinfo=UTC))[0]

    @pytest.mark.parametrize(
        ("keys", "doubt"),
        [
            (
                'method: manual, window: "22:00-06:00", trial: {every: 1h}',
                "9:28: the return is by hand, so `window` and `trial` have no effect",
            ),
            ("trial: {every: 1h}", "9:12: every return is by evidence, so `trial` has no effect"),
            ("timezone: UTC", "9:12: there is no `window`, so `timezone` has no effect"),
            (
                'method: trial, trial: {within: 90s}, window: "04:00-04:01"',
                "9:57: no window is open for longer than 60 s, and a trial may take 90 s",
            ),
        ],
    )
    def test_doubts(self, profile, keys: str, doubt: str) -> None:
        """What has no effect is told, and a window in which no return can end."""
        assert doubts(profile(f"failback: {{{keys}}}\n")) == [doubt]

    def test_windows_together(self, profile) -> None:
        """Windows that touch are one."""
        keys = 'method: trial, trial: {within: 90s}, window: ["4:00-4:01", "4:01-4:02"]'
        assert doubts(profile(f"failback: {{{keys}}}\n")) == []

    @pytest.mark.parametrize("keys", ["trial: {every: 1h}", "method: auto", "method: trial"])
    def test_unseen(self, profile, keys: str) -> None:
        """Where nobody sees the better circuit, it is tried: nothing to be warned of."""
        assert doubts(profile(f"failback: {{{keys}}}\n", UNSEEN)) == []

    def test_trial_of_one_seen(self, profile) -> None:
        """A circuit with a vantage may be tried all the same."""
        assert profile("failback: {method: trial}\n").policy.failback == "trial"


def test_keep(profile) -> None:
    """How long and how much is kept arrives in seconds and bytes."""
    assert profile("").keep == Keep(7 * 86400.0, 200_000_000, 400 * 86400.0)
    text = "keep: {samples: 12h, samples_size: 1.5GB, history: 30d}\n"
    assert profile(text).keep == Keep(43200.0, 1_500_000_000, 30 * 86400.0)
