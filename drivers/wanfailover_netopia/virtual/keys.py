"""From bytes to keys, as a console does it that has nothing but time to tell ESC from ESC [ A."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

ESC_PAUSE = 0.1
"""Seconds of silence that make an ESC a key of its own; 0.3 with `esc-timer`."""

_ARROWS = {ord("A"): "Up", ord("B"): "Down", ord("C"): "Right", ord("D"): "Left"}
_CONTROLS = {
    0x08: "Backspace",
    0x09: "Tab",
    0x0A: "Return",
    0x0B: "Up",  # Ctrl-K
    0x0C: "Ctrl-L",
    0x0D: "Return",
    0x0E: "Ctrl-N",
    0x0F: "Down",  # Ctrl-O
    0x05: "Ctrl-E",
    0x06: "Ctrl-F",
    0x7F: "Delete",
}


class Keys:
    """Parses a session's bytes.

    Arrows come as ``ESC [ A`` or ``ESC O A``. Whatever else follows an ESC before its silence is
    over belongs to a sequence that nobody knows, and is lost with it. CR, CR NUL and CR LF are one
    Return each.

    Args:
        press: Is given each key by its name, or the character itself.

        pause: Seconds of silence that a lone ESC needs.
    """

    def __init__(self, press: Callable[[str], object], pause: float = ESC_PAUSE) -> None:
        self._press = press
        self._pause = pause
        self._sequence = b""
        self._after_return = False
        self._timer: asyncio.TimerHandle | None = None

    def feed(self, data: bytes) -> None:
        """Take what has arrived."""
        for byte in data:
            self._byte(byte)

    def close(self) -> None:
        """Wait for nothing any more."""
        self._stop()

    def _byte(self, byte: int) -> None:
        self._stop()
        if byte == 0x1B:
            if self._sequence == b"\x1b":
                self._press("Escape")
            self._begin(b"\x1b")
        elif self._sequence == b"\x1b" and byte in b"[O":
            self._begin(self._sequence + bytes((byte,)))
        elif self._sequence:
            self._in_sequence(byte)
        else:
            self._plain(byte)

    def _begin(self, sequence: bytes) -> None:
        self._sequence = sequence
        self._timer = asyncio.get_running_loop().call_later(self._pause, self._silent)

    def _in_sequence(self, byte: int) -> None:
        known = self._sequence in {b"\x1b[", b"\x1bO"}
        if known and byte in b"0123456789;":  # of a key with parameters, such as ESC [ 3 ~
            self._begin(self._sequence)
            return
        self._sequence = b""
        if known and byte in _ARROWS:
            self._press(_ARROWS[byte])

    def _plain(self, byte: int) -> None:
        follows, self._after_return = self._after_return, byte == 0x0D
        if byte in b"\x00\n" and follows:
            return
        if byte in _CONTROLS:
            self._press(_CONTROLS[byte])
        elif 0x20 <= byte < 0x7F:
            self._press(chr(byte))

    def _silent(self) -> None:
        sequence, self._sequence = self._sequence, b""
        self._timer = None
        if sequence == b"\x1b":
            self._press("Escape")

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
