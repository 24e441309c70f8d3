"""The group `failback`: how, when and in which windows to return to a better circuit."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import PlainValidator, ValidationInfo, ValidatorFunctionWrapHandler, WrapValidator

from wanfailover.calendar import DAYS, MIDNIGHT, WHOLE_WEEK, Calendar, Window
from wanfailover.config.fields import Duration, about, choice, text, wrong
from wanfailover.config.keys import Keys
from wanfailover.config.spans import span
from wanfailover.config.words import nearest, quoted

_HOURS = re.compile(r"(?P<begins>[0-9]{1,2}:[0-9]{2}) ?- ?(?P<ends>[0-9]{1,2}:[0-9]{2})", re.ASCII)
_WINDOW = re.compile(
    rf"(?P<days>[A-Za-z]+(?: ?[-,] ?[A-Za-z]+)*)?(?P<gap> +)?(?:{_HOURS.pattern})?", re.ASCII
)
_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


def _window(value: object, info: ValidationInfo) -> Window:
    window = text(value, info)
    about_it = about(window, info)
    match = _WINDOW.fullmatch(window.strip())
    hours = match is not None and match["begins"] is not None
    if match is None or bool(match["days"] and hours) is not bool(match["gap"]):
        raise wrong(
            f"{about_it} is no window; write 22:00-06:00, Mon-Fri 22:00-06:00, or Sat,Sun for "
            "whole days"
        )
    days = _days(match["days"], about_it) if match["days"] else WHOLE_WEEK
    if not hours:
        return Window(days)
    begins, ends = _clock(match["begins"], about_it), _clock(match["ends"], about_it, end=True)
    whole_day = begins == ends == MIDNIGHT and match["ends"] == "24:00"
    if begins == ends and not whole_day:
        raise wrong(f"{about_it} ends when it begins; for whole days name the days alone: Sat,Sun")
    return Window(days, begins, ends)


def _days(words: str, about_it: str) -> frozenset[int]:
    days: set[int] = set()
    for part in words.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        begin = _day(first, about_it)
        end = _day(last, about_it) if last else begin
        days |= {(begin + n) % 7 for n in range((end - begin) % 7 + 1)}
    return frozenset(days)


def _day(word: str, about_it: str) -> int:
    for number, day in enumerate(_NAMES):
        if word.title() in {day, DAYS[number]}:
            return number
    near = nearest(word.title(), (*_NAMES, *DAYS))
    hint = f"did you mean `{near}`?" if near else f"write {quoted(DAYS, 'or')}"
    raise wrong(f"{about_it} has a day `{word}`, which is unknown; {hint}")


def _clock(written: str, about_it: str, *, end: bool = False) -> time:
    if end and written == "24:00":
        return MIDNIGHT
    match = _CLOCK.fullmatch(written)
    if match is None:
        raise wrong(f"{about_it} has a time `{written}`; a day goes from 00:00 to 24:00")
    return time(int(match[1]), int(match[2]))


def _several(
    value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
) -> tuple[Window, ...]:
    """One window may stand without a list around it."""
    if not isinstance(value, list):
        return (_window(value, info),)
    windows: tuple[Window, ...] = handler(value)
    return windows


def _zone(value: object, info: ValidationInfo) -> ZoneInfo | None:
    name = text(value, info)
    if name == "local":
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, no relative path, or a folder
        near = nearest(name, sorted(available_timezones()))
    hint = f"did you mean `{near}`?" if near else "write local, or a name such as Europe/Berlin"
    raise wrong(f"{about(name, info)} is no time zone; {hint}")


Windows = Annotated[tuple[Annotated[Window, PlainValidator(_window)], ...], WrapValidator(_several)]
Zone = Annotated[ZoneInfo | None, PlainValidator(_zone)]


class TrialKeys(Keys):
    every: Annotated[float, span("1m", "30d")] | None = None
    within: Annotated[float, span("1s", "10m")] | None = None


class FailbackKeys(Keys):
    method: Annotated[str, choice("auto", "evidence", "trial", "manual")] | None = None
    after: Duration | None = None
    window: Windows | None = None
    timezone: Zone = None
    trial: TrialKeys = TrialKeys()

    def calendar(self) -> Calendar:
        """When a return is permitted."""
        return Calendar(self.window or (), self.timezone)
