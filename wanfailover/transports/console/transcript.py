r"""A visit to a router's console, word for word, without secrets.

The text is made to be read, compared and played back to a driver::

    wanfailover-transcript 1
    0.000 open
    0.003 < \e[2J\e[2;28H\e[1mNetopia R9100 v4.8.2
    0.054 > \e[B
    0.061 # arrived at the Main Menu
    0.300 close

One event a line: seconds since the first; what it is (received ``<``, sent ``>``, a remark ``#``,
``lost`` where the router hung up); the bytes, where a backslash begins what is not printable.
Secrets are masked by as many asterisks, so that all keeps its place: what was typed as one, with
its echo, and every other that appears.
"""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

HEADER = "wanfailover-transcript 1"

MASK = b"*"

_UNSEEN = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]?|\x1b[ -/]*[0-~]?|[\x00-\x1f\x7f]")
"""Control sequences (ECMA-48, 5.4 and 5.3.3) and controls: not what is to be seen."""

_ANEW = re.compile(rb"\x1b\[2?J|\n")
"""A new screen or a new line begins."""

_ESCAPES = {0x1B: "\\e", 0x0D: "\\r", 0x0A: "\\n", 0x09: "\\t", 0x5C: "\\\\"}
_UNESCAPES = {text[1]: bytes([byte]) for byte, text in _ESCAPES.items()}
_ESCAPED = re.compile(r"\\(x[0-9a-f]{2}|.)")


class Happening(StrEnum):
    """What an event is, as the text has it."""

    OPEN = "open"
    LOST = "lost"
    CLOSE = "close"
    RECEIVED = "<"
    SENT = ">"
    REMARK = "#"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, *at* seconds after the first event."""

    at: float
    what: Happening
    data: bytes = b""


class Transcript:
    """Keeps what happened on a console; gives it without *secrets*."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = {secret for secret in secrets if secret}
        self._events: list[Event] = []
        self._typed: list[int] = []

    def __repr__(self) -> str:
        return f"<Transcript of {len(self._events)} events>"

    def hide(self, secret: str) -> None:
        """Mask *secret* too, also where it has appeared already."""
        if secret:
            self._secrets.add(secret)

    def opened(self) -> None:
        """A session begins."""
        self._keep(Happening.OPEN)

    def closed(self) -> None:
        """A session ends; a second time nothing is noted."""
        if self._events and self._events[-1].what is not Happening.CLOSE:
            self._keep(Happening.CLOSE)

    def lost(self) -> None:
        """The far side has ended the session, or is dead."""
        self._keep(Happening.LOST)

    def received(self, data: bytes) -> None:
        """The router said *data*."""
        self._keep(Happening.RECEIVED, data)

    def sent(self, data: bytes, *, secret: bool = False) -> None:
        """We said *data*; where it is *secret* it is masked whatever it is, and so is its echo."""
        self._keep(Happening.SENT, data, secret=secret)

    def remark(self, text: str) -> None:
        """Note something for the reader, in one line."""
        self._keep(Happening.REMARK, " ".join(text.split()).encode("latin-1", "replace"))

    @property
    def events(self) -> tuple[Event, ...]:
        """All that happened, without secrets."""
        masked = {what: self._masked(what) for what in Happening}
        began = self._events[0].at if self._events else 0.0
        return tuple(
            Event(event.at - began, event.what, masked[event.what].read(len(event.data)))
            for event in self._events
        )

    def text(self) -> str:
        """All that happened, without secrets, as text."""
        lines = (f"{event.at:.3f} {event.what} {_escape(event.data)}" for event in self.events)
        return "\n".join([HEADER, *(line.rstrip() for line in lines)]) + "\n"

    def scrub(self, text: str) -> str:
        """Give *text* without secrets, for an error."""
        return _mask(text.encode("latin-1", "replace"), self._secrets).decode("latin-1")

    def _keep(self, what: Happening, data: bytes = b"", *, secret: bool = False) -> None:
        if secret:
            self._typed.append(len(self._events))
        self._events.append(Event(asyncio.get_running_loop().time(), what, data))

    def _masked(self, what: Happening) -> io.BytesIO:
        """All data of one kind in one piece, as a secret may be cut anywhere, and masked."""
        stream = b"".join(event.data for event in self._events if event.what is what)
        masked = bytearray(_mask(stream, self._secrets))
        for typed in self._typed:
            for at in _seen(stream, *self._shadow(typed, what, stream)):
                masked[at : at + 1] = MASK
        return io.BytesIO(masked)

    def _shadow(self, typed: int, what: Happening, stream: bytes) -> tuple[int, int]:
        """From where to where one kind's *stream* may show the secret of event number *typed*.

        An echo may be late: it is over when a new screen or line begins after we spoke again, as
        by Return, or when we spoke twice.
        """
        before = self._size(what, typed)
        if what is Happening.SENT:
            return before, before + len(self._events[typed].data)
        if what is not Happening.RECEIVED:
            return before, before
        later = range(typed + 1, len(self._events))
        spoke = [index for index in later if self._events[index].what is Happening.SENT]
        once, twice = (self._size(what, index) for index in (*spoke, *[len(self._events)] * 2)[:2])
        over = _ANEW.search(stream, once, twice)
        return before, over.start() if over else twice

    def _size(self, what: Happening, until: int) -> int:
        return sum(len(event.data) for event in self._events[:until] if event.what is what)


def parse(text: str) -> tuple[Event, ...]:
    """Read a transcript's text.

    Raises:
        ValueError: It is none; the message names the line.
    """
    header, *lines = text.splitlines()
    if header != HEADER:
        raise ValueError(f"line 1 is not {HEADER!r}")
    return tuple(_parse(line, number) for number, line in enumerate(lines, 2))


def _parse(line: str, number: int) -> Event:
    at, _, rest = line.partition(" ")
    what, _, data = rest.partition(" ")
    try:
        return Event(float(at), Happening(what), _unescape(data))
    except ValueError as error:
        raise ValueError(f"line {number} is no event: {error}") from error


def _escape(data: bytes) -> str:
    text = "".join(map(_escape_one, data))
    return f"{text[:-1]}\\x20" if text.endswith(" ") else text


def _escape_one(byte: int) -> str:
    return _ESCAPES.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}")


def _unescape(text: str) -> bytes:
    def one(found: re.Match[str]) -> str:
        code = found[1]
        if code.startswith("x"):
            return chr(int(code[1:], 16))
        if code not in _UNESCAPES:
            raise ValueError(f"\\{code} means nothing")
        return _UNESCAPES[code].decode("latin-1")

    return _ESCAPED.sub(one, text).encode("latin-1")


def _seen(stream: bytes, start: int = 0, end: int | None = None) -> list[int]:
    """Where in *stream*, from *start* to *end*, there is something to be seen."""
    end = len(stream) if end is None else end
    unseen = {at for found in _UNSEEN.finditer(stream) for at in range(*found.span())}
    return [at for at in range(start, end) if at not in unseen]


def _mask(stream: bytes, secrets: Iterable[str]) -> bytes:
    """Mask *secrets*, also where they are cut by control sequences."""
    masked, seen = bytearray(stream), _seen(stream)
    shown = bytes(stream[at] for at in seen)
    for secret in map(_encode, secrets):
        for found in re.finditer(re.escape(secret), shown):
            for at in seen[found.start() : found.start() + len(secret)]:
                masked[at : at + 1] = MASK
    return bytes(masked)


def _encode(secret: str) -> bytes:
    try:
        return secret.encode("latin-1")
    except UnicodeEncodeError:
        return secret.encode()
