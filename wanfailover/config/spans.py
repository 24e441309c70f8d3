"""The types of single values that have limits: durations within bounds, shares, rates, sizes."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Annotated

from pydantic import PlainValidator, ValidationInfo

from wanfailover.config import durations
from wanfailover.config.fields import about, count, spelt, written, wrong


def span(least: str, most: str) -> PlainValidator:
    """Accept a duration of *least* to *most*, both as they are written."""
    return PlainValidator(lambda value, info: within(value, info, least, most))


def within(value: object, info: ValidationInfo, least: str, most: str) -> float:
    """Read a duration of *least* to *most*; gives seconds."""
    seconds = spelt(value, info, least[-1])  # of 500ms: s
    if seconds < durations.seconds(least):
        raise wrong(f"{about(value, info)} is too short; the least is {least}")
    if seconds > durations.seconds(most):
        raise wrong(f"{about(value, info)} is too long; the most is {most}")
    return seconds


def counted(least: int, most: int) -> PlainValidator:
    """Accept a whole number of *least* to *most*."""

    def read(value: object, info: ValidationInfo) -> int:
        number = count(value, info)
        if not least <= number <= most:
            raise wrong(f"{about(value, info)} is out of range; {least} to {most} make sense")
        return number

    return PlainValidator(read)


_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?) ?%", re.ASCII)


def _share(value: object, info: ValidationInfo) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 100:
        percent = value * 100 if value < 1 else value
        raise wrong(f"{about(value, info)} has no percent sign; write {percent:g} %")
    match = _PERCENT.fullmatch(written(value))
    if match is None:
        raise wrong(f"{about(value, info)} is no share; write it in percent, such as 20 %")
    percent = float(match[1])
    if not 0 < percent <= 100:
        raise wrong(f"{about(value, info)} is out of range; write more than 0 % and up to 100 %")
    return percent / 100


RAREST, OFTENEST = 0.01, 365.0
"""A year's false failovers: fewer than one in a century nobody can learn from what a month shows,
and more than one a day nobody wants."""


def _rate(value: object, info: ValidationInfo) -> float:
    if isinstance(value, str) and re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        raise wrong(f'`{info.field_name}: "{value}"` is text; write {value} without quotes')
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise wrong(f"{about(value, info)} is no number, such as 0.5")
    if not RAREST <= value <= OFTENEST:
        raise wrong(f"{about(value, info)} is out of range; {RAREST:g} to {OFTENEST:g} make sense")
    return float(value)


SIZES = {"kB": 1000, "MB": 1000**2, "GB": 1000**3}
SMALLEST = 1000**2
_SIZE = re.compile(rf"([0-9]{{1,9}}(?:\.[0-9]{{1,3}})?) ?({'|'.join(SIZES)})", re.ASCII)


def _size(value: object, info: ValidationInfo) -> int:
    match = _SIZE.fullmatch(written(value))
    if match is None:
        raise wrong(f"{about(value, info)} is no size; write a number and kB, MB or GB: 200MB")
    size = int(Decimal(match[1]) * SIZES[match[2]])
    if size < SMALLEST:
        raise wrong(f"{about(value, info)} is too small; the least is 1MB")
    return size


Share = Annotated[float, PlainValidator(_share)]
Rate = Annotated[float, PlainValidator(_rate)]
Size = Annotated[int, PlainValidator(_size)]
