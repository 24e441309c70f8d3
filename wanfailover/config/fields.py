"""The types of single values: what each may hold, and the sentence for what it may not.

Each validator stands in for pydantic's own, so that none of its words reaches an operator. Values
come as the file has them: text, a whole number, a number, true or false, a list or a group.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from wanfailover.config import durations
from wanfailover.config.words import instead, subject

AT_VALUE = "at_value"
AT_KEY = "at_key"
"""Where an error points: at what the key holds, or at the key, which should not be there or is
missing."""

UNKNOWN = "unknown_key"
"""At a key that is none there."""


def wrong(sentence: str, kind: str = AT_VALUE) -> PydanticCustomError:
    """Make the error that carries a sentence of ours through pydantic."""
    return PydanticCustomError(kind, "{sentence}", {"sentence": sentence})


def key(info: ValidationInfo) -> str:
    """Give the key being read; a field that ends in `_` has a word of Python's for a key."""
    return (info.field_name or "value").rstrip("_")


def about(value: object, info: ValidationInfo) -> str:
    """Name the key being read and what it holds."""
    return subject(key(info), value)


def written(value: object) -> str:
    """Give a value as text where its type lets several in: `5`, `0.5` and `5s`; else nothing."""
    return "" if isinstance(value, bool | list | dict) else str(value)


def text(value: object, info: ValidationInfo) -> str:
    """Accept text that is not empty."""
    if isinstance(value, bool | int | float):
        raise wrong(f"{about(value, info)} is no text; put it in quotes")
    if not isinstance(value, str):
        raise wrong(f"{about(value, info)} should be one text")
    if not value.strip():
        raise wrong(f"`{info.field_name}` is empty")
    return value


_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)


def _word(value: object, info: ValidationInfo) -> str:
    word = text(value, info)
    if not _WORD.fullmatch(word):
        raise wrong(
            f"{about(word, info)} is not a plain word, as is typed on the command line; use up to "
            "63 letters, digits, `-`, `_` and `.`, and begin with a letter or digit"
        )
    return word


# Linux: IFNAMSIZ is 16 with the closing NUL, and dev_valid_name() takes no slash, colon or space.
_INTERFACE = re.compile(r"(?!\.{1,2}$)[^\s/:]{1,15}")


def _interface(value: object, info: ValidationInfo) -> str:
    name = text(value, info)
    if not _INTERFACE.fullmatch(name):
        raise wrong(
            f"{about(name, info)} is no interface's name; `ip link` prints them, such as eth1"
        )
    return name


def count(value: object, info: ValidationInfo) -> int:
    """Accept a whole number from 1."""
    """Accept a whole number from 1."""
    if isinstance(value, str) and re.fullmatch("[0-9]+", value):
        raise wrong(f'`{info.field_name}: "{value}"` is text; write {value} without quotes')
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(f"{about(value, info)} is not a whole number")
    if value < 1:
        raise wrong(f"{about(value, info)} is too small; the least is 1")
    return value


def _port(value: object, info: ValidationInfo) -> int:
    number = count(value, info)
    if number > 65535:
        raise wrong(f"{about(number, info)} is no port; ports are 1 to 65535")
    return number


_LIKE_TRUE = {"yes", "on", "y", "1"}
_LIKE_FALSE = {"no", "off", "n", "0"}


def _flag(value: object, info: ValidationInfo) -> bool:
    if isinstance(value, bool):
        return value
    word = written(value).lower()
    if word in {"true", "false"}:
        raise wrong(f'`{info.field_name}: "{value}"` is text; write {word} without quotes')
    if word in _LIKE_TRUE | _LIKE_FALSE:
        plain = "true" if word in _LIKE_TRUE else "false"
        raise wrong(f"{about(value, info)} is no answer that YAML 1.2 knows; write {plain}")
    raise wrong(f"{about(value, info)} is neither true nor false")


def duration(value: object, info: ValidationInfo) -> float:
    """Accept a duration with its unit; gives seconds."""
    return spelt(value, info, "s")


def spelt(value: object, info: ValidationInfo, unit: str) -> float:
    """Read a duration; *unit* is offered where it has none."""
    try:
        return durations.seconds(written(value), subject=about(value, info), unit=unit)
    except ValueError as error:
        raise wrong(str(error)) from None


BRISKEST = 0.1
"""Seconds between probes of one target; suspicion itself never asks one more often."""


def _pace(value: object, info: ValidationInfo) -> float:
    pace = duration(value, info)
    if pace < BRISKEST:
        raise wrong(f"{about(value, info)} would flood the target; the least is 100ms")
    return pace


def _not_built(value: object, info: ValidationInfo) -> None:
    if value not in (None, [], {}):
        raise wrong(f"`{info.field_name}` is not built yet; leave it out", AT_KEY)


def _list(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, list):
        raise wrong(f"`{info.field_name}` should be a list; begin each item with `- `")
    return value


def choice(*words: str, unbuilt: tuple[str, ...] = ()) -> PlainValidator:
    """Accept one of *words*; those of *unbuilt* are known, and not built yet."""

    def pick(value: object, info: ValidationInfo) -> str:
        if value in unbuilt:
            raise wrong(f"{about(value, info)} is not built yet; leave it out", AT_KEY)
        if value in words:
            return str(value)
        raise wrong(f"{about(value, info)} is unknown; {instead(written(value), words)}")

    return PlainValidator(pick)


Text = Annotated[str, PlainValidator(text)]
Word = Annotated[str, PlainValidator(_word)]
Interface = Annotated[str, PlainValidator(_interface)]
Count = Annotated[int, PlainValidator(count)]
Port = Annotated[int, PlainValidator(_port)]
Flag = Annotated[bool, PlainValidator(_flag)]
Duration = Annotated[float, PlainValidator(duration)]
Pace = Annotated[float, PlainValidator(_pace)]
NotBuilt = Annotated[None, PlainValidator(_not_built)]
"""A key of the contract that nothing reads yet; its off value passes."""

A_LIST = BeforeValidator(_list)
"""Goes before a list type."""
