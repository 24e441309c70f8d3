"""What can be chosen, edited or read in a row of a menu screen.

A row is cut where two or more blanks stand. What the pieces are is told by how they are written, as
all menu consoles of this kind write them: ``Label:  value``, ``Opens another screen...  value``,
``DOES SOMETHING``. Where they stand tells nothing, for that differs between firmwares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

RECENT = 512
"""Rows whose reading is kept: a key changes one or two of 24, and screens come again."""

_PIECE = re.compile(r"\S+(?: \S+)*")

_RULED = re.compile(r"^\s*(?:-[-\w]|[=_]{2})|\w-{3,}\w")
"""A line that decorates: ``---Profile Name----Rate--``, also with columns ``-PWR-+--WAN1--+``."""

_SCROLL = re.compile(r"^-+ ?([A-Z]{2,}(?: [A-Z]{2,})*) ?-+$")
"""``----SCROLL DOWN----``: the one thing on a ruled line that reacts, and it stands there alone."""

_PAIR = re.compile(
    r"^(?P<label>[^:]{2,})"
    r":(?P<value>| .*|(?!\d\d\b|/|[^:]{0,2}:)\S.*)$"  # 12:45 is no pair, nor http://, nor ab:cd:ef
)
_OPENS = re.compile(r"^(?P<label>.*?\w.*?) ?\.{3,}:?(?P<value>(?: .*)?)$")
_ACTION = re.compile(r"^[A-Z][A-Z0-9 /&'()-]*[A-Z0-9)]$")

_ANSWER = re.compile(r"^(?:Yes|No|OK|Cancel|Continue|Abort|Retry|Quit)$", re.IGNORECASE)
"""``Yes    No``: the answers to a question, which not every console writes in capitals."""


class Kind(StrEnum):
    """What an item is, by how it is written."""

    FIELD = "field"
    """A label with a value: ``Local WAN IP Mask:   255.255.255.0``; the colon may be missing."""

    MENU = "menu"
    """Opens a screen or a list: ``NAT Map List...   Easy-PAT List``."""

    ACTION = "action"
    """Does something: ``START PING``."""

    TEXT = "text"
    """Plain words: a line of a list or a table, a choice, or nothing but words."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something on the screen; *row* and *column*, of its label, count from 0.

    Args:
        label: Without the colon or the dots that end it.

        value: What stands to its right; empty where nothing does.

        end: The column where the next item begins, or the row ends.
    """

    label: str
    value: str
    row: int
    column: int
    end: int
    kind: Kind
    highlighted: bool = False


@dataclass(slots=True)
class _Piece:
    text: str
    column: int


@lru_cache(RECENT)
def in_row(text: str, row: int, left: int = 0) -> tuple[Item, ...]:
    """Read the items of one row, whose first character stands in column *left*."""
    if _RULED.search(text):
        drafts = list(_on_a_ruled_line(text))
    else:
        pieces = [_Piece(m.group(), m.start()) for m in _PIECE.finditer(text)]
        drafts = list(_read(pieces))
    ends = [column for _, _, column, _ in drafts[1:]] + [len(text)]
    return tuple(
        Item(label, value, row, left + column, left + end, kind)
        for (label, value, column, kind), end in zip(drafts, ends, strict=False)
    )


def is_sentence(text: str) -> bool:
    """True where a row holds plain words without a gap, and nothing says that it is an item."""
    pieces = _PIECE.findall(text)
    return len(pieces) == 1 and not _RULED.search(text) and _tell(pieces[0]) is Kind.TEXT


_Draft = tuple[str, str, int, Kind]


def _on_a_ruled_line(text: str) -> Iterator[_Draft]:
    if found := _SCROLL.match(text.strip()):
        yield found[1], "", text.index(found[1]), Kind.ACTION


def _read(pieces: list[_Piece]) -> Iterator[_Draft]:
    kinds = [_tell(piece.text) for piece in pieces]
    if set(kinds) == {Kind.TEXT}:
        if _are_answers(pieces):
            yield from ((piece.text, "", piece.column, Kind.ACTION) for piece in pieces)
        else:
            yield _plain(pieces)
        return
    at = 0
    while at < len(pieces):
        piece, kind = pieces[at], kinds[at]
        label, value = _split(piece.text, kind)
        has_value = kind in (Kind.FIELD, Kind.MENU) and not value
        if has_value and at + 1 < len(pieces) and kinds[at + 1] in (Kind.TEXT, Kind.ACTION):
            at += 1
            value = pieces[at].text
        yield label, value, piece.column, kind
        at += 1


def _are_answers(pieces: list[_Piece]) -> bool:
    """Two answers or more, and not twice the same, as in a table's row."""
    words = [piece.text.lower() for piece in pieces]
    return len(words) > 1 and len(set(words)) == len(words) and all(map(_ANSWER.match, words))


def _plain(pieces: list[_Piece]) -> _Draft:
    """Two pieces are a label that lacks its colon, and a value; more are a row of a table."""
    first = pieces[0]
    if len(pieces) == 2:
        return first.text, pieces[1].text, first.column, Kind.FIELD
    return "  ".join(piece.text for piece in pieces), "", first.column, Kind.TEXT


def _tell(text: str) -> Kind:
    if _OPENS.match(text):
        return Kind.MENU
    if _PAIR.match(text):
        return Kind.FIELD
    return Kind.ACTION if _ACTION.match(text) else Kind.TEXT


def _split(text: str, kind: Kind) -> tuple[str, str]:
    pattern = {Kind.MENU: _OPENS, Kind.FIELD: _PAIR}.get(kind)
    found = pattern.match(text) if pattern else None
    return (found["label"].strip(), found["value"].strip()) if found else (text, "")
