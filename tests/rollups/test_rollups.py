"""Rows a minute and an hour: as they are counted live, and as they are made up for."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from itertools import pairwise
from math import ceil
from pathlib import Path

import pytest

from tests.flight.tape import EPOCH
from tests.flight.traffic import CONTROL, START, office, traffic
from wanfailover.core.engine import Engine
from wanfailover.core.facts import Ending, Outcome, ProbeSample, Result, Role, SwitchoverStarted
from wanfailover.flight.writer import FlightRecorder
from wanfailover.rollups import catchup, store
from wanfailover.rollups.catchup import catch_up
from wanfailover.rollups.fold import Fold, Row
from wanfailover.rollups.histogram import ERROR
from wanfailover.rollups.keeper import EVERY, WAITING, Keeper
from wanfailover.rollups.reader import Rollups

SITE = office(2)
LINE = SITE.circuits[0].name
DAY = 86_400.0


class Agent:
    """What of an agent rolls up: an engine, its recorder and its keeper, all on one clock."""

    def __init__(self, folder: Path, start: float = START) -> None:
        self.folder, self.samples = folder, folder / "samples"
        self.now = start
        self.engine = Engine(SITE, [CONTROL])
        self.recorder = FlightRecorder(self.samples, waiting=0, wall=self.wall)
        self.keeper = Keeper(folder, 400 * DAY, self.wall)
        self.recorder.started(self.engine, [CONTROL], start)
        self.keeper.started(self.recorder.run, start)

    def wall(self) -> float:
        return EPOCH + self.now

    def feed(self, *facts):
        for fact, now in facts:
            self.now = now
            entries, _ = self.engine.feed(fact, now)
            self.recorder.fed(fact, now, entries)
            self.keeper.fed(fact, now, self.engine)
            while self.keeper._thread._worker._jobs.qsize() > WAITING // 2:
                time.sleep(0.001)  # an agent's disk has fifteen seconds for each
        return self

    def stop(self):
        self.keeper.close(self.now)
        return self.kill()

    def kill(self):
        """The recorder's last batch is written, as if it had just been; the keeper's is not."""
        self.recorder.close()
        self.keeper._thread.close()
        return self


def rows(folder: Path, table: str = "minute") -> list[tuple]:
    """All that is in the store, without the names of runs."""
    with closing(sqlite3.connect(folder / store.NAME)) as db:
        key = "circuit, t" + (", run" if table == "minute" else "")
        columns = "circuit, t, sent, lost, p50, p95, longest, down, seen, active, buckets"
        return db.execute(f"SELECT {columns} FROM {table} ORDER BY {key}").fetchall()


@pytest.fixture(scope="module")
def facts():
    """A quarter of an hour of an office."""
    return list(traffic(SITE, 930))


def made_up(agent: Agent, folder: Path) -> Path:
    """A store that is made from an agent's recording alone."""
    folder.mkdir()
    catch_up(folder, agent.samples, agent.wall())
    return folder


def test_what_is_missing_is_made_up_for_to_the_last_bit(tmp_path, facts):
    """The file is deleted: from the recording come the same rows."""
    agent = Agent(tmp_path).feed(*facts).stop()
    assert len(rows(tmp_path)) == 2 * 16
    again = made_up(agent, tmp_path / "again")
    for table in ("minute", "hour"):
        assert rows(again, table) == rows(tmp_path, table)


def test_what_a_kill_has_cut_short_is_made_up_for(tmp_path, facts):
    """At the next start, and only what is missing; the run after it is left alone."""
    cut = len(facts) // 2 + 100
    agent = Agent(tmp_path).feed(*facts[:cut]).kill()
    late = rows(tmp_path)
    assert catch_up(tmp_path, agent.samples, agent.wall(), agent.recorder.run) == []
    assert rows(tmp_path) == late
    assert catch_up(tmp_path, agent.samples, agent.wall()) == [agent.recorder.run]
    assert rows(tmp_path) != late
    whole = Agent(made_up(agent, tmp_path / "whole"))
    assert rows(tmp_path) == rows(whole.folder)
    assert catch_up(tmp_path, agent.samples, agent.wall()) == []


def test_two_runs_in_one_minute_add_up(tmp_path, facts):
    """A restart loses nothing of the minute it falls into."""
    cut = len(facts) // 2
    agent = Agent(tmp_path).feed(*facts[:cut]).stop()
    Agent(tmp_path, facts[cut][1]).feed(*facts[cut:]).stop()
    told = Rollups(tmp_path).read(LINE, EPOCH + START, agent.wall() + 600, 1000)
    sent = sum(row[2] for row in rows(tmp_path) if row[0] == LINE)
    asked = [f for f, _ in facts if isinstance(f, ProbeSample) and f.circuit == LINE]
    far = [sample for sample in asked if sample.role is Role.FAR]
    assert sent == len(far) - unheeded(facts, cut)
    assert all(loss is not None for loss in told["loss"][:15])


def unheeded(facts, cut: int) -> int:
    """Those that came before the router had first been read, of either run."""
    gone = 0
    for some in (facts[:cut], facts[cut:]):
        engine = Engine(SITE, [CONTROL])
        for fact, now in some:
            engine.feed(fact, now)
            if isinstance(fact, ProbeSample) and fact.role is Role.FAR and fact.circuit == LINE:
                gone += not engine.heeds(fact)
    return gone


def test_an_hour_is_as_if_it_had_been_counted_from_the_samples(tmp_path, facts):
    """Loss and the longest exactly, quantiles to within the histogram's error."""
    Agent(tmp_path).feed(*facts).stop()
    engine, answered, lost = Engine(SITE, [CONTROL]), [], 0
    begin = store.whole_hours(EPOCH + START)
    for fact, now in facts:
        engine.feed(fact, now)
        if not isinstance(fact, ProbeSample) or fact.circuit != LINE or not engine.heeds(fact):
            continue
        if fact.role is Role.FAR and store.whole_hours(EPOCH + fact.sent) == begin:
            lost += fact.result is Result.LOST
            answered += [fact.rtt] if fact.rtt is not None else []
    answered.sort()
    (hour,) = [row for row in rows(tmp_path, "hour") if row[:2] == (LINE, begin)]
    assert hour[2:4] == (len(answered) + lost, lost)
    assert hour[6] == answered[-1]
    for share, told in zip((0.5, 0.95), hour[4:6], strict=True):
        assert told == pytest.approx(answered[ceil(share * len(answered)) - 1], rel=ERROR)


def sample(sent: float, result: Result = Result.ANSWERED, rtt: float | None = 0.02, **how):
    told = {"circuit": LINE, "target": SITE.targets[0].name, "role": Role.FAR} | how
    return ProbeSample(**told, sent=sent, result=result, rtt=rtt)


@pytest.fixture
def counted(facts):
    """An engine that knows its router, and a fold that watches it."""
    engine, fold = Engine(SITE, [CONTROL]), Fold(EPOCH)

    def feed(fact, now):
        engine.feed(fact, now)
        fold.fed(fact, now, engine)
        return fold

    for fact, now in facts[:200]:
        feed(fact, now)
    fold.rows(START + 1000)  # let go of
    return feed


def asked(fold: Fold, now: float) -> list[Row]:
    return [row for row in fold.rows(now) if row.sent]


def test_a_late_answer_takes_its_loss_back(counted):
    """As it does for the engine; a loss that is told twice is one."""
    at = START + 1000
    counted(sample(at, Result.LOST, None), at + 1)
    counted(sample(at, Result.LOST, None), at + 2)
    (row,) = asked(counted(sample(at + 1), at + 2), at + 2)
    assert (row.sent, row.lost) == (2, 1)
    (row,) = asked(counted(sample(at, rtt=5.0), at + 5), at + 5)
    assert (row.sent, row.lost, row.longest) == (2, 0, 5.0)


def test_an_answer_that_is_later_than_that_stays_lost(counted):
    """Its minute is written and gone: it must not be begun anew, with one probe in it."""
    at = START + 1000
    counted(sample(at, Result.LOST, None), at + 1).rows(at + 200)
    assert not asked(counted(sample(at, rtt=200.0), at + 200), at + 201)


def test_what_says_nothing_to_the_engine_is_not_counted(counted):
    """Not in flight over a switchover, of another circuit, never sent, or of a tunnel's far end."""
    at = START + 1000
    counted(sample(at, role=Role.TUNNEL), at + 0.1)
    counted(sample(at, role=Role.GATEWAY), at + 0.1)
    counted(sample(at, circuit="nobody's"), at + 0.1)
    counted(sample(at, Result.UNSENT, None), at + 0.1)
    other = SITE.circuits[1].name
    counted(SwitchoverStarted("1", LINE, other, "active-down"), at + 0.2)
    fold = counted(sample(at), at + 0.3)
    assert not asked(fold, at + 0.4)
    counted(Outcome("1", LINE, other, "active-down", Ending.UNDONE, 1.0, ""), at + 1)
    fold = counted(sample(at, Result.LOST, None), at + 1.1)
    assert not asked(fold, at + 1.2)


def test_seconds_down_and_active_are_counted(tmp_path, facts):
    """Nobody answers for a minute on the active circuit."""
    until = facts[-1][1]
    agent = Agent(tmp_path).feed(*facts)
    gone = [
        (sample(until + n / 2, Result.LOST, None, target=t.name), until + n / 2 + 0.25)
        for n in range(120)
        for t in SITE.targets
    ]
    agent.feed(*gone).stop()
    told = Rollups(tmp_path).read(LINE, EPOCH + START, agent.wall(), 100)
    assert sum(filter(None, told["active"])) == pytest.approx(agent.now - START, abs=1)
    assert 40 < sum(filter(None, told["down"])) < 60
    assert told["loss"][-1] == 1.0
    assert told["p50"][-1] is None


def test_a_disk_that_fails_is_told_of_and_owed(tmp_path, facts):
    """Nothing is lost, and nobody waits."""
    folder = tmp_path / "not yet"
    agent = Agent(folder)
    agent.recorder.close()
    agent.feed(*facts[: len(facts) // 2])
    wait_for(lambda: agent.keeper.trouble)
    assert str(folder) in agent.keeper.trouble
    folder.mkdir()
    agent.feed(*facts[len(facts) // 2 :]).stop()
    assert agent.keeper.trouble is None
    whole = Agent(tmp_path).feed(*facts).stop()
    assert rows(folder) == rows(whole.folder)


def wait_for(what) -> None:
    until = time.monotonic() + 10
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_damaged_file_is_set_aside_and_begun_anew(tmp_path, facts):
    """And what it held of this run comes back from the recording."""
    (tmp_path / store.NAME).write_bytes(b"no database" * 1000)
    agent = Agent(tmp_path).feed(*facts).stop()
    assert agent.keeper.trouble is None
    assert [*tmp_path.glob(f"{store.NAME}.damaged-*")]
    assert catch_up(tmp_path, agent.samples, agent.wall()) == [agent.recorder.run]
    assert rows(tmp_path) == rows(made_up(agent, tmp_path / "again"))


def test_a_file_that_is_deleted_under_way_comes_back(tmp_path, facts):
    """It is begun anew at once; the rest of it with the next start."""
    agent = Agent(tmp_path).feed(*facts[: len(facts) // 2])
    wait_for((tmp_path / store.NAME).exists)
    for path in tmp_path.glob(f"{store.NAME}*"):
        path.unlink()
    agent.feed(*facts[len(facts) // 2 :]).stop()
    assert agent.keeper.trouble is None
    assert rows(tmp_path)
    assert catch_up(tmp_path, agent.samples, agent.wall()) == [agent.recorder.run]
    assert rows(tmp_path) == rows(made_up(agent, tmp_path / "again"))


def test_a_store_of_a_newer_version_is_left_alone(tmp_path, facts):
    """It is told of."""
    with closing(store.opened(tmp_path / store.NAME)) as db:
        db.execute(f"PRAGMA user_version={store.VERSION + 1}")
    agent = Agent(tmp_path).feed(*facts[:3000]).stop()
    assert "version 2" in agent.keeper.trouble
    assert [path.name for path in tmp_path.glob(f"{store.NAME}*")] == [store.NAME]


def test_the_command_that_catches_up_says_what_is_wrong_in_a_sentence(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "wanfailover.rollups", tmp_path / "no" / "where", tmp_path, ""],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("what is missing of the minutes could not be made up for: ")
    assert "Traceback" not in done.stderr


def bare(folder: Path) -> str:
    """A Python that does not know this program, as Debian's own: but for its libraries."""
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    name = folder / "python"
    name.write_text(
        "#!/bin/sh\ncd /\n"
        f'PYTHONPATH="$PYTHONPATH:{":".join(libraries)}" exec {sys._base_executable} "$@"\n'
    )
    name.chmod(0o755)
    return str(name)


async def test_an_agent_has_it_done_in_a_process_of_its_own(tmp_path, facts, monkeypatch, caplog):
    """After the start, if there is anything to do."""
    monkeypatch.setattr(catchup, "SETTLED", 0.0)
    monkeypatch.setattr(sys, "executable", bare(tmp_path))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    agent = Agent(tmp_path).feed(*facts[:5000]).kill()
    live = rows(tmp_path)
    await catchup.beside(tmp_path, agent.samples, "another")
    assert rows(tmp_path) == live  # one segment is the agent's own
    Agent(tmp_path, facts[5000][1]).feed(*facts[5000:6000]).kill()
    await catchup.beside(tmp_path, agent.samples, "another")
    assert rows(tmp_path) == rows(made_up(agent, tmp_path / "again"))
    assert not caplog.records
    await catchup.beside(tmp_path / "nowhere", agent.samples, "another")
    assert "could not be made up for" in caplog.records[-1].why


async def test_that_process_ends_with_the_agent(tmp_path, facts, monkeypatch):
    """However long it would take."""
    monkeypatch.setattr(catchup, "SETTLED", 0.0)
    slow, began = tmp_path / "slow", tmp_path / "began"
    slow.write_text(f"#!/bin/sh\necho $$ >{began}.new && mv {began}.new {began}\nexec sleep 987\n")
    slow.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(slow))
    agent = Agent(tmp_path).feed(*facts[:100]).kill()
    Agent(tmp_path, facts[100][1]).feed(*facts[100:200]).kill()
    ending = asyncio.create_task(catchup.beside(tmp_path, agent.samples, "another"))
    while not began.exists():  # noqa: ASYNC110 - a file tells nobody
        await asyncio.sleep(0.01)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    with pytest.raises(ProcessLookupError):
        os.kill(int(began.read_text()), 0)


def test_the_clock_is_set_while_it_runs(tmp_path, facts):
    """Forward by an hour: what follows is counted there."""
    agent = Agent(tmp_path)
    agent.feed(*facts[: len(facts) // 2])
    agent.wall = agent.keeper._wall = lambda: EPOCH + 3600 + agent.now
    agent.feed(*facts[len(facts) // 2 :]).stop()
    begins = [row[1] for row in rows(tmp_path) if row[0] == LINE]
    assert [b - a for a, b in pairwise(begins) if b - a > 60] == [pytest.approx(3600, abs=60)]


class TestReading:
    """Columns for a plot."""

    def fill(self, folder: Path, minutes: int, end: float = EPOCH) -> None:
        first = int(end // 60) * 60 - 60 * minutes
        made = [
            Row(name, first + 60 * n, 100, n % 100, 0.1, 0.0, 60.0, 60.0)
            for n in range(minutes)
            for name in ("a", "b")
        ]
        for row in made:
            row.buckets[row.lost] += 100 - row.lost
        with closing(store.opened(folder / store.NAME)) as db:
            store.write(db, "run", made)

    def test_no_more_points_than_asked_for_and_the_same_for_each_circuit(self, tmp_path):
        self.fill(tmp_path, 3 * 1440)
        for hours in (1, 5, 24, 72, 24 * 30, 24 * 365):
            for points in (1, 2, 60, 400, 1440):
                start, end = EPOCH - hours * 3600 + 17, EPOCH - 3
                a, b, nobody = (
                    Rollups(tmp_path).read(name, start, end, points) for name in ("a", "b", "c")
                )
                assert a["t"] == b["t"] == nobody["t"]
                assert len(a["t"]) <= points
                assert {len(column) for column in a.values()} == {len(a["t"])}
                assert len({later - now for now, later in pairwise(a["t"])}) <= 1
                assert a == b
                assert set(nobody["loss"]) <= {None}
                assert any(x is not None for x in a["loss"])

    def test_a_gap_is_a_gap(self, tmp_path):
        self.fill(tmp_path, 10, EPOCH - 600)
        self.fill(tmp_path, 5)
        loss = Rollups(tmp_path).read("a", EPOCH - 1200, EPOCH, 100)["loss"]
        assert [x is None for x in loss] == [False] * 10 + [True] * 5 + [False] * 5

    def test_a_step_of_several_minutes_is_made_of_all_of_them(self, tmp_path):
        self.fill(tmp_path, 1440)
        fine = Rollups(tmp_path).read("a", EPOCH - DAY, EPOCH, 1440)
        for points in (144, 24):
            coarse = Rollups(tmp_path).read("a", EPOCH - DAY, EPOCH, points)
            many = 1440 // points
            assert coarse["t"] == fine["t"][::many]
            for n, loss in enumerate(coarse["loss"]):
                some = fine["loss"][n * many : (n + 1) * many]
                assert loss == pytest.approx(sum(some) / many)

    def test_where_minutes_are_gone_there_are_hours(self, tmp_path):
        self.fill(tmp_path, 40 * 1440)
        with closing(store.opened(tmp_path / store.NAME)) as db:
            for _ in range(20):
                store.prune(db, EPOCH, 400 * DAY)
        oldest = min(row[1] for row in rows(tmp_path))
        assert oldest == store.whole_hours(EPOCH - store.MINUTES)
        recent = Rollups(tmp_path).read("a", EPOCH - DAY, EPOCH, 1440)
        old = Rollups(tmp_path).read("a", EPOCH - 39 * DAY, EPOCH - 38 * DAY, 1440)
        assert (len(recent["t"]), len(old["t"])) == (1440, 24)
        assert None not in old["loss"]

    def test_a_clock_that_jumps_ahead_costs_little(self, tmp_path):
        self.fill(tmp_path, 1440)
        before = len(rows(tmp_path))
        with closing(store.opened(tmp_path / store.NAME)) as db:
            store.prune(db, EPOCH + 1000 * DAY, 400 * DAY)
        assert len(rows(tmp_path)) >= before - store.AT_ONCE
        with closing(store.opened(tmp_path / store.NAME)) as db:
            store.prune(db, EPOCH, 400 * DAY)
        assert len(Rollups(tmp_path).read("a", EPOCH - 3600, EPOCH, 60)["t"]) == 60

    def test_without_a_file_nothing_is_known(self, tmp_path):
        assert set(Rollups(tmp_path).read("a", EPOCH - 60, EPOCH, 10)["loss"]) == {None}
        assert not [*tmp_path.iterdir()]


def test_counting_does_not_hold_up_the_loop(tmp_path, facts):
    """20 us a fact, all threads' CPU and the disk's part counted."""
    import time

    engine, keeper = Engine(SITE, [CONTROL]), Keeper(tmp_path, DAY)
    for fact, now in facts[:1]:
        engine.feed(fact, now)
    keeper.started("run", START)
    began = time.process_time()
    for fact, now in facts:
        keeper.fed(fact, now, engine)
    keeper.close(facts[-1][1])
    each = (time.process_time() - began) / len(facts)
    print(f"\n{each * 1e6:.1f} us a fact, {EVERY:g} s between two writings")
    assert each < 20e-6
