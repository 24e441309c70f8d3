"""Waiting at the console, in virtual time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest

from tests.support.clock import virtual_time
from tests.transports.console.painter import CLEAR, Line, at, bytewise, picture
from wanfailover.errors import RouterTimeout, RouterUnreachable
from wanfailover.transports.console.console import (
    ESC_PAUSE,
    QUIET,
    RESTLESS,
    UNANSWERED,
    UNECHOED,
    Console,
    Key,
    ScreenTimeout,
)
from wanfailover.transports.console.screen import Screen
from wanfailover.transports.console.transcript import Happening

MENU = picture("\n\n              Main\n\n   [[One...]]\n   Two...\n")
OTHER = picture("\n\n              Other\n\n   [[Three...]]\n")


def now() -> float:
    return asyncio.get_running_loop().time()


def answering(answers: dict[bytes, bytes], after: float = 0.0) -> Callable[[Line, bytes], object]:
    return lambda line, key: line.say(answers[key], after=after) if key in answers else None


def titled(title: str) -> Callable[[Screen], bool]:
    return lambda screen: screen.title == title


@virtual_time
async def test_waits_no_longer_than_quiet() -> None:
    """An instant unit costs one quiet moment a key, and nothing more."""
    console = Console(Line(answering({Key.RETURN: MENU})))
    screen = await console.press(Key.RETURN)
    assert screen.title == "Main"
    assert screen.highlighted is not None
    assert screen.highlighted.label == "One"
    assert now() == pytest.approx(QUIET)


@virtual_time
async def test_quiet_already_passed_is_not_waited_for_again() -> None:
    """What has long been still costs nothing to wait for."""
    console = Console(Line(answering({Key.RETURN: MENU})))
    await console.press(Key.RETURN)
    began = now()
    assert (await console.until(titled("Main"))).title == "Main"
    assert now() == began


@virtual_time
async def test_what_came_while_nobody_looked_is_read() -> None:
    """A screen that arrived between two waits is the one that counts."""
    line = Line(answering({Key.RETURN: MENU}))
    console = Console(line)
    await console.press(Key.RETURN)
    line.say(OTHER)
    await asyncio.sleep(5)
    assert (await console.settle()).title == "Other"


@virtual_time
async def test_the_old_screen_is_not_taken_for_the_new_one() -> None:
    """A condition that held before the key counts only after the router has answered the key."""
    line = Line(lambda line, _: line.say(OTHER, after=0.8))
    console = Console(line)
    line.say(MENU)
    await console.settle()
    await console.send(Key.RETURN)
    assert (await console.until(lambda _: True)).title == "Other"


@virtual_time
async def test_a_key_that_changes_nothing_costs_a_bounded_time() -> None:
    """A key without any answer gives the unchanged screen in the end."""
    line = Line()
    console = Console(line)
    line.say(MENU)
    await console.settle()
    began = now()
    assert (await console.press(Key.UP)).title == "Main"
    assert now() - began == pytest.approx(UNANSWERED)


@virtual_time
async def test_a_slow_line_is_read_to_its_end() -> None:
    """At 9600 baud a byte comes each millisecond; no half-drawn screen is taken."""
    console = Console(Line(lambda line, _: line.say(*bytewise(MENU), after=0.25, every=0.00104)))
    screen = await console.press(Key.RETURN)
    assert screen.find("Two")
    assert now() == pytest.approx(0.25 + (len(MENU) - 1) * 0.00104 + QUIET)


@virtual_time
async def test_a_pause_in_drawing_is_sat_out() -> None:
    """While the condition does not hold, no pause is taken for the end."""
    half = len(MENU) // 2
    console = Console(Line(lambda line, _: line.say(MENU[:half], MENU[half:], every=2)))
    await console.send(Key.RETURN)
    assert (await console.until(lambda screen: screen.find("Two"))).find("Two")
    assert now() == pytest.approx(2 + QUIET)


@pytest.mark.parametrize("every", [0.001, 0.04, 0.9])
@virtual_time
async def test_a_screen_that_never_falls_quiet_is_read(every: float) -> None:
    """A running clock does not keep a screen from being read, in bounded time."""
    ticks = [at(2, 60, f"12:45:{tick % 60:02}") for tick in range(20_000)]
    console = Console(Line(lambda line, _: line.say(MENU, *ticks, every=every)))
    await console.send(Key.RETURN)
    assert (await console.until(titled("Main"))).find("Two")
    assert now() <= RESTLESS + 0.1


@virtual_time
async def test_a_condition_that_never_holds_ends_in_time() -> None:
    """What does not come is a time-out to the digit, in a sentence, with the screen in it."""
    console = Console(Line(answering({Key.RETURN: MENU})))
    await console.send(Key.RETURN)
    with pytest.raises(ScreenTimeout) as caught:
        await console.until(titled("IP Setup"), 7, what="the screen 'IP Setup'")
    assert now() == pytest.approx(7)
    assert isinstance(caught.value, RouterTimeout)
    assert str(caught.value) == (
        "the router's console did not show the screen 'IP Setup' within 7 s: it shows 'Main'"
    )
    assert "Two..." in caught.value.text


@virtual_time
async def test_a_restless_screen_that_is_wrong_ends_in_time() -> None:
    """A running clock does not prolong a time-out."""
    ticks = [at(2, 60, str(tick)) for tick in range(20_000)]
    console = Console(Line(lambda line, _: line.say(MENU, *ticks, every=0.01)))
    await console.send(Key.RETURN)
    with pytest.raises(ScreenTimeout):
        await console.until(titled("IP Setup"), 4)
    assert now() == pytest.approx(4, abs=0.011)


@virtual_time
async def test_a_silent_router_ends_in_time() -> None:
    """A router that says nothing at all is a time-out, and its screen is blank."""
    console = Console(Line())
    with pytest.raises(ScreenTimeout, match="its screen is blank"):
        await console.until(titled("Main"), 3)
    assert now() == pytest.approx(3)


@virtual_time
async def test_keys_are_written_each_in_one_piece() -> None:
    """An arrow, a text and a control key are one segment each."""
    line = Line(lambda line, _: line.say(b"\x1b[H"))
    console = Console(line)
    await console.send(Key.DOWN, Key.RETURN)
    await console.type("203.0.113.2")
    assert line.keys == [b"\x1b[B", b"\r", b"203.0.113.2"]


@pytest.mark.parametrize("text", ["a\rb", "\x1b[A", "\x7f"])
@virtual_time
async def test_no_key_hides_in_a_text(text: str) -> None:
    """A control character in what is typed would press a key unseen."""
    line = Line()
    with pytest.raises(ValueError, match="pressed, not typed"):
        await Console(line).type(text)
    assert line.keys == []


@virtual_time
async def test_a_lone_escape_is_followed_by_a_pause() -> None:
    """The key after a lone ESC waits until the router can have told it from an arrow."""
    line = Line(lambda line, _: line.say(MENU, after=0.01))
    console = Console(line)
    await console.press(Key.ESCAPE)
    assert now() < ESC_PAUSE
    await console.press(Key.DOWN)
    (first, _), (second, _) = line.written
    assert second - first == pytest.approx(ESC_PAUSE)


@virtual_time
async def test_the_pause_ends_when_the_screen_shows_what_the_escape_did() -> None:
    """Who waited for a screen that only ESC could bring need not wait any longer."""
    line = Line(lambda line, _: line.say(MENU, after=0.2))
    console = Console(line)
    await console.send(Key.ESCAPE)
    await console.until(lambda screen: screen.items)
    await console.send(Key.DOWN)
    (first, _), (second, _) = line.written
    assert 0.2 < second - first < ESC_PAUSE
    await console.send(Key.ESCAPE)
    await console.until(lambda screen: screen.items)  # they are there already: it proves nothing
    await console.send(Key.DOWN)
    assert line.written[3][0] - line.written[2][0] == pytest.approx(ESC_PAUSE)


@virtual_time
async def test_the_pause_is_paid_only_by_a_key_and_counts_what_was_waited() -> None:
    """Waiting for a screen is part of the pause, and reading needs none."""
    line = Line(lambda line, key: line.say(MENU, after=0.7 if key == Key.ESCAPE else 0))
    console = Console(line)
    await console.press(Key.ESCAPE)
    assert now() == pytest.approx(0.7 + QUIET)
    await console.send(Key.UP)
    assert now() == pytest.approx(0.7 + QUIET)


@virtual_time
async def test_arrows_need_no_pause() -> None:
    """An arrow begins with ESC, and may be followed at once."""
    line = Line()
    await Console(line).send(Key.UP, Key.DOWN, Key.LEFT, Key.RIGHT)
    assert now() == 0
    assert len(line.written) == 4


@virtual_time
async def test_what_comes_during_the_pause_is_drawn() -> None:
    """The screen goes on being read while an ESC's pause lasts."""
    line = Line(lambda line, key: line.say(OTHER, after=0.3) if key == Key.ESCAPE else None)
    console = Console(line)
    await console.send(Key.ESCAPE, Key.DOWN)
    assert console.screen.title == "Other"


@virtual_time
async def test_answers_what_a_terminal_is_asked() -> None:
    """Questions for the terminal's kind and the cursor's place are answered at once."""
    line = Line()
    console = Console(line)
    line.say(at(5, 7) + b"\x1b[c\x1b[6n\x1b[5n")
    await console.settle()
    assert line.keys == [b"\x1b[?6c\x1b[5;7R\x1b[0n"]


@virtual_time
async def test_counts_bells() -> None:
    """A refusal by bell is counted, wherever it rings."""
    console = Console(Line(lambda line, _: line.say(b"\x07", b"\x1b[\x073;3H\x07")))
    await console.press(Key.RETURN)
    assert console.bells == 3


@virtual_time
async def test_a_secret_is_in_no_error_and_no_transcript() -> None:
    """A password that is echoed, slowly, while a clock runs, leaves the console nowhere."""
    password = "s3cret-pw"
    echo = [at(1, 60, "12:45") + at(2, 10 + place, char) for place, char in enumerate(password)]
    line = Line(lambda line, key: line.say(*echo, every=0.25) if len(key) > 1 else None)
    console = Console(line)
    line.say(CLEAR + at(2, 1, "password:"))
    await console.settle()
    await console.type_secret(password)
    await console.send(Key.RETURN)
    with pytest.raises(ScreenTimeout) as caught:
        await console.until(titled("Main"), 5)
    assert password in console.screen.text
    for words in (str(caught.value), caught.value.text, console.text, repr(console.screen)):
        assert password not in words
    assert "password:*********" in console.text
    said = [event.data for event in console.transcript.events if event.what is Happening.RECEIVED]
    assert len(said) == 1 + len(password)
    assert all(re.fullmatch(rb"(?:\x1b\[\d+;\d+H\*+)+", data) for data in said[1:])
    assert "> *********\n" in console.transcript.text()


@virtual_time
async def test_a_secret_without_echo_costs_little() -> None:
    """Where no echo comes, typing a secret does not wait as long as any other key."""
    console = Console(Line())
    await console.type_secret("x")
    assert now() == pytest.approx(UNECHOED)


@virtual_time
async def test_a_lost_line_ends_every_wait() -> None:
    """When the far side goes, waiting ends at once, by name."""
    line = Line(lambda line, _: asyncio.get_running_loop().call_later(0.2, line.hang_up))
    console = Console(line)
    with pytest.raises(RouterUnreachable):
        await console.press(Key.RETURN)
    assert now() == pytest.approx(0.2)
    with pytest.raises(RouterUnreachable):
        await console.send(Key.RETURN)


@virtual_time
async def test_a_cancelled_wait_loses_nothing() -> None:
    """What arrives after a wait was given up is there for the next one."""
    line = Line(answering({Key.RETURN: MENU}, after=0.5))
    console = Console(line)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await console.press(Key.RETURN)
    assert (await console.until(titled("Main"))).find("Two")


@virtual_time
async def test_closes_its_line() -> None:
    """Closing hangs up; closing again does no harm and is noted once."""
    line = Line()
    console = Console(line)
    line.say(MENU)
    await console.settle()
    await console.close()
    await console.close()
    assert line.dead
    assert console.transcript.text().count("close") == 1
