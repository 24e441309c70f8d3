"""A driver's notes in the state directory: kept between runs, and never a reason to fail."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from wanfailover.notes import FileNotes
from wanfailover.ports import Notes
from wanfailover.sites import SiteDir


@pytest.fixture
def site(tmp_path: Path) -> SiteDir:
    return SiteDir(tmp_path)


def notes(site: SiteDir) -> Notes:
    return FileNotes(site.notes)


def written(site: SiteDir, **kept: str) -> bool:
    """Wait until the file holds this; it is written by a thread."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if all(FileNotes(site.notes).get(key) == value for key, value in kept.items()):
            return True
        time.sleep(0.005)
    return False


def test_kept_from_one_run_to_the_next(site):
    """What was noted is there at once, and for the next process."""
    first = notes(site)
    assert first.get("effect") is None
    first.put("effect", "restart")
    assert first.get("effect") == "restart"
    assert written(site, effect="restart")
    assert notes(site).get("effect") == "restart"
    first.put("effect", "immediate")
    assert written(site, effect="immediate")


def test_two_processes_keep_each_others_notes(site):
    """`check` beside an agent: what one did not know of it does not wipe out."""
    agent, check = notes(site), notes(site)
    agent.put("effect", "restart")
    assert written(site, effect="restart")
    check.put("firmware", "4.8.2")
    assert written(site, effect="restart", firmware="4.8.2")


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"\xff\xfe", b"[]", b'"x"', b"null", b'{"effect": ["restart"]}', b"[" * 100_000],
)
def test_a_damaged_file_is_no_notes(site, damage):
    """Whatever lies there, the driver starts without notes and takes new ones."""
    site.notes.write_bytes(damage)
    found = notes(site)
    assert found.get("effect") is None
    found.put("effect", "restart")
    assert written(site, effect="restart")


def test_what_cannot_be_written_is_lost_in_silence(site):
    """A full disk, a missing directory, a directory in the file's place: the process remembers."""
    site.notes.mkdir()
    found = notes(site)
    found.put("effect", "restart")
    assert found.get("effect") == "restart"
    gone = FileNotes(site.path / "no-such" / "router.json")
    gone.put("effect", "restart")
    assert gone.get("effect") == "restart"
    for each in (found, gone):
        each._writer.shutdown()
    assert list(site.path.iterdir()) == [site.notes]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which Linux has")
def test_a_full_disk_leaves_what_was_there(site):
    """The new text is complete before it takes the old one's place."""
    found = notes(site)
    found.put("effect", "restart")
    assert written(site, effect="restart")
    (site.path / f"router.{os.getpid()}").symlink_to("/dev/full")
    found.put("effect", "immediate")
    found._writer.shutdown()
    assert json.loads(site.notes.read_text()) == {"effect": "restart"}


def test_what_is_known_is_not_written_again(site):
    """A driver may note the same at every look."""
    found = notes(site)
    found.put("effect", "restart")
    assert written(site, effect="restart")
    before = site.notes.stat().st_ino
    found.put("effect", "restart")
    found._writer.shutdown()
    assert site.notes.stat().st_ino == before
