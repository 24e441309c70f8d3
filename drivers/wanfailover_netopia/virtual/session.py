"""One telnet session: keys in, bytes out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from wanfailover_netopia.virtual import deeds
from wanfailover_netopia.virtual.cli import CommandLine
from wanfailover_netopia.virtual.fields import FIELDS, FORMS, Kind, passing
from wanfailover_netopia.virtual.frame import Frame
from wanfailover_netopia.virtual.keys import ESC_PAUSE, Keys
from wanfailover_netopia.virtual.login import Login
from wanfailover_netopia.virtual.outlet import Outlet
from wanfailover_netopia.virtual.painter import Painter
from wanfailover_netopia.virtual.pinger import Pinger
from wanfailover_netopia.virtual.router import Router
from wanfailover_netopia.virtual.variants import idle_seconds
from wanfailover_netopia.virtual.view import View

SLOW_KEY = 0.25
"""Seconds a key takes with `slow`."""


class Layer(Protocol):
    """A screen, or something drawn over one."""

    full: bool

    def draw(self, frame: Frame, *, reverse: bool) -> None:
        """Draw it onto what is below it."""
        ...

    def press(self, key: str) -> None:
        """Take a key."""
        ...


class Session:
    """A user at the console.

    Args:
        router: Whose console it is.

        send: Takes each segment that goes out.

        closed: Called once at the end, with whether it is a TCP reset.

        peer: Where the user comes from, for the unit's log.

        by_wan: Whether that is beyond the WAN, so that a change of its address ends the session.
    """

    def __init__(
        self,
        router: Router,
        send: Callable[[bytes], object],
        closed: Callable[[bool], object],
        peer: str = "192.168.1.50",
        *,
        by_wan: bool = False,
    ) -> None:
        self.router = router
        self.by_wan = by_wan
        self.form: dict[str, str] | None = None
        self.pinger = Pinger(router, self.paint)
        self.open = True
        self._closed = closed
        self._peer = peer
        self._outlet = Outlet(send, router.variants, router.rng)
        self._painter = Painter(router.variants)
        pause = 3 * ESC_PAUSE if "esc-timer" in router.variants else ESC_PAUSE
        self._keys = Keys(self._queue, pause)
        self._slow = SLOW_KEY if "slow" in router.variants else 0.0
        self._free_at = 0.0
        self._passing: dict[str, str] = {}
        self._layers: list[Layer] = []
        self._shown: Layer | None = None
        self._front: Login | CommandLine | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        router.sessions_ever += 1
        self.number = router.sessions_ever

    # Its life

    def start(self, greeting: bytes = b"") -> None:
        """Show the first thing a user sees, behind a greeting to the user's terminal."""
        self.router.open.append(self)
        self.router.device_log.add(self.router.age, f"Telnet connection up, address {self._peer}")
        self.note("session-opened", peer=self._peer)
        self.raw(greeting)
        self._busy()
        if self.router.settings["access.password"]:
            self._front = Login(self.router, self.raw, self._logged_in, self.end)
            self._front.start()
        else:
            self._logged_in()

    def _logged_in(self) -> None:
        self._front = None
        self.main_menu()
        self.paint()

    def feed(self, data: bytes) -> None:
        """Take what the user has sent."""
        if self.open and self.router.answering:
            self._busy()
            self._keys.feed(data)

    def end(self, reason: str, *, reset: bool = False) -> None:
        """Close it without a word; what has not been accepted is lost."""
        if not self.open:
            return
        self.open = False
        self._outlet.close()
        self._keys.close()
        self.pinger.close()
        for timer in self._timers.values():
            timer.cancel()
        if self in self.router.open:
            self.router.open.remove(self)
            self.router.device_log.add(self.router.age, "Telnet connection down")
        self.note("session-closed", reason=reason)
        self._closed(reset)

    def _busy(self) -> None:
        seconds = idle_seconds(self.router.variants, self.router.settings["console.timeout"])
        if seconds:
            self._later("idle", seconds, lambda: self.end("idle"))

    def note(self, event: str, **details: Any) -> None:
        """Write into the unit's log of what was done to it."""
        self.router.note(event, session=self.number, **details)

    # Keys

    def _queue(self, key: str) -> None:
        """A slow unit takes keys one by one, each in its time."""
        if not self._slow:
            self._press(key)
            return
        loop = asyncio.get_running_loop()
        self._free_at = max(self._free_at, loop.time()) + self._slow
        loop.call_at(self._free_at, self._press, key)

    def _press(self, key: str) -> None:
        if not self.open or not self.router.answering:
            return
        if self._front is not None:
            self._press_front(self._front, key)
            return
        self.note("key", key=self._printable(key), screen=self.view.title)
        if key == "Ctrl-L":
            self._painter.forget()
        elif key == "Ctrl-N":
            self._to_command_line()
        elif self._layers:
            self._layers[-1].press(key)
        self.paint()

    def _press_front(self, front: Login | CommandLine, key: str) -> None:
        self.note("key", key="*" if isinstance(front, Login) else key)
        if key == "Ctrl-N" and isinstance(front, CommandLine):
            self._back_from_command_line()
        else:
            front.press(key)

    def _printable(self, key: str) -> str:
        return "*" if len(key) == 1 and self.view.in_secret else key

    def _to_command_line(self) -> None:
        if "cli" in self.router.variants and len(self._layers) == 1:
            self._front = CommandLine(self.router, self.raw, self.end)
            self._front.start()

    def _back_from_command_line(self) -> None:
        self._front = None
        self._painter.forget()
        self.paint()

    # Screens

    @property
    def view(self) -> View:
        """The screen that is in front, perhaps with boxes over it."""
        return next(layer for layer in reversed(self._layers) if isinstance(layer, View))

    def push(self, layer: Layer) -> None:
        """Put a screen or a box in front."""
        self._layers.append(layer)
        if isinstance(layer, View):
            self.note("screen", title=layer.title)

    def pop(self) -> None:
        """Go back to what was in front before."""
        gone = self._layers.pop()
        if isinstance(gone, View):
            self.pinger.stop()
            self.note("screen", title=self.view.title)

    def main_menu(self) -> None:
        """Go to the Main Menu from anywhere."""
        self._layers.clear()
        self.push(View(self, "main"))

    def follow(self, to: str) -> None:
        """Go where an item leads, or do what it says."""
        if to.startswith("!"):
            deeds.do(self, to[1:])
        else:
            self.push(View(self, to))

    # Values

    def get(self, key: str) -> str:
        """What a screen shows in a field."""
        group, name = key.split(".", 1)
        default = FIELDS[key].default
        if group in FORMS:
            return (self.form or {}).get(name, default)
        if passing(key):
            return self._passing.get(key, default)
        return self.router.settings[key]

    def put(self, key: str, text: str, label: str, screen: str) -> None:
        """Take an accepted value, at once."""
        group, name = key.split(".", 1)
        old = self.get(key)
        secret = FIELDS[key].kind is Kind.SECRET
        known = any(entry is self.form for entry in self.router.tables.get(group, []))
        temporary = passing(key) or (group in FORMS and not known)
        self.note(
            "entry" if temporary else "edit",
            screen=screen,
            field=key,
            label=label,
            old="*" if secret else old,
            new="*" if secret else text,
        )
        if group in FORMS:
            self.form = {} if self.form is None else self.form
            self.form[name] = text
        elif passing(key):
            self._passing[key] = text
        else:
            self.router.store(key, text)

    # Drawing

    def paint(self) -> None:
        """Send what has changed on the screen since the last time."""
        if not self.open or self._front is not None or not self._layers:
            return
        base = max(number for number, layer in enumerate(self._layers) if layer.full)
        frame = Frame()
        reverse = "cursor-highlight" not in self.router.variants
        for number, layer in enumerate(self._layers[base:], base):
            layer.draw(frame, reverse=reverse and number == len(self._layers) - 1)
        fresh = self._shown is not self._layers[base]
        self._shown = self._layers[base]
        self.raw(self._painter.paint(frame, fresh=fresh))
        if self.view.name == "quick-view" and "quick-view-live" in self.router.variants:
            self._later("clock", 1.0, self.paint)

    def bell(self) -> None:
        """Ring."""
        self.raw(b"\a")

    def raw(self, data: bytes) -> None:
        """Send bytes as they are, in this unit's pace."""
        if self.open and self.router.answering and data:
            self._outlet.send(data)

    def _later(self, name: str, seconds: float, call: Callable[[], object]) -> None:
        if name in self._timers:
            self._timers[name].cancel()
        self._timers[name] = asyncio.get_running_loop().call_later(seconds, call)
