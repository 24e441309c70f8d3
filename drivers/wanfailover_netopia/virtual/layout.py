"""From a screen's picture to what stands where on it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

RECENT = 2048
"""Lines that are remembered: all pictures', and what was shown last of those that come and go."""

FIRST_ROW, LAST_ROW = 3, 21
"""Rows of a picture, the first of the screen being 0."""

_LINE = re.compile(r"(?P<margin>[^|]*)\|(?P<body>.*?)(?:\s+>(?P<to>!?[a-z][\w -]*))?$")
_FIELD = re.compile(r"\{(?P<key>[\w.-]+)\}")
_SHOWN = re.compile(r"\[(?P<key>[^]:#]+)(?::(?P<width>\d+))?\]")
_BLOCK = re.compile(r"\[#(?P<name>[\w-]+)\]")


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be highlighted.

    Args:
        row: Counted from 0, as all rows and columns here.

        label: Its words, without its value.

        key: Of the value it edits, if it does.

        to: Where it leads, or what it does, if it does.

        value_column: Where its value begins.
    """

    row: int
    column: int
    label: str
    key: str | None = None
    to: str | None = None
    value_column: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """What stands where: words that cannot be highlighted, and items."""

    words: tuple[tuple[int, int, str], ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Showing:
    """What a picture's placeholders stand for.

    Args:
        holds: Whether a word of the margin does.

        show: The text of ``[key]``.

        block: The lines of ``[#name]``, each with where it leads if it is an item.

        shuffle: Seed of another order of the items, if they are to have one.
    """

    holds: Callable[[str], bool]
    show: Callable[[str], str]
    block: Callable[[str], list[tuple[str, str | None]]]
    shuffle: str | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    body: str
    conditions: tuple[str, ...] = ()
    to: str | None = None

    @property
    def is_item(self) -> bool:
        return self.to is not None or _field(self.body) is not None


@lru_cache(RECENT)
def _field(body: str) -> re.Match[str] | None:
    return _FIELD.search(body)


@cache
def _lines(picture: str) -> tuple[_Line, ...]:
    found = (_LINE.fullmatch(line) for line in picture.splitlines())
    return tuple(
        _Line(match["body"].rstrip(), tuple(match["margin"].split()), match["to"])
        for match in found
        if match is not None
    )


def lay_out(picture: str, showing: Showing) -> Page:
    """Place the lines of a picture that are there."""
    lines = [line for line in _lines(picture) if all(map(showing.holds, line.conditions))]
    if showing.shuffle is not None:
        lines = _shuffled(lines, showing.shuffle)
    words: list[tuple[int, int, str]] = []
    items: list[Item] = []
    row, blank = FIRST_ROW, False
    for line in _with_blocks(lines, showing):
        if row > LAST_ROW or (blank and not line.body):
            continue
        blank = not line.body
        if line.is_item:
            items.append(_item(row, line))
        elif line.body:
            text = _SHOWN.sub(lambda match: _shown(match, showing), line.body)
            words.append((row, _indent(text), text.strip()))
        row += 1
    return Page(tuple(words), tuple(items))


def _with_blocks(lines: list[_Line], showing: Showing) -> list[_Line]:
    whole: list[_Line] = []
    for line in lines:
        match = _BLOCK.fullmatch(line.body.strip())
        if match is None:
            whole.append(line)
        else:
            whole += [_Line(text, (), to) for text, to in showing.block(match["name"])]
    return whole


def _shuffled(lines: list[_Line], seed: str) -> list[_Line]:
    def place(line: _Line) -> float:
        return random.Random(f"{seed} {line.body}").random()  # noqa: S311 - the same each time

    items = iter(sorted((line for line in lines if line.is_item), key=place))
    return [next(items) if line.is_item else line for line in lines]


@lru_cache(RECENT)
def _item(row: int, line: _Line) -> Item:
    field = _field(line.body)
    label = line.body[: field.start()] if field else line.body
    return Item(
        row=row,
        column=_indent(line.body),
        label=label.strip(),
        key=field["key"] if field else None,
        to=line.to,
        value_column=field.start() if field else 0,
    )


def _shown(match: re.Match[str], showing: Showing) -> str:
    return showing.show(match["key"])[:40].ljust(int(match["width"] or 0))


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
