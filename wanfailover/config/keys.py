"""What every group of keys in a profile has in common: it knows its keys, and words its mistakes.

pydantic walks the groups, finds all mistakes at once and knows where each is. Its own words for
them, and the values it would repeat, go no further than this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import NoneType
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic.functional_validators import ModelWrapValidatorHandler
from pydantic_core import InitErrorDetails

from wanfailover.config.fields import AT_KEY, UNKNOWN, wrong
from wanfailover.config.words import nearest, quoted

T = TypeVar("T")


class Keys(BaseModel):
    """A group of keys. One with nothing behind its colon counts as left out.

    A key that is a word of Python's has a field with a `_` behind it.
    """

    model_config = ConfigDict(
        frozen=True, hide_input_in_errors=True, alias_generator=lambda name: name.rstrip("_")
    )

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, dict):
            raise wrong("a group of keys belongs here, each with a colon and its value")
        lines = list(cls._mistaken_keys(data))
        try:
            group = handler(
                {
                    key: value
                    for key, value in data.items()
                    if key in cls.known() and value is not None
                }
            )
        except ValidationError as error:
            lines += [
                _line(detail["msg"], detail["type"], detail["loc"])
                for detail in error.errors(include_url=False, include_input=False)
                if detail["type"] != "missing"  # is among the mistaken keys
            ]
        else:
            if not lines:
                return group
        raise ValidationError.from_exception_data(cls.__name__, lines, hide_input=True)

    @classmethod
    def _mistaken_keys(cls, data: Mapping[str, object]) -> Iterator[InitErrorDetails]:
        known = cls.known()
        meant = {key: nearest(key, known) for key in data if key not in known}
        for key, near in meant.items():
            hint = f"did you mean `{near}`?" if near else f"known here are {quoted(cls.built())}"
            yield _line(f"unknown key `{key}`; {hint}", UNKNOWN, (key,))
        for key, field in known.items():
            if not field.is_required() or data.get(key) is not None:
                continue
            if key in data:
                yield _line(f"`{key}` has no value", AT_KEY, (key,))
            elif key not in meant.values():  # a required key misspelt is one mistake, not two
                yield _line(f"the key `{key}` is missing here", AT_KEY, (key,))

    @classmethod
    def known(cls) -> dict[str, FieldInfo]:
        """The fields by their keys."""
        return {name.rstrip("_"): field for name, field in cls.model_fields.items()}

    @classmethod
    def built(cls) -> list[str]:
        """The keys that do something."""
        return [key for key, field in cls.known().items() if field.annotation is not NoneType]

    def given(self, *names: str) -> dict[str, Any]:
        """Those of *names* that the profile has, for a constructor that knows the rest."""
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value is not None}


def readable(read: Callable[[object], T], data: object) -> T | None:
    """Read a part by itself; None if it cannot be, as whoever reads the whole will say."""
    try:
        return read(data)
    except ValueError:  # a ValidationError is one, too
        return None


def _line(text: str, kind: str, at: tuple[int | str, ...]) -> InitErrorDetails:
    return InitErrorDetails(type=wrong(text, kind), loc=at, input=None)
