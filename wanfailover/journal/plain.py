"""Entries as plain data that JSON can hold, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, get_args

from wanfailover.entries import Entry

KINDS: dict[str, type[Entry]] = {kind.__name__: kind for kind in get_args(Entry)}


def to_data(entry: Entry) -> dict[str, object]:
    """Give an entry's fields as plain data that JSON can hold."""
    return asdict(entry)


def from_data(kind: str, data: Mapping[str, object]) -> Entry:
    """Rebuild an entry; fields a newer version added and this one does not know are left out.

    Raises:
        KeyError: There is no such kind.

        TypeError: A field without a default is missing.
    """
    cls = KINDS[kind]
    known = {field.name for field in fields(cls)}
    values: dict[str, Any] = {key: _frozen(data[key]) for key in data if key in known}
    return cls(**values)


def _frozen(value: object) -> object:
    """Lists come back from JSON where tuples went in."""
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
