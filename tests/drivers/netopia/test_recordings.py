"""Visits to routers, as `wanfailover check --record` wrote them: each screen must be understood.

A file put into ``recordings`` is a test. What the driver pressed is not compared, so that a better
driver does not make a recording worthless; what the router showed is.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from tests.drivers.netopia.rig import PASSWORD, assert_left_alone, driver, edited, unit
from tests.support.clock import virtual_time
from wanfailover.transports.console.console import Key
from wanfailover.transports.console.screen import Screen
from wanfailover.transports.console.terminal import Terminal
from wanfailover.transports.console.transcript import Happening, parse
from wanfailover_netopia import screens
from wanfailover_netopia.hands import value
from wanfailover_netopia.login import REFUSED
from wanfailover_netopia.screens import ADDRESS, GATEWAY, IP, WAN, Goal, Label, is_main_menu

RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.txt"))


def seen(recording: Path) -> Iterator[tuple[Screen, bytes]]:
    """Each screen with what was pressed on it."""
    terminal = Terminal()
    for event in parse(recording.read_text()):
        if event.what is Happening.RECEIVED:
            terminal.feed(event.data)
        elif event.what is Happening.SENT:
            yield terminal.screen, event.data


def all_labels() -> list[Label]:
    goals = [thing for thing in vars(screens).values() if isinstance(thing, Goal)]
    return [label for goal in goals for label in (*goal.hops, *goal.fields)]


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_each_screen_is_understood(recording: Path) -> None:
    """The Main Menu and the three values are found, and Return met nothing that has no name."""
    visited = list(seen(recording))
    assert any(is_main_menu(screen) for screen, _ in visited)
    for goal, label in ((WAN, ADDRESS), (IP, GATEWAY)):
        texts = [value(screen, label) for screen, _ in visited if goal.reached(screen)]
        assert texts, f"{goal.name} was not seen"
        for text in texts:
            IPv4Address(text or "0.0.0.0")
    for screen, keys in visited:
        if keys == Key.RETURN and screen.highlighted is not None:
            assert any(label.names(screen.highlighted) for label in all_labels())


@pytest.mark.parametrize(
    "variant", ["classic", "password+minimal-diff", "password-only+segmented", "fw3+slow"]
)
@virtual_time
async def test_a_recording(variant: str, tmp_path: Path) -> None:
    """A visit is recorded whole, changes nothing, and has no secret in it."""
    router = unit(variant)
    who = driver(router)
    text = await who.record()
    await who.close()
    for secret in (PASSWORD, "private"):
        assert secret not in text
    assert REFUSED not in text
    assert edited(router) == []
    assert_left_alone(router)
    kept = tmp_path / "visit.txt"
    kept.write_text(text)
    test_each_screen_is_understood(kept)


def test_there_are_recordings() -> None:
    """The files are found: without any the test of them could not fail."""
    assert len(RECORDINGS) >= 2
