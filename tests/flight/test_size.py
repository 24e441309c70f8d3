"""What recording costs, measured on ten minutes: `-s` shows the figures."""

from __future__ import annotations

import time

import pytest

from tests.flight.tape import played
from tests.flight.traffic import CONTROL, office, traffic
from wanfailover.core.engine import Engine
from wanfailover.flight.writer import FlightRecorder

WEEK = 168  # hours
MOST = 200 * 1000**2
CPU = 30e-6


@pytest.mark.parametrize("seen", [1, 2])
def test_a_week_is_small_and_cheap(tmp_path, seen):
    """A week of 4 targets at 2/s, over one circuit and over two, under 200 MB; 30 us a fact."""
    site = office(seen)
    facts = list(traffic(site, 600))
    engine = Engine(site, [CONTROL])
    recorder = FlightRecorder(tmp_path, waiting=0)
    recorder.started(engine, [CONTROL], facts[0][1])
    said = [engine.feed(fact, now)[0] for fact, now in facts]
    began = time.process_time()  # of all threads: compressing counts
    for (fact, now), entries in zip(facts, said, strict=True):
        recorder.fed(fact, now, entries)
    recorder.close()
    each = (time.process_time() - began) / len(facts)
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    week = size * 6 * WEEK
    print(
        f"\n{seen} circuit(s) in sight: {len(facts) / 600:.1f} facts/s, "
        f"{size / len(facts):.1f} B and {each * 1e6:.1f} us a fact, {week / 1e6:.0f} MB a week"
    )
    assert week < MOST
    assert each < CPU
    assert played(tmp_path).facts == len(facts)
