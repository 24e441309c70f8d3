"""YAML to plain data, with the line and column of each key and value.

YAML has more in it than a profile needs. Tags and anchors are refused, numbers are decimal, and
the words that YAML 1.1 took for booleans or for base 60 (``no``, ``22:30``) are text: what is left
reads the same to a person and to this program. Built from the events of ruamel.yaml, as only they
know where everything stood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)
from ruamel.yaml.reader import ReaderError

from wanfailover.config.syntax import NO_ANCHORS, NO_TAGS, explain

KeyPath = tuple[str | int, ...]
"""Keys and list positions, from the top of the file down to a value."""

Place = tuple[int, int]
"""Line and column, both counted from 1."""

DEEPEST = 20
"""Levels of nesting: the contract needs six, and a driver's options may want a few more."""

_PASSED_OVER = -1
"""Stands in the path of a value that is read and dropped, as its key was given before."""

_PLAIN: tuple[tuple[re.Pattern[str], Callable[[str], object]], ...] = (
    (re.compile(r"|~|null|Null|NULL"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    # Longer digits, octal, infinities and the like stay text: no key of ours means any of them.
    (re.compile(r"[-+]?[0-9]{1,18}"), int),
    (re.compile(r"[-+]?[0-9]{0,18}\.[0-9]{1,18}"), float),
)
"""What an unquoted scalar means: YAML 1.2's core schema, less the numbers nobody writes here."""


class Unreadable(Exception):
    """The file cannot be understood from *place* on; ``str()`` of it says why."""

    def __init__(self, place: Place, text: str) -> None:
        self.place = place
        super().__init__(text)


@dataclass(slots=True)
class Tree:
    """The data of a file, where its keys and values stand, and remarks on what was passed over."""

    data: object = None
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    values: dict[KeyPath, Place] = field(default_factory=dict)
    remarks: list[tuple[Place, str]] = field(default_factory=list)


def parse(text: str) -> Tree:
    """Read one YAML document.

    Raises:
        Unreadable: At the first place where it stops being YAML, or uses what a profile may not.
    """
    try:
        return _Builder(YAML(typ="rt", pure=True).parse(text)).build()
    except MarkedYAMLError as error:
        line, column, sentence = explain(error)
        raise Unreadable((line, column), sentence) from None
    except ReaderError as error:
        before = text[: error.position]
        place = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise Unreadable(place, "an unprintable character stands here; take it out") from None


class _Builder:
    """Builds a tree from the events of one document."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._tree = Tree()

    def build(self) -> Tree:
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                _check_document(event, documents)
            elif isinstance(event, NodeEvent):
                self._tree.data = self._value(event, ())
        return self._tree

    def _value(self, event: Any, at: KeyPath) -> object:
        _check_node(event, at)
        self._tree.values[at] = _place(event)
        if isinstance(event, ScalarEvent):
            return _scalar(event)
        # A group or list is best found by the key it hangs on, often a line above it.
        self._tree.values[at] = self._tree.keys.get(at, self._tree.values[at])
        return self._mapping(at) if isinstance(event, MappingStartEvent) else self._sequence(at)

    def _sequence(self, at: KeyPath) -> list[object]:
        items: list[object] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._value(event, (*at, len(items))))
        return items

    def _mapping(self, at: KeyPath) -> dict[str, object]:
        items: dict[str, object] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = _key(event)
            first = self._tree.keys.setdefault((*at, key), _place(event))
            if key in items:
                text = f"`{key}` is given twice; the first is on line {first[0]}"
                self._tree.remarks.append((_place(event), text))
                self._value(next(self._events), (*at, _PASSED_OVER))
            else:
                items[key] = self._value(next(self._events), (*at, key))
        return items


def _check_document(event: Any, count: int) -> None:
    if count > 1:
        raise Unreadable(_place(event), "a second document begins here; a profile is one document")
    if event.version not in {None, (1, 2)}:
        raise Unreadable((1, 1), "a profile is YAML 1.2; take the %YAML line out")


def _check_node(event: Any, at: KeyPath) -> None:
    if isinstance(event, AliasEvent) or event.anchor is not None:
        raise Unreadable(_place(event), NO_ANCHORS)
    if event.tag is not None:
        raise Unreadable(_place(event), NO_TAGS)
    if len(at) > DEEPEST:
        raise Unreadable(_place(event), "this is nested deeper than any profile needs")


def _key(event: Any) -> str:
    _check_node(event, ())
    if not isinstance(event, ScalarEvent) or not event.value or not event.value.isprintable():
        raise Unreadable(_place(event), "a key is a word before a `:`; this is none")
    return str(event.value)


def _scalar(event: Any) -> object:
    text = str(event.value)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise Unreadable(_place(event), "an escape in this text stands for half a character")
    if event.style is None:
        for pattern, meaning in _PLAIN:
            if pattern.fullmatch(text):
                return meaning(text)
    return text


def _place(event: Any) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1
