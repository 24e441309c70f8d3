"""Which telnet options we agree to: what a VT100 console needs, and nothing else.

As RFC 854 has it: who is asked answers, a change is answered once, and nothing is answered that
only confirms what holds already, for else two sides could confirm each other for ever.
"""

from __future__ import annotations

IAC, DONT, DO, WONT, WILL, SB, SE = b"\xff", b"\xfe", b"\xfd", b"\xfc", b"\xfb", b"\xfa", b"\xf0"

ECHO, SGA, TTYPE, NAWS = b"\x01", b"\x03", b"\x18", b"\x1f"
"""RFC 857, 858 (suppress go-ahead), 1091 (terminal type), 1073 (window size)."""

THEIRS = (ECHO, SGA)
"""What the router may do: show what we type, and speak at any time."""

OURS = (SGA, TTYPE, NAWS)
"""What we do if asked: speak at any time, and tell what terminal we are."""

TYPE_ASKED, TYPE_IS = TTYPE + b"\x01", TTYPE + b"\x00VT100"

SIZE_IS = NAWS + b"\x00\x50\x00\x18"
"""80 columns by 24 rows."""


class Options:
    """What both sides have agreed to so far."""

    def __init__(self) -> None:
        self._theirs: set[bytes] = set()
        self._ours: set[bytes] = set()

    def answer(self, command: bytes, option: bytes) -> bytes:
        """What to send when they say *command*, one of WILL, WONT, DO, DONT, of *option*."""
        if command == WILL:
            return _agree(option, self._theirs, THEIRS, DO, DONT)
        if command == WONT:
            return _give_up(option, self._theirs, DONT)
        if command == DO:
            return _agree(option, self._ours, OURS, WILL, WONT) + _told_at_once(option)
        if command == DONT:
            return _give_up(option, self._ours, WONT)
        return b""

    def tell(self, question: bytes) -> bytes:
        """What to send when they ask *question*, what stood between SB and SE."""
        return _told(TYPE_IS) if question == TYPE_ASKED and TTYPE in self._ours else b""


def _agree(
    option: bytes, agreed: set[bytes], known: tuple[bytes, ...], yes: bytes, no: bytes
) -> bytes:
    if option not in known:
        return IAC + no + option
    if option in agreed:
        return b""
    agreed.add(option)
    return IAC + yes + option


def _give_up(option: bytes, agreed: set[bytes], no: bytes) -> bytes:
    if option not in agreed:
        return b""
    agreed.remove(option)
    return IAC + no + option


def _told_at_once(option: bytes) -> bytes:
    """A window's size is told unasked (RFC 1073)."""
    return _told(SIZE_IS) if option == NAWS else b""


def _told(what: bytes) -> bytes:
    return IAC + SB + what + IAC + SE
