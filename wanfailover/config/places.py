"""Where in a profile a key has its place: for one that stands a level too high, or too low."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from wanfailover.config.keys import Keys
from wanfailover.config.schema import ProfileKeys
from wanfailover.config.tree import KeyPath


def misplaced(at: KeyPath) -> str | None:
    """Say where the key at the end of *at*, which is unknown there, is known.

    That is below the group that it stands in, or in one around it; None if it is in neither, or in
    several.
    """
    *path, key = (each for each in at if isinstance(each, str))
    around: list[type[Keys]] = [ProfileKeys]
    for name in path:
        field = around[-1].known().get(name)
        if field is None or (inner := _group(field.annotation)) is None:
            return None
        around.append(inner)
    above = (tuple(path[:n]) for n, each in enumerate(around[:-1]) if key in each.built())
    found = [*above, *(tuple(path) + below for below in _groups_with(key, around[-1]))]
    if len(found) != 1:
        return None
    place = f"`{'.'.join((*found[0], key))}`" + " at the top level" * (not found[0])
    return f"unknown key `{key}`; did you mean {place}?"


def _groups_with(key: str, model: type[Keys]) -> Iterator[tuple[str, ...]]:
    """Paths to the groups below *model* that have such a key."""
    for name in model.built():
        inner = _group(model.known()[name].annotation)
        if inner is not None:
            if key in inner.built():
                yield (name,)
            yield from ((name, *below) for below in _groups_with(key, inner))


def _group(annotation: object) -> type[Keys] | None:
    """The group of keys that a field holds, or a list of."""
    if isinstance(annotation, type) and issubclass(annotation, Keys):
        return annotation
    return next(filter(None, map(_group, get_args(annotation))), None)
