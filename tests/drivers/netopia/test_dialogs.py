"""Boxes that nobody asked for, and keys that do something else than they should."""

from __future__ import annotations

import asyncio

import pytest

from tests.drivers.netopia.other import Kind, Other
from tests.drivers.netopia.rig import INSIDE, SITE, confirmed, driver, switch, unit
from tests.support.clock import virtual_time
from wanfailover.errors import DriverError, UnreadableReply
from wanfailover.ports import Forgetful
from wanfailover.transports.console.console import Console
from wanfailover_netopia.driver import Netopia, Router
from wanfailover_netopia.hands import Ways
from wanfailover_netopia.pace import Paced
from wanfailover_netopia.screens import destroys
from wanfailover_netopia.virtual import deeds
from wanfailover_netopia.walk import Walk

BELOW = ["ERASE ALL"]
"""What a Return would do on the screen under a box that has gone."""


class Script:
    """A console that shows a box, which Escape closes late or never; Return takes what is lit.

    Args:
        lines: Of the box; the words between ``[`` and ``]`` can be chosen, the first is lit.

        late: Seconds until Escape closes it; None for never.
    """

    def __init__(self, *lines: str, late: float | None = None) -> None:
        self.lines: tuple[str, ...] = lines
        self.late = late
        self.at = 0
        self.taken: list[str] = []
        self.out: asyncio.Queue[bytes] = asyncio.Queue()
        self.paint()

    async def read(self, within: float) -> bytes:
        try:
            async with asyncio.timeout(within):
                return await self.out.get()
        except TimeoutError:
            return b""

    async def write(self, data: bytes) -> None:
        if data == b"\x1b" and self.late is not None and self.lines:
            asyncio.get_running_loop().call_later(self.late, self.leave)
        elif data == b"\r":
            choices = self.choices()
            self.taken.append(choices[self.at] if choices else "")
            self.leave()
        elif data in {b"\x1b[C", b"\x1b[B"}:
            self.at = min(self.at + 1, max(len(self.choices()) - 1, 0))
        self.paint()

    async def close(self) -> None:
        pass

    def choices(self) -> list[str]:
        text = "\n".join(self.lines) if self.lines else "".join(f"[{word}]" for word in BELOW)
        return [part.partition("]")[0] for part in text.split("[")[1:]]

    def leave(self) -> None:
        self.lines, self.at = (), 0
        self.paint()

    def paint(self) -> None:
        choices = self.choices()
        rows = [
            "\x1b[2J\x1b[2;30HTools",
            f"\x1b[5;10H\x1b[{0 if self.lines else 7}m{BELOW[0]}\x1b[m",
        ]
        if self.lines:
            edge = "+" + "-" * 60 + "+"
            shown = [line.replace("[", "").replace("]", "") for line in self.lines]
            box = [edge, *(f"| {line:<58} |" for line in shown), edge]
            rows += [f"\x1b[{8 + n};10H{line}" for n, line in enumerate(box)]
            for n, line in enumerate(shown):
                if choices and choices[self.at] in line:
                    column = 12 + line.index(choices[self.at])
                    rows.append(f"\x1b[{9 + n};{column}H\x1b[7m{choices[self.at]}\x1b[m")
        self.out.put_nowait("".join([*rows, "\x1b[24;1H"]).encode())


async def walk_on(script: Script) -> Walk:
    channel = Paced(script)
    walk = Walk(Console(channel), channel, Ways())
    await walk.settle()
    assert walk.screen.box is not None
    return walk


@pytest.mark.parametrize(
    "lines",
    [
        ("Changes wait for a restart.", "[LATER]      [RESTART NOW]"),
        ("Restart the unit.", "[RESTART NOW]      [LATER]"),
        ("Erase all profiles?", "[OK]      [ABORT]"),
        ("The unit is restarted.", "[RESTART DEVICE]", "[DO NOT RESTART]"),
        ("All sessions end.", "[CONTINUE NOW]"),
        ("All sessions end.", "[CONTINUE]"),
        ("Reset all sessions (Y/N)",),
        ("Go on? Press any key.",),
        ("Press Return to restart the unit.",),
        ("Press Return to go on, or ESC to leave.",),
        ("Press any key, and all profiles are erased.",),
        ("All profiles are erased.",),
        ("All sessions end.", "[Later]      [Now]"),
        ("All sessions end.", "[Now]", "[Later]"),
        ("All sessions end", "Now", "Later"),
    ],
    ids=str,
)
@virtual_time
async def test_a_box_that_is_not_understood(lines: tuple[str, ...]) -> None:
    """Where Escape does not close it, no Return is pressed: the walk ends."""
    script = Script(*lines)
    walk = await walk_on(script)
    with pytest.raises(UnreadableReply, match="dialog"):
        await walk.dismiss()
    assert script.taken == []


@pytest.mark.parametrize(
    ("lines", "taken"),
    [
        (("All sessions end?", "[CONTINUE]      [CANCEL]"), "CANCEL"),
        (("All sessions end?", "[Yes]      [No]"), "No"),
        (("That is no IP address.", "[OK]"), "OK"),
        (("That is no IP address.",), ""),
        (("That is no IP address", "PRESS ANY KEY"), ""),
        (("It holds after a restart", "Press any key to continue..."), ""),
    ],
    ids=str,
)
@virtual_time
async def test_a_box_that_escape_does_not_close(lines: tuple[str, ...], taken: str) -> None:
    """It is cancelled; only what has nothing to decide is closed by Return."""
    script = Script(*lines)
    walk = await walk_on(script)
    await walk.dismiss()
    assert script.taken == [taken]


@pytest.mark.parametrize("late", [0.0, 1.0, 2.0, 5.0])
@virtual_time
async def test_an_escape_that_is_answered_late(late: float) -> None:
    """No Return follows it onto the screen below; and no time is lost where it is not late."""
    script = Script("That is no IP address.", "[OK]", late=late)
    walk = await walk_on(script)
    began = asyncio.get_running_loop().time()
    await walk.dismiss()
    assert asyncio.get_running_loop().time() - began < late + 0.2
    assert script.taken == []


@pytest.mark.parametrize(
    "words",
    [
        "All configuration will be erased, and the router restarted with factory defaults.",
        "The unit is restarted, and the configuration will be lost.",
        "The firmware will be replaced, and the unit restarted.",
    ],
)
@virtual_time
async def test_a_restart_that_does_more(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that speaks of a loss as well is not answered with CONTINUE."""
    monkeypatch.setitem(deeds.QUESTIONS, "restart", words.split(", "))
    router = unit("restart+snmp-off")
    who = driver(router)
    with pytest.raises(DriverError):
        await switch(who, "backup")
    await who.close()
    assert confirmed(router) == []


@pytest.mark.parametrize(
    ("words", "is_so"),
    [
        ("Restart? All connections will be lost.", False),
        ("Restart now? You will lose this session.", False),
        ("Restart now? Your changes will be in effect.", False),
        ("Restart? All connections and profiles will be lost.", True),
        ("Restart? Everything will be lost.", True),
        ("Restart and clear the log?", True),
    ],
)
def test_what_a_restart_may_say(words: str, is_so: bool) -> None:
    """Connections are lost by any restart; nothing else is."""
    assert destroys(words) is is_so


@virtual_time
async def test_a_delete_that_moves_the_highlight() -> None:
    """No key goes into the field that it moved to, and nothing is accepted."""
    router = Other(Kind(moves=True, wrap=True))
    before = dict(router.values)
    who = Netopia(
        Router(host=INSIDE, dial=router.dial, notes=Forgetful(), circuits=SITE.circuits, snmp=None)
    )
    with pytest.raises(UnreadableReply, match="moved away"):
        await switch(who, "backup")
    await who.close()
    assert router.typed == []
    assert router.values == before
