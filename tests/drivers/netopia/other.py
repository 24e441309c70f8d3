"""Another R9100 than the virtual one, from the same facts and nothing else in common with it.

It is small, and different wherever the facts leave room: labels, levels, lists, highlight, places.
A driver that was fitted to one of the two fails on the other.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from wanfailover.errors import RouterUnreachable
from wanfailover.ports import Channel

Row = tuple[str, str]
"""What stands there, and what it is: ``>screen``, ``=value``, ``!box``, or nothing."""

LISTED = "list"


@dataclass
class Kind:
    """How this one is.

    Args:
        title: Of the Main Menu.

        help: Its last line.

        highlight: ``row``, ``label`` or ``cursor``.

        wrap: Down on the last item leads to the first one.

        listed: The WAN port is chosen from a list.

        opens: A field is edited only after a Return on it.

        quick: What Quick View tells: ``all``, ``gateway``, or ``none``: there is no such screen.

        forgets: A value that is shown as taken, and gone when its screen is left.

        stays: Escape does not close a box.

        moves: Delete moves the highlight down, and deletes nothing.

        asks: Words of a box that asks before an address is taken; empty for none.
    """

    title: str = "Netopia R9100 v4.11.3"
    help: str = "Main menu. Choose an item."
    highlight: str = "row"
    wrap: bool = False
    listed: bool = True
    opens: bool = False
    quick: str = "all"
    forgets: str = ""
    stays: bool = False
    moves: bool = False
    asks: str = ""
    address: str = "WAN IP Address"
    mask: str = "Local WAN Subnet Mask"
    gateway: str = "Default Gateway"
    on_return: str = "next"


@dataclass
class Other:
    """The unit: what it holds, and who is on its console."""

    kind: Kind
    values: dict[str, str] = field(
        default_factory=lambda: {
            "address": "203.0.113.2",
            "mask": "255.255.255.248",
            "gateway": "203.0.113.1",
            "lan": "192.168.1.1",
            "remote": "0.0.0.0",
        }
    )
    edits: list[str] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    sessions: int = 0

    async def dial(self) -> Channel:
        self.sessions += 1
        return _Session(self)

    def screen(self, name: str) -> tuple[str, list[Row]]:
        k, wan = self.kind, LISTED if self.kind.listed else "wan1"
        wan1 = f"Ethernet WAN1:  00-00-c5-70-03-4a  {self.values['address']}"
        return {
            "main": (
                k.title,
                [
                    *([("Quick View...", ">quick")] if k.quick != "none" else []),
                    ("Revert to Factory Defaults...", "!factory"),
                    ("System Configuration...", ">system"),
                    ("Utilities & Diagnostics...", ">tools"),
                    ("WAN Configuration...", ">wan"),
                ],
            ),
            "wan": (
                "WAN",
                [
                    ("Add Connection Profile...", "!profile"),
                    ("WAN (Wide Area Network) Setup...", f">{wan}"),
                ],
            ),
            LISTED: ("", [("Aux Serial Port", "!aux"), ("Ethernet WAN 1", ">wan1")]),
            "wan1": (
                "Ethernet WAN Port 1",
                [
                    ("Remote WAN IP Address:", "=remote"),
                    (f"{k.mask}:", "=mask"),
                    (f"{k.address}:", "=address"),
                    ("NAT Server List...", "!servers"),
                ],
            ),
            "system": ("System", [("Restart...", "!restart"), ("Network Protocols...", ">proto")]),
            "proto": ("Protocols", [("IPX Setup...", "!ipx"), ("IP Setup...", ">ip")]),
            "ip": (
                "Internet Protocol",
                [("Ethernet IP Address:", "=lan"), (f"{k.gateway}:", "=gateway")],
            ),
            "tools": ("Tools", [("Restart System...", "!restart"), ("Telnet...", "!telnet")]),
            "quick": (
                "Quick View                     11/21/2026 01:02:03 AM",
                [
                    (f"Default IP Gateway: {self.values['gateway']}   CPU Load: 2%", ""),
                    ("", ""),
                    (f"Ethernet Hub:   00-00-c5-70-03-48  {self.values['lan']}", ""),
                    *([(wan1, "")] if k.quick == "all" else []),
                ],
            ),
        }[name]


class _Session:
    """A console that paints all of its screen after each key."""

    def __init__(self, of: Other) -> None:
        self.of = of
        self.stack = ["main"]
        self.at = 0
        self.entry: str | None = None
        self.kept: dict[str, str] = {}
        self.box = ""
        self.pending: list[bytes] = []
        self.news = asyncio.Event()
        self.open = True
        self.paint()

    async def read(self, within: float) -> bytes:
        if not self.pending:
            self.news.clear()
            try:
                async with asyncio.timeout(within):
                    await self.news.wait()
            except TimeoutError:
                return b""
        if not self.pending:
            raise RouterUnreachable("closed")
        return self.pending.pop(0)

    async def write(self, data: bytes) -> None:
        if not self.open:
            raise RouterUnreachable("closed")
        keys = {b"\x1b[A": "up", b"\x1b[B": "down", b"\x1b": "escape", b"\r": "return"}
        for key in [keys[data]] if data in keys else [chr(byte) for byte in data]:
            self.press(key)
        self.paint()

    async def close(self) -> None:
        if self.open:
            self.open = False
            self.of.sessions -= 1
            self.news.set()

    def rows(self) -> list[Row]:
        return self.of.screen(self.stack[-1])[1]

    def places(self) -> list[int]:
        return [at for at, (_, what) in enumerate(self.rows()) if what]

    def press(self, key: str) -> None:
        if self.box:
            self.answer(key)
        elif key in {"up", "down"}:
            self.move(1 if key == "down" else -1)
        elif key == "escape":
            self.leave()
        elif key == "return":
            self.choose()
        elif key == "\x0c":
            pass
        elif key == "\x7f" and self.of.kind.moves:
            self.move(1)
        elif self.what().startswith("=") and (self.entry is not None or not self.of.kind.opens):
            self.type(key)

    def what(self) -> str:
        places = self.places()
        return self.rows()[places[self.at]][1] if places else ""

    def move(self, by: int) -> None:
        count = len(self.places())
        if count and self.entry is None:
            to = self.at + by
            self.at = to % count if self.of.kind.wrap else min(max(to, 0), count - 1)

    def leave(self) -> None:
        if self.entry is not None:
            self.entry = None
        elif len(self.stack) > 1:
            self.of.values |= self.kept
            self.kept = {}
            self.stack.pop()
            if self.stack[-1] == LISTED:
                self.stack.pop()
            self.at = 0

    def choose(self) -> None:
        what = self.what()
        if what.startswith(">"):
            self.stack.append(what[1:])
            self.at = 0
        elif what.startswith("!"):
            self.of.done.append(what[1:])
            self.box = "Are you sure?"
        elif what.startswith("="):
            if self.entry is None and self.of.kind.opens:
                self.entry = self.of.values[what[1:]]
            elif self.entry is not None and what == "=address" and self.of.kind.asks:
                self.box = self.of.kind.asks
            else:
                self.accept()

    def accept(self) -> None:
        name = self.what()[1:]
        if self.entry is not None and self.entry != self.of.values[name]:
            if name == self.of.kind.forgets:
                self.kept.setdefault(name, self.of.values[name])
            self.of.values[name] = self.entry
            self.of.edits.append(name)
        self.entry = None
        if self.of.kind.on_return == "next":
            self.move(1)

    def answer(self, key: str) -> None:
        if key in {"return", "escape"[: 0 if self.of.kind.stays else None]}:  # on CANCEL
            self.box, self.entry = "", None

    def type(self, key: str) -> None:
        self.of.typed.append(self.what()[1:])
        shown = self.entry if self.entry is not None else ""
        self.entry = shown[:-1] if key in "\x08\x7f" else shown + key

    def paint(self) -> None:
        k = self.of.kind
        name = self.stack[-2] if self.stack[-1] == LISTED else self.stack[-1]
        title, rows = self.of.screen(name)
        out = ["\x1b[2J", f"\x1b[2;{5 + len(name)}H\x1b[1m{title}\x1b[m"]
        help_ = k.help if name == "main" else "Return accepts * ESC cancels."
        out.append(f"\x1b[24;4H{help_}")
        here = self.places()[self.at : self.at + 1] if self.stack[-1] == name else []
        cursor = "\x1b[24;1H"
        for at, (label, what) in enumerate(rows):
            value = self.value(what, at in here)
            lit = at in here and not self.box
            on, off = ("\x1b[7m", "\x1b[m") if lit and k.highlight != "cursor" else ("", "")
            line = f"{label:<34}{value}".rstrip() if what.startswith("=") else label
            text = (
                f"{on}{line}{off}"
                if k.highlight != "label"
                else f"{on}{label}{off}{line[len(label) :]}"
            )
            out.append(f"\x1b[{5 + at};9H{text}")
            if lit:
                cursor = f"\x1b[{5 + at};9H"
        if self.stack[-1] == LISTED or self.box:
            cursor = self.paint_box(out) or cursor
        self.pending.append("".join([*out, cursor]).encode("latin-1"))
        self.news.set()

    def value(self, what: str, here: bool) -> str:
        if not what.startswith("="):
            return ""
        return self.entry if here and self.entry is not None else self.of.values[what[1:]]

    def paint_box(self, out: list[str]) -> str:
        choices = (
            [self.box, "CANCEL          CONTINUE"] if self.box else [r[0] for r in self.rows()]
        )
        lit = 1 if self.box else self.places()[self.at]
        width = max(map(len, choices)) + 4
        edge = "+" + "-" * (width - 2) + "+"
        out.append(f"\x1b[10;20H{edge}")
        for at, text in enumerate(choices):
            shown = text.ljust(width - 4)
            if at == lit and self.of.kind.highlight != "cursor":
                word = "CANCEL" if self.box else text
                shown = f"\x1b[7m{word}\x1b[m" + shown[len(word) :]
            out.append(f"\x1b[{11 + at};20H| {shown} |")
        out.append(f"\x1b[{11 + len(choices)};20H{edge}")
        return f"\x1b[{11 + lit};22H"
