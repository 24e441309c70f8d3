"""The timed undo on a real router: it fires or is cancelled, and it is known which."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drivers.test_moves import actions_to, active, drive
from tests.drivers.testbed import SWAP, Testbed
from tests.transports.server import until
from wanfailover.abilities import DeadMan
from wanfailover.errors import DriverError
from wanfailover.ports import Action
from wanfailover.transports.router import STOP_WITHIN
from wanfailover_iproute2 import deadman, driver, place

pytestmark = pytest.mark.packets

MakeBed = Callable[..., Testbed]
SET_PLACE = f"set +e\n{place.PLACE}"


def leaves(file: Path, word: str = "fired", *more: str) -> Action:
    """An action whose undo adds a word to a file."""
    return Action(word, word, (":",), (f"echo {word} >>{file}", *more))


async def test_it_says_truly_whether_it_has_fired(make_bed: MakeBed, tmp_path: Path) -> None:
    """Cancelled at any moment about its time: each has fired once and said so, or never does."""
    here: DeadMan = drive(make_bed())
    assert isinstance(here, DeadMan)
    moments = [0.9 + 0.1 * number for number in range(16)]

    async def one(moment: float) -> bool:
        token, mark = f"swap.{moment:.1f}", tmp_path / f"{moment:.1f}"
        began = time.monotonic()
        assert await here.arm(token, [leaves(mark)], 1)
        await asyncio.sleep(began + moment - time.monotonic())
        fired = await here.disarm(token)
        assert mark.exists() is fired, moment
        return fired

    said = await asyncio.gather(*map(one, moments))
    assert set(said) == {True, False}
    await asyncio.sleep(2)
    words = [(tmp_path / f"{moment:.1f}") for moment in moments]
    assert [word.read_text() for word, fired in zip(words, said, strict=True) if fired] == [
        "fired\n"
    ] * sum(said)
    assert [
        word for word, fired in zip(words, said, strict=True) if not fired and word.exists()
    ] == []
    assert await here.armed() == ()


async def test_it_undoes_in_reverse_and_goes_on_past_a_failure(
    make_bed: MakeBed, tmp_path: Path
) -> None:
    """The first line that fails ends its own action's undo alone."""
    here, mark = drive(make_bed()), tmp_path / "mark"
    actions = [
        leaves(mark, "first"),
        Action("nothing", "nothing", (":",)),
        leaves(mark, "second", "false", f"echo never >>{mark}"),
        leaves(mark, "third"),
    ]
    await here.arm("swap.1", actions, 0)
    await until(lambda: mark.exists() and mark.read_text() == "third\nsecond\nfirst\n")
    assert await here.disarm("swap.1")


async def test_one_that_is_at_work_is_waited_for(make_bed: MakeBed, tmp_path: Path) -> None:
    """What it is about to change is not read in the middle of it."""
    here, mark = drive(make_bed()), tmp_path / "mark"
    await here.arm("swap.1", [leaves(mark, "begun", "sleep 1", f"echo ended >>{mark}")], 0)
    await until(mark.exists)
    assert await here.disarm("swap.1")
    assert mark.read_text() == "begun\nended\n"


async def test_one_that_does_not_end_is_told(
    make_bed: MakeBed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once: it is given up, does no more than it had begun, and the next switch may go on."""
    monkeypatch.setattr(deadman, "FIRED_WITHIN", 1)
    here, mark = drive(make_bed()), tmp_path / "mark"
    await here.arm("swap.1", [leaves(mark, "never"), leaves(mark, "begun", "sleep 3")], 0)
    await until(mark.exists)
    with pytest.raises(DriverError, match=r"swap\.1 .* had to be given up after 1 s"):
        await here.disarm("swap.1")
    assert (await here.armed(), await here.disarm("swap.1")) == ((), False)
    await asyncio.sleep(3)
    assert mark.read_text() == "begun\n"


async def test_cancelled_it_leaves_nothing_behind(make_bed: MakeBed) -> None:
    """No file, and no process that sleeps on."""
    bed = make_bed()
    here = drive(bed)
    await here.claim("a test")
    before = processes(bed)
    await here.arm("swap.1", await actions_to(here, SWAP, "backup"), 600)
    assert processes(bed) > before
    assert await here.disarm("swap.1") is False
    await until(lambda: processes(bed) == before)
    await here.release()
    assert bed.sh("router", SET_PLACE + 'ls -A "$dir"; rmdir "$dir"') == ""


async def test_the_route_comes_back_with_all_it_had(make_bed: MakeBed) -> None:
    """The agent dies after the change: the router is as it was, and traffic flows."""
    bed = make_bed()
    bed.sh("router", "ip route replace default via 203.0.113.1 dev wan mtu 1400 metric 7")
    bed.sh("router", "ip route delete default metric 0")
    here = drive(bed)
    before = bed.held()
    actions = await actions_to(here, SWAP, "backup")
    await here.arm("swap.1", actions, 1)
    for action in actions:
        await here.perform(action)
    assert await active(here, SWAP) == "backup"
    await until(lambda: bed.held() == before)
    assert bed.source() == "203.0.113.2"
    assert await here.disarm("swap.1")


async def test_systemd_keeps_it_where_it_runs_the_router(
    make_bed: MakeBed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a unit of its own, exact to a fraction of a second; and it is stopped when cancelled."""
    told = tmp_path / "told"
    for tool, deed in (("systemd-run", 'shift 5; "$@" &'), ("systemctl", ":")):
        fake = tmp_path / tool
        fake.write_text(f'#!/bin/sh\necho "{tool} $*" >>{told}\nexec >/dev/null 2>&1\n{deed}\n')
        fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(deadman, "SYSTEMD", ":")
    here, mark = drive(make_bed()), tmp_path / "mark"
    await here.arm("swap.1", [leaves(mark)], 1)
    await until(mark.exists)
    assert await here.disarm("swap.1")
    await here.arm("swap.2", [leaves(mark)], 60)
    assert await here.disarm("swap.2") is False
    first, _, stopped = told.read_text().splitlines()
    assert first.startswith(
        "systemd-run --quiet --collect --unit=wanfailover-undo-swap.1 --on-active=1s "
        "--timer-property=AccuracySec=100ms /bin/sh /run/wanfailover-"
    )
    assert stopped == "systemctl stop wanfailover-undo-swap.2.timer"


async def test_where_systemd_refuses_a_shell_keeps_it(
    make_bed: MakeBed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that has systemd's tools and not its rights."""
    fake = tmp_path / "systemd-run"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(deadman, "SYSTEMD", ":")
    here, mark = drive(make_bed()), tmp_path / "mark"
    assert await here.arm("swap.1", [leaves(mark)], 1)
    await until(mark.exists)
    assert await here.disarm("swap.1")


def test_systemd_is_asked_for_only_on_the_router_itself(make_bed: MakeBed) -> None:
    """In a namespace it would start the undo beside the router."""
    assert make_bed().sh("router", f"{SET_PLACE}{deadman.SYSTEMD} || echo no") == "no\n"


async def test_a_router_without_a_place_has_no_means(
    make_bed: MakeBed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is said, and nothing fails."""
    nowhere = place.PLACE.replace("/run/wan", "/proc/wan").replace("/tmp/wan", "/proc/wan")
    monkeypatch.setattr(deadman, "PLACE", nowhere)
    here = drive(make_bed())
    assert await here.arm("swap.1", [], 60) is False
    assert (await here.armed(), await here.disarm("swap.1")) == ((), False)


async def test_a_token_that_is_no_name(make_bed: MakeBed) -> None:
    """It becomes a path and is refused before anything is typed."""
    here = drive(make_bed())
    for deed in (here.arm("../x", [], 1), here.disarm("$(reboot)")):
        with pytest.raises(DriverError, match="cannot name a timed undo"):
            await deed


def test_it_fires_when_nobody_can_be_at_work_any_more(make_bed: MakeBed) -> None:
    """Every deadline of a switchover has passed by then, the site's own commands' as well."""
    here = drive(make_bed())
    own = [Action("apply", "", ("a",), ("b",)), Action("forget", "", ("c",))]
    site = Action("after", "", ("d",), ("e",))
    around = deadman.ARM_WITHIN + deadman.DISARM_WITHIN + 2 * (STOP_WITHIN + driver.READ_WITHIN)
    assert here.fires_after(own, 20.0) == around + 20.0 + 3 * (driver.ACT_WITHIN + STOP_WITHIN)
    more = here.fires_after([*own, site], 20.0) - here.fires_after(own, 20.0)
    assert more == 2 * (driver.OWN_WITHIN + STOP_WITHIN)


def processes(bed: Testbed) -> int:
    """How many there are on the router."""
    return len(bed.sh("agent", f"ip netns pids {bed.router}").split())
