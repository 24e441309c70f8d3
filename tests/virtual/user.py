"""A person at the console: sees what a VT100 shows, and presses keys."""

from __future__ import annotations

from typing import Any

import pyte

from wanfailover.ports import Channel
from wanfailover_netopia.virtual import Unit

UP, DOWN, RIGHT, LEFT = b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D"
RETURN, ESCAPE, TAB, SPACE, DELETE, BACKSPACE = b"\r", b"\x1b", b"\t", b" ", b"\x7f", b"\b"
WAN = ("WAN Configuration...", "WAN (Wide Area", "Ethernet (Wan Module 1)")
IP = ("System Configuration...", "IP Setup...")
TOOLS = ("Utilities & Diagnostics...",)


class User:
    """Waits after each key until nothing more comes."""

    def __init__(self, channel: Channel, quiet: float = 0.4) -> None:
        self.channel = channel
        self.quiet = quiet
        self.raw = b""
        self.segments: list[bytes] = []
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    @property
    def title(self) -> str:
        return self.rows[1].strip().split("  ")[0]

    @property
    def cursor(self) -> tuple[int, int]:
        return self._screen.cursor.y, self._screen.cursor.x

    @property
    def reversed(self) -> dict[int, str]:
        """The words in reverse video, by row."""
        found: dict[int, str] = {}
        for row in range(24):
            cells = [self._screen.buffer[row][column] for column in range(80)]
            words = "".join(cell.data for cell in cells if cell.reverse)
            if words:
                found[row] = words.strip()
        return found

    @property
    def highlighted(self) -> str:
        """The row of the highlighted item, by reverse video or else by the cursor."""
        row = next(iter(self.reversed), self.cursor[0])
        return self.rows[row].strip()

    def value(self, label: str) -> str | None:
        """What stands behind *label*; None where there is no such label."""
        for row in self.rows:
            if row.strip().startswith(label):
                return row.strip().removeprefix(label).strip()
        return None

    async def look(self) -> str:
        """Read until it is quiet."""
        while data := await self.channel.read(self.quiet):
            self.raw += data
            self.segments.append(data)
            self._stream.feed(data)
        return self.text

    async def press(self, *keys: bytes | str) -> str:
        for key in keys:
            await self.channel.write(key if isinstance(key, bytes) else key.encode())
            await self.look()
        return self.text

    async def go_to(self, label: str) -> None:
        """Highlight the item whose row begins with *label*."""
        await self.press("<")
        for _ in range(30):
            if self.highlighted.startswith(label):
                return
            await self.press(DOWN)
        raise AssertionError(f"no item {label!r} on\n{self.text}")

    async def open(self, *labels: str) -> None:
        """Go down the menus."""
        for label in labels:
            await self.go_to(label)
            await self.press(RETURN)

    async def home(self) -> None:
        for _ in range(8):
            if "main screen" in self.text:
                return
            await self.press(ESCAPE)
        raise AssertionError(f"no way to the Main Menu from\n{self.text}")

    async def set(self, label: str, value: str, then: bytes = RETURN) -> None:
        """Clear a field, type into it, accept."""
        await self.go_to(label)
        await self.press(SPACE, value, then)


async def at_console(unit: Unit, *path: str, **options: Any) -> User:
    """A user who has gone down the menus as far as *path*."""
    user = User(await unit.dial(**options))
    await user.look()
    await user.open(*path)
    return user


def events(unit: Unit, name: str) -> list[dict[str, Any]]:
    """What the unit's log tells of one kind."""
    return [entry for entry in unit.log if entry["event"] == name]
