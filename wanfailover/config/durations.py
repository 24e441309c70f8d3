"""How long: ``500ms``, ``0.5s``, ``5m``, ``2h``, ``7d``. Shared by the profile and the command.

A number alone is refused: nobody can tell one program's seconds from another's minutes.
"""

from __future__ import annotations

import re
from decimal import Decimal

UNITS = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
"""Each unit in seconds."""

_NEXT = {"s": "m for minutes", "m": "h for hours", "h": "d for days"}
"""What else a number without its unit may have meant."""

# Nine digits are thirty years of seconds: more is a slip of the finger, and could overflow a timer.
_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,9})?"
_DURATION = re.compile(rf"({_NUMBER})({'|'.join(UNITS)})", re.ASCII)
_BARE = re.compile(_NUMBER, re.ASCII)


def seconds(text: str, *, subject: str | None = None, unit: str = "s") -> float:
    """Read a duration; never zero or negative.

    Args:
        text: As it was written.

        subject: What the message is about, such as ```every: 5```; *text* itself by default.

        unit: The one that is offered first where there is none.

    Raises:
        ValueError: With one sentence that says what to write instead.
    """
    subject = subject or f"`{text}`"
    if _BARE.fullmatch(text):
        if not Decimal(text):
            raise ValueError(f"{subject} is no time at all; write a duration such as 5s")
        other = f", or {text}{_NEXT[unit]}" if unit in _NEXT else " for days"
        raise ValueError(f"{subject} has no unit; write {text}{unit}{other}")
    if text.startswith("-"):
        raise ValueError(f"{subject} is negative; write a duration such as 5s")
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{subject} is not a duration; write one number and a unit: 500ms, 0.5s, 5m, 2h or 7d"
        )
    number, unit = match.groups()
    if not Decimal(number):
        raise ValueError(f"{subject} is no time at all; write a duration such as 5s")
    return float(Decimal(number) * UNITS[unit])
