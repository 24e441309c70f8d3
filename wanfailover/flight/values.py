"""The core's values, and a whole engine, as plain data that JSON can hold; and back, exactly.

A tuple is a list; everything else that JSON lacks is an object that names its kind under ``!``. Of
classes only the core's are known, by module and name: they do nothing but hold values, so a log
from elsewhere can do no harm. Fields go by name: one that a newer version has added is left out by
an older one, and one that an older version lacks has its default.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from ipaddress import IPv4Address, IPv4Interface
from typing import Any, cast

CORE = "wanfailover.core."
KIND = "!"
OF = "of"

Plain = Any
"""None, a truth value, a number, a text, a list of such, or a group of such by name."""


class UnknownValueError(ValueError):
    """What is read was written by a program that knows other values."""


def pack(value: object) -> Plain:
    """Give *value* as plain data.

    Raises:
        TypeError: It is, or holds, something that is no value of the core's.

        ValueError: Something that can change is held twice: it would come back as two.
    """
    return _pack(value, {})


def _pack(value: object, seen: dict[int, object]) -> Plain:
    if value is None or type(value) in {bool, int, float, str}:
        return value
    match value:
        case tuple():
            return [_pack(item, seen) for item in value]
        case frozenset():
            return {KIND: "frozenset", OF: [_pack(item, seen) for item in value]}
        case StrEnum():
            return {KIND: _name(_core_class(type(value))), OF: value.value}
        case IPv4Address():  # an interface's is one, too
            return {KIND: type(value).__name__, OF: str(value)}
    if is_dataclass(value):
        cls = _core_class(type(value))
        return _packed_fields(cls, value, (field.name for field in fields(cls)), seen)
    return _pack_mutable(value, seen)


def _pack_mutable(value: object, seen: dict[int, object]) -> Plain:
    if id(value) in seen:
        raise ValueError(f"a {type(value).__name__} is held twice")
    seen[id(value)] = value
    match value:
        case list() | set():
            return {KIND: type(value).__name__, OF: [_pack(item, seen) for item in value]}
        case deque():
            items = [_pack(item, seen) for item in value]
            return {KIND: "deque", OF: items, "maxlen": value.maxlen}
        case dict():
            pairs = [[_pack(key, seen), _pack(item, seen)] for key, item in value.items()]
            return {KIND: "dict", OF: pairs}
    return _packed_fields(_core_class(type(value)), value, _attributes(value), seen)


def _packed_fields(
    cls: type[Any], value: object, names: Iterator[str], seen: dict[int, object]
) -> Plain:
    packed = {KIND: _name(cls)}
    for name in names:
        packed[name] = _pack(getattr(value, name), seen)
    return packed


def _attributes(value: object) -> Iterator[str]:
    """Name what an object of an ordinary class holds."""
    for cls in type(value).__mro__:
        slots = cast("tuple[str, ...] | str", getattr(cls, "__slots__", ()))
        yield from (slots,) if isinstance(slots, str) else slots
    yield from getattr(value, "__dict__", ())


def unpack(plain: Plain) -> Any:
    """Rebuild what was packed.

    Raises:
        UnknownValueError: It holds something that this version does not know.
    """
    if isinstance(plain, list):
        return tuple(unpack(item) for item in plain)
    if not isinstance(plain, dict):
        return plain
    kind = plain.get(KIND)
    if not isinstance(kind, str):
        raise UnknownValueError(f"a value says nothing of its kind: {plain!r:.80}")
    build = BUILDERS.get(kind)
    return build(plain) if build is not None else _rebuild(_class(kind), plain)


BUILDERS: Mapping[str, Callable[[Mapping[str, Plain]], Any]] = {
    "dict": lambda plain: {unpack(key): unpack(item) for key, item in plain[OF]},
    "list": lambda plain: [unpack(item) for item in plain[OF]],
    "set": lambda plain: {unpack(item) for item in plain[OF]},
    "frozenset": lambda plain: frozenset(unpack(item) for item in plain[OF]),
    "deque": lambda plain: deque((unpack(item) for item in plain[OF]), plain["maxlen"]),
    "IPv4Address": lambda plain: IPv4Address(plain[OF]),
    "IPv4Interface": lambda plain: IPv4Interface(plain[OF]),
}


def _rebuild(cls: type, plain: Mapping[str, Plain]) -> Any:
    if issubclass(cls, StrEnum):
        return cls(plain[OF])
    values = {name: unpack(item) for name, item in plain.items() if name != KIND}
    if not is_dataclass(cls):
        value = object.__new__(cls)
        for name, item in values.items():
            object.__setattr__(value, name, item)
        return value
    known = {field.name for field in fields(cls)}
    try:
        return cls(**{name: item for name, item in values.items() if name in known})
    except TypeError as error:
        raise UnknownValueError(f"a {cls.__name__} lacks something: {error}") from error


def _core_class(cls: type[Any]) -> type[Any]:
    """The class that the core knows it by: what a driver's own view has besides, is the driver's.

    Raises:
        TypeError: There is none.
    """
    for base in cls.__mro__:
        if base.__module__.startswith(CORE):
            return base
    raise TypeError(f"{cls.__module__}.{cls.__qualname__} is no value of the core's")


def _name(cls: type[Any]) -> str:
    return f"{cls.__module__.removeprefix(CORE)}.{cls.__qualname__}"


@cache
def _class(name: str) -> type:
    module, _, title = name.partition(".")
    if not (module.isidentifier() and title.isidentifier()):
        raise UnknownValueError(f"{name} is no name of a kind")
    try:
        cls = getattr(import_module(CORE + module), title)
    except (ImportError, AttributeError) as error:
        raise UnknownValueError(f"{name} is not known here") from error
    if not isinstance(cls, type) or cls.__module__ != CORE + module:
        raise UnknownValueError(f"{name} is no kind of value")
    return cls
