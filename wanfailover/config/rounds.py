"""The groups `preflight` and `drill`: what is looked at and rehearsed now and then."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated

from pydantic import BeforeValidator, PlainValidator, ValidationInfo

from wanfailover.config import spans
from wanfailover.config.failback import Zone
from wanfailover.config.fields import about, text, wrong
from wanfailover.config.keys import Keys
from wanfailover.config.words import nearest, quoted
from wanfailover.rounds import DAYS, NTH, Drill, Moment, Preflight

NEVER = "never"

_MOMENT = re.compile(
    r"(?:(?:(?P<nth>[a-z]+) +)?(?P<day>[A-Za-z]+) +)?(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})",
    re.ASCII,
)
_OFTENEST, _RAREST = "1h", "30d"


def _every(value: object, info: ValidationInfo) -> float | str:
    if value == NEVER:
        return NEVER
    return spans.within(value, info, _OFTENEST, _RAREST)


def _moment(value: object, info: ValidationInfo) -> Moment:
    written = text(value, info)
    at = about(written, info)
    match = _MOMENT.fullmatch(written.strip())
    if match is None:
        raise wrong(f"{at} is no time; write first Sunday 04:00, Sunday 04:00, or 04:00")
    hour, minute = int(match["hour"]), int(match["minute"])
    if hour > 23 or minute > 59:
        raise wrong(f"{at} has a time that there is not; a day goes from 00:00 to 23:59")
    if match["nth"] not in (None, *NTH):
        raise wrong(f"{at} has `{match['nth']}`, which is unknown; write {quoted(NTH, 'or')}")
    day = None if match["day"] is None else _day(match["day"], at)
    return Moment(time(hour, minute), day, match["nth"])


def _day(word: str, at: str) -> int:
    for number, name in enumerate(DAYS):
        if word.title() in {name, name[:3]}:
            return number
    near = nearest(word.title(), DAYS)
    hint = f"did you mean `{near}`?" if near else f"write {quoted(DAYS, 'or')}"
    raise wrong(f"{at} has a day `{word}`, which is unknown; {hint}")


class PreflightKeys(Keys):
    every: Annotated[float | str, PlainValidator(_every)] | None = None

    def preflight(self) -> Preflight:
        """Make the value."""
        if self.every is None:
            return Preflight()
        return Preflight(None if isinstance(self.every, str) else self.every)


class DrillKeys(Keys):
    at: Annotated[Moment, PlainValidator(_moment)] | None = None
    stay: Annotated[float, spans.span("10s", "4h")] | None = None
    timezone: Zone = None

    def drill(self) -> Drill:
        """Make the value."""
        return Drill(zone=self.timezone, **self.given("at", "stay"))


PreflightGroup = Annotated[PreflightKeys, BeforeValidator(lambda value: value or {})]
DrillGroup = Annotated[DrillKeys, BeforeValidator(lambda value: value or {})]
"""An empty group is one left out."""
