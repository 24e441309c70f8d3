"""The recorder keeps within its bounds, survives what happens to it, and is in nobody's way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest

from tests.flight.tape import Recorded, Taped, played
from tests.flight.traffic import CONTROL, START, office, traffic
from tests.scenarios.world import World, site
from wanfailover import worker
from wanfailover.core.engine import Engine
from wanfailover.errors import RecordingError
from wanfailover.flight import pen, writer
from wanfailover.flight.reader import Log, Part
from wanfailover.flight.segments import segments
from wanfailover.flight.writer import FlightRecorder

CHILD = """
import resource, subprocess, sys, time
from pathlib import Path
from tests.flight.tape import Taped
from tests.flight.traffic import CONTROL, START, office, traffic
from wanfailover.core.engine import Engine
from wanfailover.flight.writer import FlightRecorder

folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
{before}
site = office(1)
now = START
recorder = FlightRecorder(folder, waiting=0, wall=lambda: now)
engine = Taped(Engine(site, [CONTROL]), recorder, [CONTROL], now)
troubles = [None]
for fact, now in traffic(site, seconds):
    engine.feed(fact, now)
    while recorder._pen._worker._jobs.unfinished_tasks:
        time.sleep(1e-4)
    if recorder.trouble != troubles[-1]:
        troubles.append(recorder.trouble)
    {each}
recorder.close()
print("\\n".join(map(str, troubles)))
"""


def child(folder: Path, seconds: float, before: str = "", each: str = "", *, within=()):
    """A process that records the usual traffic."""
    code = CHILD.format(before=before, each=each)
    return subprocess.Popen(
        [*within, sys.executable, "-c", code, str(folder), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )


def test_a_kill_loses_the_last_seconds_only(tmp_path):
    """SIGKILL in the middle of a line: what was flushed is read, and decides as it did."""
    with child(tmp_path / "samples", 3e3, each="print(now, flush=True)") as process:
        told = [float(process.stdout.readline()) for _ in range(4000)]
        process.send_signal(signal.SIGKILL)
        told += [float(line) for line in process.stdout.read().split("\n")[:-1]]
    (part,) = Log(tmp_path / "samples").parts()
    facts = [(fed.fact, fed.now) for fed in part.facts()]
    assert facts == list(islice(traffic(office(1), 3e3), len(facts)))
    assert facts[-1][1] > told[-2] - writer.FLUSH - 1.0
    assert not part.ended
    result = played(tmp_path / "samples")
    assert (result.difference, result.missing) == (None, [])


def test_segments_are_turned_and_bounded(tmp_path):
    """By time and by size a new one is begun, and all of them take no more than was given."""
    folder = tmp_path / "samples"
    most = 0
    sample = office(1)
    now = START
    recorder = FlightRecorder(folder, size=150_000, waiting=0, wall=lambda: now)
    engine = Taped(Engine(sample, [CONTROL]), recorder, [CONTROL], now)
    for fact, now in traffic(sample, 1200):
        engine.feed(fact, now)
        if not recorder._pen._worker._jobs.empty():
            settle(recorder)
            most = max(most, taken(folder))
    recorder.close()
    assert 100_000 < most <= 150_000
    assert segments(folder)[0].number > 3, "none was deleted"
    assert len(segments(folder)) > 3
    result = played(folder)
    assert (result.difference, result.uncertain, result.missing) == (None, 0, [])
    assert 0 < result.facts < engine.fed


def taken(folder: Path) -> int:
    """Bytes in *folder*, where any file may be deleted at any instant."""
    total = 0
    for segment in segments(folder):
        with suppress(FileNotFoundError):
            total += segment.path.stat().st_size
    return total


def test_a_segment_is_read_by_itself(tmp_path, monkeypatch):
    """By time, too, a new one is begun; a reader of one needs none of the others."""
    monkeypatch.setattr(writer, "SEGMENT", 300.0)
    world = Recorded(tmp_path, site())
    world.run(writer.SEGMENT + 60)
    world.close()
    first, second = segments(tmp_path)
    first.path.unlink()
    result = played(second.path)
    assert result.difference is None
    assert result.uncertain == 0
    assert 100 < result.facts < 1000


def test_what_is_too_old_goes(tmp_path):
    """At each new segment, those last written before the given age are deleted."""
    for day in range(3):
        world = Recorded(tmp_path, site(), now=day * 86400.0, bounds={"keep": 36 * 3600.0})
        world.run(world.now + 5)
        world.close()
    assert [segment.number for segment in segments(tmp_path)] == [2, 3]


FULL = "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))"


def test_a_write_that_fails_is_told_and_tried_again(tmp_path):
    """A file that may not grow: a warning while it lasts, a gap that is told, and on it goes."""
    process = child(tmp_path / "samples", 900, FULL)
    troubles = process.communicate()[0].splitlines()
    assert process.returncode == 0
    assert "File too large" in troubles[1]
    assert troubles[2] == "None"
    result = played(tmp_path / "samples")
    assert (result.difference, result.uncertain) == (None, 0)
    assert "could not be written" in result.missing[0]
    assert result.facts > 5000


def test_a_full_disk_stops_nothing(tmp_path):
    """On a disk of 24 kB the engine is fed to the end; with more room the recording goes on."""
    mount = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*mount, "true"], capture_output=True).returncode:
        pytest.skip("needs a mount namespace")
    disk = tmp_path / "disk"
    disk.mkdir()
    before = (
        f'subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", "{disk}"], check=True)'
    )
    each = (
        "if 'more room' not in troubles and recorder.trouble and now > START + 300:\n"
        f'        subprocess.run(["mount", "-o", "remount,size=1m", "{disk}"], check=True)\n'
        "        troubles.append('more room')"
    )
    after = f'\nimport shutil; shutil.copytree("{disk}/samples", "{tmp_path}/kept")\n'
    code = CHILD.format(before=before, each=each) + after
    ran = subprocess.run(
        [*mount, sys.executable, "-c", code, str(disk / "samples"), "600"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )
    assert ran.returncode == 0, ran.stderr
    troubles = ran.stdout.splitlines()
    assert "No space left on device" in troubles[1]
    # A little may fit in what is left, and then it is full again.
    assert troubles[troubles.index("more room") - 1] == troubles[1]
    assert troubles[-1] == "None"
    result = played(tmp_path / "kept")
    assert (result.difference, result.uncertain) == (None, 0)
    assert result.missing
    assert result.last - result.first > 500


def test_a_folder_that_cannot_be_made_is_no_reason_to_stop(tmp_path):
    """A file in its place: told with its name, and the engine is fed as ever."""
    (tmp_path / "samples").write_text("in the way")
    world = Recorded(tmp_path / "samples", site())
    while world.recorder.trouble is None:
        world.run(world.now + 5)
        settle(world.recorder)
    assert str(tmp_path / "samples") in world.recorder.trouble
    assert world.engine.decision.rule == "steady"
    world.close()


def test_a_folder_that_vanishes_is_made_again(tmp_path):
    """Deleted under the recorder: told, and half a minute later it records again."""
    world = Recorded(tmp_path / "samples", site())
    world.run(20)
    settle(world.recorder)
    shutil.rmtree(tmp_path / "samples")
    troubles = set()
    while world.now < 100:
        world.run(world.now + 1)
        settle(world.recorder)
        troubles.add(world.recorder.trouble)
    world.close()
    assert any("deleted while it was written" in str(trouble) for trouble in troubles)
    assert world.recorder.trouble is None
    result = played(tmp_path / "samples")
    assert (result.difference, result.uncertain) == (None, 0)
    assert result.facts > 100


def settle(recorder: FlightRecorder) -> None:
    """Let the thread write what it has been given."""
    while recorder._pen._worker._jobs.unfinished_tasks:
        time.sleep(0.001)
    time.sleep(0.002)


def test_a_disk_that_does_not_answer_holds_nobody_up(tmp_path, monkeypatch):
    """A write that hangs: batches are let go, the loop never waits, and so it is told."""
    hung = []
    monkeypatch.setattr(worker, "PATIENCE", 0.1)
    monkeypatch.setattr(pen.Pen, "_append", lambda *_: hung.append(1) or time.sleep(3))
    world = World(site())
    recorder = FlightRecorder(tmp_path / "samples", waiting=4)
    world.engine = Taped(world.engine, recorder)
    world.run(40)
    assert "does not answer" in recorder.trouble
    began = time.monotonic()
    recorder.close()
    assert time.monotonic() - began < 1.0
    assert hung


def test_damage_is_told_and_not_decided_by(tmp_path, monkeypatch):
    """A flipped bit: what stands before it counts, and from the next segment on all does again."""
    monkeypatch.setattr(writer, "SEGMENT", 60.0)
    world = Recorded(tmp_path, site(return_after=20.0))
    world.run(70)
    world.alive["primary"] = False
    world.run(300)
    world.close()
    whole = played(tmp_path)
    second = segments(tmp_path)[1].path
    data = bytearray(second.read_bytes())
    data[len(data) // 2] ^= 1
    second.write_bytes(data)
    result = played(tmp_path)
    assert (result.difference, result.uncertain) == (None, 0)
    assert second.name in result.missing[0]
    assert whole.missing == []
    assert whole.facts - 800 < result.facts < whole.facts
    assert result.last == pytest.approx(whole.last, abs=0.1)


def test_a_part_that_is_gone_is_told(tmp_path, monkeypatch):
    """A segment deleted from the middle, and one that is nothing but noise."""
    monkeypatch.setattr(writer, "SEGMENT", 20.0)
    world = Recorded(tmp_path, site())
    world.run(150)
    world.close()
    found = segments(tmp_path)
    found[2].path.unlink()
    found[4].path.write_bytes(b"noise")
    result = played(tmp_path)
    assert result.difference is None
    assert "1 part before" in result.missing[0]
    assert found[4].path.name in result.missing[1]
    with pytest.raises(RecordingError):
        Part(found[4])


def test_a_recorder_with_a_bug_breaks_nothing(tmp_path, caplog):
    """Something that cannot be written down ends the recording, with a word, and nothing else."""
    recorder = FlightRecorder(tmp_path)
    engine = Engine(office(1), [CONTROL])
    recorder.started(engine, [CONTROL], 0.0)
    recorder.fed(json, 1.0, ())
    recorder.fed(json, 2.0, ())
    assert "a bug in the recorder" in recorder.trouble
    assert [record.message for record in caplog.records] == ["recorder-broke"]
    recorder.close()
