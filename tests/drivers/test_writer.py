"""Who changes a router: one at a time, told to the others, and forgotten when it is gone."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.drivers.test_moves import drive
from tests.drivers.testbed import Testbed
from wanfailover.abilities import Claiming
from wanfailover.errors import RouterHeld
from wanfailover.ports import Forgetful, RouterAccess
from wanfailover_iproute2 import place, writer
from wanfailover_iproute2.plugin import PLUGIN
from wanfailover_iproute2.writer import Life

pytestmark = pytest.mark.packets

MakeBed = Callable[..., Testbed]

ANN, BEN = "wanfailover on ann (pid 1)", "wanfailover on ben (pid 2)"


SET_PLACE = f"set +e\n{place.PLACE}"


@pytest.fixture
def make_bed(make_bed: MakeBed) -> Iterator[MakeBed]:
    """With nothing kept there, before and after: another router may get its number."""
    beds: list[Testbed] = []

    def make() -> Testbed:
        beds.append(make_bed())
        bare(beds[-1])
        return beds[-1]

    yield make
    for bed in beds:
        bare(bed)


def bare(bed: Testbed) -> None:
    bed.sh("router", f'{SET_PLACE}rm -r "$dir"')


def file(bed: Testbed) -> str:
    return bed.sh("router", SET_PLACE + 'cat "$dir/writer" 2>/dev/null || :')


def edit(bed: Testbed, program: str) -> None:
    """Change the file, as time or another host would."""
    bed.sh("router", f"{SET_PLACE}sed -i '{program}' \"$dir/writer\"")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """What claims from now on is a process of another host, of which nobody here can tell."""
    monkeypatch.setattr(Life, "ours", lambda: Life("another-boot.1", 4711, "5"))


async def test_the_second_is_refused_and_told(make_bed: MakeBed) -> None:
    """By whom, for how long, and what to do; the first may go on, and let go."""
    bed = make_bed()
    ann, ben = drive(bed), drive(bed)
    assert isinstance(ann, Claiming)
    assert await ann.claim(ANN) == ""
    with pytest.raises(RouterHeld) as refused:
        await ben.claim(BEN)
    told = str(refused.value)
    assert re.match(rf"{re.escape(ANN)} has changed this router for \d+ s now", told)
    assert "silent for 5 min, or remove /run/wanfailover-" in told
    assert refused.value.untouched
    with pytest.raises(RouterHeld, match="ann"):
        await ben.mark(())
    assert await ann.claim(ANN) == ""
    await ben.release()
    assert ANN in file(bed)
    await ann.release()
    assert await ben.claim(BEN) == ""
    assert BEN in file(bed)
    await ben.mark(())


async def test_it_remembers_since_when(make_bed: MakeBed) -> None:
    """Refreshing keeps the beginning; a new life begins anew."""
    bed = make_bed()
    notes = Forgetful()
    first = PLUGIN.build(_access(bed, notes))
    await first.claim(ANN)
    edit(bed, "3s/.*/7/; 4s/.*/8/")
    await first.claim(ANN)
    since, heard = file(bed).splitlines()[2:4]
    assert (since, int(heard) > 8) == ("7", True)


async def test_the_same_state_directory_takes_its_own_back(
    make_bed: MakeBed, elsewhere: None
) -> None:
    """After a kill, or a reboot of the agent's host: its notes say who it is."""
    bed = make_bed()
    notes = Forgetful()
    await PLUGIN.build(_access(bed, notes)).claim(ANN)
    edit(bed, "3s/.*/7/; 5s/4711/4712/")
    assert await PLUGIN.build(_access(bed, notes)).claim(BEN) == ""
    since = file(bed).splitlines()[2]
    assert since != "7"
    assert BEN in file(bed)


async def test_who_has_been_silent_for_long_is_taken_over(
    make_bed: MakeBed, elsewhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the router's clock, and that is told once."""
    bed = make_bed()
    await drive(bed).claim(ANN)
    ben = drive(bed)
    with pytest.raises(RouterHeld):
        await ben.claim(BEN)
    monkeypatch.setattr(writer, "STALE_AFTER", 0)
    told = await ben.claim(BEN)
    assert re.fullmatch(rf"taken over from {re.escape(ANN)}, last heard of \d+ s ago", told)
    monkeypatch.setattr(writer, "STALE_AFTER", 300)
    assert await ben.claim(BEN) == ""


async def test_after_a_reboot_of_the_router_nobody_has_it(
    make_bed: MakeBed, elsewhere: None
) -> None:
    """Where its files outlive it, the boot's id tells."""
    bed = make_bed()
    await drive(bed).claim(ANN)
    edit(bed, "2s/.*/a-former-boot/")
    assert await drive(bed).claim(BEN) == ""


@pytest.mark.parametrize("text", ["", "nonsense", "1d", "3s/.*/x/", "4d", "5,6d"])
async def test_a_file_that_is_none_of_ours(make_bed: MakeBed, elsewhere: None, text: str) -> None:
    """What cannot be read stops nobody; what lacks a name still says that it is held."""
    bed = make_bed()
    await drive(bed).claim(ANN)
    if text in {"", "nonsense"}:
        bed.sh("router", f'{SET_PLACE}echo "{text}" >"$dir/writer"')
    else:
        edit(bed, text)
    ben = drive(bed)
    if text == "5,6d":
        with pytest.raises(RouterHeld):
            await ben.claim(BEN)
    else:
        assert await ben.claim(BEN) == ""
        assert BEN in file(bed)


async def test_a_process_of_this_host_that_is_dead(
    make_bed: MakeBed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed with another state directory: nobody need wait for its name to grow old."""
    bed = make_bed()
    child = await asyncio.create_subprocess_exec("sleep", "60")
    us, theirs = Life.ours(), Life(Life.ours().host, child.pid, writer._began(child.pid))
    monkeypatch.setattr(Life, "ours", lambda: theirs)
    await drive(bed).claim(ANN)
    monkeypatch.setattr(Life, "ours", lambda: us)
    with pytest.raises(RouterHeld):
        await drive(bed).claim(BEN)
    child.kill()
    await child.wait()
    assert (await drive(bed).claim(BEN)).startswith(f"taken over from {ANN}")


def test_a_life_is_over_for_certain_or_not_at_all() -> None:
    """Another host's cannot be seen; another user's is there; a number may be another's by now."""
    ours = Life.ours()
    assert Life.read(str(ours)) == ours
    assert not ours.over
    assert replace(ours, began="1").over
    assert not replace(ours, host="another", pid=2**22 + 1).over
    assert replace(ours, pid=2**22 + 1).over  # no process has so high a number
    assert not replace(ours, began="").over
    for text in ("", "a/b", "a/b/c", "a/1/c/d"):
        assert Life.read(text) is None


def test_another_users_process_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may not be signalled, and perhaps not be seen."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert not replace(Life.ours(), pid=2**22 + 1, began="7").over


@pytest.mark.parametrize("stale", [False, True])
async def test_of_many_at_once_one_gets_it(make_bed: MakeBed, elsewhere: None, stale: bool) -> None:
    """A free router, and one that is taken over."""
    bed = make_bed()
    if stale:
        await drive(bed).claim(ANN)
        edit(bed, "4s/.*/0/")
        uptime = float(bed.sh("router", "cut -d' ' -f1 /proc/uptime"))
        assert uptime > writer.STALE_AFTER, "this machine has just booted"
    ends = await asyncio.gather(
        *(drive(bed).claim(f"number {number}") for number in range(8)), return_exceptions=True
    )
    refused = [end for end in ends if isinstance(end, RouterHeld)]
    (word,) = [end for end in ends if isinstance(end, str)]
    assert len(refused) == 7
    assert ("taken over" in word) is stale


async def test_a_lock_that_was_left_behind_is_broken(make_bed: MakeBed) -> None:
    """The router lost its power, or a script was killed, in the very middle."""
    bed = make_bed()
    bed.sh("router", SET_PLACE + 'mkdir "$dir/lock"')
    assert await drive(bed).claim(ANN) == ""
    assert ANN in file(bed)


async def test_a_router_without_a_place(make_bed: MakeBed, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a remark and no refusal."""
    nowhere = place.PLACE.replace("/run/wan", "/proc/wan").replace("/tmp/wan", "/proc/wan")
    monkeypatch.setattr(writer, "PLACE", nowhere)
    here = drive(make_bed())
    assert "cannot be written on it (no place for it)" in await here.claim(ANN)
    await here.release()


async def test_a_file_that_cannot_be_written(make_bed: MakeBed) -> None:
    """A disk that is full keeps nobody from leaving a dead circuit."""
    bed = make_bed()
    bed.sh("router", SET_PLACE + 'mkdir -p "$dir/writer.new"')
    assert "another agent would not notice" in await drive(bed).claim(ANN)


def _access(bed: Testbed, notes: Forgetful) -> RouterAccess:
    options = PLUGIN.options({"netns": bed.router})
    return RouterAccess(host=None, transport="local", options=options, notes=notes)
